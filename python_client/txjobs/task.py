"""A task: a function, and what it takes to enqueue it."""

import copy
import datetime as dt
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

from . import _calls, _drivers, _json
from ._drivers import AsyncConn, Conn
from ._options import Options, Seconds
from ._routes import Routes, then
from ._running import follow_up_headers
from ._signature import Signature
from ._targets import AsyncTarget, SyncTarget
from .backoff import Backoff
from .errors import ConfigurationError

__all__ = ["AsyncTask", "Job", "NewJob", "SyncTask", "Task"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job(Generic[R_co]):
    """A job that was enqueued: it exists if the transaction commits.

    Attributes:
        id: its number; 0 if its queue was full and dropped it
        kind: what handler runs it
        created: whether it is new, and not an older one that has its key
        mismatch: whether that one, which has its idempotency_key, is another kind's or has other
            arguments
    """

    id: int
    kind: str
    created: bool = True
    read_result: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)
    mismatch: bool = False

    @classmethod
    def of(
        cls,
        found: _calls.Made,
        kind: str,
        read_result: Callable[[Any], Any] | None = None,
    ) -> Self:
        """The job that a verb has made, or found; null is one that was dropped."""
        job, created, mismatch = found
        return cls(job or 0, kind, created, read_result, mismatch)

    @property
    def dropped(self) -> bool:
        """There is no such job: its queue was full, and drops what is too much."""
        return self.id == 0


@dataclass(frozen=True, slots=True)
class NewJob(Generic[R_co]):
    """A job that is yet to be enqueued: made by `task.job(...)`, taken by `enqueue` of many."""

    kind: str
    args: str
    options: Options
    read_result: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)

    def as_object(self) -> str:
        """The JSON text of an element of `jobs.enqueue_many(jsonb)`."""
        texts = inheriting(self.options).as_texts()
        members = [f'"kind":{_json.dumps(self.kind)}', f'"args":{self.args}']
        for name, text in texts.items():
            value = text if name in _JSON_MEMBERS else _json.dumps(text)
            members.append(f'"{name}":{value}')
        return "{" + ",".join(members) + "}"


_JSON_MEMBERS = {"priority", "max_attempts", "backoff", "headers", "unique_options", "batch"}


def inheriting(options: Options) -> Options:
    """The options, with what a job enqueued by a handler inherits from the handler's own."""
    inherited = follow_up_headers()
    if not inherited:
        return options
    return options.but(headers={**inherited, **(options.headers or {})})


