"""`app.backend(where)`: which of the three ways to run jobs, chosen by a setting."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

from ._drivers import AsyncConn, Conn, run, run_async_told
from ._handles import AsyncJobs, SyncJobs
from ._pool import AsyncPool, SyncPool
from .client import AsyncClient, Client
from .errors import ConfigurationError
from .in_process import InProcess
from .inline import Inline
from .task import Job, NewJob, enqueue_call

if TYPE_CHECKING:
    from .app import Jobs

__all__ = ["AsyncJobs", "AsyncPostgresJobs", "Backend", "Postgres", "PostgresJobs", "SyncJobs"]


Made = list[Job[Any]]  # clients have a method named list


class Backend(Protocol):
    """`with` for plain code, `async with` for async code: the jobs, wherever they run."""

    def __enter__(self) -> SyncJobs: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...
    async def __aenter__(self) -> AsyncJobs: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


class PostgresJobs(Client, SyncJobs):
    """A client that jobs can be enqueued on too, in transactions of its own."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._pool = SyncPool(dsn)

    def take_jobs(self, jobs: Sequence[NewJob[Any]], /) -> Made:
        """The jobs, which exist now."""
        with self.transaction() as conn:
            return run(conn, enqueue_call(jobs))

    @contextmanager
    def transaction(self) -> Iterator[Conn]:
        """A connection in a transaction, which is committed once the block has ended well."""
        conn, begun = self._pool.begin()
        with ExitStack() as stack:
            stack.callback(self._pool.give, conn)
            stack.push(begun)
            yield conn

    def close(self) -> None:
        """Closes its connections."""
        super().close()
        self._pool.close()


class AsyncPostgresJobs(AsyncClient, AsyncJobs):
    """The same on async connections."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._pool = AsyncPool(dsn)

    async def take_jobs(self, jobs: Sequence[NewJob[Any]], /) -> Made:
        """The jobs, which exist now."""
        async with self.transaction() as conn:
            return await run_async_told(conn, enqueue_call(jobs))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConn]:
        """A connection in a transaction, which is committed once the block has ended well."""
        conn, begun = await self._pool.begin()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._pool.give, conn)
            stack.push_async_exit(begun)
            yield conn

    async def close(self) -> None:
        """Closes its connections."""
        await super().close()
        await self._pool.close()


class Postgres:
    """Jobs go into the database, where workers find them."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._sync: PostgresJobs | None = None
        self._async: AsyncPostgresJobs | None = None

    def __enter__(self) -> PostgresJobs:
        self._sync = PostgresJobs(self._dsn)
        return self._sync

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._sync is not None:
            self._sync.close()

    async def __aenter__(self) -> AsyncPostgresJobs:
        self._async = AsyncPostgresJobs(self._dsn)
        return self._async

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._async is not None:
            await self._async.close()


_NUMBERS: Mapping[str, Callable[[str], float]] = {
    "concurrency": int,
    "max_pending": int,
    "keep": int,
    "drain_timeout": float,
}
_TEXTS = ("when_full", "dsn")
_CHOICES = "in-process:, in-process:?concurrency=4&max_pending=100, inline:, or a DSN of Postgres"


def choose(app: "Jobs", where: str, deps: Any) -> Backend:
    """The backend that a setting names, or `ConfigurationError`."""
    scheme, _, rest = where.partition(":")
    path, _, query = rest.partition("?")
    if scheme == "in-process" and not path:
        return InProcess(app, deps=deps, **_settings(where, query))
    if where in ("inline", "inline:"):
        return Inline(app, deps=deps)
    if scheme in ("postgresql", "postgres") or re.match(r"\s*\w+\s*=", where):
        return Postgres(where)
    raise ConfigurationError(f"{where!r} is no place for jobs: give {_CHOICES}")


def _settings(where: str, query: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name not in _NUMBERS and name not in _TEXTS:
            raise ConfigurationError(
                f"{where!r}: there is no setting {name!r}: there are "
                f"{', '.join((*_NUMBERS, *_TEXTS))}"
            )
        try:
            found[name] = _NUMBERS.get(name, str)(text)
        except ValueError as error:
            raise ConfigurationError(f"{where!r}: {name} is a number, not {text!r}") from error
    return found
