"""Asking about jobs, and changing their fate: `Client` and `AsyncClient`, of one shape.

They hold no logic: what is asked is in `_requests`, once for both. What they ask of the log is in
`_client_log`, of schedules in `_client_schedules`, of settings in `_client_settings`, why
things are as they are in `_client_insight`, results and waiting in `_client_results`.
"""

from collections.abc import Mapping
from typing import Any, TypeVar, overload

from . import _calls, _requests, _waiting
from ._client_results import AsyncResultsClient, ResultsClient
from ._options import Seconds
from .info import EventInfo, JobInfo, ListedJob, Pruned, QueueStats
from .task import Job, NewJob

__all__ = ["AsyncClient", "Client"]

R = TypeVar("R")
Page = list[ListedJob]  # the clients have a method named list
Pruning = list[Pruned]


class Client(ResultsClient):
    """Runs on a psycopg connection, in whatever transaction that is in, or on a DSN.

    With a DSN, it opens a connection of its own when first used, in autocommit, and `close()` (or
    the end of a `with` block) closes it.
    """

    @overload
    def enqueue(self, job: NewJob[R], *, wait: Seconds | None = None) -> Job[R]: ...
    @overload
    def enqueue(
        self,
        job: str,
        args: Mapping[str, Any] | None = None,
        *,
        wait: Seconds | None = None,
        **options: Any,
    ) -> Job[Any]: ...
    def enqueue(
        self,
        job: NewJob[Any] | str,
        args: Mapping[str, Any] | None = None,
        *,
        wait: Seconds | None = None,
        **options: Any,
    ) -> Job[Any]:
        """A job that `task.job(...)` has made, or one by the name of its kind.

        args, options: of a kind: its arguments, and the options of `Task.using`
        wait: if the queue is full, tries again for so many seconds; not in a transaction

        Raises `QueueFull` if there is no room (by then), and what `jobs.enqueue` raises.
        """
        call = _requests.enqueue_any(job, args, options)
        if wait is None:
            return self._run(call)
        _waiting.check_may_wait(self._conn)
        return _waiting.run_steps(self._run, _waiting.until_there_is_room(call, wait))

    def get(
        self,
        job: Job[Any] | int | None = None,
        *,
        idempotency_key: str | None = None,
        unique_key: str | None = None,
        queue: str | None = None,
    ) -> JobInfo | None:
        """The job, whole, or the one that has a key in the queue (default: in any); or None."""
        return self._run(_requests.get(job, (idempotency_key, unique_key, queue)))

    def state(self, job: Job[Any] | int) -> str | None:
        """The job's state; None if there is no such job."""
        return self._run(_requests.state(job))

    def history(self, job: Job[Any] | int) -> list[EventInfo]:
        """The job's transitions, oldest first."""
        return self._run(_requests.history(job))

    def cancel(
        self,
        job: Job[Any] | int | None = None,
        reason: str | None = None,
        *,
        idempotency_key: str | None = None,
        unique_key: str | None = None,
        queue: str | None = None,
    ) -> str:
        """The state that the job, or the one that has a key, is in then.

        `cancel_requested` if it is running.
        """
        return self._run(_requests.cancel(job, reason, (idempotency_key, unique_key, queue)))

    def cancel_many(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        reason: str | None = None,
        max_jobs: int = 1000,
    ) -> int:
        """How many waiting jobs were cancelled."""
        return self._run(_calls.cancel_many(queue, kind, reason, max_jobs))

    def pause(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        subscription: str | None = None,
        schedule: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Nothing of that queue or kind is claimed any more; running jobs finish.

        A subscription's events make no jobs until it is resumed, and then catches up; a schedule's
        times meanwhile are left out. `reason`, of a queue or a kind, is what `explain`, `health`
        and `pauses` say of it.
        """
        self._run(_calls.pause(queue, kind, subscription, schedule, reason))

    def resume(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        subscription: str | None = None,
        schedule: str | None = None,
    ) -> None:
        """The end of a pause."""
        self._run(_calls.resume(queue, kind, subscription, schedule))

    def stats(self, window: Seconds = 3600) -> list[QueueStats]:
        """A line per queue; counts of what ended are of so many seconds back."""
        return self._run(_requests.stats(window))

    def list(
        self,
        state: str | None = None,
        *,
        queue: str | None = None,
        kind: str | None = None,
        after: ListedJob | str | None = None,
        max_jobs: int = 50,
    ) -> Page:
        """A page of jobs, newest first; `after` is the last one of the page before."""
        return self._run(_requests.list_jobs(state, queue, kind, after, max_jobs))

    def prune(self, max_jobs: int = 10_000, *, dry_run: bool = False) -> Pruning:
        """Deletes up to so many jobs that ended longer ago than their queue keeps them.

        And as many results and events; a line for each state and queue. Call it until it returns
        an empty list. With `dry_run`: what would go if it were called until then.
        """
        return self._run(_requests.prune(max_jobs, dry_run=dry_run))

    def version(self) -> str:
        """The version of the schema."""
        return self._run(_calls.version())


class AsyncClient(AsyncResultsClient):
    """The same on an async connection: every method is awaited."""

    @overload
    async def enqueue(self, job: NewJob[R], *, wait: Seconds | None = None) -> Job[R]: ...
    @overload
    async def enqueue(
        self,
        job: str,
        args: Mapping[str, Any] | None = None,
        *,
        wait: Seconds | None = None,
        **options: Any,
    ) -> Job[Any]: ...
    async def enqueue(
        self,
        job: NewJob[Any] | str,
        args: Mapping[str, Any] | None = None,
        *,
        wait: Seconds | None = None,
        **options: Any,
    ) -> Job[Any]:
        """A job that `task.job(...)` has made, or one by the name of its kind.

        args, options: of a kind: its arguments, and the options of `Task.using`
        wait: if the queue is full, tries again for so many seconds; not in a transaction

        Raises `QueueFull` if there is no room (by then), and what `jobs.enqueue` raises.
        """
        call = _requests.enqueue_any(job, args, options)
        if wait is None:
            return await self._run(call)
        _waiting.check_may_wait(self._conn)
        return await _waiting.run_steps_async(self._run, _waiting.until_there_is_room(call, wait))

    async def get(
        self,
        job: Job[Any] | int | None = None,
        *,
        idempotency_key: str | None = None,
        unique_key: str | None = None,
        queue: str | None = None,
    ) -> JobInfo | None:
        """The job, whole, or the one that has a key in the queue (default: in any); or None."""
        return await self._run(_requests.get(job, (idempotency_key, unique_key, queue)))

    async def state(self, job: Job[Any] | int) -> str | None:
        """The job's state; None if there is no such job."""
        return await self._run(_requests.state(job))

    async def history(self, job: Job[Any] | int) -> list[EventInfo]:
        """The job's transitions, oldest first."""
        return await self._run(_requests.history(job))

    async def cancel(
        self,
        job: Job[Any] | int | None = None,
        reason: str | None = None,
        *,
        idempotency_key: str | None = None,
        unique_key: str | None = None,
        queue: str | None = None,
    ) -> str:
        """The state that the job, or the one that has a key, is in then.

        `cancel_requested` if it is running.
        """
        return await self._run(_requests.cancel(job, reason, (idempotency_key, unique_key, queue)))

    async def cancel_many(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        reason: str | None = None,
        max_jobs: int = 1000,
    ) -> int:
        """How many waiting jobs were cancelled."""
        return await self._run(_calls.cancel_many(queue, kind, reason, max_jobs))

    async def pause(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        subscription: str | None = None,
        schedule: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Nothing of that queue or kind is claimed any more; running jobs finish.

        A subscription's events make no jobs until it is resumed, and then catches up; a schedule's
        times meanwhile are left out. `reason`, of a queue or a kind, is what `explain`, `health`
        and `pauses` say of it.
        """
        await self._run(_calls.pause(queue, kind, subscription, schedule, reason))

    async def resume(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        subscription: str | None = None,
        schedule: str | None = None,
    ) -> None:
        """The end of a pause."""
        await self._run(_calls.resume(queue, kind, subscription, schedule))

    async def stats(self, window: Seconds = 3600) -> list[QueueStats]:
        """A line per queue; counts of what ended are of so many seconds back."""
        return await self._run(_requests.stats(window))

    async def list(
        self,
        state: str | None = None,
        *,
        queue: str | None = None,
        kind: str | None = None,
        after: ListedJob | str | None = None,
        max_jobs: int = 50,
    ) -> Page:
        """A page of jobs, newest first; `after` is the last one of the page before."""
        return await self._run(_requests.list_jobs(state, queue, kind, after, max_jobs))

    async def prune(self, max_jobs: int = 10_000, *, dry_run: bool = False) -> Pruning:
        """Deletes up to so many jobs that ended longer ago than their queue keeps them.

        And as many results and events; a line for each state and queue. Call it until it returns
        an empty list. With `dry_run`: what would go if it were called until then.
        """
        return await self._run(_requests.prune(max_jobs, dry_run=dry_run))

    async def version(self) -> str:
        """The version of the schema."""
        return await self._run(_calls.version())