class Task(Generic[P, R]):
    """A registered function; `P` are its arguments without the `Context`, `R` its result.

    Attributes:
        fn: the function as it was written
        name: the kind of its jobs
        options: what every one of its jobs is enqueued with
        is_async: whether the function is `async`
    """

    is_async = False

    def __init__(
        self, fn: Callable[..., Any], name: str, options: Options, signature: Signature
    ) -> None:
        self.fn = fn
        self.name = name
        self.options = options
        self.signature = signature
        self.routes = Routes()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @overload
    def enqueue(self, conn: Conn | SyncTarget, /, *args: P.args, **kwargs: P.kwargs) -> Job[R]: ...
    @overload
    def enqueue(
        self, conn: AsyncConn | AsyncTarget, /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, Job[R]]: ...
    def enqueue(
        self, conn: Any, /, *args: P.args, **kwargs: P.kwargs
    ) -> Job[R] | Coroutine[Any, Any, Job[R]]:
        """The job exists if the connection's transaction commits; await it on an async one.

        Raises TypeError if the arguments do not fit the function, `Unencodable` if one is not JSON,
        and what `jobs.enqueue` raises.
        """
        if self.routes.bypass(conn):
            return then(self.routes.send(conn, [self.job(*args, **kwargs)]), _only)
        call = _calls.enqueue(
            self.name, self.signature.encode(args, kwargs), inheriting(self.options).as_texts()
        )
        made: Job[R] | Coroutine[Any, Any, Job[R]] = _drivers.execute(conn, _map(call, self._made))
        return made

    def _made(self, found: _calls.Made) -> Job[R]:
        return Job.of(found, self.name, self.signature.read_result)

    def job(self, *args: P.args, **kwargs: P.kwargs) -> NewJob[R]:
        """A job for `enqueue_many` or `app.enqueue`."""
        return NewJob(
            self.name, self.signature.encode(args, kwargs), self.options, self.signature.read_result
        )

    @overload
    def enqueue_many(
        self, conn: Conn | SyncTarget, jobs: Iterable[NewJob[R]], /
    ) -> list[Job[R]]: ...
    @overload
    def enqueue_many(
        self, conn: AsyncConn | AsyncTarget, jobs: Iterable[NewJob[R]], /
    ) -> Coroutine[Any, Any, list[Job[R]]]: ...
    def enqueue_many(
        self, conn: Any, jobs: Iterable[NewJob[R]], /
    ) -> list[Job[R]] | Coroutine[Any, Any, list[Job[R]]]:
        """All of them in one round trip, or none: `t.enqueue_many(conn, [t.job(1), t.job(2)])`."""
        given = list(jobs)
        for one in given:
            if one.kind != self.name:
                raise ConfigurationError(
                    f"this is a job of {one.kind!r}, not {self.name!r}: use app.enqueue(conn, jobs)"
                )
        if self.routes.bypass(conn):
            return self.routes.send(conn, given)
        made: list[Job[R]] | Coroutine[Any, Any, list[Job[R]]]
        made = _drivers.execute(conn, enqueue_call(given))
        return made

    def using(
        self,
        *,
        queue: str | None = None,
        priority: int | None = None,
        run_at: dt.datetime | None = None,
        delay: Seconds | None = None,
        max_attempts: int | None = None,
        routing_key: str | None = None,
        timeout: Seconds | None = None,
        lease: Seconds | None = None,
        retry: Backoff | None = None,
        headers: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        idempotency_ttl: Seconds | None = None,
        unique_key: str | None = None,
        unique_options: Mapping[str, Any] | None = None,
        on_conflict: str | None = None,
        concurrency_key: str | None = None,
        ordering_key: str | None = None,
        fair_key: str | None = None,
        batch: int | None = None,
        depends_on: Sequence[int] | None = None,
        on_dependency_failure: str | None = None,
    ) -> Self:
        """The same task with other options: `charge.using(delay=60).enqueue(conn, 7, cents=5)`."""
        changed = copy.copy(self)
        changed.options = self.options.but(
            queue=queue,
            priority=priority,
            run_at=run_at,
            delay=delay,
            max_attempts=max_attempts,
            routing_key=routing_key,
            timeout=timeout,
            lease=lease,
            retry=retry,
            headers=headers,
            idempotency_key=idempotency_key,
            idempotency_ttl=idempotency_ttl,
            unique_key=unique_key,
            unique_options=unique_options,
            on_conflict=on_conflict,
            concurrency_key=concurrency_key,
            ordering_key=ordering_key,
            fair_key=fair_key,
            batch=batch,
            depends_on=depends_on,
            on_dependency_failure=on_dependency_failure,
        )
        return changed


class SyncTask(Task[P, R]):
    """A task whose function is a plain one."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The function's own result, here and now: nothing is enqueued."""
        found: R = self.fn(*_inline_context(self.signature), *args, **kwargs)
        return found


class AsyncTask(Task[P, R]):
    """A task whose function is `async`."""

    is_async = True

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """The function's own coroutine: nothing is enqueued."""
        found: Coroutine[Any, Any, R] = self.fn(*_inline_context(self.signature), *args, **kwargs)
        return found


def made_of(jobs: Sequence[NewJob[T]], ids: Sequence[int]) -> list[Job[T]]:
    """The jobs that they have become."""
    return [
        Job(found, one.kind, True, one.read_result) for one, found in zip(jobs, ids, strict=True)
    ]


def _only(jobs: Sequence[Job[T]]) -> Job[T]:
    return jobs[0]


def _inline_context(signature: Signature) -> tuple[Any, ...]:
    if not signature.takes_context:
        return ()
    from .context import Context

    return (Context.inline(),)


def enqueue_call(jobs: Sequence[NewJob[T]]) -> _calls.Call[list[Job[T]]]:
    """One call for all of them: the fast form if only the arguments differ."""

    def read(rows: Sequence[_calls.Made]) -> list[Job[T]]:
        return [
            Job.of(found, one.kind, one.read_result) for one, found in zip(jobs, rows, strict=True)
        ]

    first = jobs[0] if jobs else None
    if first and all(one.kind == first.kind and one.options == first.options for one in jobs):
        texts = inheriting(first.options).as_texts()
        return _map(_calls.enqueue_same(first.kind, [one.args for one in jobs], texts), read)
    objects = "[" + ",".join(one.as_object() for one in jobs) + "]"
    may_refuse = any(one.options.on_conflict not in (None, "existing") for one in jobs)
    return _map(_calls.enqueue_many(objects, may_refuse), read)


S = TypeVar("S")


def _map(call: _calls.Call[S], change: Callable[[S], T]) -> _calls.Call[T]:
    read = call.read
    return _calls.Call(
        call.statement, call.params, lambda rows: change(read(rows)), call.writes, call.may_refuse
    )
