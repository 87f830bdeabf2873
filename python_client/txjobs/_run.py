"""One run of a worker, from its registration to its last outcome."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

import psycopg

from . import _worker_calls as calls
from ._calls import Call
from ._claimed import Claimed
from ._config import Config
from ._consumers import Consumers, declare
from ._drivers import run_async
from ._heartbeat import Heartbeat
from ._housekeeper import Housekeeper
from ._listener import listen
from ._pruner import prune_regularly
from ._pulse import Pulse
from ._pump import Pump
from ._slots import Slots
from ._state import State
from .app import Jobs
from .errors import TxjobsError

__all__ = ["Run"]

_log = logging.getLogger("txjobs.worker")
T = TypeVar("T")

_WATCH = 0.05  # seconds between two looks at how far it has got
_CUT_GRACE = 2.0  # seconds that a cancelled handler has for its cleaning up
_FLUSH = 5.0  # seconds for the last outcomes to reach the database
_QUIET = 0.35  # seconds without a job, over three ticks, before a draining worker looks around


class Run:
    """Starts the parts, watches them, and stops them in order."""

    def __init__(
        self,
        app: Jobs,
        config: Config,
        slots: Slots,
        stop: asyncio.Event,
        stop_now: asyncio.Event,
        progress: Callable[[], None],
        pulse: Pulse,
    ) -> None:
        self._app = app
        self._config = config
        self._slots = slots
        self._stats = slots.stats
        self._stop = stop
        self._stop_now = stop_now
        self._progress = progress
        self._pulse = pulse
        self._pump = Pump(config, slots, slots.outbox)
        self._housekeeper = Housekeeper(config, slots, self._stats, pulse)
        self._consumers = Consumers(app, config, self._stats)
        self._worker = ""

    async def go(self) -> None:
        """Returns when the worker has stopped; raises if it could not start."""
        config = self._config
        if config.reconcile:
            await declare(self._app, config)
        self._worker = self._pump.worker = await self._once(
            calls.register_worker(
                config.name, config.queues, config.kinds, config.routing, config.info
            )
        )
        heartbeat = Heartbeat(config, self._slots, self._worker, self._changed, self._pulse)
        heartbeat.start()
        try:
            async with asyncio.TaskGroup() as group:
                parts = [self._housekeeper.run(), heartbeat.keep_alive(), *self._consumers.parts()]
                if config.prune_interval is not None:
                    parts.append(prune_regularly(config, self._stats))
                if config.kinds:
                    parts.append(self._pump.run())
                    parts += [slot.run() for slot in self._slots.slots]
                    if config.notify:
                        parts.append(listen(config, self._stats, self._pump.nudge))
                tasks = [group.create_task(part) for part in parts]
                try:
                    await self._until_stopped()
                finally:
                    for task in tasks:
                        task.cancel()
        finally:
            await heartbeat.stop()
        await self._deregister()
        self._stats.state = State.STOPPED

    async def _until_stopped(self) -> None:
        try:
            await self._work()
        except asyncio.CancelledError:  # the application is going down
            self._stop_now.set()
            await self._wind_down()
            raise
        await self._wind_down()

    async def _once(self, call: Call[T]) -> T:
        config = self._config
        conn = await psycopg.AsyncConnection.connect(config.dsn, autocommit=True, **config.connect)
        async with conn:
            return await run_async(conn, call)

    async def _work(self) -> None:
        progress_at = 0.0
        while not self._stop.is_set():
            busy = bool(self._slots.held) or self._consumers.busy
            self._stats.state = State.RUNNING if busy else State.IDLE
            if self._config.drain and not busy and await self._is_drained():
                return
            now = monotonic()
            if now >= progress_at:
                self._progress()
                progress_at = now + 0.2
            await self._wait(self._stop, _WATCH)

    async def _is_drained(self) -> bool:
        pump, consumers = self._pump, self._consumers
        quiet = pump.empty_polls >= 3 and monotonic() - pump.empty_since >= _QUIET
        if self._config.kinds and not quiet:
            return False
        # Jobs append events, and consumers enqueue jobs: neither has anything left only if that
        # was so at one moment, between the two looks at the consumers.
        seen = pump.claims, consumers.batches
        return (
            await consumers.have_nothing_left(1.0)
            and await self._housekeeper.others_have_nothing(1.0)
            and await consumers.have_nothing_left(1.0)
            and seen == (pump.claims, consumers.batches)
        )

    async def _wait(self, event: asyncio.Event, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await event.wait()
        except TimeoutError:
            return False

    async def _wind_down(self) -> None:
        slots = self._slots
        self._stats.state = State.DRAINING
        self._pump.claiming = False
        self._consumers.stop()
        slots.give_back_unstarted()
        await self._until(lambda: not self._busy, self._config.drain_timeout, self._stop_now)
        await self._cut()
        slots.outbox.filled.set()
        if not await self._until(lambda: self._pump.settled, _FLUSH, None):
            _log.warning("the database did not answer: leases of what was not reported will expire")

    @property
    def _busy(self) -> bool:
        return bool(self._slots.busy) or self._consumers.busy

    async def _cut(self) -> None:
        cut = [slot for slot in self._slots.slots if slot.unit is not None]
        for slot in cut:
            unit = slot.unit
            if unit is not None:
                _log.warning("%s is cut off, and given back", unit)
                self._stats.cut.extend(job.id for job in unit.members)
                unit.signal()
                slot.interrupt(hard=True)
        self._consumers.cut()
        await self._until(lambda: not self._busy, _CUT_GRACE, None)
        for slot in cut:
            if slot.unit is not None:  # it will not end; its late outcome would be refused
                self._slots.give_back(slot.unit.members)

    async def _until(
        self, holds: Callable[[], bool], seconds: float, unless: asyncio.Event | None
    ) -> bool:
        deadline = monotonic() + seconds
        progress_at = 0.0
        while not holds():
            now = monotonic()
            if now >= deadline or (unless is not None and unless.is_set()):
                return False
            if now >= progress_at:
                self._progress()
                progress_at = now + 0.2
            await asyncio.sleep(0.01)
        return True

    def _changed(self, job: Claimed) -> None:
        """The heartbeat said something of this job: in the event loop."""
        slots = self._slots
        if job.done:
            return
        if slots.remove(job):
            if job.lost:
                slots.forget(job)
            else:
                slots.give_back([job])
            return
        if job.lost:
            self._stats.lost += 1
            _log.warning("%s: its lease is lost; another worker may run it", job)
        slots.interrupt(job)

    async def _deregister(self) -> None:
        try:
            await self._once(calls.deregister_worker(self._worker))
        except (psycopg.Error, TxjobsError) as error:
            _log.info("the worker could not be deregistered: %s", str(error).strip())
