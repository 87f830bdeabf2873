"""What batches and dependencies promise, as a few dictionaries."""

from dataclasses import dataclass, field
from typing import Literal

LIVE = ("ready", "blocked", "running")
WELL = ("completed", "skipped")
Policy = Literal["fail", "cancel", "ignore"]


@dataclass
class Job:
    """A job, what it waits for, and the batch that it is in."""

    id: int
    state: str
    batch: int | None = None
    policy: Policy = "fail"
    waits_for: set[int] = field(default_factory=set)
    told: bool = False


@dataclass
class Batch:
    """How the jobs of a batch have ended; None: they have not."""

    is_open: bool
    outcomes: dict[int, str | None] = field(default_factory=dict)
    finished: bool = False
    succeeded: bool | None = None

    @property
    def state(self) -> str:
        """As list_batches has it."""
        return "finished" if self.finished else "open" if self.is_open else "running"


class Waits:
    """All jobs and batches; its methods are the verbs."""

    def __init__(self) -> None:
        self.jobs: dict[int, Job] = {}
        self.batches: dict[int, Batch] = {}
        self.callbacks: dict[tuple[int, str], int] = {}

    def enqueue(self, job: int, batch: int | None, depends_on: list[int], policy: Policy) -> None:
        """A job exists; it may end at once."""
        new = self.jobs[job] = Job(job, "ready", batch, policy)
        if batch is not None:
            self.batches[batch].outcomes[job] = None
        prerequisites = [self.jobs[one] for one in depends_on]
        new.waits_for = {one.id for one in prerequisites if one.state in LIVE}
        failed = any(one.state not in (*LIVE, *WELL) for one in prerequisites)
        if failed and policy != "ignore":
            new.waits_for = set()
            self.end(job, "dead" if policy == "fail" else "cancelled")
        elif new.waits_for:
            new.state = "blocked"

    def end(self, job: int, outcome: str) -> None:
        """The job ends, and what follows from it."""
        ended = [(job, outcome)]
        while ended:
            job, outcome = ended.pop(0)
            self.jobs[job].state = outcome
            self.jobs[job].waits_for = set()
            for other in self.jobs.values():
                if job not in other.waits_for:
                    continue
                other.waits_for.discard(job)
                if outcome not in WELL and other.policy != "ignore":
                    other.waits_for = set()
                    ended.append((other.id, "dead" if other.policy == "fail" else "cancelled"))
                elif not other.waits_for:
                    other.state = "ready"
            batch = self.jobs[job].batch
            if batch is not None and not self.batches[batch].finished:
                self.batches[batch].outcomes[job] = outcome
                self.look(batch)

    def look(self, batch: int) -> None:
        """A batch whose jobs have ended is finished."""
        found = self.batches[batch]
        if found.finished or found.is_open or None in found.outcomes.values():
            return
        found.finished = True
        found.succeeded = all(outcome in WELL for outcome in found.outcomes.values())
        for name in ("on_complete", "on_success" if found.succeeded else "on_failure"):
            self.callbacks[batch, name] = self.callbacks.get((batch, name), 0) + 1

    def close(self, batch: int) -> None:
        """It is open no more."""
        self.batches[batch].is_open = False
        self.look(batch)

    def retry(self, job: int) -> None:
        """A job that had ended is ready again, whatever it depended on."""
        found = self.jobs[job]
        found.state = "ready"
        found.told = False
        if found.batch is not None and not self.batches[found.batch].finished:
            self.batches[found.batch].outcomes[job] = None

    def cancel(self, job: int) -> bool:
        """Whether it was cancelled or told."""
        found = self.jobs[job]
        if found.state in ("ready", "blocked"):
            self.end(job, "cancelled")
            return True
        if found.state == "running":
            found.told = True
            return True
        return False
