"""What can be seen of a worker from outside."""

import enum
from dataclasses import dataclass, field

__all__ = ["EXIT_CUT", "EXIT_FAILED", "EXIT_OK", "State", "WorkerStats"]

EXIT_OK = 0
"""Every job that was started has an outcome."""
EXIT_FAILED = 1
"""The worker could not go on."""
EXIT_CUT = 3
"""The worker stopped, and had to cut at least one running job: it was given back."""


class State(enum.StrEnum):
    """Where a worker is in its life."""

    STARTING = "starting"
    IDLE = "idle"
    RUNNING = "running"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(slots=True)
class WorkerStats:
    """Counts since the start, and how things are now.

    Attributes:
        claimed, started: jobs taken, handlers started
        completed, skipped, discarded, snoozed, retried, dead, cancelled, released: outcomes that
            the database accepted; `retried` are failed attempts that another one follows
        stale: outcomes that were refused because the claim was over
        lost: handlers told that their lease is lost
        timed_out: handlers over their time limit
        consumed: events that consumers have applied
        consumer_failures: batches of theirs that failed, those tried again with fewer included
        buffered, running: jobs claimed and not started; handlers under way
        reconnects: connections that had to be made again
        cut, cut_consumers: the jobs and consumers whose handlers had to be cut when it stopped
    """

    state: State = State.STARTING
    claimed: int = 0
    started: int = 0
    completed: int = 0
    skipped: int = 0
    discarded: int = 0
    snoozed: int = 0
    retried: int = 0
    dead: int = 0
    cancelled: int = 0
    released: int = 0
    stale: int = 0
    lost: int = 0
    timed_out: int = 0
    consumed: int = 0
    consumer_failures: int = 0
    reconnects: int = 0
    buffered: int = 0
    running: int = 0
    cut: list[int] = field(default_factory=list)
    cut_consumers: list[str] = field(default_factory=list)

    @property
    def finished(self) -> int:
        """Jobs that reached their end in this worker."""
        return self.completed + self.skipped + self.discarded + self.dead + self.cancelled
