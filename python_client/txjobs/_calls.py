"""Each SQL call as a value: the statement, its parameters, and how to read the rows.

No I/O here, and no driver. Every parameter is a text (or None) that the statement casts, so that no
driver's codec has a say in what reaches the database; arrays are array literals.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from . import _json
from ._options import Seconds, interval, timestamp
from .errors import KeyReused

__all__ = ["Call", "array"]

T = TypeVar("T")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call of one verb."""

    statement: str
    params: tuple[str | None, ...]
    read: Callable[[Sequence[Row]], T]
    writes: bool = True
    may_refuse: bool = False  # in a savepoint, then: the caller's transaction survives it


def array(items: Iterable[str | None]) -> str:
    """An array literal of texts."""
    quoted = (
        "NULL" if item is None else '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for item in items
    )
    return "{" + ",".join(quoted) + "}"


def numbers(items: Iterable[int]) -> str:
    """An array literal of numbers."""
    return "{" + ",".join(map(str, items)) + "}"


def texts(items: Sequence[str] | None) -> str | None:
    """An array literal, or None for none."""
    return None if items is None else array(items)


def nothing(_rows: Sequence[Row]) -> None:
    """The reader of a verb that returns void."""


def scalar(rows: Sequence[Row]) -> Any:
    """The only value of the only row."""
    return rows[0][0] if rows else None


