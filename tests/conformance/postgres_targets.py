"""Postgres as a target of the cases: through the Python worker, and by its verbs alone."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo

from conformance.case import START, Case, Script, play, value_of
from conformance.python_handlers import application, options_of
from txjobs import Client, JobInfo
from txjobs._running import COPIED
from workers import drain

Conn = psycopg.Connection[Any]

WORKER: dict[str, Any] = {
    "concurrency": 1,
    "prefetch": 0,
    "notify": False,
    "heartbeat": 0.1,
    "drain_horizon": 0.0,
    "poll_interval": 0.01,
}


class Postgres:
    """What both have in common: a session with a clock of its own."""

    def __init__(self, conn: Conn) -> None:
        self.conn = conn
        self.client = Client(conn)
        self.now = START
        conn.execute("update jobs.setting set test_clock = true")
        self.advance(0)

    @property
    def clock(self) -> str:
        """Its time."""
        return dt.datetime.fromtimestamp(self.now, dt.UTC).isoformat()

    def advance(self, seconds: float) -> None:
        """So much time passes."""
        self.now += seconds
        self.conn.execute("select jobs.set_test_clock(%s::timestamptz)", (self.clock,))

    def enqueue(self, kind: str, args: Any, options: Mapping[str, Any]) -> int:
        """By the client."""
        return self.client.enqueue(kind, args, **options_of(options)).id

    def cancel(self, job: int) -> str:
        """Ask for a job's cancellation."""
        return self.client.cancel(job)

    def get(self, job: int) -> JobInfo | None:
        """The job."""
        return self.client.get(job)

    def events(self, job: int) -> list[str]:
        """The types of its transitions."""
        return [event.type for event in self.client.history(job)]

    def transaction(self, verb: str) -> None:
        """`begin`, `commit` or `rollback`."""
        self.conn.execute(verb.encode())

    def claim(self, lease: float) -> int:
        """The token of a claim of the next job."""
        self.value("select jobs.tick()")
        text = f"{lease} s"
        return int(self.value("select token from jobs.claim(lease => %s::interval)", text))

    def reset(self) -> None:
        """Give back the jobs of leases that have ended."""
        self.value("select count(*) from jobs.reset_stale_claims()")

    def outcome(self, token: int, outcome: Mapping[str, Any]) -> str:
        """Report an outcome, strictly."""
        match outcome:
            case {"complete": result}:
                text = None if result is None else json.dumps(result)
                return str(self.value("select jobs.complete(%s, %s::jsonb)", token, text))
            case {"fail": message, **rest}:
                error = json.dumps({"message": message})
                retry_in = f"{rest['retry_in']} s" if "retry_in" in rest else None
                reason = rest.get("reason")
                return str(
                    self.value(
                        "select jobs.fail(%s, %s::jsonb, %s::interval, %s)",
                        token,
                        error,
                        retry_in,
                        reason,
                    )
                )
            case {"snooze": how}:
                delay, until = how.get("delay"), how.get("until")
                return str(
                    self.value(
                        "select jobs.snooze(%s, %s::interval, to_timestamp(%s), %s)",
                        token,
                        None if delay is None else f"{delay} s",
                        None if until is None else START + until,
                        how.get("max_snoozes"),
                    )
                )
            case {"skip": reason}:
                return str(self.value("select jobs.skip(%s, %s)", token, reason))
            case {"discard": reason}:
                return str(self.value("select jobs.discard(%s, %s)", token, reason))
            case {"release": True}:
                return str(self.value("select jobs.release(%s)", token))
            case _:
                raise AssertionError(f"there is no such outcome: {outcome}")

    def value(self, query: str, *params: Any) -> Any:
        """The first column of the first row."""
        row = self.conn.execute(query.encode(), params).fetchone()
        return None if row is None else row[0]


class Claimed(NamedTuple):
    """A row of `jobs.claim`."""

    token: int
    id: int
    kind: str
    args: Any
    headers: Mapping[str, Any]
    attempt: int


