"""The options that mean the same in every command, spelled once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict

from ._cli_errors import Usage
from ._cli_text import parse_duration, parse_time
from .client import Client

__all__ = ["AsJson", "Dsn", "Kind", "Queue", "client", "dsn_of", "seconds", "time_of"]

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
def client(dsn: str | None) -> Iterator[Client]:
    """A client on a connection of its own, in autocommit."""
    with Client(dsn_of(dsn)) as found:
        yield found
