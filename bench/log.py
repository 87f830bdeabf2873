"""Scenario (g): appending to streams beside a plain insert, reading as a consumer, fanning out."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.figures import Budget, Cell, Figures, Table, median, paired
from bench.pgbench import CLIENTS, pgbench
from bench.plan import Plan
from bench.servers import Server, install_script
from bench.systems import ARGS

BATCH = 1_000
LIST = 10
#: Each client fills streams of its own, one after the other, with so many events.
STREAM = 10
NEXT = f"""\\set n :n + 1
\\set nth (:n - 1) / {STREAM}
\\set version (:n - 1) % {STREAM} + 1
"""
NAME = "'order-' || :client_id || '-' || :nth"

#: What message-db, and most who build their own, keep: the same row as ours with its position and
#: the constraint that makes expected versions work. `full` adds message-db's other two indexes,
#: which ours has as well.
PLAIN = """
create table plain (
  pos bigserial primary key, xid xid8 not null, at timestamptz not null, version bigint not null,
  generation int not null, schema_version int not null, event_id uuid,
  stream text collate "C" not null, type text collate "C" not null, headers jsonb,
  data jsonb not null, unique (stream, version))
"""
FULL = """;
create unique index on plain (event_id);
create index on plain (split_part(stream, '-', 1), pos)
"""
INSERT = f"""{NEXT}
insert into plain (xid, at, version, generation, schema_version, event_id, stream, type, data)
values (pg_current_xact_id(), clock_timestamp(), :version, 0, 1, {{event_id}}, {NAME},
  'order.placed', :data);
"""


@dataclass(frozen=True)
class Appender:
    """One way to append, as a pgbench script."""

    name: str
    setup: str
    script: str
    events: int = 1


@dataclass
class Found:
    """Figures of each round, by system."""

    speed: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wal: dict[str, float] = field(default_factory=dict)

    def row(self, name: str, reference: str) -> list[Cell]:
        """A row of a table."""
        used = self.cpu.get(name)
        speed = self.speed[name]
        ratio = paired(speed, self.speed[reference])
        return [name, median(speed), ratio, median(used) if used else None, self.wal.get(name)]


def measure(server: Server, plan: Plan, say: Callable[[str], None]) -> Figures:
    tables: list[Table] = []
    budgets: list[Budget] = []
    for part in (_appending, _reading, _fanning_out):
        table, met = part(server, plan, say)
        tables.append(table)
        budgets += met
    return Figures("g", tables, budgets)


def _append(more: str = "") -> str:
    return f"{NEXT}\nselect jobs.append_event({NAME}, 'order.placed', :data::jsonb{more});"


def _appenders() -> list[Appender]:
    ours = install_script()
    return [
        Appender("plain insert", PLAIN, INSERT.format(event_id="null")),
        Appender("plain insert, all indexes", PLAIN + FULL,
                 INSERT.format(event_id="gen_random_uuid()")),
        Appender("append_event", ours, _append()),
        Appender("append_event, version", ours, _append(", expected_version => :version - 1")),
        Appender("append_event, event_id", ours, _append(", event_id => gen_random_uuid()")),
        Appender(
            f"append_events, {LIST} in a list", ours,
            f"{NEXT}\nselect count(*) from jobs.append_events({NAME}, :list::jsonb);", LIST,
        ),
    ]  # fmt: skip


VARIABLES = {
    "n": "0",
    "data": ARGS,
    "list": "[" + ",".join([f'{{"type": "order.placed", "data": {ARGS}}}'] * LIST) + "]",
}


def _compare(
    server: Server, plan: Plan, say: Callable[[str], None], appenders: list[Appender]
) -> Found:
    found = Found()
    with ExitStack() as stack:
        databases = []
        for nth, each in enumerate(appenders):
            databases.append(stack.enter_context(server.database(f"log_{nth}")))
            server.run(each.setup, databases[-1])
        first = 0  # streams go on where the run before has stopped
        with server.without_page_images():
            for each, database in zip(appenders, databases, strict=True):
                before = server.wal_position()
                _run(server, plan, each, database, first)
                found.wal[each.name] = (
                    (server.wal_position() - before) / plan.appended / each.events
                )
        for _ in range(plan.rounds):
            first += plan.appended
            for each, database in zip(appenders, databases, strict=True):
                speed, cpu = _run(server, plan, each, database, first)
                found.speed[each.name].append(speed)
                if cpu is not None:
                    found.cpu[each.name].append(cpu)
                say(f"{each.name}: {speed:,.0f} events/s")
    return found


def _run(
    server: Server, plan: Plan, each: Appender, database: str, first: int
) -> tuple[float, float | None]:
    """Events a second, and microseconds of the server's processors for each."""
    run = pgbench(
        server, database, each.script,
        transactions=plan.appended // CLIENTS, variables={**VARIABLES, "n": str(first)},
    )  # fmt: skip
    events = run.transactions * each.events
    cpu = None if run.cpu_seconds is None else run.cpu_seconds / events * 1e6
    return run.per_second * each.events, cpu


