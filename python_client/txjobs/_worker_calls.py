"""The calls that only a worker makes, many jobs at a time."""

from collections.abc import Sequence
from typing import Any

from . import _json
from ._calls import Call, Row, array, nothing, numbers, rows_as_they_are, scalar, texts
from ._options import interval

CLAIM_COLUMNS = (
    "token, id, kind, args::text, attempt, max_attempts, "
    "extract(epoch from timeout)::float8, queue, priority, headers::text, created_at, "
    "lease_ms / 1000.0::float8"
)


def work(
    queues: Sequence[str] | None,
    worker: str | None,
    max_jobs: int,
    lease: float,
    kinds: Sequence[str],
    routing: Sequence[str | None] | None,
    completed: Sequence[int],
    results: Sequence[str | None] | None,
) -> Call[Sequence[Row]]:
    """Finish and claim in one commit: rows `(status, *CLAIM_COLUMNS)`."""
    return Call(
        f"select status, {CLAIM_COLUMNS} from jobs.work(%s::text::text[], %s::text::uuid, "
        "%s::text::int, %s::text::interval, %s::text::text[], %s::text::text[], "
        "%s::text::bigint[], %s::text::jsonb[])",
        (
            texts(queues),
            worker,
            str(max_jobs),
            interval(lease),
            array(kinds),
            None if routing is None else array(routing),
            numbers(completed),
            None if results is None else array(results),
        ),
        rows_as_they_are,
    )


def claim_job(job: int) -> Call[Sequence[Row]]:
    """One row `(status, *CLAIM_COLUMNS)`; status `claimed`, or the state that prevents it."""
    return Call(
        f"select status, {CLAIM_COLUMNS} from jobs.claim_job(%s::text::bigint)",
        (str(job),),
        rows_as_they_are,
    )


def complete_many(
    tokens: Sequence[int], results: Sequence[str | None] | None
) -> Call[Sequence[Row]]:
    """Rows `(token, status)`."""
    return Call(
        "select token, status from jobs.complete_many(%s::text::bigint[], %s::text::jsonb[])",
        (numbers(tokens), None if results is None else array(results)),
        rows_as_they_are,
    )


def fail_many(
    tokens: Sequence[int],
    errors: Sequence[str | None],
    retry_in: Sequence[str | None],
    reasons: Sequence[str | None],
    charge: Sequence[bool],
) -> Call[Sequence[Row]]:
    """Rows `(token, status)`."""
    return Call(
        "select token, status from jobs.fail_many(%s::text::bigint[], %s::text::jsonb[], "
        "%s::text::interval[], %s::text::text[], %s::text::boolean[])",
        (
            numbers(tokens),
            array(errors),
            array(retry_in),
            array(reasons),
            array("true" if one else "false" for one in charge),
        ),
        rows_as_they_are,
    )


def release_many(tokens: Sequence[int]) -> Call[Sequence[Row]]:
    """Rows `(token, status)`: the jobs are ready again, and their attempt is not charged."""
    return Call(
        "select token, status from jobs.release_many(%s::text::bigint[])",
        (numbers(tokens),),
        rows_as_they_are,
    )


def claims_of(worker: str) -> Call[Sequence[Row]]:
    """Rows of CLAIM_COLUMNS: what the database says that this worker holds."""
    return Call(
        f"select {CLAIM_COLUMNS} from jobs.claims_of(%s::text::uuid)",
        (worker,),
        rows_as_they_are,
        writes=False,
    )


def heartbeat(tokens: Sequence[int], worker: str) -> Call[Sequence[Row]]:
    """Rows `(token, status)` for those that are `lost` or `cancel_requested`."""
    return Call(
        "select token, status from jobs.heartbeat(%s::text::bigint[], %s::text::uuid)",
        (numbers(tokens), worker),
        rows_as_they_are,
    )


def idle(queues: Sequence[str] | None) -> Call[float | None]:
    """The next enqueue notifies; seconds to the next scheduled job."""
    return Call("select jobs.idle(%s::text::text[])", (texts(queues),), scalar)


def register_worker(
    name: str,
    queues: Sequence[str] | None,
    kinds: Sequence[str],
    routing: Sequence[str | None] | None,
    info: dict[str, Any],
) -> Call[str]:
    """The worker's uuid."""
    return Call(
        "select jobs.register_worker(%s::text, %s::text::text[], %s::text::text[], "
        "%s::text::jsonb, %s::text::text[])::text",
        (
            name,
            texts(queues),
            array(kinds),
            _json.dumps(info),
            None if routing is None else array(routing),
        ),
        scalar,
    )


def deregister_worker(worker: str) -> Call[None]:
    """The worker's row is gone."""
    return Call("select jobs.deregister_worker(%s::text::uuid)", (worker,), nothing)


def tick() -> Call[None]:
    """Watermarks have advanced, due jobs are ready."""
    return Call("select jobs.tick()", (), nothing)


def maintain() -> Call[None]:
    """Expired claims are reset, partitions made."""
    return Call("select jobs.maintain()", (), nothing)


def queue_load() -> Call[Sequence[Row]]:
    """Rows `(queue, running, seconds until its next scheduled job is due)`."""
    return Call(
        "select queue, running, extract(epoch from next_run_at - jobs.now())::float8 "
        "from jobs.stats(interval '0')",
        (),
        rows_as_they_are,
        writes=False,
    )


def consumer_load(name: str) -> Call[Row]:
    """How many events it has yet to apply, and in how many seconds it may, if it has failed."""
    return Call(
        "select behind, extract(epoch from retry_at - jobs.now())::float8 "
        "from jobs.list_consumers(%s::text)",
        (name,),
        lambda rows: rows[0],
        writes=False,
    )


LISTEN = Call('listen "jobs.ready"', (), nothing, writes=False)
