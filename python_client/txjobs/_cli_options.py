"""The options that mean the same in every command, spelled once."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict

from ._cli_errors import Usage
from ._cli_text import parse_duration, parse_time
from ._drivers import Conn
from .client import Client

__all__ = [
    "AsJson",
    "DryRun",
    "Dsn",
    "Kind",
    "Queue",
    "client",
    "connection",
    "dsn_of",
    "json_object",
    "json_value",
    "read_stdin",
    "seconds",
    "time_of",
]

_DATABASE = "Database"
_OUTPUT = "Output"

Dsn = Annotated[
    str | None,
    typer.Option(
        "--dsn",
        envvar="TXJOBS_DSN",
        metavar="DSN",
        help="The database, as postgresql://user@host/name or key=value pairs.",
        show_default=False,
        rich_help_panel=_DATABASE,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON, one document a line.", rich_help_panel=_OUTPUT)
]
DryRun = Annotated[
    bool,
    typer.Option("--check", "--dry-run", help="Change nothing; exit 1 if something is pending."),
]
Queue = Annotated[str | None, typer.Option("--queue", "-q", metavar="NAME", help="Of this queue.")]
Kind = Annotated[str | None, typer.Option("--kind", "-k", metavar="NAME", help="Of this kind.")]


def seconds(text: str | None) -> float | None:
    """An option's duration in seconds."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise Usage(str(error)) from None


def time_of(text: str | None) -> Any:
    """An option's point in time."""
    try:
        return None if text is None else parse_time(text)
    except ValueError as error:
        raise Usage(str(error)) from None


def read_stdin() -> str:
    """Standard input, whole."""
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Usage(f"standard input is not UTF-8: {error}") from None


def json_value(text: str, what: str) -> Any:
    """The value of a JSON text as Postgres has it: no NaN, no lone surrogate."""
    try:
        text.encode()
        return _decode(text)
    except (ValueError, RecursionError) as error:
        raise Usage(f'{what} are not JSON ({error}): write \'{{"name": "value"}}\'') from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def json_object(text: str, what: str) -> dict[str, Any]:
    """The same of what must be an object."""
    found = json_value(text, what)
    if not isinstance(found, dict):
        raise Usage(f'{what} is a JSON object: write \'{{"name": "value"}}\'')
    return found


def dsn_of(given: str | None) -> str:
    """The DSN that was given, checked; without one, libpq's own variables will do."""
    if not given:
        if any(os.environ.get(name) for name in ("PGHOST", "PGDATABASE", "PGSERVICE")):
            return ""
        raise Usage("which database? give --dsn postgresql://user@host/name, or set TXJOBS_DSN")
    try:
        conninfo_to_dict(given)
    except psycopg.ProgrammingError:
        # libpq's own message would repeat the text, and with it a password
        raise Usage(
            "the DSN is neither a URL nor key=value pairs: write postgresql://user@host/name"
        ) from None
    return given


@contextmanager
def client(dsn: str | None, *, notify: bool = True) -> Iterator[Client]:
    """A client on a connection of its own, in autocommit."""
    with Client(dsn_of(dsn), notify=notify) as found:
        yield found


@contextmanager
def connection(dsn: str | None) -> Iterator[Conn]:
    """A connection in autocommit, closed at the end."""
    with psycopg.connect(dsn_of(dsn), autocommit=True) as conn:
        yield conn
