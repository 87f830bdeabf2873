"""Random batches and graphs of jobs end as a model of them in Python says.

TXJOBS_MODEL_EXAMPLES=2000 for a longer search, as of the verbs.
"""

import os
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from faults.sessions import Session, problems, rows, value
from models.waits_model import LIVE, Batch, Policy, Waits

EXAMPLES = int(os.environ.get("TXJOBS_MODEL_EXAMPLES", "25"))

number = st.integers(0, 10_000)
policies = st.sampled_from(["fail", "cancel", "ignore"])
ends = st.sampled_from(["complete", "complete", "complete", "skip", "discard", "fail", "lose"])


class BatchesAndGraphs(RuleBasedStateMachine):
    """Each rule calls a verb and tells the model; afterwards both must agree."""

    conn: ClassVar[Session]

    def __init__(self) -> None:
        super().__init__()
        self.model = Waits()
        self.conn.execute(
            "truncate jobs.job, jobs.event, jobs.ready, jobs.scheduled, jobs.lease, jobs.waiter, "
            "jobs.dependency, jobs.batch"
        )

    def job(self, nth: int) -> int:
        """One of the jobs, rather a late one."""
        return list(self.model.jobs)[-1 - nth % len(self.model.jobs)]

    def batch(self, nth: int) -> int | None:
        """One of the batches that take jobs, or none."""
        found = [batch for batch, one in self.model.batches.items() if not one.finished]
        return found[-1 - nth % len(found)] if found and nth % 3 else None

    has_jobs = precondition(lambda self: self.model.jobs)
    has_batches = precondition(lambda self: self.model.batches)

    @initialize()
    def begin(self) -> None:
        """There is a batch."""
        self.create(is_open=False)

    @rule(is_open=st.booleans())
    def create(self, is_open: bool) -> None:
        batch = value(
            self.conn,
            """select jobs.create_batch('"on_complete"', '"on_success"', '"on_failure"',
            keep_open => %s)""",
            is_open,
        )
        self.model.batches[batch] = Batch(is_open)

    @rule(batch=number, near=st.lists(number, max_size=3), policy=policies)
    def enqueue(self, batch: int, near: list[int], policy: Policy) -> None:
        depends_on = [self.job(nth) for nth in near] if self.model.jobs else []
        joined = self.batch(batch)
        job = value(
            self.conn,
            "select jobs.enqueue('a', batch => %s, depends_on => %s::bigint[], "
            "on_dependency_failure => %s)",
            joined,
            depends_on,
            policy,
        )
        self.model.enqueue(job, joined, depends_on, policy)

    @rule(batch=number, count=st.integers(1, 4), near=st.lists(number, max_size=2))
    def enqueue_many(self, batch: int, count: int, near: list[int]) -> None:
        depends_on = [self.job(nth) for nth in near] if self.model.jobs else []
        joined = self.batch(batch)
        jobs = rows(
            self.conn,
            "select id from jobs.enqueue_many('a', array_fill('{}'::jsonb, array[%s::int]), "
            "batch => %s, depends_on => %s::bigint[]) order by ord",
            count,
            joined,
            depends_on,
        )
        for (job,) in jobs:
            self.model.enqueue(job, joined, depends_on, "fail")

    @has_jobs
    @rule(nth=number)
    def start(self, nth: int) -> None:
        job = self.job(nth)
        status = value(self.conn, "select status from jobs.claim_job(%s)", job)
        found = self.model.jobs[job]
        assert status == ("claimed" if found.state == "ready" else found.state)
        if status == "claimed":
            found.state = "running"

    @rule(count=st.integers(1, 5))
    def claim(self, count: int) -> None:
        for (job,) in rows(
            self.conn, "select id from jobs.claim(max_jobs => %s, kinds => '{a}')", count
        ):
            assert self.model.jobs[job].state == "ready"
            self.model.jobs[job].state = "running"

    def token(self, job: int) -> int:
        """That of a running job."""
        return int(
            value(
                self.conn,
                """select l.claim << 6 | (array_position(l.ids, %s) - 1) from jobs.lease l
                where %s = any(l.ids)""",
                job,
                job,
            )
        )

    @has_jobs
    @rule(nth=number, how=ends)
    def end(self, nth: int, how: str) -> None:
        running = [job for job, one in self.model.jobs.items() if one.state == "running"]
        if not running:
            return
        job = running[nth % len(running)]
        token, told = self.token(job), self.model.jobs[job].told
        if how == "complete":
            value(self.conn, "select jobs.complete(%s)", token)
            self.model.end(job, "completed")
        elif how == "skip":
            value(self.conn, "select jobs.skip(%s)", token)
            self.model.end(job, "skipped")
        elif how == "discard":
            value(self.conn, "select jobs.discard(%s)", token)
            self.model.end(job, "discarded")
        elif how == "fail":
            value(self.conn, "select jobs.fail(%s, reason => 'aborted')", token)
            self.model.end(job, "cancelled" if told else "dead")
        else:
            value(self.conn, "select jobs.release(%s)", token)
            if told:
                self.model.end(job, "cancelled")
            else:
                self.model.jobs[job].state = "ready"

    @rule()
    def end_all(self) -> None:
        """Those that run, in one call, and their claims in the order of the calls."""
        running = [job for job, one in self.model.jobs.items() if one.state == "running"]
        tokens = [self.token(job) for job in running]
        assert rows(self.conn, "select * from jobs.complete_many(%s::bigint[])", tokens) == []
        for job in running:
            self.model.jobs[job].state = "completed"
        for job in running:
            self.model.end(job, "completed")

    @has_jobs
    @rule(nth=number)
    def cancel(self, nth: int) -> None:
        job = self.job(nth)
        value(self.conn, "select jobs.cancel(%s)", job)
        self.model.cancel(job)

    @has_jobs
    @rule(nth=number)
    def retry(self, nth: int) -> None:
        ended = [job for job, one in self.model.jobs.items() if one.state not in LIVE]
        if ended:
            job = ended[nth % len(ended)]
            assert value(self.conn, "select jobs.retry(%s)", job) == "ready"
            self.model.retry(job)

    @has_batches
    @rule(nth=number)
    def close(self, nth: int) -> None:
        batch = list(self.model.batches)[nth % len(self.model.batches)]
        self.model.close(batch)
        state = value(self.conn, "select jobs.close_batch(%s)", batch)
        assert state == self.model.batches[batch].state

    @has_batches
    @rule(nth=number, max_jobs=st.integers(1, 4))
    def cancel_batch(self, nth: int, max_jobs: int) -> None:
        batch = list(self.model.batches)[nth % len(self.model.batches)]
        self.model.close(batch)
        wanted = [
            job
            for job, outcome in sorted(self.model.batches[batch].outcomes.items())
            if outcome is None and not self.model.jobs[job].told
        ]
        if self.model.batches[batch].finished:
            wanted = []
        cancelled = value(self.conn, "select jobs.cancel_batch(%s, null, %s)", batch, max_jobs)
        assert cancelled == len(wanted[:max_jobs])
        waiting = [job for job in wanted[:max_jobs] if self.model.jobs[job].state != "running"]
        for job in wanted[:max_jobs]:
            self.model.jobs[job].told = job not in waiting
        for job in waiting:
            self.model.jobs[job].state = "cancelled"
            self.model.jobs[job].waits_for = set()
        for job in waiting:
            self.model.end(job, "cancelled")

    @invariant()
    def jobs_agree(self) -> None:
        """The log has every job as the model does."""
        got = dict(rows(self.conn, "select id, state from jobs.job_state where kind = 'a'"))
        assert got == {job: one.state for job, one in self.model.jobs.items()}

    @invariant()
    def batches_agree(self) -> None:
        """Batches are as far, and have counted the same."""
        got = rows(
            self.conn,
            """select id, state, jobs, pending, completed, skipped, dead, cancelled, discarded
            from jobs.list_batches() order by id""",
        )
        names = ("completed", "skipped", "dead", "cancelled", "discarded")
        expected = [
            (
                batch,
                one.state,
                len(one.outcomes),
                list(one.outcomes.values()).count(None),
                *(list(one.outcomes.values()).count(name) for name in names),
            )
            for batch, one in sorted(self.model.batches.items())
        ]
        assert got == expected

    @invariant()
    def callbacks_agree(self) -> None:
        """Each callback was enqueued once, or not."""
        got = rows(
            self.conn,
            """select (j.args -> 'batch' ->> 'id')::bigint, s.kind, count(*)
            from jobs.job j join jobs.job_state s on s.id = j.id where s.kind <> 'a'
            group by 1, 2 order by 1, 2""",
        )
        assert got == sorted((*key, count) for key, count in self.model.callbacks.items())

    @invariant()
    def nothing_is_wrong(self) -> None:
        """The live tables have every job as the log does, and every wait will end."""
        assert problems(self.conn) == []


@pytest.mark.timeout(600)
def test_batches_and_graphs_end_as_the_model_says(conn: Session) -> None:
    BatchesAndGraphs.conn = conn
    run_state_machine_as_test(
        BatchesAndGraphs,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            derandomize=EXAMPLES == 25,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
