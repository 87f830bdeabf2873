"""`txjobs events tail`: the last events of the log, and those to come."""

import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Annotated

import psycopg
import typer

from . import _drivers, _json, _log_calls
from ._cli_errors import Usage, explain
from ._cli_log import (
    Category,
    CloudEvents,
    Found,
    JobEvents,
    Selection,
    Types,
    event_line,
    pages,
    print_all_json,
)
from ._cli_options import AsJson, Dsn, dsn_of, seconds
from ._cli_output import say
from ._drivers import Conn
from .errors import PositionGone

__all__ = ["tail"]

_LAST = 10
_WIDER = 8  # how many times further back a look goes after one that has not found enough
_LONGEST_WAIT = 5.0  # seconds between two attempts to connect again


def tail(
    dsn: Dsn = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is appended, until Ctrl-C.")
    ] = False,
    last: Annotated[
        int | None,
        typer.Option(
            "--last",
            "-n",
            min=0,
            metavar="N",
            help="Begin with so many of the last ones.",
            show_default=str(_LAST),
        ),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="POSITION", help="Begin after it: now, beginning, or a number."),
    ] = None,
    category: Category = None,
    types: Types = None,
    job_events: JobEvents = None,
    poll_interval: Annotated[
        str, typer.Option(metavar="TIME", help="With --follow: how long between two looks.")
    ] = "500ms",
    cloudevents: CloudEvents = False,
    as_json: AsJson = False,
) -> None:
    """The last events of the log; with -f also those to come, each once and in order."""
    selection = Selection(category, types, job_events, cloudevents)
    reader = _Reader(selection, print_all_json if as_json or cloudevents else _say_all)
    start = _start(after, last)
    interval = seconds(poll_interval) or 0.0
    conn = _connect(dsn)
    try:
        start(reader, conn)
        while follow:
            try:
                time.sleep(interval)
                reader.go_on(conn)
            except psycopg.Error as error:
                if not conn.closed:
                    raise
                conn = _again(dsn, interval, error, reader.position, as_json)
    except KeyboardInterrupt:
        if not follow:
            raise
    finally:
        conn.close()


def _start(after: str | None, last: int | None) -> "Callable[[_Reader, Conn], None]":
    if after is None:
        return lambda reader, conn: reader.begin_with(conn, _LAST if last is None else last)
    if last is not None:
        raise Usage("--after and --last exclude each other: choose one")
    if after == "now":
        return lambda reader, conn: reader.begin_with(conn, 0)
    if after == "beginning":
        return lambda reader, conn: reader.begin_after(conn, None)
    if after.isdecimal():
        return lambda reader, conn: reader.begin_after(conn, int(after))
    raise Usage(f"--after takes now, beginning, or a position, not {after!r}")


class _Reader:
    """Reads on from where it is, and says what it finds."""

    def __init__(self, selection: Selection, emit: Callable[[list[Found]], None]) -> None:
        self._selection = selection
        self._emit = emit
        self.position: int | None = None

    def begin_after(self, conn: Conn, position: int | None) -> None:
        """What comes after a position, or everything."""
        self.position = position
        self.go_on(conn)

    def begin_with(self, conn: Conn, number: int) -> None:
        """As many of the last events; they are looked for from the end of the log."""
        end = _drivers.run(conn, _log_calls.last_pos())
        found = self._last(conn, end, number) if number else []
        self._emit(found)
        self.position = max(end, found[-1].pos if found else 0)

    def _last(self, conn: Conn, end: int, number: int) -> list[Found]:
        back = number * _WIDER
        while True:
            start = end - back if back < end else None
            found: deque[Found] = deque(maxlen=number)
            try:
                for events in pages(conn, self._selection, start):
                    found.extend(events)
            except PositionGone:  # the rest was pruned: all that is there
                back = end
                continue
            if start is None or len(found) == number:
                return list(found)
            back *= _WIDER

    def go_on(self, conn: Conn) -> None:
        """Everything after the position that can be read by now."""
        # Asked before the events are read: of those up to there none is missing among them, and
        # the next look need not walk over what does not match.
        end = _drivers.run(conn, _log_calls.last_pos())
        for events in pages(conn, self._selection, self.position):
            self._emit(events)
            self.position = events[-1].pos
        self.position = max(end, self.position or 0)


def _connect(dsn: str | None) -> Conn:
    return psycopg.connect(dsn_of(dsn), autocommit=True)


def _again(
    dsn: str | None, interval: float, error: Exception, position: int | None, as_json: bool
) -> Conn:
    """A new connection, as soon as there is a server again."""
    _remark(f"the connection was lost, trying again: {explain(error)[0]}", as_json)
    wait = max(interval, 0.1)
    while True:
        time.sleep(wait)
        try:
            conn = _connect(dsn)
        except psycopg.OperationalError:
            wait = min(2 * wait, _LONGEST_WAIT)
        else:
            _remark(f"connected again, going on after position {position}", as_json)
            return conn


def _remark(text: str, as_json: bool) -> None:
    """On standard error, as among the events it would be taken for one."""
    line = _json.dumps({"note": text}) if as_json else f"txjobs: {text}"
    print(line, file=sys.stderr, flush=True)


def _say_all(events: list[Found]) -> None:
    for event in events:
        say(event_line(event))
