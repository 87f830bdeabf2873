"""Events for people and for programs: how they are read, a page at a time, and how printed."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from . import _drivers, _json, _log_calls
from ._calls import Call, Row
from ._cli_errors import Usage
from ._cli_output import console, facts, print_json_text, table
from ._drivers import Conn

__all__ = [
    "Beginning",
    "Category",
    "CloudEvents",
    "Found",
    "JobEvents",
    "Selection",
    "Types",
    "as_json_text",
    "event_facts",
    "event_line",
    "event_table",
    "pages",
    "positions",
    "print_all_json",
    "reading",
]

PAGE = 500
_SHOWN = 200  # characters of an event's data, where many events are shown

Types = Annotated[
    list[str] | None,
    typer.Option("--type", "-t", metavar="PATTERN", help="Such as 'order.*'; repeatable."),
]
Category = Annotated[
    str | None,
    typer.Option(
        "--category", metavar="NAME", help="Of the streams with this name before the hyphen."
    ),
]
Beginning = Annotated[
    str,
    typer.Option(
        "--after", metavar="POSITION", help="If new, begin after it: now, beginning, or a number."
    ),
]
JobEvents = Annotated[
    bool | None,
    typer.Option(
        "--job-events/--no-job-events",
        help="Only jobs' events, or none of them.",
        show_default="both",
    ),
]
CloudEvents = Annotated[
    bool, typer.Option("--cloudevents", help="Print CloudEvents 1.0, an object a line.")
]


@dataclass(frozen=True, slots=True)
class Found:
    """An event; its JSON as the database wrote it, as Python would round its numbers."""

    pos: int
    at: dt.datetime
    stream: str
    version: int | None
    type: str
    schema_version: int
    event_id: uuid.UUID | None
    headers: str | None
    data: str
    cloudevent: str | None = None


def reading(call: Call[Sequence[Row]], cloudevents: bool) -> Call[list[Found]]:
    """The events that a reading call returns, if asked for with their form as CloudEvents."""
    statement = call.statement
    if cloudevents:
        columns = _log_calls.EVENT_COLUMNS
        statement = statement.replace(columns, f"{columns}, jobs.cloudevent(e)::text", 1) + " as e"
    return Call(statement, call.params, lambda rows: [Found(*row) for row in rows], writes=False)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events of the log."""

    category: str | None
    types: list[str] | None
    job_events: bool | None
    cloudevents: bool

    def __post_init__(self) -> None:
        if self.category is not None and self.job_events is not None:
            raise Usage("--category and --job-events exclude each other: jobs are --category job")

    def after(self, position: int | None, size: int, allow_gaps: bool = False) -> Call[list[Found]]:
        """A page of them."""
        types = self.types or None
        if self.category is None:
            call = _log_calls.read_all(position, size, types, self.job_events, allow_gaps)
        else:
            call = _log_calls.read_category(self.category, position, size, types, allow_gaps)
        return reading(call, self.cloudevents)


def pages(
    conn: Conn, selection: Selection, after: int | None, limit: int | None = None
) -> Iterator[list[Found]]:
    """Events after a position, in order, to the end of the log or so many positions."""
    left = limit
    gaps = after is None  # from the beginning: what retention has left
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        events = _drivers.run(conn, selection.after(after, size, gaps))
        if events:
            yield events
            after = events[-1].pos
        read = positions(events)
        if read < size:
            return
        left = None if left is None else left - read


def positions(events: Iterable[Found]) -> int:
    """How many: the jobs of one transition share one, and a page's size counts positions."""
    return len({event.pos for event in events})


def as_json_text(event: Found) -> str:
    """The event as an object on one line, or in its form as CloudEvents if it has one."""
    if event.cloudevent is not None:
        return event.cloudevent
    names = ("pos", "at", "stream", "version", "type", "schema_version", "event_id")
    head = _json.dumps({name: getattr(event, name) for name in names})
    return f'{head[:-1]},"headers":{event.headers or "{}"},"data":{event.data}}}'


def print_all_json(events: Iterable[Found]) -> None:
    """An event a line."""
    for event in events:
        print_json_text(as_json_text(event))


def event_table(events: Iterable[Found]) -> None:
    """Prints them for people."""
    columns = ("position", "at", "stream", "version", "type", "data")
    rows = (
        (e.pos, _time(e), e.stream, "" if e.version is None else e.version, e.type, _short(e.data))
        for e in events
    )
    console().print(table(columns, rows, right=("position", "version")))


def event_line(event: Found) -> str:
    """A line for people, who read others below it."""
    version = "" if event.version is None else f" {event.version}"
    where = f"{event.stream}{version}"
    return f"{event.pos:>8}  {_time(event)}  {where}  {event.type}  {_short(event.data)}"


def event_facts(event: Found) -> None:
    """Prints all of it for people."""
    shown = {
        "position": event.pos,
        "stream": event.stream,
        "version": event.version,
        "type": event.type,
        "schema": None if event.schema_version == 1 else event.schema_version,
        "appended": _time(event),
        "event id": event.event_id,
        "headers": event.headers,
        "data": event.data,
    }
    console().print(facts((name, value) for name, value in shown.items() if value is not None))


def _time(event: Found) -> str:
    return f"{event.at:%Y-%m-%d %H:%M:%S %Z}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
