"""The calls of errors, retries and pauses, as values like those of `_calls`."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from . import _json
from ._calls import Call, scalar
from ._options import Seconds, interval, timestamp
from .dead import ErrorGroup, Pause, RetriedJob

_GROUP = (
    "fingerprint, kind, queue, type, message, frame, count, dead, first_seen, last_seen, job_id, "
    "cut"
)
_RETRIED = "id, kind, queue, reason, fingerprint, died_at, run_at, args::text"


def list_errors(
    queue: str | None, kind: str | None, fingerprint: str | None, window: Seconds, max_events: int
) -> Call[list[ErrorGroup]]:
    """A line per cause and queue."""
    return Call(
        f"select {_GROUP} from jobs.list_errors(%s::text, %s::text, %s::text, %s::text::interval, "
        "%s::text::int)",
        (queue, kind, fingerprint, interval(window), str(max_events)),
        lambda rows: [ErrorGroup(*row) for row in rows],
        writes=False,
    )


def fingerprint(kind: str, error: Mapping[str, Any] | None) -> Call[str]:
    """That of one error."""
    text = None if error is None else _json.dumps(error, "the error")
    return Call(
        "select jobs.fingerprint(%s::text, %s::text::jsonb)", (kind, text), scalar, writes=False
    )


def retry(job: int, run_at: dt.datetime | None, patch: Mapping[str, Any] | None) -> Call[str]:
    """The new state of a job that had ended."""
    return Call(
        "select jobs.retry(%s::text::bigint, %s::text::timestamptz, %s::text::jsonb)",
        (str(job), timestamp(run_at), _patch(patch)),
        scalar,
    )


def retry_many(
    *,
    queue: str | None,
    kind: str | None,
    reason: str | None,
    max_jobs: int,
    fingerprint: str | None,
    died_after: dt.datetime | None,
    died_before: dt.datetime | None,
    run_at: dt.datetime | None,
    rate: float | None,
    patch: Mapping[str, Any] | None,
    dry_run: bool,
) -> Call[list[RetriedJob]]:
    """A line per job."""
    return Call(
        f"select {_RETRIED} from jobs.retry_many(%s::text, %s::text, %s::text, %s::text::int, "
        "%s::text, %s::text::timestamptz, %s::text::timestamptz, %s::text::timestamptz, "
        "%s::text::double precision, %s::text::jsonb, %s::text::boolean)",
        (
            queue,
            kind,
            reason,
            str(max_jobs),
            fingerprint,
            timestamp(died_after),
            timestamp(died_before),
            timestamp(run_at),
            None if rate is None else str(rate),
            _patch(patch),
            "true" if dry_run else "false",
        ),
        lambda rows: [_retried(*row) for row in rows],
    )


def _retried(*row: Any) -> RetriedJob:
    *fields, args = row
    return RetriedJob(*(*fields, None if args is None else _json.loads(args)))


def _patch(patch: Mapping[str, Any] | None) -> str | None:
    return None if patch is None else _json.dumps(patch, "the patch")


def list_pauses() -> Call[list[Pause]]:
    """A line per pause."""
    return Call(
        "select queue, kind, at, paused_by, reason, job_id from jobs.list_pauses()",
        (),
        lambda rows: [Pause(*row) for row in rows],
        writes=False,
    )


def now() -> Call[dt.datetime]:
    """The installation's clock."""
    return Call("select jobs.now()", (), scalar, writes=False)
