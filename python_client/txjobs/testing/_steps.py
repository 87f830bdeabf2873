"""What a drain does, once for sync and async sessions.

It is a generator of steps: a call, whose value it is sent, or a unit to execute. It holds no
connection; `drain` performs its steps on one.
"""

import datetime as dt
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import psycopg

from .. import _dead_calls, _requests, _verdict
from .. import _worker_calls as calls
from .._calls import Call
from .._claimed import Claimed, Group, Unit
from .._options import Seconds, seconds_of, timestamp
from .._verdict import Verdict
from ..batch import BatchTask
from ..errors import EngineError, JobFailed, StaleClaim, TxjobsError
from ..info import ListedJob
from ..task import Task
from ._clock import now_call, set_clock_call
from ._execute import DrainSlot, DrainSlots
from ._summary import Drained, DrainedJob

__all__ = ["DrainRun", "Guarded", "Runaway", "Step", "Within"]

_LEASE = 3600.0  # seconds: nobody renews it
_PAGE = 100

Within = bool | dt.datetime | Seconds


class Runaway(TxjobsError):
    """A drain has run as many jobs as it may, and there are more."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A call that may be refused: its error must not spoil the transaction that it is made in."""

    call: Call[Any]


Step = Call[Any] | Guarded | Unit


@dataclass(slots=True)
class DrainRun:
    """One drain: its options, and what it has done so far."""

    tasks: Mapping[str, Task[Any, Any]]
    queues: tuple[str, ...] | None
    max_jobs: int
    raise_on_failure: bool
    with_scheduled: Within
    slots: DrainSlots
    slot: DrainSlot
    drained: list[DrainedJob] = field(default_factory=list)
    passed_over: set[int] = field(default_factory=set)

    def steps(self) -> Generator[Step, Any, Drained]:
        """Until there is no job to run."""
        __tracebackhide__ = True
        horizon = yield from self._horizon()
        while True:
            unit = yield from self._next(horizon)
            if unit is None:
                return Drained(tuple(self.drained))
            if len(self.drained) >= self.max_jobs:
                yield calls.release_many([job.token for job in unit.members])
                raise Runaway(self._runaway())
            members = list(unit.members)
            yield unit
            yield from self._settle()
            for job in members:
                yield from self._note(job)
            for job, done in zip(members, self.drained[-len(members) :], strict=True):
                self._raise(job, done)

    def _runaway(self) -> str:
        kinds = Counter(one.kind for one in self.drained).most_common(3)
        listed = ", ".join(f"{kind} ({count})" for kind, count in kinds)
        return (
            f"{len(self.drained)} jobs were run and there are more; most of them: {listed}. "
            "Does a handler enqueue its own kind without end? If they are meant to be so many, "
            f"give drain a max_jobs above {self.max_jobs}"
        )

    def _horizon(self) -> Generator[Step, Any, dt.datetime | None]:
        within = self.with_scheduled
        if isinstance(within, bool):
            return dt.datetime.max.replace(tzinfo=dt.UTC) if within else None
        if isinstance(within, dt.datetime):
            timestamp(within)  # refuses one without a time zone
            return within
        now: dt.datetime = yield now_call()
        return now + dt.timedelta(seconds=seconds_of(within))

    def _next(self, horizon: dt.datetime | None) -> Generator[Step, Any, Unit | None]:
        while True:
            unit = yield from self._claim()
            if unit is not None:
                return unit
            job = yield from self._first_scheduled()
            if job is None or job.run_at is None:
                return None
            now: dt.datetime = yield now_call()
            if job.run_at <= now:
                unit = yield from self._claim_by_id(job)
                if unit is not None:
                    return unit
            elif horizon is not None and job.run_at <= horizon:
                yield Guarded(set_clock_call(timestamp(job.run_at)))
            else:
                return None

    def _claim(self) -> Generator[Step, Any, Unit | None]:
        rows = yield self._work(1, list(self.tasks))
        if not rows:
            return None
        return (yield from self._unit(rows[0][1:]))

    def _unit(self, columns: tuple[Any, ...]) -> Generator[Step, Any, Unit]:
        """The job, and others of its kind if its handler takes batches."""
        first = Claimed(columns, monotonic())
        task = self.tasks[first.kind]
        if not isinstance(task, BatchTask):
            return first
        members = [first]
        if task.batching.size > 1:
            rows = yield self._work(task.batching.size - 1, [first.kind])
            members += [Claimed(row[1:], monotonic()) for row in rows]
        return Group(first.kind, members, monotonic())

    def _work(self, max_jobs: int, kinds: Sequence[str]) -> Call[Any]:
        queues = None if self.queues is None else list(self.queues)
        return calls.work(queues, None, max_jobs, _LEASE, kinds, None, [], None)

    def _first_scheduled(self) -> Generator[Step, Any, ListedJob | None]:
        after = None
        while True:
            page: list[ListedJob] = yield _requests.list_jobs("scheduled", None, None, after, _PAGE)
            for job in page:
                mine = self.queues is None or job.queue in self.queues
                if mine and job.kind in self.tasks and job.id not in self.passed_over:
                    return job
            if len(page) < _PAGE:
                return None
            after = page[-1].cursor

    def _claim_by_id(self, job: ListedJob) -> Generator[Step, Any, Unit | None]:
        # A claim does not see what is due on a clock that others' ticks are ahead of.
        self.passed_over.add(job.id)
        pauses = yield _dead_calls.list_pauses()
        if any(job.queue == one.queue or job.kind == one.kind for one in pauses):
            return None
        rows = yield calls.claim_job(job.id)
        if rows[0][0] != "claimed":
            return None
        return (yield from self._unit(rows[0][1:]))

    def _settle(self) -> Generator[Step, Any, None]:
        batch = self.slots.outbox.take()
        results = zip(batch.completed, batch.results, strict=True)
        completed = [(job, Verdict(name="completed", result=result)) for job, result in results]
        for job, verdict in [*completed, *batch.failed, *batch.single]:
            yield from self._report(job, verdict)
        for job in batch.released:
            rows = yield calls.release_many([job.token])
            self.slots.accepted(job, "released", rows[0][1])

    def _report(self, job: Claimed, verdict: Verdict) -> Generator[Step, Any, None]:
        try:
            status = yield Guarded(verdict.call(job.token))
        except StaleClaim:
            self.slots.stale(job, verdict.name)
            return
        except (EngineError, psycopg.DataError) as error:
            # The outcome itself is not one that the database takes: that is the job's failure.
            self.slot.errors[job.token] = error
            verdict = _verdict.of_error(error)
            status = yield verdict.call(job.token)
        self.slots.accepted(job, verdict.name, status)

    def _note(self, job: Claimed) -> Generator[Step, Any, None]:
        outcome = self.slots.outcomes[job.token]
        error = None
        if outcome in ("failed", "dead"):
            info = yield _requests.get(job.id)
            error = info.errors[-1]["error"] if info and info.errors else None
        self.drained.append(
            DrainedJob(
                id=job.id,
                kind=job.kind,
                queue=job.queue,
                attempt=job.attempt,
                outcome=outcome,
                error=error,
                exception=self.slot.errors.get(job.token),
            )
        )

    def _raise(self, job: Claimed, done: DrainedJob) -> None:
        __tracebackhide__ = True
        error = done.exception
        if error is not None and not isinstance(error, Exception):
            raise error  # somebody wants the test to end
        if not self.raise_on_failure or done.outcome == "cancelled":
            return
        if error is None and done.outcome == "dead":
            error = JobFailed(job.id, "dead", None, done.error)
        if error is not None:
            error.add_note(
                f"while drain ran job {job.id} ({job.kind}), attempt {job.attempt} of "
                f"{job.max_attempts}, with {job.args}; with raise_on_failure=False it goes on"
            )
            raise error
