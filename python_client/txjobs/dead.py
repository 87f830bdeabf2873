"""What the database says of errors, of jobs that are tried again, and of pauses."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

__all__ = ["ErrorGroup", "Pause", "RetriedJob"]


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Failed attempts of one cause, in one queue.

    `message` is without what differs from one to the next; `dead` counts the jobs that died of it
    and are dead now; `job` is the last one it came to; `cut`: older ones were not looked at.
    """

    fingerprint: str
    kind: str
    queue: str
    type: str | None
    message: str
    frame: str
    count: int
    dead: int
    first_seen: dt.datetime
    last_seen: dt.datetime
    job: int
    cut: bool


@dataclass(frozen=True, slots=True)
class RetriedJob:
    """A dead job that is tried again, or would be.

    `run_at` is None if that is at once; `args` are told of a dry run: what they would be.
    """

    id: int
    kind: str
    queue: str
    reason: str
    fingerprint: str
    died_at: dt.datetime
    run_at: dt.datetime | None
    args: Any


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of a queue or of a kind.

    `paused_by` is the role that asked for it, None if a death did: that of `job`.
    """

    queue: str | None
    kind: str | None
    at: dt.datetime
    paused_by: str | None
    reason: str | None
    job: int | None
