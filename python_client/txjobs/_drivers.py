"""Running a call on a connection: one small adapter per kind of connection.

Another driver is one more class with `run`, and a line in `_ADAPTERS`.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, overload

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from ._calls import Call
from .errors import (
    ConfigurationError,
    DuplicateJob,
    KeyReused,
    UnknownOutcome,
    translate,
)

__all__ = ["AsyncConn", "Conn", "execute", "run", "run_async"]

T = TypeVar("T")
Conn = psycopg.Connection[Any]
AsyncConn = psycopg.AsyncConnection[Any]

_UNKNOWN = (
    "the connection was lost, or the wait cancelled, while a statement of its own transaction was "
    "under way: whether it took effect is not known; look with get() or list() before repeating it"
)

# What a call says that may refuse (JB020, JB021) inside a transaction: that one goes on.
_SAVEPOINT = b"savepoint txjobs_call"
_RELEASE = b"release savepoint txjobs_call"
_ROLLBACK = b"rollback to savepoint txjobs_call; release savepoint txjobs_call"
_REFUSALS = {KeyReused.sqlstate, DuplicateJob.sqlstate}


def run(conn: Conn, call: Call[T]) -> T:
    """The call's value, in whatever transaction the connection is in."""
    commits = _commits_alone(conn, call)
    try:
        with conn.cursor(row_factory=tuple_row) as cursor:
            if call.may_refuse and not commits:
                cursor.execute(_SAVEPOINT)
            try:
                cursor.execute(call.statement.encode(), call.params)
            except psycopg.Error as error:
                if call.may_refuse and not commits and error.sqlstate in _REFUSALS:
                    cursor.execute(_ROLLBACK)
                raise
            rows = cursor.fetchall() if cursor.description else []
            if call.may_refuse and not commits:
                cursor.execute(_RELEASE)
            return call.read(rows)
    except psycopg.Error as error:
        if commits and conn.closed:
            raise UnknownOutcome(_UNKNOWN) from error
        raise translate(error) from error


async def run_async(conn: AsyncConn, call: Call[T]) -> T:
    """The same for an async connection."""
    commits = _commits_alone(conn, call)
    try:
        async with conn.cursor(row_factory=tuple_row) as cursor:
            if call.may_refuse and not commits:
                await cursor.execute(_SAVEPOINT)
            try:
                await cursor.execute(call.statement.encode(), call.params)
            except psycopg.Error as error:
                if call.may_refuse and not commits and error.sqlstate in _REFUSALS:
                    await cursor.execute(_ROLLBACK)
                raise
            rows = await cursor.fetchall() if cursor.description else []
            if call.may_refuse and not commits:
                await cursor.execute(_RELEASE)
            return call.read(rows)
    except psycopg.Error as error:
        if commits and conn.closed:
            raise UnknownOutcome(_UNKNOWN) from error
        raise translate(error) from error


async def run_async_told(conn: AsyncConn, call: Call[T]) -> T:
    """The same for an application, which must not take a cancelled commit for one that failed."""
    commits = _commits_alone(conn, call)
    try:
        return await run_async(conn, call)
    except asyncio.CancelledError as error:
        if commits:
            raise UnknownOutcome(_UNKNOWN) from error
        raise


def _commits_alone(conn: Conn | AsyncConn, call: Call[Any]) -> bool:
    if not (call.writes and conn.autocommit):
        return False
    return conn.info.transaction_status == TransactionStatus.IDLE


@overload
def execute(conn: Conn, call: Call[T]) -> T: ...
@overload
def execute(conn: AsyncConn, call: Call[T]) -> Coroutine[Any, Any, T]: ...
def execute(conn: Conn | AsyncConn, call: Call[T]) -> T | Coroutine[Any, Any, T]:
    """The call's value; on an async connection, something to await for it."""
    if isinstance(conn, psycopg.AsyncConnection):
        return run_async_told(conn, call)
    if isinstance(conn, psycopg.Connection):
        return run(conn, call)
    raise unknown_connection(conn)


def unknown_connection(conn: object) -> ConfigurationError:
    """The error about something that is passed in the place of a connection."""
    return ConfigurationError(
        f"{type(conn).__qualname__} is not a connection that txjobs knows: "
        "pass a psycopg.Connection or a psycopg.AsyncConnection"
    )
