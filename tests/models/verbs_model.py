"""What the verbs do, in a page of Python: one dictionary of jobs, one of tokens, a clock."""

from dataclasses import dataclass
from typing import Literal

State = Literal[
    "ready", "scheduled", "running", "completed", "dead", "cancelled", "skipped", "discarded"
]
Key = tuple[int, int, int]
ENDED = frozenset({"completed", "dead", "cancelled", "skipped", "discarded"})
BACKOFF = 10.0
MAX_CLAIMS = {"a": 2, "b": 3}
KEEP = {"dead": 200.0}
KEEP_OTHERS = 100.0
CHARGES_LOST = {"a": True, "b": False}
# A verb that is called again with the same token answers already_done after these.
SAME = {
    "complete": {"completed"},
    "fail": {"failed", "dead", "cancelled"},
    "snooze": {"snoozed", "dead", "cancelled"},
    "release": {"released", "dead", "cancelled"},
    "skip": {"skipped"},
    "discard": {"discarded"},
}


@dataclass
class Job:
    """A job as the model has it."""

    id: int
    kind: str
    queue: str
    priority: int
    max_attempts: int
    created_at: float
    state: State = "ready"
    attempt: int = 0
    claims: int = 0
    rank: int = 0  # when it became ready; jobs promoted by the same tick share it
    run_at: float | None = None
    since: float = 0.0
    token: int | None = None
    until: float = 0.0
    lease: float = 0.0
    cancel: bool = False


class Model:
    """All jobs, and what became of every token."""

    def __init__(self) -> None:
        self.now = 0.0
        self.jobs: dict[int, Job] = {}
        self.tokens: dict[int, tuple[int, str | None]] = {}  # job, outcome (None: running)
        self.paused: set[tuple[str, str]] = set()
        self.ranks = 0

    def rank(self) -> int:
        """A rank behind all others."""
        self.ranks += 1
        return self.ranks

    def _move(self, job: Job, state: State, outcome: str | None = None) -> None:
        if job.token is not None and outcome is not None:
            self.tokens[job.token] = (job.id, outcome)
            job.token = None
        job.state, job.since, job.run_at = state, self.now, None
        job.cancel = False

    def enqueue(self, job: Job, delay: float | None) -> None:
        """The job exists."""
        self.jobs[job.id] = job
        self._wait(job, delay or 0.0, None)

    def _wait(self, job: Job, delay: float, outcome: str | None) -> None:
        self._move(job, "scheduled" if delay > 0 else "ready", outcome)
        if delay > 0:
            job.run_at = self.now + delay
        else:
            job.rank = self.rank()

    def candidates(self, queues: list[str], kinds: list[str] | None) -> list[tuple[Key, Job]]:
        """Who may be claimed, in order; those of equal key in any order."""
        found = [
            ((-job.priority, queues.index(job.queue), job.rank), job)
            for job in self.jobs.values()
            if job.state == "ready"
            and job.queue in queues
            and (kinds is None or job.kind in kinds)
            and not {("queue", job.queue), ("kind", job.kind)} & self.paused
        ]
        return sorted(found, key=lambda pair: pair[0])

    def claim(self, job: Job, token: int, lease: float) -> None:
        """The job runs."""
        self._move(job, "running")
        job.attempt += 1
        job.claims += 1
        job.token, job.lease, job.until = token, lease, self.now + lease
        self.tokens[token] = (job.id, None)

    def holder(self, token: int) -> Job | None:
        """The job that this token holds."""
        job, outcome = self.tokens.get(token, (0, "never claimed"))
        return self.jobs[job] if outcome is None else None

    def refusal(self, verb: str, token: int) -> str:
        """What a verb says to a token that holds nothing."""
        _, outcome = self.tokens.get(token, (0, None))
        return "already_done" if outcome in SAME[verb] else "stale"

    def end(self, job: Job, state: State) -> str:
        """A terminal outcome, reported by the worker."""
        self._move(job, state, state)
        return state

    def settle(
        self, job: Job, outcome: str, *, delay: float, charge: bool, aborted: bool = False
    ) -> str:
        """An outcome that is not the end, unless a budget or a cancellation makes it so."""
        job.attempt -= not charge
        spent = outcome != "snoozed" and (
            job.claims >= MAX_CLAIMS[job.kind] or job.attempt >= job.max_attempts
        )
        if job.cancel:
            return self.end(job, "cancelled")
        if aborted or spent:
            return self.end(job, "dead")
        if outcome == "snoozed":
            job.claims = 0
        self._wait(job, delay, outcome)
        return job.state

    def cancel(self, job: Job) -> str:
        """What cancel answers."""
        if job.state in ("ready", "scheduled"):
            self._move(job, "cancelled")
        elif job.state == "running":
            job.cancel = True
            return "cancel_requested"
        return job.state

    def retry(self, job: Job) -> None:
        """A job that has ended is ready again."""
        job.attempt = job.claims = 0
        self._wait(job, 0.0, None)

    def advance(self, seconds: float) -> None:
        """Time passes, stale claims are reset, then a tick promotes what is due."""
        self.now += seconds
        for job in self.jobs.values():
            if job.state == "running" and job.until <= self.now:
                self.settle(job, "expired", delay=0.0, charge=CHARGES_LOST[job.kind])
        rank = self.rank()
        for job in self.jobs.values():
            if job.state == "scheduled" and job.run_at is not None and job.run_at <= self.now:
                self._move(job, "ready")
                job.rank = rank

    def prune(self) -> dict[str, int]:
        """How many jobs of each state are gone."""
        gone: dict[str, int] = {}
        for job in list(self.jobs.values()):
            keep = KEEP.get(job.state, KEEP_OTHERS)
            if (
                job.state in ENDED
                and job.since < self.now - keep
                and job.created_at < self.now - min(KEEP_OTHERS, *KEEP.values())
            ):
                gone[job.state] = gone.get(job.state, 0) + 1
                del self.jobs[job.id]
        return gone
