"""Random sequences of verbs do what a model of them in Python says.

TXJOBS_MODEL_EXAMPLES=2000 for a longer search, with new examples at every run. Without it they are
the same at every run, but not alone and with other tests: Hypothesis tries constants that it finds
in the modules that have been imported. A failure is shrunk for up to five minutes; the time-out
leaves room for that, so that it does not look like a hang.
"""

import os
from collections.abc import Mapping, Sequence
from typing import ClassVar, LiteralString

import psycopg
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

from faults.sessions import Session, column, complete_many, problems, rows, value
from models.verbs_model import BACKOFF, ENDED, KEEP, KEEP_OTHERS, MAX_CLAIMS, Job, Model, State

EXAMPLES = int(os.environ.get("TXJOBS_MODEL_EXAMPLES", "40"))
STEPS = 50
QUEUES = ["north", "south"]
PRIORITIES = [-1, 0, 1]

REPORTS = {
    "complete": "select jobs.complete(%(token)s)",
    "skip": "select jobs.skip(%(token)s, 'nothing to do')",
    "discard": "select jobs.discard(%(token)s)",
    "fail": """select jobs.fail(%(token)s, '"broken"', charge => %(charge)s, reason => %(reason)s,
      retry_in => %(delay)s * interval '1 s')""",
    "snooze": """select jobs.snooze(%(token)s,
      delay => coalesce(%(delay)s, 0) * interval '1 s')""",
    "release": "select jobs.release(%(token)s)",
}
ENDS: dict[str, State] = {"complete": "completed", "skip": "skipped", "discard": "discarded"}

number = st.integers(0, 10_000)
delays = st.sampled_from([None, None, 0.0, 7.0, 25.0])
# most jobs in one lane, so that there is an order among them
queues = st.sampled_from(["north", "north", "north", "south"])
priorities = st.sampled_from([0, 0, 0, 0, 1, -1])
kinds = st.sampled_from(["a", "b"])
attempts = st.integers(1, 3)


def configure(conn: Session) -> None:
    """The settings that the model has as constants; every lane exists."""
    conn.execute("update jobs.setting set test_clock = true")
    conn.execute("select jobs.set_test_clock('2040-01-01T00:00:00Z')")
    for kind, charge_lost in (("a", True), ("b", False)):
        conn.execute(
            "select jobs.configure_kind(%s, backoff => %s, max_claims => %s, charge_lost => %s)",
            (kind, f'{{"strategy": "constant", "base": {BACKOFF}}}', MAX_CLAIMS[kind], charge_lost),
        )
    for queue in QUEUES:
        conn.execute(
            """select jobs.configure_queue(%s,
            keep => %s * interval '1 s', keep_dead => %s * interval '1 s')""",
            (queue, KEEP_OTHERS, KEEP["dead"]),
        )
        for priority in PRIORITIES:
            conn.execute("select jobs.enqueue('a', '{}', %s, %s)", (queue, priority))
    conn.execute("select jobs.tick()")


