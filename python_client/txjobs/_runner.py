"""The loop of an in-process runner: what is ready goes into slots, and outcomes come back."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from functools import partial
from time import monotonic
from typing import Any

from . import _verdict
from ._claimed import Claimed
from ._local import Local
from ._outbox import Batch, Outbox
from ._slots import Slots
from ._state import State, WorkerStats
from ._verdict import Verdict
from .errors import TxjobsError

__all__ = ["Runner", "inside"]

_log = logging.getLogger("txjobs.in_process")

_CUT_GRACE = 2.0  # seconds that a cancelled handler has for its cleaning up

inside: ContextVar[bool] = ContextVar("txjobs_inside_handler", default=False)
"""Whether a handler of an in-process runner is running here."""


class Runner:
    """Runs jobs that are in memory, until it is stopped and has drained."""

    def __init__(
        self,
        local: Local,
        stats: WorkerStats,
        concurrency: int,
        drain_timeout: float,
        deps: Any,
    ) -> None:
        self._memory = local.memory
        self._clock = local.clock
        self._drain_timeout = drain_timeout
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox()
        self._stop = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._flushing = False
        self._taking = True
        self._defect: BaseException | None = None
        self.stats = stats
        self.started = asyncio.Event()
        self.slots = Slots(
            dict(local.app.tasks),
            deps,
            local.new_sync,
            local.new_async,
            stats,
            self._outbox,
            concurrency,
        )

    # From any thread

    def nudge(self) -> None:
        """There may be something to do."""
        self._call(self._outbox.filled.set)

    def stop(self) -> None:
        """Drains; called again, stops at once."""
        self._call(self._request_stop)

    def cancelled(self, job: Claimed) -> None:
        """The job's cancellation was asked for while it was running."""
        job.cancel_requested = True
        job.signal()
        self._call(partial(self._interrupt, job))

    def _call(self, function: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:  # the loop is closed: nothing runs any more
            return

    # In the loop

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where its async handlers run."""
        return self._loop

    def _request_stop(self) -> None:
        if self._stop.is_set():
            self._stop_now.set()
        self._stop.set()

    def _interrupt(self, job: Claimed) -> None:
        if job.done:
            return
        if self.slots.remove(job):
            self.slots.give_back([job])
        else:
            self.slots.interrupt(job)

    async def run(self) -> None:
        """Returns when it has been stopped, and nothing is running any more."""
        context = copy_context()
        context.run(inside.set, True)
        slots = [asyncio.create_task(slot.run(), context=context) for slot in self.slots.slots]
        for slot in slots:
            slot.add_done_callback(self._slot_ended)
        try:
            async with asyncio.TaskGroup() as group:
                pump = group.create_task(self._pump())
                self.stats.state = State.RUNNING
                self.started.set()
                await self._until_stopped()
                pump.cancel()
            if self._defect is not None:
                raise self._defect
            self.stats.state = State.STOPPED
        except BaseException:
            self.stats.state = State.FAILED
            raise
        finally:
            self.started.set()
            for slot in slots:
                slot.cancel()
            # A handler that swallows its cancellation does not hold up the application's end.
            await asyncio.wait(slots, timeout=_CUT_GRACE)

    def _slot_ended(self, slot: asyncio.Task[None]) -> None:
        if not slot.cancelled() and slot.exception() is not None:
            self._defect = slot.exception()
            self._request_stop()

    async def _until_stopped(self) -> None:
        try:
            await self._stop.wait()
        except asyncio.CancelledError:  # the loop is going down
            self._stop_now.set()
            await self._wind_down()
            raise
        await self._wind_down()

    async def _pump(self) -> None:
        outbox = self._outbox
        while True:
            self._settle(outbox.take())
            self._memory.promote()
            self._fill()
            due = self._memory.next_due()
            seconds = None
            if due is not None:
                seconds = max(0.0, (due - self._clock.now()).total_seconds())
            try:
                async with asyncio.timeout(seconds):
                    await outbox.filled.wait()
            except TimeoutError:
                continue

    def _fill(self) -> None:
        if not self._taking:
            return
        slots, memory = self.slots, self._memory
        room = len(slots.slots) - slots.busy - len(slots.buffer)
        while room > 0 and (jobs := memory.take(room)):
            slots.take(jobs)
            for kind, lacking in slots.batches.wanting():
                slots.take(memory.take(lacking, kind))
            room = len(slots.slots) - slots.busy - len(slots.buffer)
        if self._flushing:
            slots.batches.flush_all()  # nobody else comes

    def _settle(self, batch: Batch) -> None:
        for job, result in zip(batch.completed, batch.results, strict=True):
            self._settle_one(job, Verdict(name="completed", result=result))
        for job, verdict in (*batch.failed, *batch.single):
            self._settle_one(job, verdict)
        for job in batch.released:
            self._settle_one(job, Verdict(name="released"))

    def _settle_one(self, job: Claimed, verdict: Verdict) -> None:
        try:
            status = self._memory.settle(job, verdict)
        except TxjobsError as error:  # the outcome itself is not one: that is the job's failure
            verdict = _verdict.of_error(error)
            status = self._memory.settle(job, verdict)
        if status == "stale":
            self.slots.forget(job)
        else:
            self.slots.accepted(job, verdict.name, status)

    @property
    def is_idle(self) -> bool:
        """Nothing runs, and nothing that is due waits for a slot."""
        self._memory.promote()
        return not (self._memory.busy or self.slots.busy or self._outbox)

    async def drained(self, seconds: float | None, unless: asyncio.Event | None = None) -> bool:
        """Whether it is idle within so many seconds; jobs of batches do not wait for others."""
        self._flushing = True
        self.nudge()
        try:
            return await self._until(lambda: self.is_idle, seconds, unless)
        finally:
            self._flushing = False

    async def _wind_down(self) -> None:
        self.stats.state = State.DRAINING
        await self.drained(self._drain_timeout, self._stop_now)
        self._taking = False
        slots = self.slots
        slots.give_back_unstarted()
        cut = [slot for slot in slots.slots if slot.unit is not None]
        for slot in cut:
            unit = slot.unit
            if unit is not None:
                _log.warning("%s is cut off: it did not end within the drain timeout", unit)
                self.stats.cut.extend(job.id for job in unit.members)
                unit.signal()
                slot.interrupt(hard=True)
        await self._until(lambda: not slots.busy, _CUT_GRACE, None)
        for slot in cut:
            if slot.unit is not None:  # it does not end
                slots.give_back(slot.unit.members)
        self._settle(self._outbox.take())

    async def _until(
        self, holds: Callable[[], bool], seconds: float | None, unless: asyncio.Event | None
    ) -> bool:
        deadline = None if seconds is None else monotonic() + seconds
        while not holds():
            if deadline is not None and monotonic() >= deadline:
                return False
            if unless is not None and unless.is_set():
                return False
            await asyncio.sleep(0.005)
        return True
