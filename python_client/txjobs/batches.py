"""Batches of jobs, and the jobs of a batch, as values."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["BatchInfo", "BatchJob"]


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """How far a batch is.

    Attributes:
        id: its number
        name: what it was called when it was made, or None
        state: `open` (not closed yet), `running`, or `finished`
        jobs: how many it has
        pending: how many of them have not ended
        completed, skipped, dead, cancelled, discarded: how many of them ended so
        callbacks: of a finished batch: the ids of the jobs of its callbacks, by argument; else None
    """

    id: int
    name: str | None
    state: str
    jobs: int
    pending: int
    completed: int
    skipped: int
    dead: int
    cancelled: int
    discarded: int
    callbacks: Mapping[str, int] | None
    created_at: dt.datetime
    finished_at: dt.datetime | None

    @property
    def succeeded(self) -> bool:
        """It is finished, and every job ended well: completed or skipped."""
        return self.state == "finished" and self.completed + self.skipped == self.jobs


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A job of a batch, and what has become of it so far."""

    id: int
    kind: str
    state: str
    result: Any
    reason: str | None
    error: Mapping[str, Any] | None
    at: dt.datetime
