"""`Jobs`: the registry of an application's tasks."""

import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

from . import _drivers
from ._app_cron import CronRegistry
from ._drivers import AsyncConn, Conn
from ._options import Options, Seconds
from ._signature import Signature
from .backoff import Backoff
from .batch import BatchDecorator, Batching, batch_task
from .context import Context
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


class Jobs(CronRegistry):
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
    def enqueue(self, conn: Conn, jobs: Iterable[NewJob[R]], /) -> list[Job[R]]: ...
    @overload
    def enqueue(
        self, conn: AsyncConn, jobs: Iterable[NewJob[R]], /
    ) -> Coroutine[Any, Any, list[Job[R]]]: ...
    def enqueue(
        self, conn: Conn | AsyncConn, jobs: Iterable[NewJob[R]], /
    ) -> list[Job[R]] | Coroutine[Any, Any, list[Job[R]]]:
        """Jobs of any tasks in one round trip, or none of them: `app.enqueue(conn, [a.job(1)])`."""
        return _drivers.execute(conn, enqueue_call(list(jobs)))


def _task(
    fn: Callable[..., Any], kind: str, options: Options, batching: Batching | None
) -> Task[Any, Any]:
    if batching is not None:
        return batch_task(fn, kind, options, batching)
    is_async = inspect.iscoroutinefunction(fn)
    cls: type[Task[Any, Any]] = AsyncTask if is_async else SyncTask
    return cls(fn, kind, options, Signature(fn, Context))
