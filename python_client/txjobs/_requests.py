"""What both clients ask: each request is a call, without I/O."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from . import _calls, _json
from ._calls import Call
from ._options import Options, Seconds
from .errors import ConfigurationError
from .info import EventInfo, JobInfo, ListedJob, Pruned, QueueStats
from .results import JobResult
from .task import Job, NewJob, inheriting

S = TypeVar("S")
T = TypeVar("T")


def change(call: Call[S], function: Callable[[S], T]) -> Call[T]:
    """The same call, with its value changed."""
    read = call.read
    return Call(
        call.statement, call.params, lambda rows: function(read(rows)), call.writes, call.may_refuse
    )


def number(job: Job[Any] | int) -> int:
    """The id of a job."""
    return job if isinstance(job, int) else job.id


def enqueue(kind: str, args: Mapping[str, Any] | None, options: Options) -> Call[Job[Any]]:
    """A job of a kind whose task is perhaps not here."""
    call = _calls.enqueue(kind, _json.dumps(args or {}, "args"), inheriting(options).as_texts())
    return change(call, lambda found: Job.of(found, kind))


def enqueue_new(job: NewJob[T]) -> Call[Job[T]]:
    """A job that `task.job(...)` has made."""
    call = _calls.enqueue(job.kind, job.args, inheriting(job.options).as_texts())
    return change(call, lambda found: Job.of(found, job.kind, job.read_result))


def enqueue_any(
    job: NewJob[Any] | str, args: Mapping[str, Any] | None, options: Mapping[str, Any]
) -> Call[Job[Any]]:
    """A job that was made, or of a kind, its arguments and options."""
    if isinstance(job, str):
        return enqueue(job, args, Options(**options))
    if args is not None or options:
        raise ConfigurationError(
            f"a job of {job.kind} has its arguments and options already: give them to "
            "task.using(...).job(...)"
        )
    return enqueue_new(job)


def get(job: Job[Any] | int | None, key: _calls.Key = _calls.NO_KEY) -> Call[JobInfo | None]:
    """The job, whole."""
    call = _calls.get(None if job is None else number(job), key)
    return change(call, lambda found: None if found is None else JobInfo.of(found))


def state(job: Job[Any] | int) -> Call[str | None]:
    """The job's state, or None."""
    return change(get(job), lambda found: None if found is None else found.state)


def history(job: Job[Any] | int) -> Call[list[EventInfo]]:
    """The job's transitions."""
    return change(_calls.history(number(job)), lambda rows: [EventInfo.of(row) for row in rows])


def cancel(
    job: Job[Any] | int | None, reason: str | None, key: _calls.Key = _calls.NO_KEY
) -> Call[str]:
    """What became of the request."""
    return _calls.cancel(None if job is None else number(job), reason, key)


def list_jobs(
    state: str | None,
    queue: str | None,
    kind: str | None,
    after: ListedJob | str | None,
    max_jobs: int,
) -> Call[list[ListedJob]]:
    """A page."""
    cursor = after.cursor if isinstance(after, ListedJob) else after
    call = _calls.list_jobs(state, queue, kind, cursor, max_jobs)
    return change(call, lambda rows: [ListedJob(*row) for row in rows])


def stats(window: Seconds) -> Call[list[QueueStats]]:
    """A line per queue."""
    return change(_calls.stats(window), lambda rows: [QueueStats(*row) for row in rows])


def prune(max_jobs: int, *, dry_run: bool) -> Call[list[Pruned]]:
    """A line for each thing that is gone, or would be."""
    call = _calls.prune(max_jobs, dry_run=dry_run)
    return change(call, lambda rows: [Pruned(*row) for row in rows])


def result_of(job: Job[Any] | int, found: JobInfo) -> Any:
    """The result of a job that has ended, or the exception that says how it did."""
    return JobResult(
        job, found.state, found.result, found.reason, found.error, found.result_pruned
    ).value()
