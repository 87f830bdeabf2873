"""The calls of schedules, as values like those of `_calls`."""

import datetime as dt
from collections.abc import Sequence

from ._calls import Call, Row, nothing, rows_as_they_are, scalar
from ._options import interval, timestamp
from .schedule import Schedule


def schedule(declared: Schedule) -> Call[str]:
    """`created`, `changed` or `unchanged`."""
    return Call(
        "select jobs.schedule(%s::text, %s::text, %s::text, %s::text::jsonb, %s::text, "
        "%s::text::int, %s::text, %s::text, %s::text, %s::text::interval, "
        "%s::text::timestamptz, %s::text::timestamptz)",
        (
            declared.name,
            declared.cron,
            declared.kind,
            declared.args,
            declared.queue,
            None if declared.priority is None else str(declared.priority),
            declared.timezone,
            declared.catch_up,
            declared.overlap,
            interval(declared.jitter),
            timestamp(declared.starts_at),
            timestamp(declared.ends_at),
        ),
        scalar,
    )


def unschedule(name: str) -> Call[bool]:
    """Whether there was one."""
    return Call("select jobs.unschedule(%s::text)", (name,), scalar)


def run_schedule(name: str) -> Call[int]:
    """The id of the job."""
    return Call("select jobs.run_schedule(%s::text)", (name,), scalar)


def pause_schedule(name: str) -> Call[None]:
    """It makes no jobs until it is resumed."""
    return Call("select jobs.pause(schedule => %s::text)", (name,), nothing)


def resume_schedule(name: str) -> Call[None]:
    """It goes on with its next time."""
    return Call("select jobs.resume(schedule => %s::text)", (name,), nothing)


DECLARED_COLUMNS = (
    "cron, timezone, kind, args::text, queue, priority, catch_up, overlap, jitter, starts_at, "
    "ends_at"
)
SCHEDULE_COLUMNS = f"name, {DECLARED_COLUMNS}, paused, next_runs, last_job, last_state, error::text"


def list_schedules(name: str | None) -> Call[Sequence[Row]]:
    """Rows of SCHEDULE_COLUMNS."""
    return Call(
        f"select {SCHEDULE_COLUMNS} from jobs.list_schedules(%s::text)",
        (name,),
        rows_as_they_are,
        writes=False,
    )


RUN_COLUMNS = "due_at, at, job_id, state, skipped"


def schedule_history(name: str, max_runs: int) -> Call[Sequence[Row]]:
    """Rows of RUN_COLUMNS, newest first."""
    return Call(
        f"select {RUN_COLUMNS} from jobs.schedule_history(%s::text, %s::text::int)",
        (name, str(max_runs)),
        rows_as_they_are,
        writes=False,
    )


def next_run(cron: str, timezone: str, after: dt.datetime | None) -> Call[dt.datetime | None]:
    """When the expression fits next; None if it never does."""
    return Call(
        "select jobs.next_run(%s::text, %s::text, %s::text::timestamptz)",
        (cron, timezone, timestamp(after)),
        scalar,
        writes=False,
    )
