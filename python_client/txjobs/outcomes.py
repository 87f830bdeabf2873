"""What a handler may return besides a plain value.

A returned outcome keeps what the handler wrote in `ctx.transaction()`: both are one commit. Raising
rolls those writes back, and is recorded as a failed attempt.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from ._options import interval, timestamp
from .errors import ConfigurationError

__all__ = ["Complete", "Discard", "Outcome", "Retry", "Skip", "Snooze"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The base of all outcomes."""


@dataclass(frozen=True, slots=True)
class Complete(Outcome):
    """The job is completed with this result; the same as returning the result."""

    result: Any = None


@dataclass(frozen=True, slots=True)
class Snooze(Outcome):
    """The job runs again later, and this attempt is not charged.

    Arguments:
        delay: seconds or a timedelta; or else
        until: an aware datetime
        max_snoozes: beyond that many, the job is dead

    >>> Snooze(60)
    Snooze(delay=60, until=None, max_snoozes=None)
    """

    delay: float | dt.timedelta | None = None
    until: dt.datetime | None = None
    max_snoozes: int | None = None

    def __post_init__(self) -> None:
        if (self.delay is None) == (self.until is None):
            raise ConfigurationError("Snooze takes a delay or until=, and exactly one of them")
        interval(self.delay)
        timestamp(self.until)  # here, where its handler is named, and not when it is reported


@dataclass(frozen=True, slots=True)
class Skip(Outcome):
    """The job is skipped: there was nothing to do."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Discard(Outcome):
    """The job is discarded: it is not worth doing."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Retry(Outcome):
    """This attempt failed, though its writes stay; the next one follows.

    Arguments:
        in_: seconds or a timedelta until then; None is what the job's backoff says
        error: what to record: a text, or an exception
    """

    in_: float | dt.timedelta | None = None
    error: str | BaseException | None = None
