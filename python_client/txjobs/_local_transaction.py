"""`ctx.transaction()` where jobs are in memory: what a handler enqueues there waits for its end."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from typing import Any, NoReturn, cast

from ._calls import Call
from ._drivers import AsyncConn, Conn
from ._memory import Memory, Reserved
from ._pool import AsyncConnections, SyncConnections
from ._targets import AsyncTarget, SyncTarget
from ._transaction import AsyncTransactions, SyncTransactions
from .errors import ConfigurationError
from .task import Job, NewJob, made_of

__all__ = ["AsyncStandIn", "FollowUps", "LocalAsync", "LocalSync", "OpenOn", "StandIn"]

_FIX = (
    "give the runner a database (app.in_process(dsn=...), app.inline(connection)), or let the "
    "handler open a connection of its own"
)


class FollowUps:
    """Jobs that exist if the transaction commits; there is room for them from the start."""

    def __init__(self, memory: Memory, open_on: "OpenOn") -> None:
        self._memory = memory
        self._open_on = open_on
        self._jobs: list[Reserved] = []

    def add(self, jobs: Sequence[NewJob[Any]]) -> list[int]:
        """The ids that they will have."""
        reserved = self._memory.reserve(jobs)
        self._jobs.extend(reserved)
        return [job for job, _ in reserved]

    @contextmanager
    def block(self, conn: Any) -> Iterator[None]:
        """What is enqueued on the connection is added here; an error takes it back."""
        mark = len(self._jobs)
        outer = self._open_on.get(id(conn))
        self._open_on[id(conn)] = self
        try:
            yield
        except BaseException:
            self.forget(mark)
            raise
        finally:
            if outer is None:
                del self._open_on[id(conn)]

    def forget(self, mark: int = 0) -> None:
        """Those after the mark will not exist."""
        dropped = len(self._jobs) - mark
        del self._jobs[mark:]
        self._memory.unreserve(dropped)

    def commit(self) -> None:
        """They exist."""
        jobs, self._jobs = self._jobs, []
        if jobs:
            self._memory.place(jobs)


OpenOn = dict[int, FollowUps]
"""Whose block is open on a connection, by its `id`."""


def _refuse(name: str) -> NoReturn:
    if name.startswith("__"):  # asked of any object, as by copy and repr
        raise AttributeError(name)
    raise ConfigurationError(f"ctx.transaction() has no database here, to ask for .{name}: {_FIX}")


class StandIn(SyncTarget):
    """What `with ctx.transaction()` gives where there is no database: it takes jobs only."""

    def __init__(self, follow_ups: FollowUps) -> None:
        self._follow_ups = follow_ups

    def take_jobs(self, jobs: Sequence[NewJob[Any]], /) -> list[Job[Any]]:
        """They exist if the handler's outcome is kept."""
        return made_of(jobs, self._follow_ups.add(jobs))

    @contextmanager
    def transaction(self) -> Iterator["StandIn"]:
        """A part that can fail by itself."""
        with self._follow_ups.block(self):
            yield self

    def __getattr__(self, name: str) -> NoReturn:
        _refuse(name)


class AsyncStandIn(AsyncTarget):
    """The same for `async with`."""

    def __init__(self, follow_ups: FollowUps) -> None:
        self._follow_ups = follow_ups

    async def take_jobs(self, jobs: Sequence[NewJob[Any]], /) -> list[Job[Any]]:
        """They exist if the handler's outcome is kept."""
        return made_of(jobs, self._follow_ups.add(jobs))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["AsyncStandIn"]:
        """A part that can fail by itself."""
        with self._follow_ups.block(self):
            yield self

    def __getattr__(self, name: str) -> NoReturn:
        _refuse(name)


class _NowhereSync:
    def begin(self) -> tuple[Conn, AbstractContextManager[Any]]:
        _refuse("begin")

    def give(self, _conn: Conn) -> None:
        _refuse("give")


class _NowhereAsync:
    async def begin(self) -> tuple[AsyncConn, AbstractAsyncContextManager[Any]]:
        _refuse("begin")

    async def give(self, _conn: AsyncConn) -> None:
        _refuse("give")


class LocalSync(SyncTransactions):
    """Of a sync handler: it commits the handler's writes, if there is a database, and then jobs."""

    holds_outcome = False

    def __init__(self, memory: Memory, open_on: OpenOn, pool: SyncConnections | None) -> None:
        super().__init__(pool or _NowhereSync())
        self._has_database = pool is not None
        self._follow_ups = FollowUps(memory, open_on)
        self._entered = False

    @property
    def open(self) -> bool:
        """A block was left cleanly, and nothing is committed yet."""
        return self._entered or super().open

    @contextmanager
    def block(self) -> Iterator[Conn]:
        """A part of the handler's one transaction."""
        if not self._has_database:
            stand_in = StandIn(self._follow_ups)
            with self._follow_ups.block(stand_in):
                yield cast(Conn, stand_in)
            self._entered = True
            return
        with super().block() as conn, self._follow_ups.block(conn):
            yield conn

    def commit(self, outcomes: Iterable[Call[None]]) -> None:
        """The writes are there, and the jobs."""
        if super().open:
            super().commit(outcomes)
        self._entered = False
        self._follow_ups.commit()

    def rollback(self, error: BaseException) -> None:
        """Neither is there."""
        self._entered = False
        self._follow_ups.forget()
        super().rollback(error)


class LocalAsync(AsyncTransactions):
    """The same of an async handler."""

    holds_outcome = False

    def __init__(self, memory: Memory, open_on: OpenOn, pool: AsyncConnections | None) -> None:
        super().__init__(pool or _NowhereAsync())
        self._has_database = pool is not None
        self._follow_ups = FollowUps(memory, open_on)
        self._entered = False

    @property
    def open(self) -> bool:
        """A block was left cleanly, and nothing is committed yet."""
        return self._entered or super().open

    @asynccontextmanager
    async def async_block(self) -> AsyncIterator[AsyncConn]:
        """A part of the handler's one transaction."""
        if not self._has_database:
            stand_in = AsyncStandIn(self._follow_ups)
            with self._follow_ups.block(stand_in):
                yield cast(AsyncConn, stand_in)
            self._entered = True
            return
        async with super().async_block() as conn:
            with self._follow_ups.block(conn):
                yield conn

    async def commit(self, outcomes: Iterable[Call[None]]) -> None:
        """The writes are there, and the jobs."""
        if super().open:
            await super().commit(outcomes)
        self._entered = False
        self._follow_ups.commit()

    async def rollback(self, error: BaseException) -> None:
        """Neither is there."""
        self._entered = False
        self._follow_ups.forget()
        await super().rollback(error)
