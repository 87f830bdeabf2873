"""Limits, as users set them: the guide, tasks, settings that are declared, the command line."""

import re
import types
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mypy import api

import command_line
from command_line import Run, refused
from faults.sessions import claim, rows
from guides import examples, run_in_psql
from txjobs import Client, InvalidArgument, Jobs, Worker, embedded, reconcile

Connection = psycopg.Connection[Any]

bare = command_line.bare
txjobs = command_line.txjobs

LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"

app = Jobs()
app.queue("narrow", max_running=1, rate=1000, burst=5)
app.kind("charge", max_running=2, rate=100.5)


@app.task(queue="narrow")
def work(n: int) -> int:
    return n


def test_the_guide_runs_in_psql(conn: Connection, dsn: str, binaries: embedded.Binaries) -> None:
    printed = run_in_psql("\n".join(examples(LIMITS, "sql")), dsn, binaries)
    found = re.findall(r"^ +(two|three|none) +\n-+\n +(\d)", printed, re.MULTILINE)
    assert found == [("two", "2"), ("none", "0"), ("three", "3"), ("none", "0"), ("three", "3")]
    running = rows(
        conn,
        """select queue, count(*) from jobs.job_state where state = 'running'
        group by 1 order by 1""",
    )
    assert running == [
        ("default", 2),
        ("imports", 3),
        ("orders", 1),
        ("outbound", 3),
        ("render", 2),
    ]
    assert rows(conn, "select count(*) from jobs.job_state where state = 'blocked'") == [(3,)]
    assert "is before it, and is running" in printed


def test_the_python_of_the_guide_works_and_is_typed(
    conn: Connection, dsn: str, tmp_path: Path
) -> None:
    (source,) = examples(LIMITS, "python")
    shop = types.ModuleType("shop")
    exec(compile(source, "limits.md", "exec"), shop.__dict__)  # noqa: S102
    (why,) = shop.produce(dsn)
    assert why.endswith("of its ordering key order 7 is before it, and is ready")
    reconcile(conn, shop.app)
    (imports,) = Client(conn).queues("imports")
    assert imports.changed == ["max_running_per_key", "rate_per_key"]
    (tmp_path / "shop.py").write_text(source)
    report, errors, status = api.run(["--strict", str(tmp_path / "shop.py")])
    assert status == 0, report + errors


def test_limits_of_the_application_hold_for_its_workers(conn: Connection, dsn: str) -> None:
    for nth in range(4):
        work.enqueue(conn, nth)
    assert Worker(app, dsn, drain=True, concurrency=4).main() == 0
    (narrow,) = Client(conn).queues("narrow")
    assert (narrow.settings["max_running"], narrow.settings["burst"]) == (1, 5)
    overlaps = rows(
        conn,
        """select count(*) from jobs.job_event a join jobs.job_event b
        on a.type = 'claimed' and b.type = 'claimed' and a.pos < b.pos and b.pos < (
          select e.pos from jobs.job_event e where e.job_id = a.job_id and e.type = 'completed')""",
    )
    assert overlaps == [(0,)], "one at a time, whatever the worker's concurrency"


def test_keys_go_with_a_task_and_with_a_call(conn: Connection) -> None:
    for key in ("a", "a", "b"):
        work.using(queue="default", ordering_key=key, concurrency_key="all").enqueue(conn, 1)
    conn.execute("select jobs.configure_queue('default', max_running_per_key => 2)")
    conn.execute("select jobs.tick()")
    assert len(claim(conn, 10)) == 2, "the first of each ordering key"
    assert [job.state for job in Client(conn).list("blocked")] == ["blocked"]


def test_the_command_line_sets_limits_and_gives_keys(txjobs: Run, conn: Connection) -> None:
    told = txjobs(
        "configure", "queue", "render", "--max-running", "2", "--rate", "10", "--burst", "20"
    )
    assert told.code == 0, told.err
    assert told.out == "queue render: burst 20, max_running 2, rate 10\n"
    more = ("--max-running-per-key", "2", "--rate-per-key", "0.5", "--burst-per-key", "3")
    assert txjobs("configure", "queue", "imports", *more, "--ageing", "7").code == 0
    assert txjobs("configure", "kind", "charge", "--max-running", "1", "--rate", "2").code == 0
    options = ("-q", "imports", "--concurrency-key", "tenant 7", "--ordering-key", "order 7")
    assert txjobs("enqueue", "load", "{}", *options).code == 0
    assert rows(conn, "select options - 'routing_key' from jobs.job") == [
        ({"concurrency_key": "tenant 7", "ordering_key": "order 7"},)
    ]
    (imports,) = Client(conn).queues("imports")
    assert imports.changed == ["ageing", "burst_per_key", "max_running_per_key", "rate_per_key"]
    reset = txjobs("configure", "queue", "render", "--reset", "rate", "--reset", "burst")
    assert reset.out == "queue render: max_running 2\n"


def test_what_is_out_of_range_is_refused_with_what_is_allowed(
    txjobs: Run, conn: Connection
) -> None:
    with pytest.raises(InvalidArgument, match="max_running is 0"):
        Client(conn).configure_queue("render", max_running=0)
    told = txjobs("configure", "kind", "charge", "--rate", "0")
    refused(told, 2, "rate is 0", "between 0.000001 and 1000000")
