"""`ctx.transaction()`: a handler's writes and its job's outcome, in one commit."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, Protocol

import psycopg

from ._calls import Call
from ._drivers import AsyncConn, Conn, run, run_async
from ._pool import AsyncPool, SyncPool
from .errors import ConfigurationError, UnknownOutcome

__all__ = [
    "AsyncTransactions",
    "HandlerTransaction",
    "InlineTransaction",
    "SyncTransactions",
    "Transactions",
]

_UNKNOWN = (
    "the connection was lost during COMMIT: if it took effect, the job has its outcome; if not, "
    "it is retried"
)


class Transactions(Protocol):
    """Where a context's blocks come from."""

    def block(self) -> AbstractContextManager[Conn]: ...
    def async_block(self) -> AbstractAsyncContextManager[AsyncConn]: ...


class HandlerTransaction:
    """One block: `with` gives a `psycopg.Connection`, `async with` a `psycopg.AsyncConnection`."""

    def __init__(self, transactions: Transactions | None) -> None:
        self._transactions = transactions
        self._sync: AbstractContextManager[Conn] | None = None
        self._async: AbstractAsyncContextManager[AsyncConn] | None = None

    def _source(self) -> Transactions:
        if self._transactions is None:
            raise ConfigurationError("this context has no connection: use Context.inline(conn)")
        return self._transactions

    def __enter__(self) -> Conn:
        self._sync = self._source().block()
        return self._sync.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        assert self._sync is not None
        return self._sync.__exit__(kind, error, trace)

    async def __aenter__(self) -> AsyncConn:
        self._async = self._source().async_block()
        return await self._async.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        assert self._async is not None
        return await self._async.__aexit__(kind, error, trace)


class SyncTransactions:
    """The one transaction of a sync handler; used in that handler's thread."""

    def __init__(self, pool: SyncPool) -> None:
        self._pool = pool
        self._conn: Conn | None = None
        self._outer: AbstractContextManager[Any] | None = None

    @property
    def open(self) -> bool:
        """A block was left cleanly, and nothing is committed yet."""
        return self._conn is not None

    def block(self) -> AbstractContextManager[Conn]:
        """The first block opens the transaction; all are savepoints of it."""
        return _SyncBlock(self)

    def async_block(self) -> AbstractAsyncContextManager[AsyncConn]:
        raise ConfigurationError("a handler that is not async writes `with ctx.transaction()`")

    def enter(self) -> tuple[Conn, bool]:
        """The connection, and whether this opened the transaction."""
        if self._conn is not None:
            return self._conn, False
        self._conn, self._outer = self._pool.begin()
        return self._conn, True

    def commit(self, outcome: Call[str]) -> str:
        """The outcome and the writes are one commit; a stale claim raises, and neither is there."""
        conn, outer = self._conn, self._outer
        assert conn is not None and outer is not None
        try:
            status = run(conn, outcome)
        except BaseException as error:
            self.rollback(error)
            raise
        self._conn = self._outer = None
        try:
            outer.__exit__(None, None, None)
        except psycopg.OperationalError as error:
            if conn.closed:
                raise UnknownOutcome(_UNKNOWN) from error
            raise
        finally:
            self._pool.give(conn)
        return status

    def rollback(self, error: BaseException) -> None:
        """Nothing of it was written."""
        conn, outer = self._conn, self._outer
        if conn is None or outer is None:
            return
        self._conn = self._outer = None
        try:
            outer.__exit__(type(error), error, error.__traceback__)
        except psycopg.Error:
            conn.close()  # closing rolls back as well
        finally:
            self._pool.give(conn)


class _SyncBlock:
    def __init__(self, owner: SyncTransactions) -> None:
        self._owner = owner
        self._first = False
        self._savepoint: AbstractContextManager[Any] | None = None

    def __enter__(self) -> Conn:
        conn, self._first = self._owner.enter()
        if not self._first:
            self._savepoint = conn.transaction()
            self._savepoint.__enter__()
        return conn

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        if self._savepoint is not None:
            return self._savepoint.__exit__(kind, error, trace)
        if error is not None:
            self._owner.rollback(error)
        return None


