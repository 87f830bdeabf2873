"""One consumer's loop: poll, apply and acknowledge in one transaction, again and again."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

from . import _log_calls as log_calls
from . import _worker_calls as calls
from ._calls import Row
from ._config import Config
from ._consumer_conn import ConsumerConn, Interrupted, connect
from ._consumer_window import Window
from ._event_types import decode_batch
from ._retry import Reconnect, delay_after, jitter
from ._state import WorkerStats
from ._verdict import error_json
from .consumer import Consumer
from .errors import EngineError, StaleClaim, TxjobsError, UnreadableEvent
from .event import Event

if TYPE_CHECKING:
    from .app import Jobs

__all__ = ["ConsumerLoop"]

_log = logging.getLogger("txjobs.worker")

_SOON = 0.05  # seconds until the next look, after one that has found something
_DRAIN_CAP = 0.1  # seconds between two looks of a worker that is to end when nothing is left
_LOSSES = 3  # connections lost over the same events before those are what is wrong


class _Lost(TxjobsError):
    """The connection is gone in the middle of a batch, which is therefore rolled back."""


class _Ended(TxjobsError):
    """The function has ended the transaction, which is the worker's to do."""


class _Swallowed(TxjobsError):
    """The function has returned, but its transaction cannot be committed."""


class _Fenced(TxjobsError):
    """The batch was another's by the time it was to be acknowledged."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """What is to be noted of the consumer; `token` is of a lease that may have been committed."""

    pos: int
    error: BaseException
    token: int | None = None


@dataclass(slots=True)
class _Cause:
    """The event that caused what is enqueued and appended for it."""

    id: int
    headers: str | None


class ConsumerLoop:
    """Runs one consumer on a connection of its own.

    The rows that its function writes and the cursor are one commit. What fails is tried again with
    fewer events at once, until the one that fails stands alone; it is noted with that one's
    position, and the database says when it may be tried again.
    """

    def __init__(self, app: "Jobs", consumer: Consumer, config: Config, stats: WorkerStats) -> None:
        self._app = app
        self._consumer = consumer
        self._config = config
        self._stats = stats
        self._conn: ConsumerConn | None = None
        self._window = Window(consumer.batch)
        self._wake = asyncio.Event()
        self._stopping = False
        self._cap = min(consumer.poll_interval, _DRAIN_CAP if config.drain else float("inf"))
        self._least = min(_SOON, self._cap)
        self._delay = self._least
        self._refusals = 0  # in a row
        self._unnoted: _Failure | None = None
        self._lost_at: int | None = None
        self._losses = 0  # in a row, at that position
        self._look: asyncio.Future[bool] | None = None
        self.busy = False
        self.batches = 0  # that were applied

    @property
    def name(self) -> str:
        """The consumer's name."""
        return self._consumer.name

    def stop(self) -> None:
        """No batch begins any more."""
        self._stopping = True
        self._wake.set()

    def cut(self) -> None:
        """The function, if it runs, is given up, and what it has written rolls back."""
        if self._conn is not None and self._conn.interrupt():
            _log.warning("the batch of consumer %s is cut off, and rolled back", self.name)
            self._stats.cut_consumers.append(self.name)

    async def has_nothing_left(self, within: float) -> bool:
        """There is no event that the consumer has yet to apply, or it is to wait for long.

        False as well if the database does not say so within that many seconds.
        """
        if self._look is None or self._look.done():
            self._look = asyncio.get_running_loop().create_future()
        self._wake.set()
        await asyncio.wait([self._look], timeout=within)
        return self._look.done() and self._look.result()

    async def run(self) -> None:
        """Goes on through lost connections; until stopped."""
        reconnect = Reconnect(f"consumer {self.name}", self._stats)
        while not self._stopping:
            try:
                self._conn = await connect(self._consumer, self._config)
                await self._session(self._conn, reconnect)
            except Interrupted:
                return
            except (psycopg.Error, TxjobsError) as error:
                await reconnect.wait(error)
            finally:
                self.busy = False
                if self._conn is not None:
                    await self._conn.close()
                    self._conn = None

    async def _session(self, conn: ConsumerConn, reconnect: Reconnect) -> None:
        while not self._stopping:
            try:
                await self._turn(conn)
            except EngineError as error:
                await conn.rollback()
                self._refused(error)
            else:
                self._refusals = 0
            reconnect.succeeded()
            await self._pause()

    async def _pause(self) -> None:
        if self._delay and not self._stopping:
            try:
                async with asyncio.timeout(self._delay * jitter(1.0, 1.2)):
                    await self._wake.wait()
            except TimeoutError:
                return
            self._wake.clear()

    async def _turn(self, conn: ConsumerConn) -> None:
        if self._unnoted is not None:
            await self._note(conn, self._unnoted)
            return
        await conn.begin()
        asked = self._window.size
        rows = await conn.run(log_calls.poll(self.name, asked, None))
        if not rows:
            await conn.commit()
            self._delay = min(self._cap, max(self._least, self._delay * 2))
            if self._look is not None and not self._look.done():
                self._look.set_result(await self._has_nothing_left(conn))
            return
        if self._stopping:
            await conn.rollback()
            return
        self.busy = True
        try:
            error = await self._attempt(conn, rows)
            if error is None:
                self._delay = 0.0 if _positions(rows) == asked else self._least
            else:
                await self._failed(conn, rows, error)
        finally:
            self.busy = False

    async def _attempt(self, conn: ConsumerConn, rows: Sequence[Row]) -> BaseException | None:
        """What keeps the batch from being applied, or None: it is, and committed."""
        try:
            events = await conn.compute(partial(decode_batch, self._app, self._consumer, rows))
        except Exception as error:
            return error
        if events:
            raised = await conn.apply(self._consumer.fn, events, _cause(rows, events))
            if raised is None:
                raised = _misuse(conn.status)
            if raised is not None:
                return raised
        try:
            await conn.run(log_calls.ack(self.name, rows[-1][1], None))
            await conn.commit()
        except StaleClaim as error:
            return _Fenced(str(error))
        except (psycopg.Error, TxjobsError) as error:
            return error
        self._window.succeeded(_positions(rows))
        self._losses = 0
        self.batches += 1
        self._stats.consumed += len(events)
        return None

    async def _failed(self, conn: ConsumerConn, rows: Sequence[Row], error: BaseException) -> None:
        self._stats.consumer_failures += 1
        first, count, good = rows[0][1], _positions(rows), 0
        if conn.closed:
            self._lost(first, count, error)
            raise _Lost(f"{error} (at events {first} to {rows[-1][1]})")
        await conn.rollback()
        self._delay = self._cap
        if isinstance(error, _Fenced):
            _log.warning("consumer %s: what it has applied is rolled back: %s", self.name, error)
            return
        if isinstance(error, UnreadableEvent):
            good = _positions([row for row in rows if row[1] < error.pos])
            count = good + 1
        if isinstance(error, _Ended):
            self._unnoted = _Failure(first, error, rows[0][0])
        elif self._window.failed(count, good):
            self._delay = 0.0
            _log.warning(
                "consumer %s failed at one of %s positions from %s on, and tries fewer at once: %r",
                self.name,
                count,
                first,
                error,
            )
            return
        else:
            self._unnoted = _Failure(first, error)
        await self._note(conn, self._unnoted)

    def _lost(self, first: int, count: int, error: BaseException) -> None:
        # Anybody's connection may be lost. Only what happens again and again at the same events,
        # which nobody else has applied meanwhile, is likely to be due to them.
        self._losses = self._losses + 1 if first == self._lost_at else 1
        self._lost_at = first
        if self._losses >= _LOSSES and not self._window.failed(count):
            self._unnoted = _Failure(first, error)

    async def _note(self, conn: ConsumerConn, failure: _Failure) -> None:
        # The batch is polled once more, since a nack would wait for another process that has it.
        await conn.begin()
        retry_at = None
        rows = await conn.run(log_calls.poll(self.name, 1, None))
        if rows or failure.token is not None:
            error, token = error_json(failure.error), None if rows else failure.token
            call = log_calls.nack(self.name, error, None, failure.pos, token)
            try:
                retry_at = await conn.run(call)
            except StaleClaim as stale:
                _log.info("consumer %s: %s", self.name, stale)
        if retry_at is None:
            await conn.rollback()
        else:
            await conn.commit()
        self._unnoted = None
        _log.error(
            "consumer %s stops at position %s, %s: %r",
            self.name,
            failure.pos,
            f"next try at {retry_at}" if retry_at else "where another process has gone on",
            failure.error,
            extra={"consumer": self.name, "position": failure.pos},
        )

    def _refused(self, error: EngineError) -> None:
        self._refusals += 1
        self._delay = delay_after(self._refusals)
        _log.error("consumer %s cannot go on: %s", self.name, error)
        if self._look is not None and not self._look.done():
            self._look.set_result(True)

    async def _has_nothing_left(self, conn: ConsumerConn) -> bool:
        try:
            behind, retry_in = await conn.run(calls.consumer_load(self.name))
        except psycopg.errors.InsufficientPrivilege:
            return True  # its own empty poll must do
        return not behind or (retry_in is not None and retry_in > self._config.drain_horizon)


def _positions(rows: Sequence[Row]) -> int:
    return len({row[1] for row in rows})


def _cause(rows: Sequence[Row], events: Sequence[Event[Any]]) -> _Cause | None:
    """Of a batch of several events, nobody knows which of them causes what."""
    if len(events) != 1 or events[0].is_job_event:
        return None
    pos = events[0].pos
    return _Cause(pos, next(row[8] for row in rows if row[1] == pos))


def _misuse(status: TransactionStatus) -> TxjobsError | None:
    """What the function, which has returned, has done wrong."""
    if status == TransactionStatus.INTRANS:
        return None
    if status == TransactionStatus.INERROR:
        return _Swallowed(
            "the function has returned although a statement of its has failed: let the error out, "
            "or put what may fail into a `with conn.transaction()` of its own"
        )
    return _Ended(
        "the function has ended the transaction, or closed the connection: the worker commits, "
        "when it has returned"
    )
