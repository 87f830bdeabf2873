"""The log's part of `Jobs`: event types, appending, and who is given events."""

import inspect
import uuid
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Never, Protocol, TypeVar, overload

from . import _append, _drivers
from ._drivers import AsyncConn, Conn
from ._event_signature import EventSignature
from ._event_types import EventTypes, Upcaster
from ._options import Options, Seconds, seconds_of
from ._registry import TaskRegistry
from .consumer import Consumer, ConsumerFunction, StartAt, UnknownTypes, start_text
from .context import Context
from .errors import ConfigurationError
from .event import NO_DATA, Appended, Event, NewEvent
from .outcomes import Outcome
from .subscription import Subscription
from .task import AsyncTask, SyncTask, Task

__all__ = ["LogRegistry"]

C = TypeVar("C", bound=type)
D = TypeVar("D")
R = TypeVar("R")
U = TypeVar("U", bound=Upcaster)
Id = uuid.UUID | str


class _On(Protocol):
    """What `@app.on(...)` is: a task whose only argument is an event."""

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, fn: Callable[[Context, Event[D]], Coroutine[Any, Any, R | Outcome]], /
    ) -> AsyncTask[[Event[D]], R]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, fn: Callable[[Event[D]], Coroutine[Any, Any, R | Outcome]], /
    ) -> AsyncTask[[Event[D]], R]: ...
    @overload
    def __call__(
        self, fn: Callable[[Context, Event[D]], R | Outcome], /
    ) -> SyncTask[[Event[D]], R]: ...
    @overload
    def __call__(self, fn: Callable[[Event[D]], R | Outcome], /) -> SyncTask[[Event[D]], R]: ...


