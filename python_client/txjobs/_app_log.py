"""The log's part of `Jobs`: event types, and who is given events."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ._event_types import EventTypes, Upcaster
from ._options import Seconds, seconds_of
from .consumer import Consumer, ConsumerFunction, StartAt, UnknownTypes, start_text
from .errors import ConfigurationError
from .event import Event
from .subscription import Subscription

__all__ = ["LogRegistry"]

C = TypeVar("C", bound=type)
U = TypeVar("U", bound=Upcaster)


class LogRegistry:
    """The declarations of the log: types, subscriptions, consumers."""

    def __init__(self) -> None:
        self._event_types = EventTypes()
        self._consumers: dict[str, Consumer] = {}
        self._subscriptions: dict[str, Subscription] = {}

    @property
    def event_types(self) -> EventTypes:
        """The registered event types, by name."""
        return self._event_types

    @property
    def consumers(self) -> Mapping[str, Consumer]:
        """The declared consumers, by name."""
        return self._consumers

    @property
    def subscriptions(self) -> Mapping[str, Subscription]:
        """The declared subscriptions, by name."""
        return self._subscriptions

    def event(self, type: str, /, *, schema_version: int = 1) -> Callable[[C], C]:  # noqa: A002
        """Registers a dataclass, or a pydantic model, as what events of a type are made of.

        `schema_version` goes up when the class changes in a way that old data does not fit; an
        `upcast` for each version before it reads what is there.

        >>> from dataclasses import dataclass
        >>> from txjobs import Jobs
        >>> app = Jobs()
        >>> @app.event("order.placed")
        ... @dataclass
        ... class OrderPlaced:
        ...     total: int
        """

        def register(cls: C) -> C:
            self._event_types.register(type, schema_version, cls)
            return cls

        return register

    def upcast(self, type: str, /, *, from_version: int) -> Callable[[U], U]:  # noqa: A002
        """Registers what makes data of a version data of the next one: a function of a dict.

        Upcasters are chained up to the `schema_version` of the registered class.
        """

        def register(function: U) -> U:
            self._event_types.add_upcaster(type, from_version, function)
            return function

        return register

    def decode(self, event: Event[Any]) -> Any:
        """The event's data as an instance of the class that is registered for its type.

        Raises `UnknownEventType`; `UnknownEventVersion` if its schema version is later than the
        registered one or an upcaster is missing; `UndecodableEvent` if the data does not fit.
        """
        return self._event_types.decode(event).data

    def consumer(
        self,
        name: str,
        /,
        *,
        from_position: StartAt,
        types: Sequence[str | type] | None = None,
        category: str | None = None,
        job_events: bool | None = None,
        batch: int = 500,
        unknown_types: UnknownTypes = "stop",
        decode: bool = True,
        poll_interval: Seconds = 0.5,
    ) -> Callable[[ConsumerFunction], ConsumerFunction]:
        """Declares a cursor over the log, whose function is called with a connection and events.

        What the function writes on that connection and the cursor's progress are one commit: every
        event is applied once, in the log's order. If it raises, all of it rolls back, the consumer
        stays where it is and is tried again later; no event is ever skipped for a failure. The
        function is `def apply(conn: psycopg.Connection, events: list[Event]) -> None`, or async
        with a `psycopg.AsyncConnection`.

        Arguments:
            from_position: where a new one begins: `beginning`, `now`, or after a position
            types: names, patterns such as `order.*`, or registered classes; default any
            category: only events of its streams; default any
            job_events: True: only jobs' events, False: only users'; default both, if `types` match
            batch: how many positions a call gets at most, 1 to 10000
            unknown_types: what to do at an event whose type is neither registered nor named in
                `types`: `stop`, or `skip` it
            decode: whether data is made the registered classes; False: as it was appended
            poll_interval: seconds until it looks again when there was nothing
        """
        of = f"consumer {name}"
        consumer_types = self._event_types.names(types, of)
        start = start_text(from_position, of)
        seconds = seconds_of(poll_interval)

        def register(fn: ConsumerFunction) -> ConsumerFunction:
            if name in self._consumers:
                raise ConfigurationError(f"two consumers are named {name!r}")
            self._consumers[name] = Consumer(
                name=name,
                fn=fn,
                is_async=inspect.iscoroutinefunction(fn),
                types=consumer_types,
                category=category,
                job_events=job_events,
                batch=batch,
                from_position=start,
                unknown_types=unknown_types,
                decode=decode,
                poll_interval=seconds,
            )
            return fn

        return register
