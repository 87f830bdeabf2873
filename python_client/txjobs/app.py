"""`Jobs`: the registry of an application's tasks."""

import datetime as dt
import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

import psycopg

from . import _batch_calls, _drivers
from ._app_settings import SettingsRegistry
from ._drivers import AsyncConn, Conn
from ._options import Options, Seconds
from ._signature import Signature
from ._targets import AsyncTarget, SyncTarget
from .backend import Backend, choose
from .backoff import Backoff
from .batch import BatchDecorator, Batching, batch_task
from .context import Context
from .in_process import InProcess, WhenFull
from .inline import Inline
from .open_batch import AsyncOpenBatch, OpenBatch
from .outcomes import Outcome
from .task import AsyncTask, Job, NewJob, SyncTask, Task, enqueue_call

__all__ = ["Jobs"]

P = ParamSpec("P")
R = TypeVar("R")


class _Decorator(Protocol):
    """What `@app.task(...)` is: it keeps the function's types, without the `Context`."""

    # A coroutine is a result too, as far as types go; the order of the overloads decides.
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, fn: Callable[Concatenate[Context, P], Coroutine[Any, Any, R | Outcome]], /
    ) -> AsyncTask[P, R]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, fn: Callable[P, Coroutine[Any, Any, R | Outcome]], /
    ) -> AsyncTask[P, R]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[Context, P], R | Outcome], /) -> SyncTask[P, R]: ...
    @overload
    def __call__(self, fn: Callable[P, R | Outcome], /) -> SyncTask[P, R]: ...