class LogRegistry(TaskRegistry):
    """The declarations of the log: types, subscriptions, consumers."""

    def __init__(self) -> None:
        super().__init__()
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

    def event(self, event_type: str, /, *, schema_version: int = 1) -> Callable[[C], C]:
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
            self._event_types.register(event_type, schema_version, cls)
            return cls

        return register

    def upcast(self, event_type: str, /, *, from_version: int) -> Callable[[U], U]:
        """Registers what makes data of a version data of the next one: a function of a dict.

        Upcasters are chained up to the `schema_version` of the registered class.
        """

        def register(function: U) -> U:
            self._event_types.add_upcaster(event_type, from_version, function)
            return function

        return register

    def decode(self, event: Event[Any]) -> Any:
        """The event's data as an instance of the class that is registered for its type.

        Raises `UnknownEventType`; `UnknownEventVersion` if its schema version is later than the
        registered one or an upcaster is missing; `UndecodableEvent` if the data does not fit.
        """
        return self._event_types.decode(event).data

    @overload
    def append(
        self,
        conn: Conn,
        stream: str,
        event: str,
        data: Any = ...,
        /,
        *,
        expected_version: int | None = None,
        event_id: Id | None = None,
        headers: Mapping[str, Any] | None = None,
        schema_version: int | None = None,
    ) -> int: ...
    @overload
    def append(
        self,
        conn: AsyncConn,
        stream: str,
        event: str,
        data: Any = ...,
        /,
        *,
        expected_version: int | None = None,
        event_id: Id | None = None,
        headers: Mapping[str, Any] | None = None,
        schema_version: int | None = None,
    ) -> Coroutine[Any, Any, int]: ...
    @overload
    def append(
        self,
        conn: Conn,
        stream: str,
        event: object,
        /,
        *,
        expected_version: int | None = None,
        event_id: Id | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> int: ...
    @overload
    def append(
        self,
        conn: AsyncConn,
        stream: str,
        event: object,
        /,
        *,
        expected_version: int | None = None,
        event_id: Id | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> Coroutine[Any, Any, int]: ...
    def append(
        self,
        conn: Conn | AsyncConn,
        stream: str,
        event: object,
        data: Any = NO_DATA,
        /,
        *,
        expected_version: int | None = None,
        event_id: Id | None = None,
        headers: Mapping[str, Any] | None = None,
        schema_version: int | None = None,
    ) -> int | Coroutine[Any, Any, int]:
        """The event is in the stream, if the connection's transaction commits; its position.

        `app.append(conn, "order-7", OrderPlaced(total=4999))` for a registered class, or
        `app.append(conn, "order-7", "order.placed", {"total": 4999})`. In a handler, the job's
        trace context and correlation id go into the headers, and the job as the cause.

        Arguments:
            expected_version: how many events the stream has; 0: it must not exist; default any
            event_id: a UUID; an append that was done with it is not done again: its position is
                returned
            headers: besides, or in the place of, those of the job
            schema_version: of data that is not an instance; default the registered one, or 1

        Raises `VersionConflict`, `KeyReused`, `TooLarge`, `InvalidArgument`, `Unencodable`.
        """
        new = NewEvent(
            event, data, event_id=event_id, headers=headers, schema_version=schema_version
        )
        call = _append.append(self._event_types, stream, new, expected_version)
        return _drivers.execute(conn, call)

    @overload
    def append_many(
        self,
        conn: Conn,
        stream: str,
        events: Iterable[object],
        /,
        *,
        expected_version: int | None = None,
    ) -> list[Appended]: ...
    @overload
    def append_many(
        self,
        conn: AsyncConn,
        stream: str,
        events: Iterable[object],
        /,
        *,
        expected_version: int | None = None,
    ) -> Coroutine[Any, Any, list[Appended]]: ...
    def append_many(
        self,
        conn: Conn | AsyncConn,
        stream: str,
        events: Iterable[object],
        /,
        *,
        expected_version: int | None = None,
    ) -> list[Appended] | Coroutine[Any, Any, list[Appended]]:
        """The events are in the stream with contiguous versions, or none of them is.

        Each is an instance of a registered class, or a `NewEvent`. Raises as `append`.
        """
        call = _append.append_many(self._event_types, stream, events, expected_version)
        return _drivers.execute(conn, call)

    def on(
        self,
        *types: str | type,
        name: str | None = None,
        category: str | None = None,
        queue: str | None = None,
        routing_key: str | None = None,
        from_position: StartAt = "now",
        delay: Seconds | None = None,
        **refused: Never,
    ) -> _On:
        """Declares a subscription: each event that matches becomes a job of this handler.

        The handler takes the event, after a `Context` or not: `def index(event: Event)`, or with
        the registered class of its data `def index(event: Event[OrderPlaced])`. The jobs are
        retried, die and are retried by hand like any other. `reconcile` makes the subscription; a
        worker does so when it starts.

        Arguments:
            types: names, patterns such as `order.*`, or registered classes; none for any type of
                a category
            name: of the subscription and the kind of its jobs; default the function's
            category: only events of its streams; default any
            queue, routing_key: of the jobs
            from_position: where a new subscription begins: `now`, `beginning`, or after a position
            delay: how long after its append an event's job may run, in seconds

        Attempts, retries, lease and timeout are settings of the kind in the database, since any
        client's append makes the jobs: `select jobs.configure_kind('index', max_attempts => 5)`.
        """
        if refused:
            raise ConfigurationError(
                f"{', '.join(sorted(refused))}: jobs of a subscription are made in the database, "
                "which knows this of their kind: select jobs.configure_kind(name, "
                "max_attempts => …, backoff => …, lease => …, timeout => …)"
            )
        if not types and category is None:
            raise ConfigurationError(
                'on() says nothing of which events: name types or a category, or "*" for all'
            )

        def register(fn: Callable[..., Any]) -> Any:
            kind = name or fn.__name__
            of = f"subscription {kind}"
            names = self._event_types.names(types, of) if types else None
            subscription = Subscription(
                name=kind,
                types=names,
                category=category,
                queue=queue,
                routing_key=routing_key,
                from_position=start_text(from_position, of),
                delay=delay,
            )
            options = Options(queue=queue, routing_key=routing_key)
            cls: type[Task[Any, Any]] = AsyncTask if inspect.iscoroutinefunction(fn) else SyncTask
            signature = EventSignature(fn, self._event_types, names or ())
            task = cls(fn, kind, options, signature)
            self._add(task)
            self._subscriptions[kind] = subscription
            return task

        return register

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
            if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
                # Called, it would do nothing, and the events would count as applied.
                raise ConfigurationError(f"{of}: its function yields: let it return instead")
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