class Verbs(RuleBasedStateMachine):
    """Each rule calls a verb and tells the model; afterwards both must agree."""

    conn: ClassVar[Session]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        conn = self.conn
        conn.execute(
            "truncate jobs.job, jobs.event, jobs.ready, jobs.scheduled, jobs.lease, jobs.prune_mark"
        )
        conn.execute("delete from jobs.pause")
        # an hour, so that nothing of the last example is left in the marks
        conn.execute("select jobs.set_test_clock(jobs.now() + interval '1 hour')")
        conn.execute("select jobs.tick()")
        self.start = value(conn, "select jobs.now()")

    def pick_job(self, nth: int) -> Job:
        """One of the jobs."""
        return list(self.model.jobs.values())[nth % len(self.model.jobs)]

    def pick_token(self, nth: int) -> int:
        """A token; mostly one of a running job, and rather of one that was claimed often."""
        running = [job for job in self.model.jobs.values() if job.token is not None]
        if not running:
            self.claim(QUEUES, None, 100, 30.0)
            running = [job for job in self.model.jobs.values() if job.token is not None]
        if running and nth % 4:
            running.sort(key=lambda job: -job.claims)
            token = running[nth // 4 % min(3, len(running))].token
            assert token is not None
            return token
        return list(self.model.tokens or [0])[nth % max(1, len(self.model.tokens))]

    def call(self, query: str, parameters: Mapping[str, object] | Sequence[object]) -> str:
        """What a verb answers, or the SQLSTATE that it raises."""
        try:
            row = self.conn.execute(query.encode(), parameters).fetchone()
        except psycopg.Error as error:
            return str(error.sqlstate)
        assert row is not None
        return str(row[0])

    has_jobs = precondition(lambda self: self.model.jobs)

    @initialize(count=st.integers(1, 5))
    def begin(self, count: int) -> None:
        """There is something to claim."""
        for nth in range(count):
            self.enqueue("ab"[nth % 2], "north", 0, 3, None)

    @rule(kind=kinds, queue=queues, priority=priorities, attempts=attempts, delay=delays)
    def enqueue(
        self, kind: str, queue: str, priority: int, attempts: int, delay: float | None
    ) -> None:
        answer = self.call(
            """select jobs.enqueue(%s, '{}', %s, %s, delay => %s * interval '1 s',
            max_attempts => %s)""",
            (kind, queue, priority, delay, attempts),
        )
        job = Job(int(answer), kind, queue, priority, attempts, self.model.now)
        self.model.enqueue(job, delay)

    @rule(
        kind=kinds,
        queue=queues,
        priority=priorities,
        attempts=attempts,
        delay=delays,
        count=st.sampled_from([2, 3, 5, 61]),
    )
    def enqueue_many(
        self, kind: str, queue: str, priority: int, attempts: int, delay: float | None, count: int
    ) -> None:
        ids = column(
            self.conn,
            """select id from jobs.enqueue_many(%s, array_fill('{}'::jsonb, array[%s::int]), %s, %s,
            delay => %s * interval '1 s', max_attempts => %s) order by ord""",
            *(kind, count, queue, priority, delay, attempts),
        )
        for job in ids:
            self.model.enqueue(Job(job, kind, queue, priority, attempts, self.model.now), delay)

    @rule(later=st.lists(st.tuples(kinds, st.sampled_from([7.0, 14.0, 25.0])), min_size=2))
    def schedule(self, later: list[tuple[str, float]]) -> None:
        """Jobs of one lane that a tick may find due together."""
        for kind, delay in later:
            self.enqueue(kind, "north", 0, 3, delay)

    @rule(
        some=st.sampled_from([["north"], ["south"], QUEUES, QUEUES[::-1]]),
        only=st.sampled_from([None, None, None, ["a"], ["b"]]),
        max_jobs=st.sampled_from([1, 3, 10, 100, 100]),
        lease=st.sampled_from([5.0, 30.0]),
    )
    def claim(self, some: list[str], only: list[str] | None, max_jobs: int, lease: float) -> None:
        expected = self.model.candidates(some, only)
        got = rows(
            self.conn,
            """select token, id, attempt from jobs.claim(queues => %s, kinds => %s, max_jobs => %s,
            lease => %s * interval '1 s')""",
            *(some, only, max_jobs, lease),
        )
        assert [job for _, job, _ in got] == [job.id for job in expected][:max_jobs]
        for token, job, attempt in got:
            self.model.claim(self.model.jobs[job], token, lease)
            assert attempt == self.model.jobs[job].attempt

    @has_jobs
    @rule(
        nth=number,
        verb=st.sampled_from(["complete", "skip", "discard", "fail", "fail", "snooze", "release"]),
        delay=delays,
        aborted=st.sampled_from([False, False, False, True]),
        charge=st.booleans(),
    )
    def report(self, nth: int, verb: str, delay: float | None, aborted: bool, charge: bool) -> None:
        """The strict form of an outcome."""
        token = self.pick_token(nth)
        query = REPORTS[verb]
        parameters: dict[str, object] = {"token": token, "charge": charge}
        parameters |= {"delay": delay, "reason": "aborted" if aborted else None}
        expected = self.expect(verb, token, delay, aborted, charge)
        assert self.call(query, parameters) == expected

    def expect(
        self, verb: str, token: int, delay: float | None, aborted: bool, charge: bool
    ) -> str:
        """What that outcome answers, by the model."""
        model = self.model
        job = model.holder(token)
        if job is None:
            refusal = model.refusal(verb, token)
            return "JB001" if refusal == "stale" else refusal
        match verb:
            case "complete" | "skip" | "discard":
                return model.end(job, ENDS[verb])
            case "fail":
                after = BACKOFF if delay is None else delay
                return model.settle(job, "failed", delay=after, charge=charge, aborted=aborted)
            case "snooze":
                return model.settle(job, "snoozed", delay=delay or 0.0, charge=False)
            case _:
                return model.settle(job, "released", delay=0.0, charge=False)

    @has_jobs
    @rule(nths=st.lists(number, min_size=1, max_size=8))
    def complete_many(self, nths: list[int]) -> None:
        tokens = list(dict.fromkeys(self.pick_token(nth) for nth in nths))
        refused = {
            token: self.model.refusal("complete", token)
            for token in tokens
            if self.model.holder(token) is None
        }
        assert complete_many(self.conn, tokens) == refused
        for token in tokens:
            if job := self.model.holder(token):
                self.model.end(job, "completed")

    @has_jobs
    @rule(some=st.sampled_from([1, 3, 100]))
    def release_many(self, some: int) -> None:
        running = [job for job in self.model.jobs.values() if job.token is not None][:some]
        tokens = [job.token for job in running]
        expected = self.model.give_back(running, "released")
        query = "select token, status from jobs.release_many(%s::bigint[])"
        assert dict(rows(self.conn, query, tokens)) == expected

    @has_jobs
    @rule(nths=st.lists(number, min_size=1, max_size=8))
    def heartbeat(self, nths: list[int]) -> None:
        tokens = {self.pick_token(nth) for nth in nths}
        expected = {}
        for token in tokens:
            job = self.model.holder(token)
            if job is None:
                expected[token] = "lost"
            elif job.cancel:
                expected[token] = "cancel_requested"
        query = "select token, status from jobs.heartbeat(%s)"
        assert dict(rows(self.conn, query, list(tokens))) == expected
        claims = {token >> 6 for token in tokens}
        for job in self.model.jobs.values():  # a lease is one claim's, and renewed as a whole
            if job.token is not None and job.token >> 6 in claims:
                job.until = self.model.now + job.lease

    @has_jobs
    @rule(nth=number)
    def cancel(self, nth: int) -> None:
        job = self.pick_job(nth)
        assert self.call("select jobs.cancel(%s)", (job.id,)) == self.model.cancel(job)

    @has_jobs
    @rule(nth=number, delay=st.sampled_from([-1.0, 0.0, 3.0]))
    def retry(self, nth: int, delay: float) -> None:
        job = self.pick_job(nth)
        answer = self.call(
            """select jobs.retry(%s, jobs.now() + %s * interval '1 s', '{"retried": true}')""",
            (job.id, delay),
        )
        if job.state in ENDED:
            assert answer == ("scheduled" if delay > 0 else "ready")
            self.model.retry(job, max(delay, 0.0))
        else:
            assert answer == "JB005"

    @has_jobs
    @rule(
        kind=st.sampled_from([None, "a"]),
        rate=st.sampled_from([None, 0.5, 1e9]),
        max_jobs=st.sampled_from([1, 100]),
    )
    def retry_many(self, kind: str | None, rate: float | None, max_jobs: int) -> None:
        jobs = self.model.jobs
        dead = [j for j in jobs.values() if j.state == "dead" and kind in (None, j.kind)]
        query: LiteralString = """select id, extract(epoch from run_at - jobs.now())::float8
            from jobs.retry_many(kind => %s, rate => %s, max_jobs => %s, dry_run => %s)"""
        would = rows(self.conn, query, kind, rate, max_jobs, True)
        done = rows(self.conn, query, kind, rate, max_jobs, False)
        assert would == done
        assert len(done) == min(max_jobs, len(dead))
        deaths = [jobs[job].since for job, _ in done]
        assert deaths == sorted(j.since for j in dead)[:max_jobs]
        for nth, (job, delay) in enumerate(done):
            assert jobs[job] in dead
            assert delay == (nth / rate if nth and rate == 0.5 else None)
            self.model.retry(jobs[job], delay or 0.0)

    @rule(seconds=st.sampled_from([1.0, 6.0, 31.0, 101.0]))
    def advance(self, seconds: float) -> None:
        self.conn.execute(
            "select jobs.set_test_clock(jobs.now() + %s * interval '1 s')", (seconds,)
        )
        self.conn.execute("select jobs.reset_stale_claims()")
        assert value(self.conn, "select jobs.tick()")
        self.model.advance(seconds)

    @rule(what=st.sampled_from([("queue", "north"), ("queue", "south"), ("kind", "a")]))
    def pause_or_resume(self, what: tuple[str, str]) -> None:
        verb = "resume" if what in self.model.paused else "pause"
        self.conn.execute(f"select jobs.{verb}({what[0]} => %s)".encode(), (what[1],))
        self.model.paused ^= {what}

    @rule()
    def prune(self) -> None:
        gone = rows(self.conn, "select state, sum(jobs)::int from jobs.prune() group by 1")
        assert dict(gone) == self.model.prune()

    @has_jobs
    @rule(nth=number)
    def get(self, nth: int) -> None:
        job = self.pick_job(nth)
        got = value(self.conn, "select jobs.get(%s)", job.id)
        assert (got["state"], got["attempt"]) == (job.state, job.attempt)
        assert got.get("cancel_requested", False) == job.cancel

    @invariant()
    def states_agree(self) -> None:
        """The log has every job as the model does."""
        got = {
            job: tuple(rest)
            for job, *rest in rows(
                self.conn,
                """select id, state, attempt, extract(epoch from run_at - %s)::float8,
                  extract(epoch from since - %s)::float8 from jobs.job_state""",
                self.start,
                self.start,
            )
        }
        expected = {
            job.id: (job.state, job.attempt, job.run_at, job.since)
            for job in self.model.jobs.values()
        }
        assert got == expected

    @invariant()
    def nothing_is_wrong(self) -> None:
        """The live tables have every job as the log does."""
        assert problems(self.conn) == []


@pytest.mark.timeout(600)
def test_the_verbs_do_what_the_model_says(conn: Session) -> None:
    configure(conn)
    Verbs.conn = conn
    run_state_machine_as_test(
        Verbs,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=EXAMPLES == 40,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