class Jobs(SettingsRegistry):
    """A registry of tasks: no connection, no I/O, safe to make when a module is imported.

    >>> app = Jobs()
    >>> @app.task(queue="mail")
    ... async def send_mail(to: str, subject: str = "hi") -> str:
    ...     return f"sent to {to}"
    >>> send_mail.name
    'send_mail'
    """

    @overload
    def task(  # type: ignore[overload-overlap]
        self, fn: Callable[Concatenate[Context, P], Coroutine[Any, Any, R | Outcome]], /
    ) -> AsyncTask[P, R]: ...
    @overload
    def task(  # type: ignore[overload-overlap]
        self, fn: Callable[P, Coroutine[Any, Any, R | Outcome]], /
    ) -> AsyncTask[P, R]: ...
    @overload
    def task(self, fn: Callable[Concatenate[Context, P], R | Outcome], /) -> SyncTask[P, R]: ...
    @overload
    def task(self, fn: Callable[P, R | Outcome], /) -> SyncTask[P, R]: ...
    @overload
    def task(
        self,
        *,
        name: str | None = None,
        queue: str | None = None,
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Seconds | None = None,
        lease: Seconds | None = None,
        retry: Backoff | None = None,
    ) -> _Decorator: ...
    @overload
    def task(
        self,
        *,
        batch_size: int,
        batch_timeout: Seconds | None = None,
        name: str | None = None,
        queue: str | None = None,
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Seconds | None = None,
        lease: Seconds | None = None,
        retry: Backoff | None = None,
    ) -> BatchDecorator: ...
    def task(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
        queue: str | None = None,
        priority: int | None = None,
        max_attempts: int | None = None,
        timeout: Seconds | None = None,
        lease: Seconds | None = None,
        retry: Backoff | None = None,
        batch_size: int | None = None,
        batch_timeout: Seconds | None = None,
    ) -> Any:
        """Registers a function as the handler of the kind that has its name (or `name=`).

        The options are what each of its jobs is enqueued with: `queue`, `priority` (-100 to 100,
        higher first), `max_attempts`, `timeout` and `lease` in seconds, `retry`, a `Backoff`.

        With `batch_size`, the handler takes a list of up to so many jobs, each a `BatchItem`, and
        returns a list with the outcome of each: a result, an `Outcome`, or an exception for one
        that has failed; None completes them all. It is called when the list is full, or when
        `batch_timeout` seconds (default 1) have passed since its first job was claimed.
        """
        options = Options(
            queue=queue,
            priority=priority,
            max_attempts=max_attempts,
            timeout=timeout,
            lease=lease,
            retry=retry,
        )
        batching = Batching.checked(batch_size, batch_timeout)
        if fn is None:
            return lambda fn: self._register(fn, name, options, batching)
        return self._register(fn, name, options, batching)

    def _register(
        self,
        fn: Callable[..., Any],
        name: str | None,
        options: Options,
        batching: Batching | None,
    ) -> Task[Any, Any]:
        task = _task(fn, name or fn.__name__, options, batching)
        self._add(task)
        return task

    @overload
    def enqueue(self, conn: Conn | SyncTarget, jobs: Iterable[NewJob[R]], /) -> list[Job[R]]: ...
    @overload
    def enqueue(
        self, conn: AsyncConn | AsyncTarget, jobs: Iterable[NewJob[R]], /
    ) -> Coroutine[Any, Any, list[Job[R]]]: ...
    def enqueue(
        self, conn: Any, jobs: Iterable[NewJob[R]], /
    ) -> list[Job[R]] | Coroutine[Any, Any, list[Job[R]]]:
        """Jobs of any tasks in one round trip, or none of them: `app.enqueue(conn, [a.job(1)])`."""
        given = list(jobs)
        if self.routes.bypass(conn):
            return self.routes.send(conn, given)
        made: list[Job[R]] | Coroutine[Any, Any, list[Job[R]]]
        made = _drivers.execute(conn, enqueue_call(given))
        return made

    @overload
    def batch(
        self,
        conn: Conn,
        /,
        *,
        on_complete: NewJob[Any] | str | None = None,
        on_success: NewJob[Any] | str | None = None,
        on_failure: NewJob[Any] | str | None = None,
        name: str | None = None,
    ) -> OpenBatch: ...
    @overload
    def batch(
        self,
        conn: AsyncConn,
        /,
        *,
        on_complete: NewJob[Any] | str | None = None,
        on_success: NewJob[Any] | str | None = None,
        on_failure: NewJob[Any] | str | None = None,
        name: str | None = None,
    ) -> AsyncOpenBatch: ...
    def batch(
        self,
        conn: Conn | AsyncConn,
        /,
        *,
        on_complete: NewJob[Any] | str | None = None,
        on_success: NewJob[Any] | str | None = None,
        on_failure: NewJob[Any] | str | None = None,
        name: str | None = None,
    ) -> OpenBatch | AsyncOpenBatch:
        """A block that makes a batch: `with app.batch(conn, on_success=tell.job()) as batch:`.

        When every job that is enqueued with `batch.enqueue([...])` in it, or with
        `task.using(batch=batch.id)`, has ended, `on_complete` is enqueued, and `on_success` if all
        are completed or skipped, else `on_failure`: once, in the transaction of the last of them.
        """
        call = _batch_calls.create(on_complete, on_success, on_failure, name, True)
        if isinstance(conn, psycopg.AsyncConnection):
            return AsyncOpenBatch(conn, call)
        if isinstance(conn, psycopg.Connection):
            return OpenBatch(conn, call)
        raise _drivers.unknown_connection(conn)

    def in_process(
        self,
        *,
        concurrency: int = 8,
        max_pending: int = 1000,
        when_full: WhenFull = "raise",
        drain_timeout: Seconds = 20.0,
        keep: int = 1000,
        deps: Any = None,
        dsn: str | None = None,
        now: dt.datetime | None = None,
    ) -> InProcess:
        """A runner of jobs that need not survive: they are in memory, and run in this process.

        While its block (`with`, or `async with`) is open, whatever is enqueued of this app's tasks
        goes there, on any connection or none. The end of the block drains it. What is in memory is
        lost when the process dies.

        >>> app = Jobs()
        >>> @app.task
        ... def double(number: int) -> int:
        ...     return 2 * number
        >>> with app.in_process() as jobs:
        ...     jobs.result(double.enqueue(jobs, 21))
        42

        Arguments:
            concurrency: handlers at once
            max_pending: jobs that may be there and have not ended; one more is `QueueFull`, or
                with `when_full="wait"` the caller waits (in a handler it is `QueueFull` even so)
            drain_timeout: seconds for the jobs that are due when the block ends; then handlers
                are cancelled, and what has not ended is in `leftover` and in the log
            keep: how many jobs that have ended are remembered, with their results
            deps: handed to handlers as `ctx.deps`
            dsn: the database of `ctx.transaction()`; without one it takes jobs, and no SQL
            now: a clock for tests, which stands still but for `advance()`
        """
        return InProcess(
            self,
            concurrency=concurrency,
            max_pending=max_pending,
            when_full=when_full,
            drain_timeout=drain_timeout,
            keep=keep,
            deps=deps,
            dsn=dsn,
            now=now,
        )

    def inline(
        self,
        conn: Conn | AsyncConn | None = None,
        *,
        deps: Any = None,
        skip_delays: bool = True,
        now: dt.datetime | None = None,
    ) -> Inline:
        """For tests: what is enqueued runs at once, before `enqueue` returns.

        While its block (`with`, or `async with`) is open, whatever is enqueued of this app's tasks
        goes there, on any connection or none. An error of a handler is its job's outcome.

        >>> app = Jobs()
        >>> @app.task
        ... def double(number: int) -> int:
        ...     return 2 * number
        >>> with app.inline() as jobs:
        ...     job = double.enqueue(jobs, 21)
        ...     jobs.get(job).state, jobs.result(job)
        ('completed', 42)

        Arguments:
            conn: whose savepoints the blocks of `ctx.transaction()` are; without one they take
                jobs, and no SQL
            deps: handed to handlers as `ctx.deps`
            skip_delays: delays, backoffs and snoozes pass at once, so that every job ends; if
                not, what is not due waits for `advance()`
            now: when its clock begins, which stands still but for that; default the real time
        """
        return Inline(self, conn, deps=deps, skip_delays=skip_delays, now=now)

    def backend(self, where: str, *, deps: Any = None) -> Backend:
        """Where jobs run, chosen by a setting: the code that enqueues is the same for all.

        A DSN of Postgres: they go into the database, where workers find them. `in-process:`, with
        settings of `in_process()` or without (`in-process:?concurrency=4&max_pending=100`): they
        run in this process, and are lost with it. `inline:`: they run as they are enqueued.

        >>> app = Jobs()
        >>> @app.task
        ... def double(number: int) -> int:
        ...     return 2 * number
        >>> with app.backend("in-process:?concurrency=2") as jobs:
        ...     with jobs.transaction() as conn:
        ...         job = double.enqueue(conn, 21)
        ...     jobs.result(job)
        42

        `deps` is handed to handlers that run in this process; a worker is given its own. Raises
        `ConfigurationError` for a setting that it does not know.
        """
        return choose(self, where, deps)


def _task(
    fn: Callable[..., Any], kind: str, options: Options, batching: Batching | None
) -> Task[Any, Any]:
    if batching is not None:
        return batch_task(fn, kind, options, batching)
    is_async = inspect.iscoroutinefunction(fn)
    cls: type[Task[Any, Any]] = AsyncTask if is_async else SyncTask
    return cls(fn, kind, options, Signature(fn, Context))
