"""Appending: an event as a caller gives it becomes a call."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _json, _log_calls
from ._calls import Call, Row
from ._event_types import EventTypes
from ._running import follow_up_headers
from .errors import ConfigurationError, Unencodable
from .event import NO_DATA, Appended, Event, NewEvent

__all__ = ["append", "append_many", "event_object"]


def append(
    types: EventTypes, stream: str, event: NewEvent, expected_version: int | None
) -> Call[int]:
    """The event's position."""
    name, data, options = _parts(types, event)
    if expected_version is not None:
        options["expected_version"] = str(expected_version)
    return _log_calls.append_event(stream, name, data, options)


def append_many(
    types: EventTypes, stream: str, events: Iterable[object], expected_version: int | None
) -> Call[list[Appended]]:
    """Where each of them is; an element is a `NewEvent` or an instance of a registered class."""
    objects = [
        _object(types, one if isinstance(one, NewEvent) else NewEvent(one)) for one in events
    ]
    if not objects:
        raise ConfigurationError(f"no events for the stream {stream}: pass at least one")
    call = _log_calls.append_events(stream, "[" + ",".join(objects) + "]", expected_version, None)

    def read(rows: Sequence[Row]) -> list[Appended]:
        return [Appended(*row) for row in rows]

    return Call(call.statement, call.params, read)


def _object(types: EventTypes, event: NewEvent) -> str:
    name, data, options = _parts(types, event)
    members = [f'"type":{_json.dumps(name, "a type")}', f'"data":{data}']
    for key, text in options.items():
        members.append(f'"{key}":{_json.dumps(text) if key == "event_id" else text}')
    return "{" + ",".join(members) + "}"


def _parts(types: EventTypes, event: NewEvent) -> tuple[str, str, dict[str, str]]:
    """Type, JSON text of the data, and as texts what else is said of it."""
    options: dict[str, str] = {}
    if isinstance(event.what, str):
        known = types.get(event.what)
        name = event.what
        given = {} if event.data is NO_DATA else event.data
        data = _json.dumps(given, f"the data of {name}")
        version = known.schema_version if known else 1
        if event.schema_version is not None:
            version = event.schema_version
    else:
        if event.data is not NO_DATA or event.schema_version is not None:
            raise ConfigurationError(
                f"{event.what!r} is an event as it is: its data and schema_version are its class's"
            )
        known = types.of_instance(event.what)
        name, version = known.name, known.schema_version
        data = known.encode(event.what)
    if version != 1:
        options["schema_version"] = str(version)
    if event.event_id is not None:
        options["event_id"] = _uuid(event.event_id)
    headers = {**follow_up_headers(), **(event.headers or {})}
    if headers:
        options["headers"] = _json.dumps(headers, "headers")
    return name, data, options


def _uuid(event_id: uuid.UUID | str) -> str:
    if isinstance(event_id, uuid.UUID):
        return str(event_id)
    try:
        return str(uuid.UUID(event_id))
    except ValueError:
        raise Unencodable(
            f"event_id is {event_id!r}, which is no UUID: make one of it, as "
            "uuid.uuid5(NAMESPACE, text) does"
        ) from None


def event_object(types: EventTypes, event: Event[Any]) -> str:
    """The JSON text of an event, as a subscription's job has it."""
    known = types.get(event.type)
    decoded = known is not None and isinstance(event.data, known.cls)
    data = known.encode(event.data) if known and decoded else _json.dumps(event.data, "data")
    facts: Mapping[str, Any] = {
        "pos": event.pos,
        "at": event.at,
        "stream": event.stream,
        "version": event.version,
        "type": event.type,
        "schema_version": event.schema_version,
        "event_id": event.event_id,
        "headers": event.headers,
    }
    return f'{_json.dumps(facts, "the event")[:-1]},"data":{data}}}'
