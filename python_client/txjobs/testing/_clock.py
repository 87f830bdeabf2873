"""Time travel: the session's own `jobs.now()`."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from psycopg.pq import TransactionStatus

from .._calls import Call, nothing, scalar
from .._drivers import AsyncConn, Conn, run
from .._options import Seconds, seconds_of, timestamp
from ..errors import ConfigurationError
from ._faces import sync_face

__all__ = ["Clock", "freeze", "kept_clock", "now_call", "set_clock_call", "travel"]


def set_clock_call(at: str | None) -> Call[None]:
    """The session's `jobs.now()` stands still at that time, or goes with the real one."""
    return Call("select jobs.set_test_clock(%s::text::timestamptz)", (at,), nothing)


def now_call() -> Call[dt.datetime]:
    """What `jobs.now()` is."""
    return Call("select jobs.now()", (), scalar, writes=False)


def _setting_call() -> Call[str]:
    return Call(
        "select coalesce(current_setting('jobs.test_clock', true), '')", (), scalar, writes=False
    )


class Clock:
    """The clock of a test's session; leaving its `with` block puts back what it was before."""

    def __init__(self, conn: Conn | AsyncConn) -> None:
        self._conn = conn
        with sync_face(conn) as session:
            self._before = run(session, _setting_call())

    @property
    def now(self) -> dt.datetime:
        """What `jobs.now()` is for this session."""
        with sync_face(self._conn) as session:
            return run(session, now_call())

    def travel(self, *, to: dt.datetime | None = None, by: Seconds | None = None) -> Self:
        """The session's clock stands still at `to`, or at `by` seconds from what it is now."""
        if (to is None) == (by is None):
            raise ConfigurationError("say when: travel(conn, to=…) or travel(conn, by=…), not both")
        if to is None:
            to = self.now + dt.timedelta(seconds=seconds_of(by or 0))
        with sync_face(self._conn) as session, session.transaction():
            run(session, set_clock_call(timestamp(to)))
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with sync_face(self._conn) as session:
            _restore(session, self._before)


def _restore(session: Conn, before: str) -> None:
    # In a transaction that has failed nothing can be said, and its rollback puts the clock back.
    if session.info.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS):
        run(session, set_clock_call(before or None))


@contextmanager
def kept_clock(session: Conn) -> Iterator[None]:
    """Afterwards the clock is what it was before."""
    before = run(session, _setting_call())
    try:
        yield
    finally:
        _restore(session, before)


def travel(
    conn: Conn | AsyncConn, *, to: dt.datetime | None = None, by: Seconds | None = None
) -> Clock:
    """`jobs.now()` stands still for this session: at `to`, or at `by` seconds from now.

    It holds at once: for what is enqueued on the connection, and for the jobs that `drain` runs on
    it. In a `with` block it is put back at the block's end, and by a rollback of the transaction in
    which it was called. `travel` of the clock that is returned goes on from there.

        with travel(conn, by=dt.timedelta(days=3)):
            drain(app, conn)

    Raises `ClockDisabled` (JB006) where the installation does not allow a session its own clock:
    `update jobs.setting set test_clock = true` in a database that is only for tests.
    """
    return Clock(conn).travel(to=to, by=by)


def freeze(conn: Conn | AsyncConn) -> Clock:
    """The session's `jobs.now()` stands still as it is; otherwise as `travel`."""
    return Clock(conn).travel(by=0)
