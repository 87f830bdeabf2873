"""The plans of the hot verbs: no sequential scan and no sort of a table that grows, whatever the
tables hold and whatever the planner believes of them."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from conftest import Connect

Connection = psycopg.Connection[Any]
Plan = dict[str, Any]

# The tables that grow with the load; a partition's name begins with its table's.
GROWING = ("job", "ready", "scheduled", "lease", "event", "rare_event")

CLAIMS = {
    "of any queue": "select * from jobs.claim()",
    "of one queue": "select * from jobs.claim('{default}', max_jobs => 1)",
    "of many jobs": "select * from jobs.claim('{default}', max_jobs => 100)",
    "of several queues": "select * from jobs.claim('{other,default,none}', max_jobs => 7)",
    "of kinds": "select * from jobs.claim('{default}', max_jobs => 7, kinds => '{k,unknown}')",
    "by routing key": "select * from jobs.claim(max_jobs => 7, routing => '{eu,null}')",
    "with work": "select * from jobs.work('{default}', max_jobs => 7)",
}
TOKENS = "array(select token from jobs.claim(max_jobs => 90))"
# Each claims what it needs; what it does to one job, it does below the claim's own plans.
OUTCOMES = {
    "enqueue": "select jobs.enqueue('k', queue => 'new', priority => 5)",
    "enqueue_many": "select jobs.enqueue_many('k', array_fill('{}'::jsonb, array[100]))",
    "enqueue later": "select jobs.enqueue('k', delay => '1 hour')",
    "complete": "select jobs.complete(token) from jobs.claim()",
    "complete_many": f"select jobs.complete_many({TOKENS})",
    "part of a claim": f"select jobs.complete_many(({TOKENS})[2:5])",
    "fail": "select jobs.fail(token) from jobs.claim()",
    "fail_many": "select jobs.fail_many(array(select token from jobs.claim(max_jobs => 7)))",
    "snooze": "select jobs.snooze(token, '1 hour', max_snoozes => 3) from jobs.claim()",
    "skip": "select jobs.skip(token) from jobs.claim()",
    "release": "select jobs.release(token) from jobs.claim()",
    "heartbeat": "select jobs.heartbeat(array(select token from jobs.claim(max_jobs => 7)))",
    "assert_claim": "select jobs.assert_claim(token) from jobs.claim()",
    "a stale token": "select status from jobs.complete_many('{1234567890}')",
    "claims_of": "select * from jobs.claims_of(gen_random_uuid())",
    "reset_stale_claims": "select * from jobs.reset_stale_claims()",
    "idle": "select jobs.idle()",
    "tick": "select jobs.tick()",
}
# Free to scan a table while it is small.
READS = {
    "cancel a running job": "select jobs.cancel(id) from jobs.claim()",
    "cancel one of two million": "select jobs.cancel(1500000)",
    "get": "select jobs.get(5)",
    "history": "select * from jobs.history(5)",
    "the state of one job": "select * from jobs.job_state where id = 5",
}


class Explained:
    """A session that keeps the plan of every statement that runs in it, below functions too."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.plans: list[Plan] = []
        conn.execute("load 'auto_explain'")
        for name, value in {
            "auto_explain.log_min_duration": "0",
            "auto_explain.log_nested_statements": "on",
            "auto_explain.log_format": "json",
            "client_min_messages": "log",
        }.items():
            conn.execute("select set_config(%s, %s, false)", (name, value))
        conn.add_notice_handler(self._keep)

    def _keep(self, notice: psycopg.errors.Diagnostic) -> None:
        _, _, plan = (notice.message_primary or "").partition("plan:\n")
        if plan:
            self.plans.append(json.loads(plan))

    def faults_of(self, statement: str) -> list[str]:
        """Run it; what is wrong with its plans, each with the statement that it is the plan of."""
        self.plans.clear()
        self.conn.execute(statement.encode())
        assert self.plans, "auto_explain has told nothing"
        return sorted(
            {
                f"{fault} in: {' '.join(plan['Query Text'].split())[:150]}"
                for plan in self.plans
                for fault in faults(plan)
            }
        )


def nodes(plan: Plan) -> Iterator[Plan]:
    """The node and all below it."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def input_of(plan: Plan) -> Iterator[Plan]:
    """What a node reads, without the CTEs that are only attached to it."""
    for child in plan.get("Plans", []):
        if child.get("Parent Relationship") != "InitPlan":
            yield child
            yield from input_of(child)


def growing(plan: Plan) -> str | None:
    """The name of the table that the node scans, if it grows."""
    name = str(plan.get("Relation Name", ""))
    return name if name.split("_from_")[0].removesuffix("_overflow") in GROWING else None


def faults(explained: Plan) -> Iterator[str]:
    """Sequential scans of tables that grow, sorts of what comes from one, and compilation."""
    if "JIT" in explained:
        yield "compiled by JIT"
    for node in nodes(explained["Plan"]):
        match node["Node Type"]:
            case "Seq Scan" if table := growing(node):
                yield f"Seq Scan on {table}"
            case "Sort" | "Incremental Sort":
                read = sorted({table for below in input_of(node) if (table := growing(below))})
                if read:
                    yield f"{node['Node Type']} of {', '.join(read)}"


def freeze_statistics(conn: Connection) -> None:
    """The planner's idea of the tables stays as it is now, until somebody says analyze."""
    for (table,) in conn.execute(
        "select oid::regclass::text from pg_class "
        "where relnamespace = 'jobs'::regnamespace and relkind = 'r'"
    ).fetchall():
        conn.execute(f"alter table {table} set (autovacuum_enabled = off)".encode())
    conn.execute("analyze")


