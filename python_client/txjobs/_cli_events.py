"""The commands about events, but for `tail`: append, read, latest, streams."""

import re
import shlex
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from . import _drivers, _json, _log_calls
from ._cli_errors import Usage
from ._cli_log import (
    PAGE,
    Category,
    CloudEvents,
    Found,
    JobEvents,
    Selection,
    Types,
    event_facts,
    event_table,
    pages,
    positions,
    print_all_json,
    reading,
)
from ._cli_options import AsJson, Dsn, connection, json_object, json_value, read_stdin
from ._cli_output import console, print_json, say, table
from ._cli_text import ago, clean, count
from ._drivers import Conn
from .errors import NotFound

__all__ = ["append", "latest", "read", "streams"]

_ONE = "One event"


def append(
    stream: Annotated[str, typer.Argument(metavar="STREAM", help="Such as order-7.")],
    event_type: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="Such as order.placed.")
    ] = None,
    data: Annotated[
        str | None, typer.Argument(metavar="[JSON]", help="Its data; - reads it from stdin.")
    ] = None,
    dsn: Dsn = None,
    expected_version: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="How many events the stream has; 0: there is none of this name.",
        ),
    ] = None,
    caused_by: Annotated[
        int | None,
        typer.Option(metavar="ID", help="Whose trace it goes on: a job's id, an event's position."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Append these, all or none: a JSON array or lines; - is stdin."
        ),
    ] = None,
    event_id: Annotated[
        uuid.UUID | None,
        typer.Option(
            metavar="UUID", help="Append it only if none has this id.", rich_help_panel=_ONE
        ),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="Repeatable.", rich_help_panel=_ONE),
    ] = None,
    headers: Annotated[
        str | None, typer.Option(metavar="JSON", help="An object.", rich_help_panel=_ONE)
    ] = None,
    schema_version: Annotated[
        int | None,
        typer.Option(metavar="N", help="Which shape the data has.", rich_help_panel=_ONE),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Append events to a stream, in a transaction of their own."""
    if file is not None:
        if any(one is not None for one in (event_type, data, event_id, headers, schema_version)):
            raise Usage("with --file, what an event has besides its stream stands in the file")
        if header:
            raise Usage("with --file, an event's headers stand in the file")
        events = _events_of(_read(file))
    else:
        if event_type is None:
            raise Usage("which event? give its TYPE, and its data as JSON; or --file")
        events = _one_event(event_type, data, event_id, _headers(header, headers), schema_version)
    call = _log_calls.append_events(stream, events, expected_version, caused_by)
    with connection(dsn) as conn:
        rows = _drivers.run(conn, call)
    _say_appended(stream, [(int(row[0]), int(row[1]), bool(row[2])) for row in rows], as_json)


def _one_event(
    event_type: str,
    data: str | None,
    event_id: uuid.UUID | None,
    headers: str | None,
    schema_version: int | None,
) -> str:
    """A list of one event; the JSON in it as it was given, so that every digit arrives."""
    found = {"type": event_type, "event_id": event_id, "schema_version": schema_version}
    parts = [_json.dumps({name: value for name, value in found.items() if value is not None})[1:-1]]
    if headers is not None:
        parts.append(f'"headers":{headers}')
    if data is not None:
        text = read_stdin() if data == "-" else data
        json_value(text, "the data")
        parts.append(f'"data":{text}')
    return f"[{{{','.join(parts)}}}]"


def _headers(pairs: list[str] | None, text: str | None) -> str | None:
    if text is not None:
        if pairs:
            raise Usage("--header and --headers exclude each other: choose one")
        json_object(text, "--headers")
        return text
    if not pairs:
        return None
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise Usage(f"--header takes NAME=TEXT, not {pair!r}; --headers takes JSON")
        if name in found:
            raise Usage(f"--header {name} is given twice")
        found[name] = value
    return _json.dumps(found, "a header")


def _read(file: str) -> str:
    if file == "-":
        return read_stdin()
    try:
        return Path(file).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Usage(f"{file} is not UTF-8: {error}") from None
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror or error}") from None


def _events_of(text: str) -> str:
    """A JSON array, of an array, an object, or an object a line; in the words of the file."""
    try:
        whole: Any = json_value(text, "the events")
    except Usage:
        lines = [(nth, line) for nth, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2:
            raise
        for nth, line in lines:
            json_object(line, f"line {nth}")
        return f"[{','.join(line for _, line in lines)}]"
    return f"[{text}]" if isinstance(whole, dict) else text


def _say_appended(stream: str, appended: list[tuple[int, int, bool]], as_json: bool) -> None:
    if as_json:
        names = ("pos", "version", "created")
        events = [dict(zip(names, one, strict=True)) for one in appended]
        print_json({"stream": stream, "events": events})
        return
    (first, version, created), (last, last_version, _) = appended[0], appended[-1]
    if len(appended) == 1:
        where = f"version {version}, position {first}"
    else:
        where = f"versions {version} to {last_version}, positions {first} to {last}"
    if created:
        say(f"appended {count(len(appended), 'event')} to {stream}: {where}")
    else:
        ids = "this event id" if len(appended) == 1 else "these event ids"
        say(f"nothing appended: {stream} has {ids} already: {where}")


def read(
    stream: Annotated[
        str | None, typer.Argument(metavar="[STREAM]", help="One stream, such as order-7.")
    ] = None,
    dsn: Dsn = None,
    category: Category = None,
    whole: Annotated[
        bool, typer.Option("--all", help="The log: users' events, and the jobs' transitions.")
    ] = False,
    after: Annotated[
        int | None,
        typer.Option(min=0, metavar="POSITION", help="Of the log or a category: what comes after."),
    ] = None,
    from_version: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Of a stream: the first to read.")
    ] = None,
    backwards: Annotated[
        bool, typer.Option("--backwards", help="Of a stream: newest first.")
    ] = False,
    types: Types = None,
    job_events: JobEvents = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N")] = 50,
    cloudevents: CloudEvents = False,
    as_json: AsJson = False,
) -> None:
    """Events in order: of one stream, of a category, or of the whole log."""
    selection = Selection(category, types, job_events, cloudevents)
    if stream is not None:
        if category is not None or whole or after is not None or job_events is not None:
            raise Usage(
                "a STREAM is read with --from-version, --backwards and --type: drop --category, "
                "--all, --after and --job-events"
            )
        one = _Stream(stream, backwards, _fitting(types), cloudevents)
        with connection(dsn) as conn:
            _show(one.pages(conn, from_version, limit), limit, one.more, as_json or cloudevents)
        return
    if whole == (category is not None) and (whole or after is None):
        raise Usage("which events? give a STREAM, --category or --all, one of them")
    if backwards or from_version is not None:
        raise Usage("--backwards and --from-version are for one STREAM: name it, or drop them")
    with connection(dsn) as conn:
        found = pages(conn, selection, after, limit)
        _show(found, limit, lambda last: f"--after {last.pos}", as_json or cloudevents)


@dataclass(frozen=True, slots=True)
class _Stream:
    """One stream, by version. Its types are compared here: the verb reads all of them."""

    name: str
    backwards: bool
    fits: Callable[[str], object] | None
    cloudevents: bool

    def pages(self, conn: Conn, version: int | None, limit: int) -> Iterator[list[Found]]:
        left = limit
        while left > 0:
            size = PAGE if self.fits else min(PAGE, left)
            call = _log_calls.read_stream(self.name, version, size, self.backwards)
            events = _drivers.run(conn, reading(call, self.cloudevents))
            fit = [e for e in events if self.fits is None or self.fits(e.type)][:left]
            if fit:
                yield fit
            left -= len(fit)
            if len(events) < size:
                return
            version = self.following(events[-1])

    def following(self, last: Found) -> int:
        return (last.version or 0) + (-1 if self.backwards else 1)

    def more(self, last: Found) -> str:
        return f"--from-version {self.following(last)}"


def _fitting(types: list[str] | None) -> Callable[[str], object] | None:
    """Whether a type is of these patterns, as the verbs that take them decide it."""
    if not types:
        return None
    if "" in types:
        raise Usage("--type is a name or a pattern such as 'order.*', not nothing")
    wanted = "|".join(".*".join(map(re.escape, one.split("*"))) for one in types)
    return re.compile(wanted, re.DOTALL).fullmatch


def _show(
    found: Iterator[list[Found]], limit: int, more: Callable[[Found], str], as_json: bool
) -> None:
    if as_json:
        for some in found:
            print_all_json(some)
        return
    events = [event for some in found for event in some]
    if not events:
        say("no such event")
        return
    event_table(events)
    if positions(events) >= limit:
        say(Text(f"more: {more(events[-1])}", style="dim"))


def latest(
    stream: Annotated[
        str | None, typer.Argument(metavar="[STREAM]", help="Of this stream.")
    ] = None,
    dsn: Dsn = None,
    event_type: Annotated[
        str | None, typer.Option("--type", "-t", metavar="NAME", help="Of this type.")
    ] = None,
    contains: Annotated[
        str | None, typer.Option(metavar="JSON", help="Whose data contain this.")
    ] = None,
    cloudevents: CloudEvents = False,
    as_json: AsJson = False,
) -> None:
    """The newest event of a stream or of a type."""
    if stream is None and event_type is None:
        raise Usage("the latest of what? give a STREAM, --type, or both")
    if contains is not None:
        json_value(contains, "the values after --contains")
    call = _log_calls.latest(stream, event_type, contains)
    with connection(dsn) as conn:
        found = _drivers.run(conn, reading(call, cloudevents))
    if not found:
        raise NotFound("there is no such event: none was committed, or it has been pruned")
    if as_json or cloudevents:
        print_all_json(found)
    else:
        event_facts(found[0])


def streams(
    dsn: Dsn = None,
    category: Category = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, metavar="N")] = 50,
    after: Annotated[
        str | None, typer.Option(metavar="STREAM", help="The next page of an earlier list.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Streams by name, each with its last event."""
    with connection(dsn) as conn:
        rows = _drivers.run(conn, _log_calls.list_streams(category, after, limit))
    following = rows[-1][0] if len(rows) == limit else None
    if as_json:
        names = ("stream", "version", "type", "at")
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        print_json({"streams": listed, "next": following})
    elif not rows:
        say("no such stream")
    else:
        shown = [(stream, version, last, ago(at)) for stream, version, last, at in rows]
        columns = ("stream", "version", "last event", "appended")
        console().print(table(columns, shown, right=("version",)))
        if following is not None:
            say(Text(f"more: --after {clean(shlex.quote(following))}", style="dim"))
