"""What limits allow, in a page of Python: who runs, and the line of each ordering key."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ENDED = frozenset({"completed", "dead", "cancelled", "skipped", "discarded"})
Scope = tuple[str, ...]  # ("queue", "q"), ("kind", "k"), ("key", "q", "x")
Line = tuple[str, str]  # queue, ordering key


@dataclass
class Job:
    """A job, and where it is by the database."""

    id: int
    queue: str
    kind: str
    ordering_key: str | None
    concurrency_key: str | None
    state: str = "ready"

    @property
    def scopes(self) -> Iterator[Scope]:
        """What it counts in when it runs."""
        yield "queue", self.queue
        yield "kind", self.kind
        if self.concurrency_key:
            yield "key", self.queue, self.concurrency_key

    @property
    def line(self) -> Line | None:
        """Whose turn it waits for."""
        return (self.queue, self.ordering_key) if self.ordering_key else None


class Model:
    """The limits, the jobs, and the lines."""

    def __init__(self) -> None:
        self.limits: dict[Scope, int] = {}
        self.per_key: dict[str, int] = {}
        self.jobs: dict[int, Job] = {}
        self.lines: dict[Line, list[int]] = {}

    def limit(self, scope: Scope) -> float:
        """How many of it may run."""
        if scope[0] == "key":
            return self.per_key[scope[1]]
        return self.limits.get(scope, float("inf"))

    def running(self) -> Counter[Scope]:
        """How many of each scope run."""
        running = [job for job in self.jobs.values() if job.state == "running"]
        return Counter(scope for job in running for scope in job.scopes)

    def add(self, job: Job) -> None:
        """It stands at the end of its line."""
        self.jobs[job.id] = job
        self.line_up(job)

    def line_up(self, job: Job) -> None:
        """At the end of its line."""
        if job.line:
            self.lines.setdefault(job.line, []).append(job.id)

    def see(self, states: Iterable[tuple[int, str]]) -> None:
        """Where the jobs are by now; who has ended stands in no line, and lets none run but one."""
        before = self.running()
        for nth, state in states:
            job = self.jobs[nth]
            job.state = state
            if state in ENDED and job.line and nth in self.lines[job.line]:
                self.lines[job.line].remove(nth)
        for scope, count in self.running().items():
            assert count <= max(self.limit(scope), before[scope]), (scope, count)
        for line, ids in self.lines.items():
            running = [nth for nth in ids if self.jobs[nth].state == "running"]
            assert running in ([], ids[:1]), (line, ids, running)

    def held_up(self, job: Job) -> list[object]:
        """Why a ready job, or one that is blocked, may not start."""
        reasons: list[object] = []
        running = self.running()
        reasons += [scope for scope in job.scopes if running[scope] >= self.limit(scope)]
        if job.line and self.lines[job.line][0] != job.id:
            reasons.append(job.line)
        key = job.concurrency_key
        if key and job.state == "blocked":
            # others of the key that it let go, which something else holds up
            ready = [
                other.id
                for other in self.jobs.values()
                if (other.queue, other.concurrency_key, other.state) == (job.queue, key, "ready")
            ]
            if running["key", job.queue, key] + len(ready) >= self.per_key[job.queue]:
                reasons.append(("released", *ready))
        return reasons
