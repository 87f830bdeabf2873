"""Where a command's answer goes: a line of JSON, or text and tables for people."""

import dataclasses
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import _json
from ._cli_text import clean

__all__ = [
    "console",
    "facts",
    "is_terminal",
    "print_json",
    "print_json_text",
    "say",
    "state_text",
    "table",
]

_PIPED_WIDTH = 200
# What JSON need not escape, but a terminal obeys: in a JSON text it can only be inside a string.
_OBEYED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_STYLES = {
    "ready": "cyan",
    "scheduled": "blue",
    "blocked": "yellow",
    "running": "yellow",
    "completed": "green",
    "failed": "magenta",
    "dead": "bold red",
    "cancelled": "dim",
    "skipped": "dim",
    "discarded": "dim",
}


def console() -> Console:
    """Standard output as it is now; wide enough for whole lines where that is not a terminal."""
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)


def is_terminal() -> bool:
    """Whether there is someone to show a picture that changes."""
    return console().is_terminal and not console().is_dumb_terminal


def print_json(value: object) -> None:
    """One document, or one event, on one line."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    print_json_text(_json.dumps(value))


def print_json_text(text: str) -> None:
    """The same of what is JSON already."""
    escaped = _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    sys.stdout.write(escaped + "\n")
    sys.stdout.flush()


def say(text: str | Text) -> None:
    """A line for people."""
    line = Text(clean(text)) if isinstance(text, str) else text
    console().print(line, soft_wrap=True)


def state_text(state: str) -> Text:
    """A state, or a transition, in its colour."""
    return Text(clean(state), style=_STYLES.get(state, ""))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[str] = ()
) -> Table:
    """A table; a cell is a Text, or anything that has a text."""
    found = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in columns:
        found.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        found.add_row(*(cell if isinstance(cell, Text) else Text(clean(str(cell))) for cell in row))
    return found


def facts(rows: Iterable[tuple[str, object]]) -> Table:
    """Names and their values, a line each."""
    found = Table.grid(padding=(0, 2))
    found.add_column(style="dim", no_wrap=True)
    found.add_column(overflow="fold")
    for name, value in rows:
        found.add_row(name, value if isinstance(value, Text) else Text(clean(str(value))))
    return found
