"""Random claims, ends and resets under limits: none is exceeded, all are used, none is lost.

TXJOBS_MODEL_EXAMPLES=2000 for a longer search, with new examples at every run.
"""

import os
from typing import ClassVar, LiteralString

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

from faults.sessions import Session, column, problems, rows
from models.limits_model import ENDED, Job, Model, Scope

EXAMPLES = int(os.environ.get("TXJOBS_MODEL_EXAMPLES", "20"))
STEPS = 40
ALL = 1000
QUEUES = ["north", "south"]
KINDS = ["slow", "fast"]

number = st.integers(0, 10_000)
queues = st.sampled_from(["north", "north", "north", "south"])
kinds = st.sampled_from(KINDS)
keys = st.sampled_from([None, "x", "x", "y"])
few = st.sampled_from([1, 2, 3, 40, 40])


class Limits(RuleBasedStateMachine):
    """Each rule calls verbs; then the states that the database has must be allowed by the model."""

    conn: ClassVar[Session]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.tokens: dict[int, int] = {}
        self.conn.execute("select jobs.set_test_clock(jobs.now() + interval '1 hour')")
        self.conn.execute("truncate jobs.job, jobs.event, jobs.ready, jobs.scheduled, jobs.lease")
        self.conn.execute("truncate jobs.line, jobs.key_claim")
        self.conn.execute("select jobs.tick()")

    has_jobs = precondition(lambda self: self.model.jobs)

    def look(self) -> None:
        """The states of all jobs."""
        self.model.see(rows(self.conn, "select id, state::text from jobs.job_state"))

    @initialize(queue=few, per_key=st.sampled_from([1, 2]), kind=few)
    def begin(self, queue: int, per_key: int, kind: int) -> None:
        self.limit_queue("north", queue, per_key)
        self.limit_queue("south", 40, 3)
        self.limit_kind(kind)
        for ordering, concurrency in ((None, "x"), ("x", None), ("y", "x"), (None, None)):
            self.enqueue("north", "fast", ordering, concurrency, 3, None, 2)
        self.claim(ALL, None, None, 30)

    @rule(queue=queues, most=few, per_key=st.sampled_from([1, 2, 3]), kind=few)
    def limit(self, queue: str, most: int, per_key: int, kind: int) -> None:
        """Other limits than before, higher or lower."""
        self.limit_kind(kind)
        self.limit_queue(queue, most, per_key)

    def limit_queue(self, queue: str, most: int, per_key: int) -> None:
        self.conn.execute(
            "select jobs.configure_queue(%s, max_running => %s, max_running_per_key => %s)",
            (queue, most, per_key),
        )
        self.model.limits["queue", queue] = most
        self.model.per_key[queue] = per_key
        self.maintain()

    def limit_kind(self, most: int) -> None:
        self.conn.execute(
            """select jobs.configure_kind('slow', max_running => %s,
            backoff => '{"strategy": "constant", "base": 5}')""",
            (most,),
        )
        self.model.limits["kind", "slow"] = most

    @rule(
        queue=queues,
        kind=kinds,
        ordering=keys,
        concurrency=keys,
        count=st.sampled_from([1, 1, 2, 5, 20]),
        delay=st.sampled_from([None, None, None, 7]),
        attempts=st.integers(1, 3),
    )
    def enqueue(
        self,
        queue: str,
        kind: str,
        ordering: str | None,
        concurrency: str | None,
        count: int,
        delay: int | None,
        attempts: int,
    ) -> None:
        ids = column(
            self.conn,
            """select id from jobs.enqueue_many(%s, array_fill('{}'::jsonb, array[%s::int]),
            queue => %s, ordering_key => %s, concurrency_key => %s,
            delay => %s * interval '1 s', max_attempts => %s) order by ord""",
            *(kind, count, queue, ordering, concurrency, delay, attempts),
        )
        for nth in ids:
            self.model.add(Job(nth, queue, kind, ordering, concurrency))

    @rule(
        max_jobs=st.sampled_from([1, 2, 5, ALL, ALL]),
        some=st.sampled_from([None, QUEUES[:1], QUEUES, QUEUES[::-1]]),
        only=st.sampled_from([None, None, ["fast"], ["slow"]]),
        lease=st.sampled_from([5, 30]),
    )
    def claim(
        self, max_jobs: int, some: list[str] | None, only: list[str] | None, lease: int
    ) -> None:
        while True:
            found = rows(
                self.conn,
                """select id, token from jobs.claim(%s, max_jobs => %s, kinds => %s,
                lease => %s * interval '1 s')""",
                *(some, max_jobs, only, lease),
            )
            assert len(found) <= max_jobs
            self.tokens |= dict(found)
            self.look()
            assert all(self.model.jobs[nth].state == "running" for nth, _ in found)
            if max_jobs < ALL:
                return
            if not found:
                break  # of a wide limit, one claim gets a part
        for job in self.model.jobs.values():
            asked = job.queue in (some or QUEUES) and job.kind in (only or KINDS)
            if asked and job.state == "ready":
                assert self.model.held_up(job), ("it was left though it may start", job)

    @has_jobs
    @rule(
        nths=st.lists(number, min_size=1, max_size=5),
        verb=st.sampled_from(["complete", "fail", "fail", "abort", "release", "snooze"]),
    )
    def end(self, nths: list[int], verb: str) -> None:
        """Some of the claimed jobs end, or come back."""
        if not any(job.state == "running" for job in self.model.jobs.values()):
            self.claim(ALL, None, None, 30)
        held = [job.id for job in self.model.jobs.values() if job.state == "running"]
        some = {held[nth % len(held)] for nth in nths} if held else set()
        tokens = [self.tokens[nth] for nth in sorted(some)]
        match verb:
            case "complete":
                self.conn.execute("select jobs.complete_many(%s::bigint[])", (tokens,))
            case "release":
                self.conn.execute("select jobs.release_many(%s::bigint[])", (tokens,))
            case "snooze":
                self.conn.execute(
                    "select jobs.snooze(t, '7 s') from unnest(%s::bigint[]) t", (tokens,)
                )
            case _:
                self.conn.execute(
                    """select jobs.fail(t, retry_in => '5 s', reason => %s)
                    from unnest(%s::bigint[]) t""",
                    ("aborted" if verb == "abort" else None, tokens),
                )

    @has_jobs
    @rule(nth=number)
    def cancel(self, nth: int) -> None:
        job = list(self.model.jobs)[nth % len(self.model.jobs)]
        self.conn.execute("select jobs.cancel(%s)", (job,))

    @has_jobs
    @rule(nth=number)
    def retry(self, nth: int) -> None:
        """One that has ended stands at the end of its line."""
        ended = [job for job in self.model.jobs.values() if job.state in ENDED]
        if ended:
            job = ended[nth % len(ended)]
            self.conn.execute("select jobs.retry(%s)", (job.id,))
            self.model.line_up(job)

    @rule(seconds=st.sampled_from([1, 6, 31]))
    def advance(self, seconds: int) -> None:
        """Time passes; leases that have ended are reset."""
        self.conn.execute(
            "select jobs.set_test_clock(jobs.now() + %s * interval '1 s')", (seconds,)
        )
        self.maintain()

    @rule()
    def rolled_back(self) -> None:
        """A claim that came to nothing."""
        self.conn.execute("begin")
        self.conn.execute("select * from jobs.claim(max_jobs => 1000)")
        self.conn.execute("rollback")

    def maintain(self) -> None:
        """What workers do now and then."""
        self.conn.execute("select jobs.maintain()")

    @invariant()
    def is_allowed(self) -> None:
        self.look()
        for job in self.model.jobs.values():
            if job.state == "blocked":
                assert self.model.held_up(job), ("nobody will release it", job)

    def teardown(self) -> None:
        """Nothing is left behind: all of them end, and every limit is whole again."""
        for _ in range(2000):
            tokens = column(self.conn, "select token from jobs.claim(max_jobs => %s)", ALL)
            self.look()
            self.conn.execute("select jobs.complete_many(%s::bigint[])", (tokens,))
            if all(job.state in ENDED for job in self.model.jobs.values()):
                break
            if not tokens:
                self.advance(31)
            self.look()
        left = [job for job in self.model.jobs.values() if job.state not in ENDED]
        assert left == []
        self.advance(31)
        assert rows(self.conn, "select * from jobs.line") == []
        assert rows(self.conn, "select * from jobs.key_claim") == []
        assert problems(self.conn) == []
        for queue in QUEUES:
            self.conn.execute(
                "select jobs.enqueue_many('fast', array_fill('{}'::jsonb, array[50]), queue => %s)",
                (queue,),
            )
            scope: Scope = ("queue", queue)
            got = 0
            query: LiteralString = "select id from jobs.claim(%s, max_jobs => 50)"
            while found := column(self.conn, query, [queue]):
                got += len(found)
            assert got == self.model.limits[scope], "every permit is there"


@pytest.mark.timeout(7200)
def test_no_limit_is_exceeded_and_none_is_lost(conn: Session) -> None:
    conn.execute("update jobs.setting set test_clock = true")
    conn.execute("select jobs.set_test_clock('2040-01-01T00:00:00Z')")
    Limits.conn = conn
    run_state_machine_as_test(
        Limits,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=EXAMPLES == 20,
            suppress_health_check=list(HealthCheck),
        ),
    )
