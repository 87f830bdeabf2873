"""Handles on jobs that are run without a database: asking about them, as `Client` does."""

import asyncio
import datetime as dt
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar, overload

from . import _json, _requests
from ._drivers import AsyncConn, Conn
from ._handles import AsyncJobs, SyncJobs
from ._local import Local
from ._options import Options, Seconds, seconds_of
from ._targets import AsyncTarget, SyncTarget
from .info import EventInfo, JobInfo
from .task import Job, NewJob, made_of

__all__ = ["AsyncLocalJobs", "LocalJobs"]

R = TypeVar("R")
Listed = list[JobInfo]  # the handles have a method named list
Made = list[Job[Any]]
History = list[EventInfo]


class _Handle:
    def __init__(self, local: Local) -> None:
        self._local = local

    def now(self) -> dt.datetime:
        """What time it is for the jobs."""
        return self._local.clock.now()

    def pause(self) -> None:
        """No job is started any more; running ones finish."""
        self._local.memory.paused = True

    def _find(self, job: Job[Any] | int) -> JobInfo | None:
        return self._local.memory.get(_requests.number(job))

    def _history(self, job: Job[Any] | int) -> History:
        return self._local.memory.history(_requests.number(job))

    def _listed(self, state: str | None, kind: str | None) -> Listed:
        return [
            one
            for one in self._local.memory.jobs()
            if state in (None, one.state) and kind in (None, one.kind)
        ]


class LocalJobs(_Handle, SyncJobs):
    """What `with app.in_process()` and `with app.inline()` give; `enqueue` takes it as a conn."""

    def take_jobs(self, jobs: Sequence[NewJob[Any]], /) -> Made:
        """The jobs, which exist now."""
        return made_of(jobs, self._local.submit(jobs))

    def enqueue(self, kind: str, args: Mapping[str, Any] | None = None, **options: Any) -> Job[Any]:
        """A job by the name of its kind; the options are those of `Task.using`."""
        return self.take_jobs([_new(kind, args, options)])[0]

    @contextmanager
    def transaction(self) -> Iterator[Conn | SyncTarget]:
        """Jobs that are enqueued on what it gives exist once the block has ended well.

        With a database that is a connection, and what is written on it is committed first.
        """
        transaction = self._local.new_sync()
        with transaction.block() as conn:
            yield conn
        try:
            transaction.commit(())
        except BaseException as error:
            transaction.rollback(error)
            raise
        self._local.changed()

    def get(self, job: Job[Any] | int) -> JobInfo | None:
        """The job, whole; None if it is not known, or not any more."""
        return self._find(job)

    def state(self, job: Job[Any] | int) -> str | None:
        """The job's state; None if it is not known, or not any more."""
        found = self._find(job)
        return None if found is None else found.state

    def history(self, job: Job[Any] | int) -> History:
        """The job's last hundred transitions, oldest first."""
        return self._history(job)

    def list(self, state: str | None = None, *, kind: str | None = None) -> Listed:
        """The jobs that are known, in the order in which they were enqueued."""
        return self._listed(state, kind)

    def cancel(self, job: Job[Any] | int, reason: str | None = None) -> str:
        """The state that the job is in then, or `cancel_requested` if it is running."""
        return self._local.cancel(_requests.number(job), reason)

    def resume(self) -> None:
        """The end of a pause."""
        self._local.memory.paused = False
        self._local.changed()

    @overload
    def result(self, job: Job[R], timeout: Seconds | None = None) -> R: ...
    @overload
    def result(self, job: int, timeout: Seconds | None = None) -> Any: ...
    def result(self, job: Job[Any] | int, timeout: Seconds | None = None) -> Any:
        """Waits until the job has ended, and returns its result; raises as `Client.result`."""
        ended = threading.Event()
        with self._local.memory.watched(_requests.number(job), ended.set) as look:
            ended.wait(self._local.patience(timeout))
            return _requests.result_of(job, _ended(look(), timeout))

    def advance(self, by: Seconds) -> None:
        """The clock that was given as `now=` moves on, and what is due runs."""
        self._local.clock.advance(by)
        self._local.changed()


class AsyncLocalJobs(_Handle, AsyncJobs):
    """What `async with` gives: what waits is awaited."""

    async def take_jobs(self, jobs: Sequence[NewJob[Any]], /) -> Made:
        """The jobs, which exist now."""
        return made_of(jobs, await self._local.submit_async(jobs))

    async def enqueue(
        self, kind: str, args: Mapping[str, Any] | None = None, **options: Any
    ) -> Job[Any]:
        """A job by the name of its kind; the options are those of `Task.using`."""
        return (await self.take_jobs([_new(kind, args, options)]))[0]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConn | AsyncTarget]:
        """Jobs that are enqueued on what it gives exist once the block has ended well.

        With a database that is a connection, and what is written on it is committed first.
        """
        transaction = self._local.new_async()
        async with transaction.async_block() as conn:
            yield conn
        try:
            await transaction.commit(())
        except BaseException as error:
            await transaction.rollback(error)
            raise
        await self._local.changed_async()

    async def get(self, job: Job[Any] | int) -> JobInfo | None:
        """The job, whole; None if it is not known, or not any more."""
        return self._find(job)

    async def state(self, job: Job[Any] | int) -> str | None:
        """The job's state; None if it is not known, or not any more."""
        found = self._find(job)
        return None if found is None else found.state

    async def history(self, job: Job[Any] | int) -> History:
        """The job's last hundred transitions, oldest first."""
        return self._history(job)

    async def list(self, state: str | None = None, *, kind: str | None = None) -> Listed:
        """The jobs that are known, in the order in which they were enqueued."""
        return self._listed(state, kind)

    async def cancel(self, job: Job[Any] | int, reason: str | None = None) -> str:
        """The state that the job is in then, or `cancel_requested` if it is running."""
        return self._local.cancel(_requests.number(job), reason)

    async def resume(self) -> None:
        """The end of a pause."""
        self._local.memory.paused = False
        await self._local.changed_async()

    @overload
    async def result(self, job: Job[R], timeout: Seconds | None = None) -> R: ...
    @overload
    async def result(self, job: int, timeout: Seconds | None = None) -> Any: ...
    async def result(self, job: Job[Any] | int, timeout: Seconds | None = None) -> Any:
        """Waits until the job has ended, and returns its result; raises as `Client.result`."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell() -> None:
            loop.call_soon_threadsafe(ended.set)

        with self._local.memory.watched(_requests.number(job), tell) as look:
            try:
                async with asyncio.timeout(self._local.patience(timeout)):
                    await ended.wait()
            except TimeoutError:
                pass  # whether that is one is said below
            return _requests.result_of(job, _ended(look(), timeout))

    async def advance(self, by: Seconds) -> None:
        """The clock that was given as `now=` moves on, and what is due runs."""
        self._local.clock.advance(by)
        await self._local.changed_async()


def _new(kind: str, args: Mapping[str, Any] | None, options: Mapping[str, Any]) -> NewJob[Any]:
    return NewJob(kind, _json.dumps(args or {}, "args"), Options(**options))


def _ended(found: JobInfo, timeout: Seconds | None) -> JobInfo:
    if not found.ended:
        waited = "" if timeout is None else f" after {seconds_of(timeout):g} s"
        raise TimeoutError(f"job {found.id} is still {found.state}{waited}")
    return found
