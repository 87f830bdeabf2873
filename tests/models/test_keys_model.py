"""Random enqueues by key, and what else happens to jobs, do what a model in Python says.

TXJOBS_MODEL_EXAMPLES=2000 for a longer search, with new examples at every run.
"""

import copy
import json
import os
from dataclasses import dataclass, field
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from faults.sessions import Session, problems, rows, value

EXAMPLES = int(os.environ.get("TXJOBS_MODEL_EXAMPLES", "30"))
STEPS = 40
LIVE = frozenset({"ready", "scheduled", "running"})
ALL = LIVE | {"completed", "dead", "cancelled", "skipped"}
KEEP = 100.0
Key = tuple[str, str, str]  # type, key, queue


@dataclass
class Job:
    """A job as the model has it."""

    id: int
    kind: str
    queue: str
    args: Any
    created_at: float
    unique_key: str | None
    unique_options: dict[str, Any]
    state: str = "ready"
    run_at: float | None = None
    since: float = 0.0
    token: int | None = None


@dataclass
class Held:
    """Who has a key, until when, in which states."""

    job: Job
    until: float | None
    states: frozenset[str]


@dataclass(frozen=True)
class Wanted:
    """An enqueue."""

    kind: str
    queue: str
    args: Any
    idempotency_key: str | None
    idempotency_ttl: float | None
    unique_key: str | None
    unique_options: dict[str, Any] = field(hash=False)
    on_conflict: str | None
    delay: float | None

    def as_object(self) -> dict[str, Any]:
        """An element of enqueue_many."""
        found = {name: value for name, value in vars(self).items() if value not in (None, {})}
        for name in ("delay", "idempotency_ttl"):
            if name in found:
                found[name] = f"{found[name]} seconds"
        return found


class Model:
    """All jobs, and who has which key."""

    def __init__(self) -> None:
        self.now = 0.0
        self.jobs: dict[int, Job] = {}
        self.keys: dict[Key, Held] = {}

    def holder(self, key: Key) -> Job | None:
        """The job that has the key now."""
        held = self.keys.get(key)
        if held is None or held.job.id not in self.jobs:
            return None
        if held.until is not None and held.until <= self.now:
            return None
        return held.job if held.job.state in held.states else None

    def keep(self, job: Job, states: list[str] | None, window: float | None) -> None:
        """The job has its unique key."""
        assert job.unique_key is not None
        until = None if window is None else job.created_at + window
        counts = frozenset(states) if states else LIVE if window is None else ALL
        self.keys["unique", job.unique_key, job.queue] = Held(job, until, counts)

    def enqueue(self, want: Wanted) -> tuple[int | None, bool, str | None]:
        """The id (None: a new one), whether it is a mismatch, and the SQLSTATE."""
        if want.idempotency_key is not None:
            job = self.holder(("idempotency", want.idempotency_key, want.queue))
            if job is not None:
                mismatch = (job.kind, job.args) != (want.kind, want.args)
                if want.on_conflict == "error":
                    return None, mismatch, "JB020" if mismatch else "JB021"
                if want.on_conflict == "match" and mismatch:
                    return None, mismatch, "JB020"
                return job.id, mismatch, None
        if want.unique_key is not None:
            job = self.holder(("unique", want.unique_key, want.queue))
            if job is not None:
                if want.on_conflict == "error":
                    return None, False, "JB021"
                self.replace(job, want)
                return job.id, False, None
        return None, False, None

    def replace(self, job: Job, want: Wanted) -> None:
        """What the enqueue's options say of a waiting job."""
        what = want.unique_options.get("replace", [])
        if job.state not in ("ready", "scheduled"):
            return
        run_at = job.run_at
        if "run_at" in what:
            run_at = None if want.delay is None else self.now + want.delay
        args = want.args if "args" in what else job.args
        if (run_at, args) != (job.run_at, job.args):
            job.args, job.run_at, job.since = args, run_at, self.now
            job.state = "ready" if run_at is None else "scheduled"

    def create(self, job_id: int, want: Wanted) -> None:
        """A new job."""
        job = Job(job_id, want.kind, want.queue, want.args, self.now, want.unique_key, {})
        job.unique_options = want.unique_options
        job.since = self.now
        if want.delay is not None:
            job.state, job.run_at = "scheduled", self.now + want.delay
        self.jobs[job_id] = job
        if want.idempotency_key is not None:
            ttl = want.idempotency_ttl
            until = None if ttl is None else self.now + ttl
            self.keys["idempotency", want.idempotency_key, want.queue] = Held(job, until, ALL)
        if want.unique_key is not None:
            options = want.unique_options
            self.keep(job, options.get("states"), options.get("window"))

    def move(self, job: Job, state: str) -> None:
        """The job is in another state, at once."""
        job.state, job.since, job.run_at = state, self.now, None
        if state != "running":
            job.token = None

    def retry(self, job: Job) -> str:
        """What retry answers."""
        if job.state in LIVE:
            return "JB005"
        window = job.unique_options.get("window")
        over = window is not None and job.created_at + window <= self.now
        if job.unique_key is not None and not over:
            holder = self.holder(("unique", job.unique_key, job.queue))
            if holder is not None and holder is not job:
                return "JB005"
            self.keep(job, job.unique_options.get("states"), window)
        self.move(job, "ready")
        return "ready"

    def prune(self) -> None:
        """Jobs that ended long ago are gone; their keys are free (holder sees to that)."""
        for job in list(self.jobs.values()):
            if job.state not in LIVE and job.since < self.now - KEEP:
                del self.jobs[job.id]

    def advance(self, seconds: float) -> None:
        """Time passes, and what is due is ready."""
        self.now += seconds
        for job in self.jobs.values():
            if job.state == "scheduled" and job.run_at is not None and job.run_at <= self.now:
                self.move(job, "ready")


