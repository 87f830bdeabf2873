"""What can be asked of jobs wherever they run: the methods that all handles have."""

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, TypeVar, overload

from ._drivers import AsyncConn, Conn
from ._options import Seconds
from ._targets import AsyncTarget, SyncTarget
from .info import EventInfo, JobInfo
from .task import Job

__all__ = ["AsyncJobs", "SyncJobs"]

R = TypeVar("R")


class SyncJobs(SyncTarget):
    """What `with app.backend(...)` gives, whichever it is; `enqueue` takes it as a connection."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Conn | SyncTarget]:
        """Jobs that are enqueued on what it gives exist once the block has ended well."""

    @abstractmethod
    def get(self, job: Job[Any] | int) -> JobInfo | None:
        """The job, whole; None if there is no such job."""

    @abstractmethod
    def state(self, job: Job[Any] | int) -> str | None:
        """The job's state; None if there is no such job."""

    @abstractmethod
    def history(self, job: Job[Any] | int) -> list[EventInfo]:
        """The job's transitions, oldest first."""

    @overload
    def result(self, job: Job[R], timeout: Seconds | None = None) -> R: ...
    @overload
    def result(self, job: int, timeout: Seconds | None = None) -> Any: ...
    @abstractmethod
    def result(self, job: Job[Any] | int, timeout: Seconds | None = None) -> Any:
        """Waits until the job has ended, and returns its result."""

    @abstractmethod
    def cancel(self, job: Job[Any] | int, reason: str | None = None) -> str:
        """The state that the job is in then, or `cancel_requested` if it is running."""


class AsyncJobs(AsyncTarget):
    """The same of `async with`: every method is awaited."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[AsyncConn | AsyncTarget]:
        """Jobs that are enqueued on what it gives exist once the block has ended well."""

    @abstractmethod
    async def get(self, job: Job[Any] | int) -> JobInfo | None:
        """The job, whole; None if there is no such job."""

    @abstractmethod
    async def state(self, job: Job[Any] | int) -> str | None:
        """The job's state; None if there is no such job."""

    @abstractmethod
    async def history(self, job: Job[Any] | int) -> list[EventInfo]:
        """The job's transitions, oldest first."""

    @overload
    async def result(self, job: Job[R], timeout: Seconds | None = None) -> R: ...
    @overload
    async def result(self, job: int, timeout: Seconds | None = None) -> Any: ...
    @abstractmethod
    async def result(self, job: Job[Any] | int, timeout: Seconds | None = None) -> Any:
        """Waits until the job has ended, and returns its result."""

    @abstractmethod
    async def cancel(self, job: Job[Any] | int, reason: str | None = None) -> str:
        """The state that the job is in then, or `cancel_requested` if it is running."""
