"""How long to wait between attempts, as data: Postgres computes the times."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from .errors import ConfigurationError

__all__ = ["Backoff"]

Strategy = Literal["exponential", "linear", "constant", "list"]


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
