"""The connection of a client: the caller's, or one of its own."""

from types import TracebackType
from typing import Self, TypeVar

import psycopg

from ._calls import Call
from ._drivers import AsyncConn, Conn, run, run_async_told
from .errors import ConfigurationError

__all__ = ["AsyncClientBase", "ClientBase"]

T = TypeVar("T")


class ClientBase:
    """Runs calls on a psycopg connection, or on one that it opens for a DSN.

    With `notify`, and a DSN, whoever waits for jobs listens for notifications; they do not pass a
    pooler in transaction mode, where waiting is by looking alone.
    """

    def __init__(self, conn: Conn | str, *, notify: bool = True) -> None:
        self._listens = notify and isinstance(conn, str)
        self._dsn = conn if isinstance(conn, str) else None
        self._conn = None if isinstance(conn, str) else conn

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection if it is the client's own."""
        if self._dsn is not None and self._conn is not None:
            self._conn.close()
            self._conn = None

    def _run(self, call: Call[T]) -> T:
        if self._dsn is not None and (self._conn is None or self._conn.closed):
            self._conn = psycopg.connect(self._dsn, autocommit=True)
        if self._conn is None:
            raise ConfigurationError("this client has neither a connection nor a DSN")
        return run(self._conn, call)


class AsyncClientBase:
    """The same on an async connection."""

    def __init__(self, conn: AsyncConn | str, *, notify: bool = True) -> None:
        self._listens = notify and isinstance(conn, str)
        self._dsn = conn if isinstance(conn, str) else None
        self._conn = None if isinstance(conn, str) else conn

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection if it is the client's own."""
        if self._dsn is not None and self._conn is not None:
            await self._conn.close()
            self._conn = None

    async def _run(self, call: Call[T]) -> T:
        if self._dsn is not None and (self._conn is None or self._conn.closed):
            self._conn = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
        if self._conn is None:
            raise ConfigurationError("this client has neither a connection nor a DSN")
        return await run_async_told(self._conn, call)
