"""The calls of the log, as values like those of `_calls`: streams, subscriptions, consumers."""

from collections.abc import Mapping, Sequence
from typing import Any

from . import _json
from ._calls import Call, Row, nothing, rows_as_they_are, scalar, texts
from ._options import Seconds, interval

EVENT_COLUMNS = (
    "pos, at, stream, version, type, schema_version, event_id, headers::text, data::text"
)

_APPEND_TYPES: Mapping[str, str] = {
    "expected_version": "bigint",
    "event_id": "uuid",
    "headers": "jsonb",
    "schema_version": "int",
    "caused_by": "bigint",
}


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _flag(value: bool | None) -> str | None:
    return None if value is None else "true" if value else "false"


def append_event(stream: str, event_type: str, data: str, options: Mapping[str, str]) -> Call[int]:
    """The event's position; `data` is JSON text, `options` texts by the names of the arguments."""
    named = "".join(f", {name} => %s::text::{_APPEND_TYPES[name]}" for name in options)
    return Call(
        f"select jobs.append_event(%s::text, %s::text, %s::text::jsonb{named})",
        (stream, event_type, data, *options.values()),
        scalar,
    )


def append_events(
    stream: str, events: str, expected_version: int | None, caused_by: int | None
) -> Call[Sequence[Row]]:
    """Rows `(pos, version, created)` in order; `events` is the JSON text of an array of objects."""
    return Call(
        "select pos, version, created from jobs.append_events(%s::text, %s::text::jsonb, "
        "%s::text::bigint, %s::text::bigint) order by ord",
        (stream, events, _number(expected_version), _number(caused_by)),
        rows_as_they_are,
    )


def read_stream(
    stream: str, from_version: int | None, max_events: int, backwards: bool
) -> Call[Sequence[Row]]:
    """Rows of EVENT_COLUMNS."""
    return Call(
        f"select {EVENT_COLUMNS} from jobs.read_stream(%s::text, %s::text::bigint, "
        "%s::text::int, %s::text::boolean)",
        (stream, _number(from_version), str(max_events), _flag(backwards)),
        rows_as_they_are,
        writes=False,
    )


def read_category(
    category: str,
    after: int | None,
    max_events: int,
    types: Sequence[str] | None,
    allow_gaps: bool,
) -> Call[Sequence[Row]]:
    """Rows of EVENT_COLUMNS."""
    return Call(
        f"select {EVENT_COLUMNS} from jobs.read_category(%s::text, %s::text::bigint, "
        "%s::text::int, %s::text::text[], %s::text::boolean)",
        (category, _number(after), str(max_events), texts(types), _flag(allow_gaps)),
        rows_as_they_are,
        writes=False,
    )


def read_all(
    after: int | None,
    max_events: int,
    types: Sequence[str] | None,
    job_events: bool | None,
    allow_gaps: bool,
) -> Call[Sequence[Row]]:
    """Rows of EVENT_COLUMNS."""
    return Call(
        f"select {EVENT_COLUMNS} from jobs.read_all(%s::text::bigint, %s::text::int, "
        "%s::text::text[], %s::text::boolean, %s::text::boolean)",
        (_number(after), str(max_events), texts(types), _flag(job_events), _flag(allow_gaps)),
        rows_as_they_are,
        writes=False,
    )


def last_pos() -> Call[int]:
    """The position up to which the log can be read; what commits from now on lies after it."""
    return Call("select jobs.last_pos()", (), scalar, writes=False)


def latest(stream: str | None, event_type: str | None, contains: str | None) -> Call[Sequence[Row]]:
    """A row of EVENT_COLUMNS, or none."""
    return Call(
        f"select {EVENT_COLUMNS} from jobs.latest(%s::text, %s::text, %s::text::jsonb)",
        (stream, event_type, contains),
        rows_as_they_are,
        writes=False,
    )


def list_streams(category: str | None, after: str | None, max_streams: int) -> Call[Sequence[Row]]:
    """Rows `(stream, version, type, at)`."""
    return Call(
        "select stream, version, type, at from jobs.list_streams(%s::text, %s::text, "
        "%s::text::int)",
        (category, after, str(max_streams)),
        rows_as_they_are,
        writes=False,
    )


def save_snapshot(
    stream: str, version: int, data: str, schema_version: int, expected_version: int | None
) -> Call[bool]:
    """Whether it was saved; `data` is JSON text."""
    return Call(
        "select jobs.save_snapshot(%s::text, %s::text::bigint, %s::text::jsonb, %s::text::int, "
        "%s::text::bigint)",
        (stream, str(version), data, str(schema_version), _number(expected_version)),
        scalar,
    )