class AsyncTransactions:
    """The one transaction of an async handler."""

    def __init__(self, pool: AsyncPool) -> None:
        self._pool = pool
        self._conn: AsyncConn | None = None
        self._outer: AbstractAsyncContextManager[Any] | None = None

    @property
    def open(self) -> bool:
        """A block was left cleanly, and nothing is committed yet."""
        return self._conn is not None

    def block(self) -> AbstractContextManager[Conn]:
        raise ConfigurationError("an async handler writes `async with ctx.transaction()`")

    def async_block(self) -> AbstractAsyncContextManager[AsyncConn]:
        """The first block opens the transaction; all are savepoints of it."""
        return _AsyncBlock(self)

    async def enter(self) -> tuple[AsyncConn, bool]:
        """The connection, and whether this opened the transaction."""
        if self._conn is not None:
            return self._conn, False
        self._conn, self._outer = await self._pool.begin()
        return self._conn, True

    async def commit(self, outcome: Call[str]) -> str:
        """As in the sync one. A cancellation that arrives meanwhile waits for the answer."""
        task = asyncio.ensure_future(self._commit(outcome))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.done():
                raise
            await asyncio.wait([task])
            if task.exception() is None:
                return task.result()
            raise

    async def _commit(self, outcome: Call[str]) -> str:
        conn, outer = self._conn, self._outer
        assert conn is not None and outer is not None
        try:
            status = await run_async(conn, outcome)
        except BaseException as error:
            await self.rollback(error)
            raise
        self._conn = self._outer = None
        try:
            await outer.__aexit__(None, None, None)
        except psycopg.OperationalError as error:
            if conn.closed:
                raise UnknownOutcome(_UNKNOWN) from error
            raise
        finally:
            await self._pool.give(conn)
        return status

    async def rollback(self, error: BaseException) -> None:
        """Nothing of it was written."""
        conn, outer = self._conn, self._outer
        if conn is None or outer is None:
            return
        self._conn = self._outer = None
        try:
            await outer.__aexit__(type(error), error, error.__traceback__)
        except psycopg.Error:
            await conn.close()  # closing rolls back as well
        finally:
            await self._pool.give(conn)


class _AsyncBlock:
    def __init__(self, owner: AsyncTransactions) -> None:
        self._owner = owner
        self._savepoint: AbstractAsyncContextManager[Any] | None = None

    async def __aenter__(self) -> AsyncConn:
        conn, first = await self._owner.enter()
        if not first:
            self._savepoint = conn.transaction()
            await self._savepoint.__aenter__()
        return conn

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        if self._savepoint is not None:
            return await self._savepoint.__aexit__(kind, error, trace)
        if error is not None:
            await self._owner.rollback(error)
        return None


class InlineTransaction:
    """The blocks of a context without a worker: savepoints of the caller's connection."""

    def __init__(self, conn: Conn | AsyncConn | None) -> None:
        self._conn = conn

    def block(self) -> AbstractContextManager[Conn]:
        if not isinstance(self._conn, psycopg.Connection):
            raise ConfigurationError("this context has no connection: use Context.inline(conn)")
        return _Inline(self._conn)

    def async_block(self) -> AbstractAsyncContextManager[AsyncConn]:
        if not isinstance(self._conn, psycopg.AsyncConnection):
            raise ConfigurationError("an async handler takes Context.inline(async_connection)")
        return _AsyncInline(self._conn)


class _Inline:
    def __init__(self, conn: Conn) -> None:
        self._conn = conn
        self._savepoint = conn.transaction()

    def __enter__(self) -> Conn:
        self._savepoint.__enter__()
        return self._conn

    def __exit__(self, *error: Any) -> bool | None:
        return self._savepoint.__exit__(*error)


class _AsyncInline:
    def __init__(self, conn: AsyncConn) -> None:
        self._conn = conn
        self._savepoint = conn.transaction()

    async def __aenter__(self) -> AsyncConn:
        await self._savepoint.__aenter__()
        return self._conn

    async def __aexit__(self, *error: Any) -> bool | None:
        return await self._savepoint.__aexit__(*error)
