"""Connections for handlers' transactions: as many as there are handlers at once, kept for reuse.

A slot uses at most one, so nothing ever waits here, and no one else's connection can starve.
"""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol

import psycopg
from psycopg.pq import TransactionStatus

from ._drivers import AsyncConn, Conn

__all__ = [
    "AsyncConnections",
    "AsyncPool",
    "BorrowedAsync",
    "BorrowedSync",
    "SyncConnections",
    "SyncPool",
]


class SyncConnections(Protocol):
    """Where handlers' transactions get their connections."""

    def begin(self) -> tuple[Conn, AbstractContextManager[Any]]:
        """A connection on which a transaction has begun."""

    def give(self, conn: Conn, /) -> None:
        """Takes a connection back."""


class AsyncConnections(Protocol):
    """The same for async ones."""

    async def begin(self) -> tuple[AsyncConn, AbstractAsyncContextManager[Any]]:
        """A connection on which a transaction has begun."""

    async def give(self, conn: AsyncConn, /) -> None:
        """Takes a connection back."""


class SyncPool:
    """Sync connections; `list.append` and `list.pop` are atomic, so no lock is needed."""

    def __init__(self, dsn: str, **settings: Any) -> None:
        self._dsn, self._settings = dsn, settings
        self._idle: list[Conn] = []
        self._closed = False

    def begin(self) -> tuple[Conn, AbstractContextManager[Any]]:
        """A connection on which a transaction has begun; those that died meanwhile are dropped."""
        while True:
            try:
                conn = self._idle.pop()
            except IndexError:
                break
            try:
                return conn, _begun(conn)
            except psycopg.OperationalError:
                conn.close()
        conn = psycopg.connect(self._dsn, autocommit=True, **self._settings)
        return conn, _begun(conn)

    def give(self, conn: Conn) -> None:
        """Takes a connection back, if it is still good."""
        idle = not conn.closed and conn.info.transaction_status == TransactionStatus.IDLE
        if idle and not self._closed:
            self._idle.append(conn)
        else:
            conn.close()

    def close(self) -> None:
        """Closes those that are idle, and the others when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


def _begun(conn: Conn) -> AbstractContextManager[Any]:
    """A transaction on the connection, or a savepoint in the one that it is in."""
    transaction = conn.transaction()
    transaction.__enter__()
    return transaction


class AsyncPool:
    """The same for async connections."""

    def __init__(self, dsn: str, **settings: Any) -> None:
        self._dsn, self._settings = dsn, settings
        self._idle: list[AsyncConn] = []
        self._closed = False

    async def begin(self) -> tuple[AsyncConn, AbstractAsyncContextManager[Any]]:
        """A connection on which a transaction has begun; those that died meanwhile are dropped."""
        while self._idle:
            conn = self._idle.pop()
            try:
                return conn, await _begun_async(conn)
            except psycopg.OperationalError:
                await conn.close()
        conn = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, **self._settings)
        return conn, await _begun_async(conn)

    async def give(self, conn: AsyncConn) -> None:
        """Takes a connection back, if it is still good."""
        idle = not conn.closed and conn.info.transaction_status == TransactionStatus.IDLE
        if idle and not self._closed:
            self._idle.append(conn)
        else:
            await conn.close()

    async def close(self) -> None:
        """Closes those that are idle, and the others when they come back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().close()


async def _begun_async(conn: AsyncConn) -> AbstractAsyncContextManager[Any]:
    """The same on an async one."""
    transaction = conn.transaction()
    await transaction.__aenter__()
    return transaction


class BorrowedSync:
    """In the place of a pool: the one connection that was given, in savepoints."""

    def __init__(self, conn: Conn) -> None:
        self._conn = conn

    def begin(self) -> tuple[Conn, AbstractContextManager[Any]]:
        """A transaction has begun, or a savepoint in the one that the connection is in."""
        return self._conn, _begun(self._conn)

    def give(self, conn: Conn) -> None:
        """It stays the caller's."""


class BorrowedAsync:
    """The same for an async connection."""

    def __init__(self, conn: AsyncConn) -> None:
        self._conn = conn

    async def begin(self) -> tuple[AsyncConn, AbstractAsyncContextManager[Any]]:
        """A transaction has begun, or a savepoint in the one that the connection is in."""
        return self._conn, await _begun_async(self._conn)

    async def give(self, conn: AsyncConn) -> None:
        """It stays the caller's."""
