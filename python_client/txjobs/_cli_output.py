"""Where a command's answer goes: a line of JSON, or text and tables for people."""

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import _json
from ._cli_text import clean

__all__ = ["console", "is_terminal", "print_json", "say", "state_text", "table"]

_PIPED_WIDTH = 200
_STYLES = {
    "ready": "cyan",
    "scheduled": "blue",
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
    sys.stdout.write(_json.dumps(value) + "\n")
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