# {n} jobs that are ready, a tenth as many of everything else.
FILL = """
select jobs.enqueue('k', queue => q) from unnest('{{default,other}}'::text[]) as q;
insert into jobs.job (id, created_at, queue_id, kind_id, priority, args)
select i, now(), 1, 1, 0, '{{}}' from generate_series(101, 100 + {n}) as i;
insert into jobs.ready (ord, queue_id, kind_id, priority, attempt, claims, ids)
select i + 1, 1, 1, 0, 0, 0, array[i] from generate_series(101, 100 + {n}) as i;
insert into jobs.scheduled (ord, queue_id, kind_id, priority, attempt, claims, ids, run_at)
select i, 1, 1, 0, 0, 0, array[i], now() + i * interval '1 s'
from generate_series(101, 100 + {n} / 10) as i;
insert into jobs.lease (claim, until, deadline, unfinished, queue_id, kind_id, lease_ms, timeout_ms,
  priority, attempt, claims, flags, ids)
select i << 12, now() + interval '1 day', 'infinity', 1, 1, 1, 30000, 0, 0, 1, 1, 0, array[i]
from generate_series(101::bigint, 100 + {n} / 10) as i;
insert into jobs.event (pos, xid, at, queue_id, type, attempt, ids)
select i, pg_current_xact_id(), now(), 1, 'claimed', 1, array[i]
from generate_series(101, 100 + {n} / 10) as i;
select setval('jobs.pos_seq', 100 + {n});
"""


def fill(conn: Connection, n: int) -> None:
    """Fill the tables straight, which is fast."""
    conn.execute(FILL.format(n=n).encode())


# The few rows that belong to one claim or one job may be sorted.
SORTS = ("Sort", "Incremental Sort")
# These partitions are empty: the planner knows it, where it plans for each call anew.
EMPTY = ("Seq Scan on job_overflow", "Seq Scan on event_overflow")


def assert_plans(connect: Connect, statements: dict[str, str], *allowed: str) -> None:
    """In a session of its own, each of them runs twice without a fault that is not allowed."""
    explained = Explained(connect())
    found = {
        (name, fault)
        for name, statement in statements.items()
        for _ in range(2)
        for fault in explained.faults_of(statement)
        if not fault.startswith(allowed)
    }
    assert found == set()


def test_the_check_sees_a_sequential_scan_and_a_sort(conn: Connection) -> None:
    conn.execute("select jobs.enqueue('k')")
    explained = Explained(conn)
    assert explained.faults_of("select * from jobs.ready where kind_id = 1") == [
        "Seq Scan on ready in: select * from jobs.ready where kind_id = 1"
    ]
    conn.execute("set enable_seqscan = off")
    sort = "select * from jobs.ready where queue_id = 1 order by kind_id limit 1 for update"
    assert any("Sort of ready" in fault for fault in explained.faults_of(sort))


def test_plans_hold_on_empty_tables(conn: Connection, connect: Connect) -> None:
    freeze_statistics(conn)
    assert_plans(connect, CLAIMS)
    assert_plans(connect, OUTCOMES, *SORTS)


def test_plans_hold_on_tiny_tables(conn: Connection, connect: Connect) -> None:
    fill(conn, 100)
    freeze_statistics(conn)
    assert_plans(connect, CLAIMS)
    assert_plans(connect, OUTCOMES, *SORTS)


@pytest.mark.timeout(300)
def test_plans_hold_on_two_million_jobs_with_stale_statistics_and_then_true_ones(
    conn: Connection, connect: Connect
) -> None:
    freeze_statistics(conn)
    fill(conn, 2_000_000)
    assert_plans(connect, CLAIMS)
    assert_plans(connect, OUTCOMES, *SORTS)
    conn.execute("analyze")
    assert_plans(connect, CLAIMS)
    assert_plans(connect, OUTCOMES, *SORTS)
    assert_plans(connect, READS, *SORTS, *EMPTY)


def test_a_plan_made_on_empty_tables_serves_full_ones(conn: Connection, connect: Connect) -> None:
    freeze_statistics(conn)
    explained = Explained(connect())
    for statement in CLAIMS.values():
        explained.faults_of(statement)
    fill(conn, 20_000)
    for name, statement in CLAIMS.items():
        assert explained.faults_of(statement) == [], name
