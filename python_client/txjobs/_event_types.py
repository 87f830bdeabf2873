"""Event types that an application knows: their classes, versions and upcasters."""

import copy
import dataclasses
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _json
from ._calls import Row
from ._convert import converter
from .errors import (
    ConfigurationError,
    UndecodableEvent,
    UnknownEventType,
    UnknownEventVersion,
)
from .event import Event

if TYPE_CHECKING:
    from .app import Jobs
    from .consumer import Consumer

__all__ = ["EventType", "EventTypes", "Upcaster", "decode_batch"]

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class EventType:
    """A registered class: what its instances are stored as, and made of."""

    name: str
    schema_version: int
    cls: type
    read: Callable[[Any], Any]
    plain: Callable[[Any], Any] | None

    def encode(self, instance: object) -> str:
        """The JSON text of an instance's data."""
        value = instance if self.plain is None else self.plain(instance)
        return _json.dumps(value, f"the data of {self.name}")

    @classmethod
    def of(cls, name: str, schema_version: int, data: Any) -> "EventType":
        """Of a dataclass, or of a pydantic model."""
        if _is_model(data):
            return cls(name, schema_version, data, data.model_validate, _dump_model)
        read = converter(data) if dataclasses.is_dataclass(data) else None
        if read is None:
            raise ConfigurationError(
                f"the data of {name} is of {data!r}: make it a dataclass (below @app.event write "
                "@dataclass) or a pydantic model"
            )
        return cls(name, schema_version, data, read, None)


def _is_model(data: Any) -> bool:
    # Known by its methods, so that pydantic need not be there.
    return isinstance(data, type) and hasattr(data, "model_validate")


def _dump_model(model: Any) -> Any:
    return model.model_dump(mode="json")