unique_options = st.sampled_from(
    [
        {},
        {},
        {"states": ["ready", "scheduled"]},
        {"states": ["ready", "running", "completed", "dead"]},
        {"window": 20},
        {"window": 50, "states": ["ready", "scheduled", "running"]},
        {"replace": ["args"]},
        {"replace": ["args", "run_at"]},
        {"replace": ["run_at"], "window": 20},
    ]
)
wanted = st.builds(
    lambda keys, ttl, options, **rest: Wanted(
        idempotency_key=keys[0],
        idempotency_ttl=ttl if keys[0] else None,
        unique_key=keys[1],
        unique_options=options if keys[1] else {},
        **{**rest, "on_conflict": rest["on_conflict"] if any(keys) else None},
    ),
    keys=st.sampled_from(
        [("i", None), ("j", None), (None, "u"), (None, "v"), ("i", "u"), ("j", "u"), (None, None)]
    ),
    ttl=st.sampled_from([None, None, 30.0]),
    options=unique_options,
    kind=st.sampled_from(["a", "a", "b"]),
    queue=st.sampled_from(["north", "north", "north", "south"]),
    args=st.sampled_from([1, 1, {"x": [1, 2]}]),
    on_conflict=st.sampled_from([None, None, "existing", "match", "error"]),
    delay=st.sampled_from([None, None, 15.0, 40.0]),
)
number = st.integers(0, 1000)


