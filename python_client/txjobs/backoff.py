"""How long to wait between attempts, as data: Postgres computes the times."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from .errors import ConfigurationError, InvalidArgument

__all__ = ["Backoff"]

Strategy = Literal["exponential", "linear", "constant", "list"]

_BASE, _FACTOR, _CAP, _JITTER = 1.0, 2.0, 3600.0, 0.25  # where neither job, kind nor queue says
_LONGEST = 31_536_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The delay before the next attempt; what is left out is the kind's, queue's or global value.

    Arguments (seconds, unless said otherwise):
        max_attempts: how often the handler is started at most
        strategy: `exponential` (`base * factor**(n-1)`), `linear` (`base * n`), `constant`, `list`
        base, factor, cap: as in the formulas; no delay is longer than `cap`
        jitter: the share of the delay that is random, 0 to 1
        delays: for `list`: the delay after each attempt, the last one repeating

    >>> Backoff(max_attempts=8, cap=600).as_json()
    {'cap': 600}
    """

    max_attempts: int | None = None
    strategy: Strategy | None = None
    base: float | None = None
    factor: float | None = None
    cap: float | None = None
    jitter: float | None = None
    delays: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if self.max_attempts is not None and self.max_attempts < 1:
            raise ConfigurationError("max_attempts is at least 1: the first attempt counts")
        if self.jitter is not None and not 0 <= self.jitter <= 1:
            raise ConfigurationError("jitter is a share of the delay: between 0 and 1")
        if self.base is not None and self.cap is not None and self.base > self.cap:
            raise ConfigurationError(f"base ({self.base}) is over cap ({self.cap}): swap them")
        for name in ("base", "factor", "cap"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ConfigurationError(f"{name} is not negative")
        if self.delays is not None:
            object.__setattr__(self, "delays", tuple(self.delays))
            if self.strategy not in (None, "list"):
                raise ConfigurationError("delays belong to strategy='list'")

    def as_json(self) -> dict[str, object]:
        """The object that `jobs.enqueue(backoff => …)` takes; empty if nothing is set."""
        found: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "max_attempts" or value is None:
                continue
            found[field.name] = list(value) if field.name == "delays" else value
        if self.delays is not None:
            found["strategy"] = "list"
        return found

    def delay(self, attempt: int, jitter: float = 0.0) -> float:
        """Seconds between that attempt and the next, as `jobs.backoff_delay` reckons them.

        `jitter` says where in the jitter's range: from 0, the whole delay, to 1, the shortest.
        What is left out has the global default. Raises `InvalidArgument` where the database would.

        >>> [Backoff(cap=5).delay(attempt) for attempt in (1, 2, 3, 4)]
        [1.0, 2.0, 4.0, 5.0]
        """
        self.check()
        if attempt < 1 or not 0 <= jitter <= 1:
            raise InvalidArgument(
                f"attempt is {attempt}, jitter is {jitter}",
                hint="attempt is at least 1, jitter between 0 and 1.",
            )
        spread = self.jitter
        if spread is None:
            spread = _JITTER if self._strategy == "exponential" else 0.0
        return self._whole(attempt) * (1 - spread * jitter)

    @property
    def _strategy(self) -> str:
        return "list" if self.delays is not None else self.strategy or "exponential"

    @property
    def _range(self) -> tuple[float, float]:
        return (
            _BASE if self.base is None else self.base,
            _CAP if self.cap is None else self.cap,
        )

    def _whole(self, attempt: int) -> float:
        base, cap = self._range
        if self.delays is not None:
            return float(self.delays[min(attempt, len(self.delays)) - 1])
        if self._strategy == "constant" or base == 0:
            return float(base)
        if self._strategy == "linear":
            return float(min(cap, base * attempt))
        factor = _FACTOR if self.factor is None else self.factor
        # The logarithms are compared, since the power itself may overflow.
        if (attempt - 1) * math.log(factor) >= math.log(cap / base):
            return float(cap)
        return float(base * factor ** (attempt - 1))

    def check(self) -> None:
        """Raises `InvalidArgument` for what the database would refuse."""
        base, cap = self._range
        factor = _FACTOR if self.factor is None else self.factor
        if not (1 <= factor <= 1000 and 0 <= cap <= _LONGEST and base <= cap):
            raise InvalidArgument(
                f"backoff {self.as_json()} is out of range",
                hint="0 <= base <= cap (default 3600) <= 31536000 s, 1 <= factor <= 1000, "
                "0 <= jitter <= 1.",
            )
        fits = self.delays and all(0 <= one <= _LONGEST for one in self.delays)
        if (self._strategy == "list") != bool(fits) or (self.delays is not None and not fits):
            raise InvalidArgument(
                "the strategy list and the key delays go together",
                hint="delays is an array of seconds, each 0 to 31536000; the last one repeats.",
            )
