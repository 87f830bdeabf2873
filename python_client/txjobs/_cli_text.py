"""Texts: durations and times read and shown, and what others wrote made safe to print."""

import datetime as dt
import re
from collections.abc import Sequence

__all__ = ["ago", "clean", "count", "duration", "parse_duration", "parse_time"]

_UNITS = {
    "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0,
}  # fmt: skip
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def parse_duration(text: str) -> float:
    """Seconds, of `30`, `30s`, `250ms`, `5m`, `1h30m`, `2d`; ValueError for anything else.

    >>> parse_duration("1h30m")
    5400.0
    """
    rest, total = text.strip().lower(), 0.0
    if not rest:
        raise ValueError(_how_to_say_duration(text))
    while rest:
        part = _PART.match(rest)
        if part is None or (part[2] or "s") not in _UNITS:
            raise ValueError(_how_to_say_duration(text))
        total += float(part[1]) * _UNITS[part[2] or "s"]
        rest = rest[part.end() :]
    return total


def _how_to_say_duration(text: str) -> str:
    return f"{text!r} is not a duration: write 30s, 5m, 1h30m, 250ms or 2d"


def parse_time(text: str) -> dt.datetime:
    """A point in time, of ISO 8601 with an offset; ValueError for anything else."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError(
            f"{text!r} is not a time with its zone: write 2030-12-31T18:00:00+01:00 or …Z"
        )
    return found


def duration(seconds: float) -> str:
    """Seconds for people, in two units at most.

    >>> [duration(s) for s in (0.0123, 3.14, 75, 7260, 200000)]
    ['12 ms', '3.1 s', '1 min 15 s', '2 h 1 min', '2 d 7 h']
    """
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, name in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{whole} s"


def ago(at: dt.datetime, now: dt.datetime | None = None) -> str:
    """How far a time is from now: `5.0 s ago`, `in 2 h`."""
    seconds = ((now or dt.datetime.now(dt.UTC)) - at).total_seconds()
    return f"in {duration(-seconds)}" if seconds < 0 else f"{duration(seconds)} ago"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 job`, `2 jobs`, `12,345 jobs`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def clean(text: str) -> str:
    """The text with its control characters shown rather than obeyed by the terminal."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def enumerate_words(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
