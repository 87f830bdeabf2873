"""Two faces of one database session: a `Connection` and an `AsyncConnection` on the same wire.

What one of them writes in an open transaction, the other sees. So a test that has either may run
handlers of both sorts, and helpers need not be awaited. Only one of them may be at work at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from .._drivers import AsyncConn, Conn, unknown_connection
from ..errors import ConfigurationError

__all__ = ["async_face", "new_async_face", "sync_face"]

C = TypeVar("C", Conn, AsyncConn)


@contextmanager
def sync_face(conn: Conn | AsyncConn) -> Iterator[Conn]:
    """A sync connection with rows as tuples: this one, if it is so, or another on its session."""
    if isinstance(conn, psycopg.Connection) and conn.row_factory is tuple_row:
        yield conn
        return
    face: Conn = _face(psycopg.Connection, conn)
    if conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE:
        face.autocommit = True
    try:
        yield face
    finally:
        del face.pgconn  # it is not this one's to close, nor to complain of


@contextmanager
def async_face(conn: Conn | AsyncConn) -> Iterator[AsyncConn]:
    """The same for an async connection; good for `transaction()` blocks if this one is another."""
    if isinstance(conn, psycopg.AsyncConnection) and conn.row_factory is tuple_row:
        yield conn
        return
    face = new_async_face(conn)
    try:
        yield face
    finally:
        del face.pgconn


def new_async_face(conn: Conn | AsyncConn) -> AsyncConn:
    """An async connection on the session of this one, closed when that is closed."""
    return _face(psycopg.AsyncConnection, conn)


def _face(cls: type[C], conn: Conn | AsyncConn) -> C:
    if not isinstance(conn, psycopg.Connection | psycopg.AsyncConnection):
        raise unknown_connection(conn)
    if isinstance(conn, psycopg.AsyncConnection) and conn.lock.locked():
        raise ConfigurationError(
            "the connection is at work in another task: await that before calling this"
        )
    pgconn = conn.pgconn
    handlers: tuple[Any, Any] = pgconn.notice_handler, pgconn.notify_handler
    face = cls(pgconn)
    pgconn.notice_handler, pgconn.notify_handler = handlers
    face.prepare_threshold = None  # names of prepared statements are the session's, not a face's
    return face
