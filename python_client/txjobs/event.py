"""Events: what is in the log, and what is about to be appended to it."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, Self

from . import _json

NO_DATA: Final[Any] = ...
"""In the place of data that is not given; None is JSON's null."""

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    # A bare `Event` is an Event[Any]; typing has defaults of type variables from 3.13 on.
    D_co = TypeVar("D_co", covariant=True, default=Any)
else:
    from typing import TypeVar

    D_co = TypeVar("D_co", covariant=True)

__all__ = ["Appended", "Event", "NewEvent"]


@dataclass(frozen=True, slots=True)
class Event(Generic[D_co]):
    """One event of the log: of a user's stream, or a job's transition.

    Attributes:
        pos: its place in the log; what a reader goes on after
        at: when it was appended
        stream: `order-7`; of a job's event `job-` and the job's id
        version: its place in its stream, from 1; None for a job's event
        type: `order.placed`; of a job's event `job.` and the transition
        schema_version: of `data`
        event_id: what makes its append repeatable, if it was given
        headers: trace context, `correlation_id`, `causation_id` and what else was given
        data: JSON, or an instance of the class that `@app.event` has registered for the type
    """

    pos: int
    at: dt.datetime
    stream: str
    version: int | None
    type: str
    schema_version: int
    event_id: uuid.UUID | None
    headers: Mapping[str, Any] = field(hash=False)
    data: D_co = field(hash=False)

    @property
    def category(self) -> str:
        """The part of the stream's name before its first hyphen."""
        return self.stream.partition("-")[0]

    @property
    def is_job_event(self) -> bool:
        """It is a job's transition; `data` then has job_id, kind, queue, attempt, worker, data."""
        return self.version is None

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> Self:
        """From a row that a reading function returned; `data` is JSON."""
        pos, at, stream, version, type_, schema_version, event_id, headers, data = row
        return cls(
            pos,
            at,
            stream,
            version,
            type_,
            schema_version,
            event_id,
            _json.loads(headers) if headers else {},
            _json.loads(data),
        )

    @classmethod
    def of_object(cls, found: Mapping[str, Any]) -> Self:
        """From its JSON object, as a subscription's job has it in its argument `event`."""
        event_id = found.get("event_id")
        return cls(
            found["pos"],
            dt.datetime.fromisoformat(found["at"]),
            found["stream"],
            found["version"],
            found["type"],
            found["schema_version"],
            None if event_id is None else uuid.UUID(event_id),
            found.get("headers") or {},
            found["data"],
        )

    def with_data(self, data: Any, schema_version: int) -> "Event[Any]":
        """The same event with other data."""
        # Spelled out, since dataclasses.replace takes as long as all else of reading an event.
        return Event(
            self.pos,
            self.at,
            self.stream,
            self.version,
            self.type,
            schema_version,
            self.event_id,
            self.headers,
            data,
        )


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is to be appended with others.

    `NewEvent("order.placed", {"total": 4999})`, or with an id or headers of its own an instance of
    a registered class: `NewEvent(OrderPlaced(total=4999), event_id=...)`.

    Attributes:
        event_id: a UUID; an append that was done with it is not done again
        headers: of the event
        schema_version: of data that is not an instance; default the registered one, or 1
    """

    what: object
    data: Any = NO_DATA
    event_id: uuid.UUID | str | None = field(default=None, kw_only=True)
    headers: Mapping[str, Any] | None = field(default=None, kw_only=True)
    schema_version: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Appended:
    """Where an event is, if the transaction commits; not `created` if it was there before."""

    pos: int
    version: int
    created: bool = True
