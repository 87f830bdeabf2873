"""What the verbs do, in a page of Python: one dictionary of jobs, one of tokens, a clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal[
    "ready", "scheduled", "running", "completed", "dead", "cancelled", "skipped", "discarded"
]
ENDED = frozenset({"completed", "dead", "cancelled", "skipped", "discarded"})
BACKOFF = 10.0
MAX_CLAIMS = {"a": 2, "b": 3}
BLOCK = 60  # jobs
SPAN = 1024  # the ids of a block lie within as many
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
    rank: int = 0  # its place among those that are ready; while scheduled, among those of its time
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
        job.rank = self.rank()
        if delay > 0:
            job.run_at = self.now + delay

    def candidates(self, queues: list[str], kinds: list[str] | None) -> list[Job]:
        """Who may be claimed, in order."""
        found = [
            job
            for job in self.jobs.values()
            if job.state == "ready"
            and job.queue in queues
            and (kinds is None or job.kind in kinds)
            and not {("queue", job.queue), ("kind", job.kind)} & self.paused
        ]
        return sorted(found, key=lambda job: (-job.priority, queues.index(job.queue), job.rank))

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

    def give_back(self, jobs: Iterable[Job], outcome: str) -> dict[int, str]:
        """Jobs are released or expire, all in one call; what each token's job is now.

        Claim by claim in the order of the claims; of each claim kind by kind, the kind of its first
        job first.
        """
        answers = {}
        claims: dict[int, list[Job]] = {}
        for token, job in sorted((job.token, job) for job in jobs if job.token is not None):
            charge = outcome == "expired" and CHARGES_LOST[job.kind]
            answers[token] = self.settle(job, outcome, delay=0.0, charge=charge)
            if job.state == "ready":
                claims.setdefault(token >> 6, []).append(job)
        for claim in claims.values():
            kinds = [job.kind for job in claim]
            for job in sorted(claim, key=lambda job: (kinds.index(job.kind), job.id)):
                job.rank = self.rank()
        return answers

    def promote(self) -> None:
        """A tick: what is due is ready.

        Those alike stand together in blocks, by id, and a block at the place of its earliest job:
        by time, then in the order in which they were scheduled.
        """
        due = [job for job in self.jobs.values() if job.state == "scheduled"]
        due = [job for job in due if job.run_at is not None and job.run_at <= self.now]
        alike: dict[tuple[object, ...], list[Job]] = {}
        for job in sorted(due, key=lambda job: job.id):
            lane = (job.queue, job.priority)
            like = (*lane, job.kind, job.attempt, job.claims, job.id // SPAN)
            alike.setdefault(like, []).append(job)
        blocks = [
            jobs[first : first + BLOCK]
            for jobs in alike.values()
            for first in range(0, len(jobs), BLOCK)
        ]
        blocks.sort(key=lambda block: min((job.run_at or 0.0, job.rank) for job in block))
        for job in [job for block in blocks for job in block]:
            self._move(job, "ready")
            job.rank = self.rank()

    def cancel(self, job: Job) -> str:
        """What cancel answers."""
        if job.state in ("ready", "scheduled"):
            self._move(job, "cancelled")
        elif job.state == "running":
            job.cancel = True
            return "cancel_requested"
        return job.state

    def retry(self, job: Job, delay: float = 0.0) -> None:
        """A job that has ended is ready again, or scheduled."""
        job.attempt = job.claims = 0
        self._wait(job, delay, None)

    def advance(self, seconds: float) -> None:
        """Time passes, stale claims are reset, then a tick promotes what is due."""
        self.now += seconds
        self.give_back([job for job in self.jobs.values() if job.until <= self.now], "expired")
        self.promote()

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
