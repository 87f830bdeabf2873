"""What the clients ask of results, and their waiting, in their two forms."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar, overload

from . import _calls, _ending
from ._calls import Call
from ._client_batches import AsyncBatchClient, BatchClient
from ._options import Seconds
from .results import JobResult
from .task import Job

__all__ = ["AsyncResultsClient", "ResultsClient"]

R = TypeVar("R")
AnyJob = Job[Any] | int


class ResultsClient(BatchClient):
    """Results, now or when they are there.

    Whoever waits does so by looking, more and more rarely. With a connection of its own (`Client`
    of a DSN, and `notify` left on), the client also listens, and looks at once when a job ends.
    The connection must not be in a REPEATABLE READ transaction, in which nothing ever changes.
    """

    @overload
    def result(self, job: Job[R], timeout: Seconds | None = None) -> R: ...
    @overload
    def result(self, job: int, timeout: Seconds | None = None) -> Any: ...
    def result(self, job: AnyJob, timeout: Seconds | None = None) -> Any:
        """Waits until the job has ended, and returns its result.

        Raises TimeoutError after so many seconds; `JobFailed`, `JobCancelled`, `JobSkipped` or
        `JobDiscarded` if it ended without a result; `ResultPruned` if that is no longer kept;
        `NotFound`.
        """
        return self.wait([job], timeout)[0].value()

    @overload
    def results(self, jobs: Iterable[Job[R]]) -> list[JobResult[R]]: ...
    @overload
    def results(self, jobs: Iterable[AnyJob]) -> list[JobResult[Any]]: ...
    def results(self, jobs: Iterable[AnyJob]) -> list[JobResult[Any]]:
        """What has become of the jobs so far, in their order; waits for nothing."""
        return self._run(_ending.results(list(jobs)))

    @overload
    def wait(
        self, jobs: Iterable[Job[R]], timeout: Seconds | None = None
    ) -> list[JobResult[R]]: ...
    @overload
    def wait(
        self, jobs: Iterable[AnyJob], timeout: Seconds | None = None
    ) -> list[JobResult[Any]]: ...
    def wait(self, jobs: Iterable[AnyJob], timeout: Seconds | None = None) -> list[JobResult[Any]]:
        """Waits until all of the jobs have ended: what has become of each, in their order.

        Raises TimeoutError after so many seconds, and `NotFound`; how a job ended is in its line.
        """
        wanted = list(jobs)
        return _in_order(wanted, list(self.as_ended(wanted, timeout)))

    @overload
    def as_ended(
        self, jobs: Iterable[Job[R]], timeout: Seconds | None = None
    ) -> Iterator[JobResult[R]]: ...
    @overload
    def as_ended(
        self, jobs: Iterable[AnyJob], timeout: Seconds | None = None
    ) -> Iterator[JobResult[Any]]: ...
    def as_ended(
        self, jobs: Iterable[AnyJob], timeout: Seconds | None = None
    ) -> Iterator[JobResult[Any]]:
        """The jobs, each when it has ended; raises as `wait`. One given twice comes once."""
        with self._listening() as listens:
            steps = _ending.watch(jobs, timeout, listens)
            sent = None
            while (step := _next(steps, sent)) is not None:
                sent = None
                if isinstance(step, Call):
                    sent = self._run(step)
                elif isinstance(step, _ending.Nap):
                    self._nap(step, listens)
                else:
                    yield from step

    def has_in_flight(
        self,
        *,
        kind: str | None = None,
        queue: str | None = None,
        args: Any = None,
        unique_key: str | None = None,
    ) -> bool:
        """Whether a job of that kind, queue or both, whose args contain these, has yet to end.

        Or the one that has that unique_key.
        """
        return self._run(_calls.has_in_flight(kind, queue, args, unique_key))

    def _nap(self, nap: _ending.Nap, listens: bool) -> None:
        if not listens or self._conn is None:
            time.sleep(nap)
            return
        time.sleep(nap.least)
        for _ in self._conn.notifies(timeout=nap - nap.least, stop_after=1):
            pass

    @contextmanager
    def _listening(self) -> Iterator[bool]:
        if not self._listens:
            yield False
            return
        self._run(_calls.LISTEN_ENDED)
        try:
            yield True
        finally:
            if self._conn is not None and not self._conn.closed:
                self._run(_calls.UNLISTEN_ENDED)


class AsyncResultsClient(AsyncBatchClient):
    """The same, awaited; `as_ended` is for `async for`."""

    @overload
    async def result(self, job: Job[R], timeout: Seconds | None = None) -> R: ...
    @overload
    async def result(self, job: int, timeout: Seconds | None = None) -> Any: ...
    async def result(self, job: AnyJob, timeout: Seconds | None = None) -> Any:
        """Waits until the job has ended, and returns its result.

        Raises TimeoutError after so many seconds; `JobFailed`, `JobCancelled`, `JobSkipped` or
        `JobDiscarded` if it ended without a result; `ResultPruned` if that is no longer kept;
        `NotFound`.
        """
        return (await self.wait([job], timeout))[0].value()

    @overload
    async def results(self, jobs: Iterable[Job[R]]) -> list[JobResult[R]]: ...
    @overload
    async def results(self, jobs: Iterable[AnyJob]) -> list[JobResult[Any]]: ...
    async def results(self, jobs: Iterable[AnyJob]) -> list[JobResult[Any]]:
        """What has become of the jobs so far, in their order; waits for nothing."""
        return await self._run(_ending.results(list(jobs)))

    @overload
    async def wait(
        self, jobs: Iterable[Job[R]], timeout: Seconds | None = None
    ) -> list[JobResult[R]]: ...
    @overload
    async def wait(
        self, jobs: Iterable[AnyJob], timeout: Seconds | None = None
    ) -> list[JobResult[Any]]: ...
    async def wait(
        self, jobs: Iterable[AnyJob], timeout: Seconds | None = None
    ) -> list[JobResult[Any]]:
        """Waits until all of the jobs have ended: what has become of each, in their order.

        Raises TimeoutError after so many seconds, and `NotFound`; how a job ended is in its line.
        """
        wanted = list(jobs)
        return _in_order(wanted, [one async for one in self.as_ended(wanted, timeout)])

    @overload
    def as_ended(
        self, jobs: Iterable[Job[R]], timeout: Seconds | None = None
    ) -> AsyncIterator[JobResult[R]]: ...
    @overload
    def as_ended(
        self, jobs: Iterable[AnyJob], timeout: Seconds | None = None
    ) -> AsyncIterator[JobResult[Any]]: ...
    async def as_ended(
        self, jobs: Iterable[AnyJob], timeout: Seconds | None = None
    ) -> AsyncIterator[JobResult[Any]]:
        """The jobs, each when it has ended; raises as `wait`. One given twice comes once."""
        async with self._listening() as listens:
            steps = _ending.watch(jobs, timeout, listens)
            sent = None
            while (step := _next(steps, sent)) is not None:
                sent = None
                if isinstance(step, Call):
                    sent = await self._run(step)
                elif isinstance(step, _ending.Nap):
                    await self._nap(step, listens)
                else:
                    for one in step:
                        yield one

    async def has_in_flight(
        self,
        *,
        kind: str | None = None,
        queue: str | None = None,
        args: Any = None,
        unique_key: str | None = None,
    ) -> bool:
        """Whether a job of that kind, queue or both, whose args contain these, has yet to end.

        Or the one that has that unique_key.
        """
        return await self._run(_calls.has_in_flight(kind, queue, args, unique_key))

    async def _nap(self, nap: _ending.Nap, listens: bool) -> None:
        if not listens or self._conn is None:
            await asyncio.sleep(nap)
            return
        await asyncio.sleep(nap.least)
        async for _ in self._conn.notifies(timeout=nap - nap.least, stop_after=1):
            pass

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[bool]:
        if not self._listens:
            yield False
            return
        await self._run(_calls.LISTEN_ENDED)
        try:
            yield True
        finally:
            if self._conn is not None and not self._conn.closed:
                await self._run(_calls.UNLISTEN_ENDED)


def _next(
    steps: _ending.Steps, sent: list[JobResult[Any]] | None
) -> Call[list[JobResult[Any]]] | _ending.Nap | list[JobResult[Any]] | None:
    try:
        return steps.send(sent)
    except StopIteration:
        return None


def _in_order(wanted: Sequence[AnyJob], ended: list[JobResult[Any]]) -> list[JobResult[Any]]:
    by_id = {one.id: one for one in ended}
    return [by_id[job if isinstance(job, int) else job.id] for job in wanted]
