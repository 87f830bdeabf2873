"""What time it is for jobs that are run without a database."""

import datetime as dt

from ._options import Seconds, seconds_of, timestamp
from .errors import ConfigurationError

__all__ = ["Clock"]


class Clock:
    """The real time; or one that was given, and stands still until it is moved."""

    def __init__(self, now: dt.datetime | None = None) -> None:
        timestamp(now)  # it has a time zone
        self._now = now

    def now(self) -> dt.datetime:
        """The time."""
        return dt.datetime.now(dt.UTC) if self._now is None else self._now

    def move_to(self, at: dt.datetime) -> None:
        """It is that time now; never earlier than before."""
        if self._now is None:
            raise ConfigurationError("the real time cannot be moved: give a time as now=")
        self._now = max(self._now, at)

    def advance(self, by: Seconds) -> None:
        """It is so much later."""
        seconds = seconds_of(by)
        if not seconds >= 0:
            raise ConfigurationError(f"a clock advances by 0 or more seconds, not {by!r}")
        self.move_to(self.now() + dt.timedelta(seconds=seconds))