class Verbs(Postgres):
    """A worker in a few lines of SQL calls, as any language would write it."""

    def __init__(self, conn: Conn, script: Script) -> None:
        super().__init__(conn)
        self._script = script

    def run(self) -> None:
        """Claim a job and do as its script says, until there is none."""
        kinds = list(self._script.case.kinds)
        self.value("select jobs.tick()")
        self.value("select jobs.tick()")  # what the first one promoted may be claimed now
        while claimed := self._claim(1, kinds):
            kind = claimed[0].kind
            size = self._script.case.kinds[kind].get("batch_size", 1)
            if size > 1:
                claimed += self._claim(size - 1, [kind])
            actions = [self._script.start(kind, one.id, one.args) for one in claimed]
            failed = next((one for one in actions if "fail_batch" in one), None)
            for one, action in zip(claimed, actions, strict=True):
                self._work(one, failed or action)

    def _claim(self, max_jobs: int, kinds: list[str]) -> list[Claimed]:
        rows = self.conn.execute(
            "select token, id, kind, args, coalesce(headers, '{}'), attempt "
            "from jobs.claim(max_jobs => %s, kinds => %s)",
            (max_jobs, kinds),
        ).fetchall()
        return [Claimed(*row) for row in rows]

    def _work(self, job: Claimed, action: Mapping[str, Any]) -> None:
        if "cancel_self" in action:
            assert self.cancel(job.id) == action["cancel_self"]
        with self.conn.transaction() as transaction:
            outcome = self._handle(job, action)
            if "fail" not in outcome or "retry_in" in outcome:
                self.outcome(job.token, outcome)
                return
            raise psycopg.Rollback(transaction)
        self.outcome(job.token, outcome)

    def _handle(self, job: Claimed, action: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is to be reported."""
        wanted = self._script.case.kinds[job.kind].get("parameters")
        if wanted is not None and set(wanted) != set(job.args):
            return {"fail": "the args do not fit", "reason": "undecodable"}
        for spec in action.get("enqueue", ()):
            self._follow_up(spec, job)
        if "complete" in action:
            result = value_of(
                action["complete"], args=job.args, headers=job.headers, attempt=job.attempt
            )
            return {"complete": result}
        return self._without_a_result(job.token, action)

    def _without_a_result(self, token: int, action: Mapping[str, Any]) -> Mapping[str, Any]:
        match action:
            case {"hang": True}:
                said = self.value("select status from jobs.heartbeat(array[%s]::bigint[])", token)
                if said == "cancel_requested":
                    return {"release": True}
                return {"fail": "it took too long", "reason": "timeout"}
            case {"abort": message}:
                return {"fail": message, "reason": "aborted"}
            case {"reject": message}:
                return {"fail": message, "reason": "rejected"}
            case {"crash": True}:
                return {"fail": "the handler crashed"}
            case {"complete_with_what_is_not_json": True}:
                return {"fail": "the result is not JSON"}
            case {"fail_batch": message}:
                return {"fail": message}
            case _:
                return action

    def _follow_up(self, spec: Mapping[str, Any], job: Claimed) -> None:
        options = dict(self._script.options(spec))
        inherited = {name: job.headers[name] for name in COPIED if name in job.headers}
        options["headers"] = {
            "correlation_id": str(job.id),
            **inherited,
            "causation_id": str(job.id),
            **options.get("headers", {}),
        }
        self._script.ids[spec["as"]] = self.enqueue(spec["kind"], spec.get("args", {}), options)


class ThroughWorker(Postgres):
    """The Python worker, in sessions that have the case's time."""

    def __init__(self, conn: Conn, dsn: str, case: Case, script: Script, *, is_async: bool) -> None:
        super().__init__(conn)
        self._dsn = dsn
        self._app = application(case, script, self._cancel_from_outside, is_async=is_async)

    def run(self) -> None:
        """A worker runs until nothing is due."""
        dsn = make_conninfo(self._dsn, options=f"-c jobs.test_clock={self.clock}")
        drain(self._app, dsn, **WORKER)

    def _cancel_from_outside(self, job: int) -> str:
        with psycopg.connect(self._dsn, autocommit=True) as other:
            other.execute("select jobs.set_test_clock(%s::timestamptz)", (self.clock,))
            return Client(other).cancel(job)


def play_verbs(case: Case, conn: Conn) -> None:
    """By the verbs alone."""
    script = Script(case)
    play(case, script, Verbs(conn, script))


def play_worker(case: Case, conn: Conn, dsn: str, *, is_async: bool) -> None:
    """Through the Python worker."""
    script = Script(case)
    play(case, script, ThroughWorker(conn, dsn, case, script, is_async=is_async))