class Keys(RuleBasedStateMachine):
    """Each rule calls a verb and tells the model; afterwards both must agree."""

    conn: ClassVar[Session]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.conn.execute("truncate jobs.job, jobs.event, jobs.ready, jobs.scheduled, jobs.lease")
        self.conn.execute("truncate jobs.unique_key, jobs.rare_event")
        self.conn.execute("select jobs.set_test_clock(jobs.now() + interval '1 hour')")
        self.conn.execute("select jobs.tick()")

    def call(self, query: str, *parameters: object) -> Any:
        """What a verb answers, or the SQLSTATE that it raises."""
        try:
            row = self.conn.execute(query.encode(), parameters).fetchone()
        except psycopg.Error as error:
            return str(error.sqlstate)
        return None if row is None else row[0]

    @rule(wants=st.lists(wanted, min_size=1, max_size=4))
    def enqueue_many(self, wants: list[Wanted]) -> None:
        """All of them, or none: an error undoes what the model has done for the others."""
        many = json.dumps([want.as_object() for want in wants])
        query = "select id, created, mismatch from jobs.enqueue_many(%s::jsonb) order by ord"
        # objects alike but for their args are one group, at the place of its first
        alike: dict[str, list[int]] = {}
        for nth, want in enumerate(wants):
            spec = json.dumps({**want.as_object(), "args": None}, sort_keys=True)
            alike.setdefault(spec, []).append(nth)
        before = copy.deepcopy(self.model)
        made, error = self.rows(query, many)
        assert self.expect(wants, alike, made) == error
        if error is not None:
            self.model = before

    def rows(self, query: str, *parameters: object) -> tuple[list[tuple[Any, ...]] | None, Any]:
        """The rows, or the SQLSTATE."""
        try:
            return self.conn.execute(query.encode(), parameters).fetchall(), None
        except psycopg.Error as error:
            return None, error.sqlstate

    def jobs(self) -> list[Job]:
        """All of them, oldest first."""
        return list(self.model.jobs.values())

    def expect(
        self,
        wants: list[Wanted],
        alike: dict[str, list[int]],
        made: list[tuple[Any, ...]] | None,
    ) -> str | None:
        """Whether that is what the model says; an id of each row, or the error."""
        for nth in [nth for group in alike.values() for nth in group]:
            job, mismatch, error = self.model.enqueue(wants[nth])
            if error is not None:
                return error
            given = made[nth] if made else (-nth - 1, job is None, mismatch)
            assert given[1:] == (job is None, mismatch)
            if job is None:
                self.model.create(given[0], wants[nth])
            else:
                assert made is None or given[0] == job
        return None

    has_jobs = precondition(lambda self: self.model.jobs)

    @has_jobs
    @rule(nth=number)
    def claim(self, nth: int) -> None:
        job = self.jobs()[nth % len(self.model.jobs)]
        token = self.call("select token from jobs.claim_job(%s)", job.id)
        if job.state in ("ready", "scheduled"):
            self.model.move(job, "running")
            job.token = token
        else:
            assert token is None

    @rule(nth=number, how=st.sampled_from(["complete", "complete", "dead", "again", "skip"]))
    def end(self, nth: int, how: str) -> None:
        running = [job for job in self.jobs() if job.state == "running"]
        if not running:
            return
        job = running[nth % len(running)]
        query = {
            "complete": "select jobs.complete(%s)",
            "dead": "select jobs.fail(%s, reason => 'aborted')",
            "again": "select jobs.fail(%s, retry_in => '0', charge => false)",
            "skip": "select jobs.skip(%s)",
        }[how]
        state = {"complete": "completed", "dead": "dead", "again": "ready", "skip": "skipped"}[how]
        assert self.call(query, job.token) == state
        self.model.move(job, state)

    @has_jobs
    @rule(nth=number)
    def cancel(self, nth: int) -> None:
        job = self.jobs()[nth % len(self.model.jobs)]
        if job.state in ("ready", "scheduled"):
            assert self.call("select jobs.cancel(%s)", job.id) == "cancelled"
            self.model.move(job, "cancelled")

    @has_jobs
    @rule(nth=number)
    def retry(self, nth: int) -> None:
        job = self.jobs()[nth % len(self.model.jobs)]
        assert self.call("select jobs.retry(%s)", job.id) == self.model.retry(job)

    @rule(seconds=st.sampled_from([1.0, 12.0, 30.0, 101.0]))
    def advance(self, seconds: float) -> None:
        query = "select jobs.set_test_clock(jobs.now() + %s * interval '1 s')"
        self.conn.execute(query, (seconds,))
        assert value(self.conn, "select jobs.tick()")
        self.model.advance(seconds)

    @rule(verb=st.sampled_from(["prune", "sweep"]))
    def tidy(self, verb: str) -> None:
        if verb == "prune":
            self.conn.execute("select count(*) from jobs.prune()")
            self.model.prune()
        else:
            self.conn.execute("select jobs._sweep_keys()")

    @invariant()
    def the_jobs_agree(self) -> None:
        got = rows(
            self.conn,
            "select s.id, s.state, j.args from jobs.job_state s join jobs.job j on j.id = s.id"
            " order by 1",
        )
        assert got == sorted((job.id, job.state, job.args) for job in self.jobs())

    @invariant()
    def the_keys_agree(self) -> None:
        got = rows(
            self.conn,
            """select k.type, k.key, q.name, case k.type
                when 'unique' then jobs.get(unique_key => k.key, queue => q.name) -> 'id'
                else jobs.get(idempotency_key => k.key, queue => q.name) -> 'id' end
              from (values ('idempotency', 'i'), ('idempotency', 'j'), ('unique', 'u'),
                ('unique', 'v')) as k(type, key)
              cross join (values ('north'), ('south')) as q(name)""",
        )
        for kind, key, queue, job in got:
            holder = self.model.holder((kind, key, queue))
            assert job == (None if holder is None else holder.id)

    def teardown(self) -> None:
        """The log, the live tables and the keys agree; no key was taken and not given."""
        assert problems(self.conn) == []
        assert value(self.conn, "select count(*) from jobs.unique_key where job_id is null") == 0


@pytest.mark.timeout(600)
def test_keys_do_what_the_model_says(conn: Session) -> None:
    conn.execute("update jobs.setting set test_clock = true")
    conn.execute("select jobs.set_test_clock('2040-01-01T00:00:00Z')")
    conn.execute("select jobs.configure_kind('a', lease => '10 d')")
    conn.execute("select jobs.configure_kind('b', lease => '10 d')")
    for queue in ("north", "south"):
        for state in ("keep", "keep_dead"):
            query = f"select jobs.configure_queue(%s, {state} => %s * interval '1 s')"
            conn.execute(query.encode(), (queue, KEEP))
    Keys.conn = conn
    run_state_machine_as_test(
        Keys,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=EXAMPLES == 30,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
