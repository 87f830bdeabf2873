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
GROWING = ("job", "ready", "scheduled", "lease", "event", "rare_event", "stream_event")

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


# The log: what they read of it does not depend on how long it is.
POLL_AND_ACK = "select jobs.ack('{0}', max(pos)) from jobs.poll('{0}', 20) having count(*) > 0"
LOG = {
    "append_event": "select jobs.append_event('order-7', 'order.placed')",
    "append_event to a new stream": """select jobs.append_event(
        gen_random_uuid()::text, 't', expected_version => 0)""",
    "append_event with an id": """select jobs.append_event('order-7', 'order.placed',
        event_id => gen_random_uuid())""",
    "append_event caused by another": """select jobs.append_event(
        'order-7', 't', caused_by => e.pos) from jobs.latest('order-7') as e""",
    "append_events": """select * from jobs.append_events('order-7', (
        select jsonb_agg(jsonb_build_object('type', 't', 'event_id', gen_random_uuid()))
        from generate_series(1, 20)))""",
    "read_stream": "select * from jobs.read_stream('order-7', max_events => 20)",
    "read_stream backwards": "select * from jobs.read_stream('order-7', null, 20, true)",
    "read_all": "select * from jobs.read_all(max_events => 20)",
    "read_all in the middle": "select * from jobs.read_all(jobs.last_pos() / 3, 20)",
    "read_all at the end": "select * from jobs.read_all(jobs.last_pos() * 9 / 10, 20)",
    "read_all of users": "select * from jobs.read_all(null, 20, job_events => false)",
    "read_all of jobs": "select * from jobs.read_all(null, 20, job_events => true)",
    "read_all of a type": "select * from jobs.read_all(null, 20, '{rare}')",
    "read_all of some types": "select * from jobs.read_all(null, 20, '{rare,order.*,job.dead}')",
    "read_all of many types": "select * from jobs.read_all(null, 20, '{type.*}')",
    "read_all of deaths": "select * from jobs.read_all(null, 20, '{job.dead}')",
    "read_category": "select * from jobs.read_category('order', max_events => 20)",
    "read_category, a small one": "select * from jobs.read_category('small', max_events => 20)",
    "latest of a stream": "select * from jobs.latest('order-7')",
    "latest of a type": "select * from jobs.latest(type => 'rare')",
    "list_streams": "select * from jobs.list_streams(max_streams => 20)",
    "list_streams of a category": "select * from jobs.list_streams('order', max_streams => 20)",
    "poll and ack": POLL_AND_ACK.format("all"),
    "poll of deaths": POLL_AND_ACK.format("deaths"),
    "poll of a rare type": "select * from jobs.poll('rare', 20)",
}
ROWS = 1500


