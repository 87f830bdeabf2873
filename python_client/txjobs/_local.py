"""What running jobs in this process and running them inline have in common."""

import asyncio
import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from ._clock import Clock
from ._local_transaction import LocalAsync, LocalSync, OpenOn
from ._memory import Memory
from ._options import Seconds
from ._pool import AsyncConnections, SyncConnections
from .errors import ConfigurationError
from .task import NewJob

if TYPE_CHECKING:
    from .app import Jobs

__all__ = ["Local", "has_loop"]


class Local(ABC):
    """Takes the jobs of an application, whatever they are enqueued on, while it is open."""

    def __init__(
        self,
        app: "Jobs",
        now: dt.datetime | None,
        max_pending: int | None = None,
        keep: int | None = None,
    ) -> None:
        self.app = app
        self.clock = Clock(now)
        self.memory = Memory(app.tasks, self.clock, max_pending, keep)
        self.open_on: OpenOn = {}
        self.sync_pool: SyncConnections | None = None
        self.async_pool: AsyncConnections | None = None
        self.opened_async: bool | None = None

    def open(self, *, is_async: bool) -> None:
        """From now on the application's jobs come here."""
        if self.opened_async is not None:
            raise ConfigurationError("this was opened before: make another")
        self.app.routes.open(self)
        self.opened_async = is_async

    def send(
        self, conn: Any, jobs: Sequence[NewJob[Any]]
    ) -> list[int] | Coroutine[Any, Any, list[int]]:
        """The ids of the jobs, to be awaited where the connection is an async one."""
        follow_ups = self.open_on.get(id(conn))
        if follow_ups is not None:
            ids = follow_ups.add(jobs)
            return _ready(ids) if self._awaits(conn) else ids
        return self.submit_async(jobs) if self._awaits(conn) else self.submit(jobs)

    def _awaits(self, conn: Any) -> bool:
        if isinstance(conn, psycopg.AsyncConnection):
            return True
        if isinstance(conn, psycopg.Connection):
            return False
        if conn is None:
            return self.awaits_none()
        raise ConfigurationError(
            f"{type(conn).__qualname__} is not a connection that txjobs knows: pass a "
            "psycopg.Connection or AsyncConnection, what the runner's block gave, or None"
        )

    @abstractmethod
    def awaits_none(self) -> bool:
        """Whether a call without a connection is awaited here."""

    @abstractmethod
    def submit(self, jobs: Sequence[NewJob[Any]]) -> list[int]:
        """The ids of the jobs, which exist now."""

    @abstractmethod
    async def submit_async(self, jobs: Sequence[NewJob[Any]]) -> list[int]:
        """The same."""

    @abstractmethod
    def patience(self, timeout: Seconds | None) -> float | None:
        """How long there is a point in waiting for a job's end."""

    def new_sync(self) -> LocalSync:
        """A transaction of plain code: of a handler, or around what is enqueued."""
        return LocalSync(self.memory, self.open_on, self.sync_pool)

    def new_async(self) -> LocalAsync:
        """The same of async code."""
        return LocalAsync(self.memory, self.open_on, self.async_pool)

    @abstractmethod
    def cancel(self, job: int, reason: str | None) -> str:
        """The state that the job is in then, or `cancel_requested`."""

    @abstractmethod
    def changed(self) -> None:
        """Jobs were added, or time has passed, and this is not async code."""

    @abstractmethod
    async def changed_async(self) -> None:
        """The same in async code."""


async def _ready(ids: list[int]) -> list[int]:
    return ids


def has_loop() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
