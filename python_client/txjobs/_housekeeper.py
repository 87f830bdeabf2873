"""The housekeeper: a connection for what is nobody's job in particular."""

import asyncio
from time import monotonic

import psycopg

from . import _worker_calls as calls
from ._config import Config
from ._drivers import AsyncConn, run_async
from ._pulse import Pulse
from ._retry import Reconnect, jitter
from ._slots import Slots
from ._state import State, WorkerStats
from .errors import TxjobsError

__all__ = ["Housekeeper"]

_TICK = 0.1
_MAINTAIN = 5.0
_PREFETCHED_TOO_LONG = 3.0  # seconds a claimed job may wait for a slot


class Housekeeper:
    """Ticks while there is work, maintains always, and gives back what was claimed too early."""

    def __init__(self, config: Config, slots: Slots, stats: WorkerStats, pulse: Pulse) -> None:
        self._config = config
        self._slots = slots
        self._stats = stats
        self._pulse = pulse
        self._drained: asyncio.Future[bool] | None = None

    async def run(self) -> None:
        """Goes on through lost connections; ends only when cancelled."""
        reconnect = Reconnect("housekeeping", self._stats)
        while True:
            try:
                conn = await psycopg.AsyncConnection.connect(
                    self._config.dsn, autocommit=True, **self._config.connect
                )
                async with conn:
                    await self._session(conn, reconnect)
            except (psycopg.Error, TxjobsError) as error:
                await reconnect.wait(error)

    async def _session(self, conn: AsyncConn, reconnect: Reconnect) -> None:
        maintain_at = monotonic()
        while True:
            if monotonic() >= maintain_at:
                await run_async(conn, calls.maintain())
                self._pulse.reached()
                maintain_at = monotonic() + _MAINTAIN * jitter(0.8, 1.2)
            elif self._stats.state in (State.RUNNING, State.DRAINING):
                await run_async(conn, calls.tick())
                self._pulse.reached()
            if self._drained is not None and not self._drained.done():
                self._drained.set_result(await self._is_drained(conn))
            reconnect.succeeded()
            self._give_back()
            await asyncio.sleep(_TICK * jitter(0.8, 1.2))

    def _give_back(self) -> None:
        slots = self._slots
        late = slots.buffer.take_older_than(monotonic() - self._patience)
        slots.give_back(late)
        if late:
            slots.batches.hurry(late)
            slots.average = None  # what was thought to be quick is not: begin again

    @property
    def _patience(self) -> float:
        return min(_PREFETCHED_TOO_LONG, self._config.lease / 3)

    async def others_have_nothing(self, within: float) -> bool:
        """No job of the worker's queues is running anywhere, and none is due soon.

        False as well if the database does not say so within that many seconds.
        """
        if self._drained is None or self._drained.done():
            self._drained = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._drained], timeout=within)
        return self._drained.done() and self._drained.result()

    async def _is_drained(self, conn: AsyncConn) -> bool:
        queues = self._config.queues
        try:
            rows = await run_async(conn, calls.queue_load())
        except psycopg.errors.InsufficientPrivilege:
            return True  # a worker's role alone cannot look: its own empty claims must do
        for queue, running, due_in in rows:
            if queues is not None and queue not in queues:
                continue
            if running or (due_in is not None and due_in <= self._config.drain_horizon):
                return False
        return True
