"""The pump: one connection that finishes and claims, many jobs in one statement."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any

import psycopg

from . import _worker_calls as calls
from ._acks import Acks
from ._claimed import Claimed
from ._config import Config
from ._drivers import AsyncConn, run_async
from ._outbox import Batch, Outbox
from ._retry import Reconnect, jitter
from ._slots import Slots
from .errors import EngineError, TxjobsError, UnknownOutcome

__all__ = ["Pump"]

_AHEAD = 0.5  # seconds of work that may be claimed ahead of the slots
_BATCH = 500  # jobs that one statement claims at most; outcomes that are sent without waiting
_LINGER = 0.005  # seconds that outcomes may wait for company while there is work in the buffer
_REARM = 2.0  # seconds after which a sleeping worker asks again when the next job is due


class Pump:
    """Keeps the buffer filled and the outbox empty."""

    def __init__(self, config: Config, slots: Slots, outbox: Outbox) -> None:
        self._config = config
        self._slots = slots
        self._outbox = outbox
        self._batch = Batch()
        self._asking = False
        self._acks = Acks(slots)
        self.claiming = True
        self.worker = ""
        self.claims = 0  # that brought a job
        self.empty_polls = 0  # in a row
        self.empty_since = monotonic()
        self.due_at: float | None = None
        self._queues = list(config.queues) if config.queues is not None else None
        self._poll_cap = min(config.poll_cap, 0.1) if config.drain else config.poll_cap
        self._delay = config.poll_interval
        self._poll_at = 0.0
        self._armed = False
        self._asked_at = 0.0

    @property
    def settled(self) -> bool:
        """No outcome is on its way, and no claim, whose jobs would have to be given back."""
        return not self._outbox and not self._batch and not self._asking

    def nudge(self) -> None:
        """Look for jobs now: there was a notification, or one may have been missed."""
        self._armed = False
        self._delay = self._config.poll_interval
        self._poll_at = 0.0
        self._outbox.filled.set()

    async def run(self) -> None:
        """Goes on through lost connections; ends only when cancelled."""
        reconnect = Reconnect("claims", self._slots.stats)
        while True:
            try:
                conn = await psycopg.AsyncConnection.connect(
                    self._config.dsn, autocommit=True, **self._config.connect
                )
                async with conn:
                    if reconnect.failures:
                        await self._adopt(conn)
                    await self._session(conn, reconnect)
            except (psycopg.Error, TxjobsError) as error:
                await reconnect.wait(error)

    async def _session(self, conn: AsyncConn, reconnect: Reconnect) -> None:
        while True:
            if not self._batch:
                self._batch = self._outbox.take()
            batch = self._batch
            await self._acks.send_rare(conn, batch)
            room = self._room()
            if room and (batch.completed or monotonic() >= self._poll_at):
                await self._work(conn, batch, room)
            elif batch.completed:
                await self._acks.send_completed(conn, batch)
            reconnect.succeeded()
            await self._pause(conn)

    def _room(self) -> int:
        if not self.claiming:
            return 0
        slots = self._slots
        config = self._config
        ahead = 0
        if slots.average is not None:
            ahead = int(config.concurrency * _AHEAD / max(slots.average, 1e-6))
        target = config.concurrency + min(ahead, config.prefetch)
        return max(0, min(_BATCH, target - len(slots.buffer) - slots.busy))

    async def _work(self, conn: AsyncConn, batch: Batch, room: int) -> None:
        self._asking = True
        try:
            claimed = await self._claim(conn, batch, room, self._config.kinds)
            if claimed == room:
                await self._top_up(conn)
        finally:
            self._asking = False
        batches = self._slots.batches
        if not claimed and self._config.drain:
            batches.flush_all()  # nobody else comes
        batches.flush_hurried()
        if claimed is not None:
            self._plan_next_poll(claimed, room)

    async def _top_up(self, conn: AsyncConn) -> None:
        # What waits for company takes no room, but room is all that the claim before asked for.
        for kind, lacking in self._slots.batches.wanting():
            if self.claiming:
                await self._claim(conn, Batch(), min(_BATCH, lacking), [kind])

    async def _claim(
        self, conn: AsyncConn, batch: Batch, room: int, kinds: Sequence[str]
    ) -> int | None:
        """The number of jobs; None if the outcomes of the batch had to be sent by themselves."""
        config = self._config
        sent_at = monotonic()
        call = calls.work(
            self._queues,
            self.worker,
            room,
            config.lease,
            kinds,
            config.routing,
            [job.token for job in batch.completed],
            batch.results if batch.has_results else None,
        )
        try:
            rows = await run_async(conn, call)
        except UnknownOutcome:
            raise
        except (psycopg.DataError, EngineError):
            if not batch.completed:
                raise
            await self._acks.send_one_by_one(conn, batch)
            return None
        if self._queues is not None and len(self._queues) > 1:
            self._queues.append(self._queues.pop(0))  # so that none of them starves
        return self._receive(rows, batch, sent_at)

    def _receive(self, rows: Sequence[tuple[Any, ...]], batch: Batch, at: float) -> int:
        exceptions = []
        jobs = []
        for row in rows:
            if row[0] == "claimed":
                jobs.append(Claimed(row[1:], at))
            else:
                exceptions.append((row[1], row[0]))
        self._acks.note_completed(batch, exceptions)
        self._slots.take(jobs)
        if not self.claiming:  # any more
            self._slots.give_back_unstarted()
        return len(jobs)

    async def _adopt(self, conn: AsyncConn) -> None:
        # A claim whose answer was lost with the connection may have been committed.
        at = monotonic()
        rows = await run_async(conn, calls.claims_of(self.worker))
        held = self._slots.held
        self._slots.take([Claimed(row, at) for row in rows if row[0] not in held])
        if not self.claiming:
            self._slots.give_back_unstarted()

    def _plan_next_poll(self, claimed: int, room: int) -> None:
        now = monotonic()
        if claimed:
            self.claims += 1
            self.empty_polls = 0
            self.empty_since = now
            self._delay = self._config.poll_interval
            self._poll_at = now if claimed == room else now + self._delay
            return
        self.empty_polls += 1
        self._poll_at = now + self._delay * jitter(1.0, 1.2)
        if self.due_at is not None and now < self.due_at < self._poll_at:
            self._poll_at = self.due_at
            self._delay = self._config.poll_interval
        else:
            self._delay = min(self._poll_cap, self._delay * 2)

    async def _pause(self, conn: AsyncConn) -> None:
        outbox, buffer = self._outbox, self._slots.buffer
        if outbox:
            plenty = len(buffer) // 2
            waited_from = monotonic()
            while len(outbox) < _BATCH and len(buffer) > plenty:
                await asyncio.sleep(0.001)
                if monotonic() - waited_from >= _LINGER:
                    return
            return
        timeout = None
        if self._room():
            if self.empty_polls and self._ask_again():
                await self._ask(conn)
                return
            timeout = self._poll_at - monotonic()
            if timeout <= 0:
                return
        outbox.filled.clear()
        try:
            async with asyncio.timeout(timeout):
                await outbox.filled.wait()
        except TimeoutError:
            return

    def _ask_again(self) -> bool:
        return not self._armed or monotonic() - self._asked_at >= _REARM

    async def _ask(self, conn: AsyncConn) -> None:
        first = not self._armed
        self._armed = True  # before the call: a notification that comes meanwhile takes it back
        seconds = await run_async(conn, calls.idle(self._queues))
        now = self._asked_at = monotonic()
        self.due_at = None if seconds is None else now + seconds
        if first:
            self._poll_at = now  # what was enqueued before the flag was up has notified nobody
        elif self.due_at is not None:
            self._poll_at = min(self._poll_at, max(self.due_at, now))
