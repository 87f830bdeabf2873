"""What both clients ask of the log: each request is a call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _append, _json, _log_calls
from ._calls import Call, Row
from ._event_types import EventTypes
from ._options import Seconds
from ._requests import change
from .consumer import StartAt, start_text
from .event import Appended, Event, NewEvent
from .info import Backfilled, ConsumerInfo, Snapshot, StreamInfo, SubscriptionInfo

_UNTYPED = EventTypes()  # a client knows no classes; `Jobs.append` does


def append(stream: str, event: NewEvent, expected_version: int | None) -> Call[int]:
    """The event's position."""
    return _append.append(_UNTYPED, stream, event, expected_version)


def append_many(
    stream: str, events: Iterable[NewEvent], expected_version: int | None
) -> Call[list[Appended]]:
    """Where each of them is."""
    return _append.append_many(_UNTYPED, stream, events, expected_version)


def _events(call: Call[Sequence[Row]]) -> Call[list[Event]]:
    return change(call, lambda rows: [Event.of(row) for row in rows])


def read_all(
    after: int | None,
    max_events: int,
    types: Sequence[str] | None,
    job_events: bool | None,
    allow_gaps: bool,
) -> Call[list[Event]]:
    """A page of the log."""
    return _events(_log_calls.read_all(after, max_events, types, job_events, allow_gaps))


def read_category(
    category: str,
    after: int | None,
    max_events: int,
    types: Sequence[str] | None,
    allow_gaps: bool,
) -> Call[list[Event]]:
    """A page of a category."""
    return _events(_log_calls.read_category(category, after, max_events, types, allow_gaps))


def read_stream(
    stream: str, from_version: int | None, max_events: int, backwards: bool
) -> Call[list[Event]]:
    """A page of a stream."""
    return _events(_log_calls.read_stream(stream, from_version, max_events, backwards))


def latest(
    stream: str | None, event_type: str | None, contains: Mapping[str, Any] | None
) -> Call[Event | None]:
    """An event, or None."""
    text = None if contains is None else _json.dumps(contains, "contains")
    call = _log_calls.latest(stream, event_type, text)
    return change(call, lambda rows: Event.of(rows[0]) if rows else None)


def streams(
    category: str | None, after: StreamInfo | str | None, max_streams: int
) -> Call[list[StreamInfo]]:
    """A page of streams."""
    name = after.stream if isinstance(after, StreamInfo) else after
    call = _log_calls.list_streams(category, name, max_streams)
    return change(call, lambda rows: [StreamInfo(*row) for row in rows])


def save_snapshot(
    stream: str, version: int, data: Any, schema_version: int, expected_version: int | None
) -> Call[bool]:
    """Whether it was saved."""
    text = _json.dumps(data, "the snapshot")
    return _log_calls.save_snapshot(stream, version, text, schema_version, expected_version)


def load_snapshot(stream: str, schema_version: int) -> Call[Snapshot | None]:
    """The snapshot, or None."""
    call = _log_calls.load_snapshot(stream, schema_version)
    return change(call, lambda found: None if found is None else Snapshot(*found))


def subscriptions(name: str | None) -> Call[list[SubscriptionInfo]]:
    """A line per subscription."""
    call = _log_calls.list_subscriptions(name)
    return change(call, lambda rows: [SubscriptionInfo(*row) for row in rows])


def backfill(name: str | None, max_events: int) -> Call[list[Backfilled]]:
    """A line per subscription that was not up to date."""
    call = _log_calls.backfill(name, max_events)
    return change(call, lambda rows: [Backfilled(*row) for row in rows])


def consumers(name: str | None, stuck_for: Seconds) -> Call[list[ConsumerInfo]]:
    """A line per consumer."""
    call = _log_calls.list_consumers(name, stuck_for)
    return change(call, lambda rows: [_consumer(row) for row in rows])


def _consumer(row: Row) -> ConsumerInfo:
    error = _log_calls.CONSUMER_COLUMNS.split(", ").index("error::text")
    text = row[error]
    values: Row = (*row[:error], text and _json.loads(text), *row[error + 1 :])
    return ConsumerInfo(*values)


def reset_consumer(name: str, from_position: StartAt, allow_gaps: bool) -> Call[int]:
    """The position after which it goes on."""
    return _log_calls.reset_consumer(
        name, start_text(from_position, f"consumer {name}"), allow_gaps
    )