def load_snapshot(stream: str, schema_version: int) -> Call[tuple[int, Any] | None]:
    """The version and the data, or None."""

    def read(rows: Sequence[Row]) -> tuple[int, Any] | None:
        return (rows[0][0], _json.loads(rows[0][1])) if rows else None

    return Call(
        "select version, data::text from jobs.load_snapshot(%s::text, %s::text::int)",
        (stream, str(schema_version)),
        read,
        writes=False,
    )


# Subscriptions


def subscribe(
    name: str,
    types: Sequence[str] | None,
    category: str | None,
    kind: str | None,
    queue: str | None,
    routing_key: str | None,
    from_position: str,
    delay: Seconds | None,
) -> Call[str]:
    """`created`, `changed` or `unchanged`."""
    return Call(
        "select jobs.subscribe(%s::text, %s::text::text[], %s::text, %s::text, %s::text, "
        "%s::text, %s::text, %s::text::interval)",
        (name, texts(types), category, kind, queue, routing_key, from_position, interval(delay)),
        scalar,
    )


def unsubscribe(name: str) -> Call[bool]:
    """Whether there was one."""
    return Call("select jobs.unsubscribe(%s::text)", (name,), scalar)


def pause_subscription(name: str) -> Call[None]:
    """Appends make no jobs for it until it is resumed."""
    return Call("select jobs.pause(subscription => %s::text)", (name,), nothing)


def resume_subscription(name: str) -> Call[None]:
    """It catches up with what was appended meanwhile."""
    return Call("select jobs.resume(subscription => %s::text)", (name,), nothing)


def backfill(name: str | None, max_events: int) -> Call[Sequence[Row]]:
    """Rows `(name, made, more)`."""
    return Call(
        "select name, made, more from jobs.backfill(%s::text, %s::text::int)",
        (name, str(max_events)),
        rows_as_they_are,
    )


SUBSCRIPTION_COLUMNS = (
    "name, types, category, kind, queue, routing_key, delay, state, behind, waiting, created_at"
)


def list_subscriptions(name: str | None) -> Call[Sequence[Row]]:
    """Rows of SUBSCRIPTION_COLUMNS."""
    return Call(
        f"select {SUBSCRIPTION_COLUMNS} from jobs.list_subscriptions(%s::text)",
        (name,),
        rows_as_they_are,
        writes=False,
    )


# Consumers


def create_consumer(
    name: str,
    from_position: str,
    types: Sequence[str] | None,
    category: str | None,
    job_events: bool | None,
    unknown_types: str,
) -> Call[str]:
    """`created`, `changed` or `unchanged`."""
    return Call(
        "select jobs.create_consumer(%s::text, %s::text, %s::text::text[], %s::text, "
        "%s::text::boolean, %s::text)",
        (name, from_position, texts(types), category, _flag(job_events), unknown_types),
        scalar,
    )


def poll(consumer: str, max_events: int, lease: Seconds | None) -> Call[Sequence[Row]]:
    """Rows `(token, *EVENT_COLUMNS)`."""
    return Call(
        f"select token, {EVENT_COLUMNS} from jobs.poll(%s::text, %s::text::int, "
        "%s::text::interval)",
        (consumer, str(max_events), interval(lease)),
        rows_as_they_are,
    )


def ack(consumer: str, pos: int, token: int | None) -> Call[int]:
    """The position."""
    return Call(
        "select jobs.ack(%s::text, %s::text::bigint, %s::text::bigint)",
        (consumer, str(pos), _number(token)),
        scalar,
    )


def nack(
    consumer: str,
    error: str | None,
    retry_in: Seconds | None,
    pos: int | None,
    token: int | None,
) -> Call[Any]:
    """When it is tried again."""
    return Call(
        "select jobs.nack(%s::text, %s::text::jsonb, %s::text::interval, %s::text::bigint, "
        "%s::text::bigint)",
        (consumer, error, interval(retry_in), _number(pos), _number(token)),
        scalar,
    )


def reset_consumer(name: str, from_position: str, allow_gaps: bool = False) -> Call[int]:
    """The position after which it goes on."""
    return Call(
        "select jobs.reset_consumer(%s::text, %s::text, %s::text::boolean)",
        (name, from_position, _flag(allow_gaps)),
        scalar,
    )


def delete_consumer(name: str) -> Call[bool]:
    """Whether there was one."""
    return Call("select jobs.delete_consumer(%s::text)", (name,), scalar)


CONSUMER_COLUMNS = (
    "name, types, category, job_events, unknown_types, pos, behind, behind_for, moved_at, "
    "leased_until, failures, error::text, failed_pos, retry_at, stuck, why"
)


def list_consumers(name: str | None, stuck_for: Seconds) -> Call[Sequence[Row]]:
    """Rows of CONSUMER_COLUMNS."""
    return Call(
        f"select {CONSUMER_COLUMNS} from jobs.list_consumers(%s::text, %s::text::interval)",
        (name, interval(stuck_for)),
        rows_as_they_are,
        writes=False,
    )
