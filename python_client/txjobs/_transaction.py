"""`ctx.transaction()`: a handler's writes and its job's outcome, in one commit."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from types import TracebackType
from typing import Any, Protocol

import psycopg

from ._calls import Call
from ._drivers import AsyncConn, Conn, run, run_async
from ._pool import AsyncConnections, SyncConnections
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

    def block(self) -> AbstractContextManager[Conn]:
        """A block of a sync handler."""

    def async_block(self) -> AbstractAsyncContextManager[AsyncConn]:
        """A block of an async handler."""


class HandlerTransaction:
    """One block: `with` gives a `psycopg.Connection`, `async with` a `psycopg.AsyncConnection`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._block: Any = None

    def __enter__(self) -> Conn:
        block = self._block = self._transactions.block()
        return block.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._block.__exit__(kind, error, trace)

    async def __aenter__(self) -> AsyncConn:
        block = self._block = self._transactions.async_block()
        return await block.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._block.__aexit__(kind, error, trace)


class SyncTransactions:
    """The one transaction of a sync handler; used in that handler's thread."""

    holds_outcome = True  # the outcome is written in the same database

    def __init__(self, pool: SyncConnections) -> None:
        self._pool = pool
        self._begun: tuple[Conn, AbstractContextManager[Any]] | None = None

    @property
    def open(self) -> bool:
        """A block was left cleanly, and nothing is committed yet."""
        return self._begun is not None

    @contextmanager
    def block(self) -> Iterator[Conn]:
        """The first block opens the transaction; the others are savepoints of it."""
        if self._begun is not None:
            conn = self._begun[0]
            with conn.transaction():
                yield conn
            return
        self._begun = self._pool.begin()
        try:
            yield self._begun[0]
        except BaseException as error:
            self.rollback(error)
            raise

    def async_block(self) -> AbstractAsyncContextManager[AsyncConn]:
        """Not for a sync handler."""
        raise ConfigurationError("a handler that is not async writes `with ctx.transaction()`")

    def commit(self, outcomes: Iterable[Call[None]]) -> None:
        """Outcomes and writes are one commit; what a call raises leaves none of them."""
        if self._begun is None:
            raise ConfigurationError("there is no transaction to commit: call it only while open")
        conn, outer = self._begun
        try:
            for outcome in outcomes:
                run(conn, outcome)
        except BaseException as error:
            self.rollback(error)
            raise
        self._begun = None
        try:
            outer.__exit__(None, None, None)
        except psycopg.OperationalError as error:
            if conn.closed:
                raise UnknownOutcome(_UNKNOWN) from error
            raise
        finally:
            self._pool.give(conn)

    def rollback(self, error: BaseException) -> None:
        """Nothing of it was written."""
        if self._begun is None:
            return
        (conn, outer), self._begun = self._begun, None
        try:
            outer.__exit__(type(error), error, error.__traceback__)
        except psycopg.Error:
            conn.close()  # which rolls back as well
        finally:
            self._pool.give(conn)


class AsyncTransactions:
    """The one transaction of an async handler."""

    holds_outcome = True

    def __init__(self, pool: AsyncConnections) -> None:
        self._pool = pool
        self._begun: tuple[AsyncConn, AbstractAsyncContextManager[Any]] | None = None

    @property
    def open(self) -> bool:
        """A block was left cleanly, and nothing is committed yet."""
        return self._begun is not None

    def block(self) -> AbstractContextManager[Conn]:
        """Not for an async handler."""
        raise ConfigurationError("an async handler writes `async with ctx.transaction()`")

    @asynccontextmanager
    async def async_block(self) -> AsyncIterator[AsyncConn]:
        """The first block opens the transaction; the others are savepoints of it."""
        if self._begun is not None:
            conn = self._begun[0]
            async with conn.transaction():
                yield conn
            return
        self._begun = await self._pool.begin()
        try:
            yield self._begun[0]
        except BaseException as error:
            await self.rollback(error)
            raise

    async def commit(self, outcomes: Iterable[Call[None]]) -> None:
        """As in the sync one. A cancellation that arrives meanwhile waits for the answer."""
        task = asyncio.ensure_future(self._commit(outcomes))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            if task.cancelled() or task.exception() is not None:
                raise

    async def _commit(self, outcomes: Iterable[Call[None]]) -> None:
        if self._begun is None:
            raise ConfigurationError("there is no transaction to commit: call it only while open")
        conn, outer = self._begun
        try:
            for outcome in outcomes:
                await run_async(conn, outcome)
        except BaseException as error:
            await self.rollback(error)
            raise
        self._begun = None
        try:
            await outer.__aexit__(None, None, None)
        except psycopg.OperationalError as error:
            if conn.closed:
                raise UnknownOutcome(_UNKNOWN) from error
            raise
        finally:
            await self._pool.give(conn)

    async def rollback(self, error: BaseException) -> None:
        """Nothing of it was written."""
        if self._begun is None:
            return
        (conn, outer), self._begun = self._begun, None
        try:
            await outer.__aexit__(type(error), error, error.__traceback__)
        except psycopg.Error:
            await conn.close()  # which rolls back as well
        finally:
            await self._pool.give(conn)


class InlineTransaction:
    """The blocks of a context without a worker: savepoints of the caller's connection."""

    def __init__(self, conn: Conn | AsyncConn | None) -> None:
        self._conn = conn

    @contextmanager
    def block(self) -> Iterator[Conn]:
        """A savepoint."""
        conn = self._conn
        if not isinstance(conn, psycopg.Connection):
            raise ConfigurationError("this context has no connection: use Context.inline(conn)")
        with conn.transaction():
            yield conn

    @asynccontextmanager
    async def async_block(self) -> AsyncIterator[AsyncConn]:
        """A savepoint."""
        conn = self._conn
        if not isinstance(conn, psycopg.AsyncConnection):
            raise ConfigurationError(
                "this context has no async connection: use Context.inline(async_connection)"
            )
        async with conn.transaction():
            yield conn