class Explained:
    """A session that keeps the plan of every statement that runs in it, below functions too."""

    def __init__(self, conn: Connection, *, analyze: bool = False) -> None:
        self.conn = conn
        self.plans: list[Plan] = []
        conn.execute("load 'auto_explain'")
        for name, value in {
            "auto_explain.log_min_duration": "0",
            "auto_explain.log_nested_statements": "on",
            "auto_explain.log_format": "json",
            "auto_explain.log_analyze": "on" if analyze else "off",
            "auto_explain.log_timing": "off",
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

    def rows_of(self, statement: str) -> dict[str, int]:
        """Run it; how many rows of tables that grow each of its statements has looked at."""
        self.plans.clear()
        self.conn.execute(statement.encode())
        counts: dict[str, int] = {}
        for plan in self.plans:
            text = " ".join(plan["Query Text"].split())[:150]
            counts[text] = max(counts.get(text, 0), rows_looked_at(plan))
        return counts


def rows_looked_at(explained: Plan) -> int:
    """How many rows of tables that grow were read, whether they were wanted or not."""
    return sum(
        round(
            node["Actual Loops"]
            * (node["Actual Rows"] + sum(node.get(removed, 0) for removed in REMOVED))
        )
        for node in nodes(explained["Plan"])
        if growing(node)
    )


REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck")


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


# {n} users' events, in a hundred streams and seven categories, of a thousand types and few that
# are rare; every job's event is a death; and what reads it.
FILL_LOG = """
delete from jobs.stream_event;
select jobs.subscribe('mail', '{{order.placed}}'), jobs.subscribe('other', '{{none.*}}');
insert into jobs.stream_event (pos, xid, at, version, generation, schema_version, event_id, stream,
  type, data)
select nextval('jobs.pos_seq'), pg_current_xact_id(), now(), 1 + i / 100, 1, 1,
  case when i % 2 = 0 then gen_random_uuid() end,
  (array['order', 'a', 'b', 'c', 'd', 'e', 'f'])[1 + i % 100 % 7] || '-' || i % 100,
  case when i % 1000 = 77 then 'order.placed' when i % 5000 = 99 then 'rare'
    else 'type.' || i % 1000 end, '{{}}'
from generate_series(0, {n} - 1) as i;
insert into jobs.rare_event (type, pos)
select 'dead', e.pos from jobs.event as e;
update jobs.event set type = 'dead';
select jobs.append_event('small-1', 'rare');
select jobs.create_consumer('all', 'beginning'),
  jobs.create_consumer('rare', 'beginning', '{{rare}}'),
  jobs.create_consumer('deaths', 'beginning', '{{job.dead}}');
select jobs.configure_category(c, '1 year') from unnest('{{order,a,small}}'::text[]) as c;
"""


def fill_the_log(conn: Connection, n: int) -> None:
    """Fill its tables straight, after those of the jobs."""
    conn.execute(FILL_LOG.format(n=n).encode())


# The few rows that belong to one claim or one job may be sorted.
SORTS = ("Sort", "Incremental Sort")
# These partitions are empty: the planner knows it, where it plans for each call anew.
EMPTY = ("Seq Scan on job_overflow", "Seq Scan on event_overflow")


def assert_few_rows(explained: Explained, statements: dict[str, str]) -> None:
    """Each of them, run twice, looks at no more rows than a page needs."""
    found = {
        (name, text): count
        for name, statement in statements.items()
        for _ in range(2)
        for text, count in explained.rows_of(statement).items()
        if count > ROWS
    }
    assert not found, "\n".join(f"{count} rows, {name}" for name, count in found.items())


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


def test_plans_of_the_log_hold_on_empty_and_on_tiny_tables(
    conn: Connection, connect: Connect
) -> None:
    freeze_statistics(conn)
    statements = {name: text for name, text in LOG.items() if "poll" not in name}
    assert_plans(connect, statements, *SORTS)
    fill(conn, 100)
    fill_the_log(conn, 100)
    conn.execute("analyze")
    assert_plans(connect, LOG, *SORTS)


@pytest.mark.timeout(300)
def test_the_log_is_read_by_its_indexes_however_long_it_is(
    conn: Connection, connect: Connect
) -> None:
    freeze_statistics(conn)
    early = Explained(connect(), analyze=True)
    for statement in LOG.values():
        if "poll" not in statement:
            early.rows_of(statement)
    fill(conn, 100_000)
    fill_the_log(conn, 300_000)
    assert_few_rows(early, LOG)
    assert_few_rows(Explained(connect(), analyze=True), LOG)
    assert_plans(connect, LOG, *SORTS, *EMPTY)
    pruning = Explained(connect(), analyze=True).rows_of("select * from jobs.prune()")
    assert all(count <= ROWS for text, count in pruning.items() if "stream_event" in text), pruning
    conn.execute("analyze")
    assert_few_rows(Explained(connect(), analyze=True), LOG)
    assert_plans(connect, LOG, *SORTS, *EMPTY)


# {n} jobs that were enqueued at once, claimed and ended one by one, every hundredth by death.
FILL_ENDED = """
select count(*) from jobs.enqueue_many('k', array_fill('{{}}'::jsonb, array[{n}]));
delete from jobs.ready;
insert into jobs.event (pos, xid, at, queue_id, type, attempt, ids)
select nextval('jobs.pos_seq'), pg_current_xact_id(), now(), queue_id, t.type, 1, array[id]
from jobs.job as j cross join lateral (values ('claimed'::jobs.transition),
  (case when j.id % 100 = 0 then 'dead'::jobs.transition else 'completed' end)) as t(type);
insert into jobs.rare_event (type, pos) select type, pos from jobs.event where type = 'dead';
"""
# A look-up meets the events of the 1,023 jobs before it, if they were claimed one by one.
ENDED = {
    "get": "select jobs.get(5)",
    "the state of one job": "select * from jobs.job_state where id = 5",
    "what completed": "select * from jobs.list('completed', max_jobs => 3)",
    "what died": "select * from jobs.list('dead', max_jobs => 3)",
    "results": "select * from jobs.results(array[5, 900, 50000])",
    "prune": "select * from jobs.prune(3)",
    "retry": "select jobs.retry(id) from jobs.list('completed', max_jobs => 1)",
    "retry_many": "select * from jobs.retry_many(max_jobs => 1)",
    "list_errors": "select * from jobs.list_errors(max_events => 100)",
    "a dry run": "select * from jobs.retry_many(max_jobs => 10, dry_run => true)",
    "cancel": "select jobs.cancel(9)",
}
ENDED_ROWS = 20_000


@pytest.mark.timeout(300)
def test_what_became_of_a_job_is_found_without_walking_the_log(
    conn: Connection, connect: Connect
) -> None:
    freeze_statistics(conn)
    conn.execute(FILL_ENDED.format(n=60_000).encode())
    for _ in "stale statistics", "true ones":
        explained = Explained(connect(), analyze=True)
        for name, statement in ENDED.items():
            counts = explained.rows_of(statement)
            assert max(counts.values()) < ENDED_ROWS, (name, counts)
        conn.execute("analyze")