class EventTypes:
    """The registry of them."""

    def __init__(self) -> None:
        self._by_name: dict[str, EventType] = {}
        self._by_class: dict[type, EventType] = {}
        self._upcasters: dict[tuple[str, int], Upcaster] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def get(self, name: str) -> EventType | None:
        """The registered type of that name."""
        return self._by_name.get(name)

    def register(self, name: str, schema_version: int, cls: type) -> None:
        """From now on events of that name are instances of that class."""
        if not name or "*" in name or name.startswith("job."):
            raise ConfigurationError(
                f"{name!r} is not a name for an event type: write one such as order.placed, "
                "without *; job.… are the jobs' own"
            )
        if schema_version < 1:
            raise ConfigurationError(f"schema_version of {name} is {schema_version}: begin at 1")
        if name in self._by_name:
            raise ConfigurationError(f"two classes are registered for the event type {name}")
        if cls in self._by_class:
            raise ConfigurationError(
                f"{cls.__qualname__} is registered for {self._by_class[cls].name}: an event type "
                "has a class of its own"
            )
        found = EventType.of(name, schema_version, cls)
        for type_, from_version in self._upcasters:
            if type_ == name:
                self._check_upcaster(found, from_version)
        self._by_name[name] = self._by_class[cls] = found

    def add_upcaster(self, name: str, from_version: int, function: Upcaster) -> None:
        """Data of that version is made data of the next one by the function."""
        if from_version < 1:
            raise ConfigurationError(
                f"from_version of {name} is {from_version}: versions begin at 1"
            )
        if (name, from_version) in self._upcasters:
            raise ConfigurationError(f"two upcasters of {name} are from version {from_version}")
        known = self._by_name.get(name)
        if known is not None:
            self._check_upcaster(known, from_version)
        self._upcasters[name, from_version] = function

    @staticmethod
    def _check_upcaster(known: EventType, from_version: int) -> None:
        if from_version >= known.schema_version:
            raise ConfigurationError(
                f"an upcaster of {known.name} is from version {from_version}, but "
                f"{known.cls.__qualname__} is of version {known.schema_version}: "
                "raise schema_version= of @app.event"
            )

    def of_instance(self, instance: object) -> EventType:
        """The type whose class this is an instance of, or `ConfigurationError`."""
        return self.of_class(type(instance))

    def of_class(self, cls: type) -> EventType:
        """The type that has this class, or `ConfigurationError`."""
        known = self._by_class.get(cls)
        if known is None:
            raise ConfigurationError(
                f'{cls.__qualname__} is no event: register it with @app.event("…"), or pass a '
                "type and its data"
            )
        return known

    @staticmethod
    def is_data(cls: type) -> bool:
        """It could be registered."""
        return _is_model(cls) or dataclasses.is_dataclass(cls)

    def names(self, types: Iterable[str | type] | None, of: str) -> tuple[str, ...] | None:
        """Names or patterns, classes being named; `of` says whose they are."""
        if types is None:
            return None
        if isinstance(types, str):
            raise ConfigurationError(f"{of}: types is one text: write a list, as [{types!r}]")
        found = tuple(one if isinstance(one, str) else self.of_class(one).name for one in types)
        if not found or "" in found:
            raise ConfigurationError(f"{of}: types is {found!r}: name some, or leave it out")
        return found

    def read(self, event: Event[Any], named: Collection[str]) -> Event[Any]:
        """The event as a reader that names those types, in full, takes it.

        A type is known if a class is registered for it, if the reader names it (its data is then
        JSON), or if it is a job's. Raises as `decode`.
        """
        if event.is_job_event or (event.type in named and event.type not in self._by_name):
            return event
        return self.decode(event)

    def decode(self, event: Event[Any]) -> Event[Any]:
        """The event with its data as an instance of the registered class, at its version.

        Raises `UnknownEventType`, `UnknownEventVersion` and `UndecodableEvent`.
        """
        known = self._by_name.get(event.type)
        if known is None:
            raise UnknownEventType(
                f"the type {event.type} of the event at {event.pos} is not known: register a class "
                f'with @app.event("{event.type}"), or name the type where you say what to read',
                event.type,
                event.pos,
                event.schema_version,
            )
        if isinstance(event.data, known.cls):
            return event
        data = self._upcast(event, known)
        try:
            data = known.read(data)
        except Exception as error:
            raise UndecodableEvent(
                f"the event {event.type} at {event.pos} is not what {known.cls.__qualname__} "
                f"takes: {error}",
                event.type,
                event.pos,
                event.schema_version,
            ) from error
        return event.with_data(data, known.schema_version)

    def _upcast(self, event: Event[Any], known: EventType) -> Any:
        found = event.schema_version
        if found == known.schema_version:
            return event.data
        what = f"the event {event.type} at {event.pos} is of schema version {found}"
        facts = (event.type, event.pos, found)
        if found > known.schema_version:
            raise UnknownEventVersion(
                f"{what}, and this program knows up to {known.schema_version}: "
                "deploy the one that appended it here too",
                *facts,
            )
        data = copy.deepcopy(event.data)  # an upcaster may change in place what it is given
        for version in range(found, known.schema_version):
            upcaster = self._upcasters.get((event.type, version))
            if upcaster is None:
                raise UnknownEventVersion(
                    f"{what}, and nothing leads from {version} to {version + 1}: write "
                    f'@app.upcast("{event.type}", from_version={version})',
                    *facts,
                )
            try:
                data = upcaster(data)
            except Exception as error:
                raise UndecodableEvent(
                    f"{what}, and the upcaster from version {version} failed: {error!r}", *facts
                ) from error
        return data


def decode_batch(app: "Jobs", consumer: "Consumer", rows: Sequence[Row]) -> list[Event[Any]]:
    """The events of rows that `_log_calls.poll` returned, as the consumer's function takes them.

    An event of an unknown type is skipped if the consumer says so; so acknowledge the position of
    the last row, not of the last event. Raises `UnreadableEvent`, whose `pos` is that of the first
    event that cannot be handled: those before it can.
    """
    named = frozenset(consumer.types or ())
    events = []
    for row in rows:
        event: Event[Any] = Event.of(row[1:])
        if consumer.decode:
            try:
                event = app.event_types.read(event, named)
            except UnknownEventType:
                if consumer.unknown_types == "stop":
                    raise
                continue
        events.append(event)
    return events