def _appending(
    server: Server, plan: Plan, say: Callable[[str], None]
) -> tuple[Table, list[Budget]]:
    found = _compare(server, plan, say, _appenders())
    return (
        Table(
            f"(g) {plan.appended:,} appends, {CLIENTS} connections, a commit for each statement",
            ["system", "events/s", "of plain insert", "CPU µs/event", "WAL B/event"],
            [found.row(name, "plain insert") for name in found.speed],
            [
                "Plain insert: the same row, with its position and unique (stream, version).",
                "All indexes: with event ids and categories too, as message-db's table and ours.",
            ],
        ),
        [
            Budget(
                "appends in transactions of their own, of plain inserts", 0.7, False,
                paired(found.speed["append_event"], found.speed["plain insert"]), "×",
            )
        ],
    )  # fmt: skip


def _fanning_out(
    server: Server, plan: Plan, say: Callable[[str], None]
) -> tuple[Table, list[Budget]]:
    script = install_script()
    others = ";".join(f"select jobs.subscribe('other_{n}', '{{other.*}}')" for n in range(10))
    found = _compare(
        server, plan, say,
        [
            Appender("no subscription", script, _append()),
            Appender("10 of other types", f"{script};{others}", _append()),
            *(
                Appender(
                    f"{count} that match",
                    ";".join([script, *(f"select jobs.subscribe('s{n}')" for n in range(count))]),
                    _append(),
                )
                for count in (1, 3)
            ),
        ],
    )  # fmt: skip
    return (
        Table(
            "(g) Fan-out: the same appends, each with a job for every subscription",
            ["subscriptions", "events/s", "of none", "CPU µs/event", "WAL B/event"],
            [found.row(name, "no subscription") for name in found.speed],
        ),
        [],
    )


POLL = """begin;
select * from jobs.poll('reader', :batch) \\aset
select jobs.ack('reader', :pos);
commit;
"""
SELECT = """select pos, at, stream, version, type, schema_version, event_id, headers, data
from jobs.stream_event where pos > :pos order by pos limit :batch \\aset
"""


def _reading(server: Server, plan: Plan, say: Callable[[str], None]) -> tuple[Table, list[Budget]]:
    found = Found()
    batches = plan.read // BATCH
    with server.database("log_read") as database:
        server.install(database)
        _fill(server, database, plan.read)
        server.run(
            "select jobs.create_consumer('reader', 'beginning', job_events => false)", database
        )
        for _ in range(plan.rounds):
            for name, script in (("poll and ack", POLL), ("a bare select", SELECT)):
                server.run("select jobs.reset_consumer('reader', 'beginning')", database)
                run = pgbench(
                    server, database, script,
                    clients=1, transactions=batches, variables={"batch": str(BATCH), "pos": "0"},
                )  # fmt: skip
                found.speed[name].append(run.per_second * BATCH)
                if run.cpu_seconds is not None:
                    found.cpu[name].append(run.cpu_seconds / plan.read * 1e6)
                say(f"{name}: {found.speed[name][-1]:,.0f} events/s")
            found.speed["poll and ack, psycopg"].append(_psycopg(server, database, plan.read))
        with server.without_page_images():
            server.run("select jobs.reset_consumer('reader', 'beginning')", database)
            before = server.wal_position()
            _psycopg(server, database, plan.read)
            found.wal["poll and ack"] = (server.wal_position() - before) / plan.read
    return (
        Table(
            f"(g) One consumer reads {plan.read:,} events of {len(ARGS)} B in batches of {BATCH:,}",
            ["how", "events/s", "of a bare select", "CPU µs/event", "WAL B/event"],
            [found.row(name, "a bare select") for name in found.speed],
            [
                "Polled and acknowledged in one transaction; all rows are sent to the client.",
                "The client is pgbench, which keeps the last row only, or psycopg.",
            ],
        ),
        [
            Budget(
                f"a consumer in batches of {BATCH:,}, events/s", 100_000, False,
                median(found.speed["poll and ack"]),
            )
        ],
    )  # fmt: skip


def _fill(server: Server, database: str, events: int) -> None:
    with server.connect(database) as connection:
        for nth in range(events // BATCH):
            connection.execute(
                f"""select count(*) from jobs.append_events('order-{nth}', (
                  select jsonb_agg(jsonb_build_object('type', 'order.placed', 'data', %s::jsonb))
                  from generate_series(1, {BATCH})))""".encode(),
                (ARGS,),
            )
    server.run("vacuum analyze", database)


def _psycopg(server: Server, database: str, events: int) -> float:
    """Events a second of a client in Python that does nothing with them."""
    server.run("select jobs.reset_consumer('reader', 'beginning')", database)
    query = f"select pos, stream, type, data::text from jobs.poll('reader', {BATCH})"
    seen = 0
    with server.connect(database) as connection:
        began = time.perf_counter()
        while seen < events:
            with connection.transaction():
                got = connection.execute(query.encode()).fetchall()
                connection.execute("select jobs.ack('reader', %s)", (got[-1][0],))
            seen += len(got)
        return seen / (time.perf_counter() - began)