def rows_as_they_are(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows."""
    return rows


# Producers

_TYPES: Mapping[str, str] = {
    "queue": "text",
    "priority": "int",
    "run_at": "timestamptz",
    "delay": "interval",
    "max_attempts": "int",
    "routing_key": "text",
    "timeout": "interval",
    "lease": "interval",
    "backoff": "jsonb",
    "headers": "jsonb",
    "idempotency_key": "text",
    "idempotency_ttl": "interval",
    "unique_key": "text",
    "unique_options": "jsonb",
    "on_conflict": "text",
    "concurrency_key": "text",
    "ordering_key": "text",
    "fair_key": "text",
    "batch": "bigint",
    "depends_on": "bigint[]",
    "on_dependency_failure": "text",
}


@lru_cache(maxsize=256)
def _named(names: tuple[str, ...]) -> str:
    return "".join(f", {name} => %s::text::{_TYPES[name]}" for name in names)


Made = tuple[int | None, bool, bool]
"""A job's id (None: a full queue dropped it), whether it was created, whether it is a mismatch."""


def enqueue(kind: str, args: str, options: Mapping[str, str]) -> Call[Made]:
    """One job; `options` as `Options.as_texts` gives them. `KeyReused` as `jobs.enqueue` does."""
    if "idempotency_key" in options or "unique_key" in options:
        return _enqueue_by_key(kind, args, options)
    return Call(
        f"select jobs.enqueue(kind => %s::text, args => %s::text::jsonb{_named(tuple(options))})",
        (kind, args, *options.values()),
        lambda rows: (rows[0][0], rows[0][0] is not None, False),
    )


def _enqueue_by_key(kind: str, args: str, options: Mapping[str, str]) -> Call[Made]:
    """One job, by the form that tells whether it was created."""
    many = enqueue_same(kind, [args], options)

    def read(rows: Sequence[Row]) -> Made:
        ((job, created, mismatch),) = many.read(rows)
        if mismatch and "on_conflict" not in options:
            raise KeyReused(  # here and not in SQL, so that the transaction goes on
                f"idempotency_key {options['idempotency_key'][:100]!r} has a job already, of "
                "another kind or with other args",
                detail=f"job {job}",
                hint="A key is for one job: give this one a key of its own. "
                "on_conflict='existing' answers with that other one.",
            )
        return job, created, mismatch

    return Call(many.statement, many.params, read, may_refuse=many.may_refuse)


def _refuses(options: Mapping[str, str]) -> bool:
    return options.get("on_conflict", "existing") != "existing"


def enqueue_same(
    kind: str, args: Sequence[str], options: Mapping[str, str]
) -> Call[Sequence[Made]]:
    """Many jobs of one kind with the same options, in the order given."""
    return Call(
        "select id, created, mismatch from jobs.enqueue_many(kind => %s::text, "
        f"args => %s::text::jsonb[]{_named(tuple(options))}) order by ord",
        (kind, array(args), *options.values()),
        _made,
        may_refuse=_refuses(options),
    )


def enqueue_many(jobs: str, may_refuse: bool = False) -> Call[Sequence[Made]]:
    """Jobs of any kinds, as the JSON text of an array of objects, in its order."""
    return Call(
        "select id, created, mismatch from jobs.enqueue_many(jobs => %s::text::jsonb) order by ord",
        (jobs,),
        _made,
        may_refuse=may_refuse,
    )


def _made(rows: Sequence[Row]) -> Sequence[Made]:
    return [(job, created, mismatch) for job, created, mismatch in rows]


Key = tuple[str | None, str | None, str | None]
"""An idempotency_key, a unique_key, and the queue in which that counts."""
NO_KEY: Key = (None, None, None)


def cancel(job: int | None, reason: str | None, key: Key = NO_KEY) -> Call[str]:
    """The job's state afterwards, or `cancel_requested`."""
    return Call(
        "select jobs.cancel(%s::text::bigint, %s::text, %s::text, %s::text, %s::text)",
        (None if job is None else str(job), reason, *key),
        scalar,
    )


def cancel_many(
    queue: str | None, kind: str | None, reason: str | None, max_jobs: int
) -> Call[int]:
    """How many waiting jobs were cancelled."""
    return Call(
        "select jobs.cancel_many(%s::text, %s::text, %s::text, %s::text::int)",
        (queue, kind, reason, str(max_jobs)),
        scalar,
    )


def _json_or_none(rows: Sequence[Row]) -> Any:
    text = scalar(rows)
    return None if text is None else _json.loads(text)


def get(job: int | None, key: Key = NO_KEY) -> Call[dict[str, Any] | None]:
    """The job as an object, or None."""
    return Call(
        "select jobs.get(%s::text::bigint, %s::text, %s::text, %s::text)::text",
        (None if job is None else str(job), *key),
        _json_or_none,
        writes=False,
    )


def history(job: int) -> Call[list[dict[str, Any]]]:
    """The job's events, oldest first."""
    return Call(
        "select to_jsonb(h)::text from jobs.history(%s::text::bigint) h",
        (str(job),),
        lambda rows: [_json.loads(row[0]) for row in rows],
        writes=False,
    )


def results(jobs: Sequence[int], *, notify: bool) -> Call[list[Row]]:
    """Rows `(state, result, reason, error, result_pruned)` in the order of the jobs."""

    def read(rows: Sequence[Row]) -> list[Row]:
        return [(row[0], _maybe(row[1]), row[2], _maybe(row[3]), row[4]) for row in rows]

    return Call(
        "select state, result::text, reason, error::text, result_pruned "
        "from jobs.results(%s::text::bigint[], %s::text::boolean)",
        (numbers(jobs), "true" if notify else "false"),
        read,
        writes=False,
    )


def _maybe(text: str | None) -> Any:
    return None if text is None else _json.loads(text)


def has_in_flight(
    kind: str | None, queue: str | None, args: Any, unique_key: str | None
) -> Call[bool]:
    """Whether there is such a job that has not ended."""
    return Call(
        "select jobs.has_in_flight(%s::text, %s::text, %s::text::jsonb, %s::text)",
        (kind, queue, None if args is None else _json.dumps(args, "args"), unique_key),
        scalar,
        writes=False,
    )


LISTEN_ENDED = Call('listen "jobs.ended"', (), nothing, writes=False)
UNLISTEN_ENDED = Call('unlisten "jobs.ended"', (), nothing, writes=False)

# Operators


def pause(
    queue: str | None,
    kind: str | None,
    subscription: str | None,
    schedule: str | None,
    reason: str | None,
) -> Call[None]:
    """Nothing of those is claimed, or made."""
    return Call(
        "select jobs.pause(%s::text, %s::text, %s::text, %s::text, %s::text)",
        (queue, kind, subscription, schedule, reason),
        nothing,
    )


def resume(
    queue: str | None, kind: str | None, subscription: str | None, schedule: str | None
) -> Call[None]:
    """The opposite of `pause`."""
    return Call(
        "select jobs.resume(%s::text, %s::text, %s::text, %s::text)",
        (queue, kind, subscription, schedule),
        nothing,
    )


LIST_COLUMNS = "id, kind, queue, state, priority, attempt, run_at, created_at, at, reason, cursor"


def list_jobs(
    state: str | None, queue: str | None, kind: str | None, after: str | None, max_jobs: int
) -> Call[Sequence[Row]]:
    """Rows of LIST_COLUMNS."""
    return Call(
        f"select {LIST_COLUMNS} from jobs.list("
        "%s::text, %s::text, %s::text, %s::text, %s::text::int)",
        (state, queue, kind, after, str(max_jobs)),
        rows_as_they_are,
        writes=False,
    )


STATS_COLUMNS = (
    "queue, paused, ready, scheduled, blocked, running, completed, failed, dead, cancelled, "
    "skipped, discarded, oldest_ready_age, next_run_at, pause_reason, oldest_due_age"
)


def stats(window: Seconds) -> Call[Sequence[Row]]:
    """Rows of STATS_COLUMNS."""
    return Call(
        f"select {STATS_COLUMNS} from jobs.stats(%s::text::interval)",
        (interval(window),),
        rows_as_they_are,
        writes=False,
    )


def version() -> Call[str]:
    """The version of the schema."""
    return Call("select jobs.version()", (), scalar, writes=False)


# A single outcome, strict: a stale token raises, and the caller's writes roll back


def complete(token: int, result: str | None) -> Call[str]:
    """The job is completed with that JSON text."""
    return Call(
        "select jobs.complete(%s::text::bigint, %s::text::jsonb)", (str(token), result), scalar
    )


def fail(
    token: int, error: str | None, retry_in: str | None, reason: str | None, charge: bool
) -> Call[str]:
    """The attempt failed."""
    return Call(
        "select jobs.fail(%s::text::bigint, %s::text::jsonb, %s::text::interval, %s::text, "
        "%s::text::boolean)",
        (str(token), error, retry_in, reason, "true" if charge else "false"),
        scalar,
    )


def snooze(
    token: int, delay: Seconds | None, until: dt.datetime | None, max_snoozes: int | None
) -> Call[str]:
    """The job runs again later."""
    limit = None if max_snoozes is None else str(max_snoozes)
    return Call(
        "select jobs.snooze(%s::text::bigint, %s::text::interval, %s::text::timestamptz, "
        "%s::text::int)",
        (str(token), interval(delay), timestamp(until), limit),
        scalar,
    )


def skip(token: int, reason: str | None) -> Call[str]:
    """There was nothing to do."""
    return Call("select jobs.skip(%s::text::bigint, %s::text)", (str(token), reason), scalar)


def discard(token: int, reason: str | None) -> Call[str]:
    """It is not worth doing."""
    return Call("select jobs.discard(%s::text::bigint, %s::text)", (str(token), reason), scalar)


def assert_claim(token: int) -> Call[None]:
    """The claim is held until the end of the transaction, or `StaleClaim`."""
    return Call("select jobs.assert_claim(%s::text::bigint)", (str(token),), nothing)


PRUNE_COLUMNS = "state, jobs, name, oldest, newest"


def prune(max_jobs: int, *, dry_run: bool) -> Call[Sequence[Row]]:
    """Rows of PRUNE_COLUMNS: what was old enough to go, or would."""
    return Call(
        f"select {PRUNE_COLUMNS} from jobs.prune(%s::text::int, %s::text::boolean)",
        (str(max_jobs), "true" if dry_run else "false"),
        rows_as_they_are,
    )
