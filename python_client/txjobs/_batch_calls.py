"""The calls of batches, as values like those of `_calls`."""

from typing import Any

from . import _json
from ._calls import Call, Row, scalar
from .batches import BatchInfo, BatchJob
from .task import NewJob

Callback = NewJob[Any] | str | None

_COLUMNS = (
    "id, name, state, jobs, pending, completed, skipped, dead, cancelled, discarded, "
    "callbacks::text, created_at, finished_at"
)
_JOB_COLUMNS = "id, kind, state, result::text, reason, error::text, at"


def create(
    on_complete: Callback,
    on_success: Callback,
    on_failure: Callback,
    name: str | None,
    keep_open: bool,
) -> Call[int]:
    """The batch's id."""
    return Call(
        "select jobs.create_batch(%s::text::jsonb, %s::text::jsonb, %s::text::jsonb, %s::text, "
        "%s::text::boolean)",
        (
            _callback(on_complete),
            _callback(on_success),
            _callback(on_failure),
            name,
            "true" if keep_open else "false",
        ),
        scalar,
    )


def _callback(callback: Callback) -> str | None:
    if isinstance(callback, NewJob):
        return callback.as_object()
    return None if callback is None else _json.dumps(callback, "the callback")


def close(batch: int) -> Call[str]:
    """Its state then."""
    return Call("select jobs.close_batch(%s::text::bigint)", (str(batch),), scalar)


def cancel(batch: int, reason: str | None, max_jobs: int) -> Call[int]:
    """How many of its jobs were cancelled, or told."""
    return Call(
        "select jobs.cancel_batch(%s::text::bigint, %s::text, %s::text::int)",
        (str(batch), reason, str(max_jobs)),
        scalar,
    )


def list_batches(
    batch: int | None, state: str | None, after: int | None, max_batches: int
) -> Call[list[BatchInfo]]:
    """A line per batch."""
    return Call(
        f"select {_COLUMNS} from jobs.list_batches(%s::text::bigint, %s::text, "
        "%s::text::bigint, %s::text::int)",
        (_text(batch), state, _text(after), str(max_batches)),
        lambda rows: [BatchInfo(*_read(row, 10)) for row in rows],
        writes=False,
    )


def batch_jobs(batch: int, after: int | None, max_jobs: int) -> Call[list[BatchJob]]:
    """A line per job."""
    return Call(
        f"select {_JOB_COLUMNS} from jobs.batch_jobs(%s::text::bigint, %s::text::bigint, "
        "%s::text::int)",
        (str(batch), _text(after), str(max_jobs)),
        lambda rows: [BatchJob(*_read(row, 3, 5)) for row in rows],
        writes=False,
    )


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _read(row: Row, *places: int) -> list[Any]:
    """The row, with what is JSON text at these places as values."""
    return [
        _json.loads(value) if place in places and value is not None else value
        for place, value in enumerate(row)
    ]
