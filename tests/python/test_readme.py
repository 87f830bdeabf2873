"""The examples in the README run as they are printed."""

import re
import sys
import types
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mypy import api

from guides import examples, run_in_psql
from txjobs import Client, Snapshot, VersionConflict, Worker, embedded

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PYTHON_GUIDE = ROOT / "docs" / "python.md"
SCHEDULES = ROOT / "docs" / "schedules.md"
DEAD_JOBS = ROOT / "docs" / "dead-jobs.md"
RESULTS = ROOT / "docs" / "results.md"
RETENTION = ROOT / "docs" / "retention.md"
METRICS = ROOT / "docs" / "metrics.md"
TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"
ORDERS = "create table orders (id int primary key, total int not null, paid int not null default 0)"


def example(language: str) -> str:
    found = examples(README, language)
    assert found, f"the README has no {language} example"
    return found[0]


@pytest.fixture
def orders(conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    conn.execute(ORDERS)
    return conn


def test_the_sql_example_runs_in_psql(
    orders: psycopg.Connection[Any], dsn: str, binaries: embedded.Binaries
) -> None:
    printed = run_in_psql(example("sql"), dsn, binaries)
    for transition in ("enqueued", "claimed", "completed"):
        assert transition in printed
    states = orders.execute("select state, count(*) from jobs.job_state group by 1 order by 1")
    assert states.fetchall() == [("completed", 1), ("scheduled", 1)]


def test_the_python_example_places_an_order_and_its_jobs_run(
    orders: psycopg.Connection[Any], dsn: str
) -> None:
    shop = types.ModuleType("shop")
    sys.modules["shop"] = shop
    try:
        exec(compile(example("python"), "README.md", "exec"), shop.__dict__)  # noqa: S102
        shop.place_order(orders, 7)
        assert Worker(shop.app, dsn, drain=True).main() == 0
    finally:
        del sys.modules["shop"]
    assert orders.execute("select total, paid from orders").fetchall() == [(4999, 4999)]
    states = {job.kind: job.state for job in Client(orders).list()}
    assert states == {"charge": "completed", "send_receipt": "scheduled"}


def test_the_python_example_is_typed(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(example("python"))
    report, errors, status = api.run(["--strict", str(tmp_path / "shop.py")])
    assert status == 0, report + errors


def test_the_guide_to_the_log_runs_in_psql_from_its_beginning_to_its_end(
    orders: psycopg.Connection[Any], dsn: str, binaries: embedded.Binaries
) -> None:
    run_in_psql("\n".join(examples(ROOT / "docs" / "log.md", "sql")), dsn, binaries)
    assert orders.execute("select cents from revenue").fetchall() == [(4999,)]
    jobs = "select kind, state, count(*) from jobs.job_state group by 1, 2 order by 1, 2"
    assert orders.execute(jobs).fetchall() == [
        ("search_index", "running", 1),
        ("send_receipt", "scheduled", 1),
    ]
    consumers = "select pos > 0, behind, stuck from jobs.list_consumers()"
    assert orders.execute(consumers).fetchall() == [(True, 0, False)]


def test_the_python_guide_to_the_log_is_a_shop_that_works(
    conn: psycopg.Connection[Any], dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    conn.execute("create table account as select 0 as due")
    shop = types.ModuleType("shop")
    sys.modules["shop"] = shop
    try:
        source = "\n".join(examples(PYTHON_GUIDE, "python"))
        exec(compile(source, "python.md", "exec"), shop.__dict__)  # noqa: S102
        shop.deploy(conn)
        printed = capsys.readouterr().out.splitlines()
        shop.place(conn, 7, 4999)
        shop.pay(conn, 7, 999)
        Client(conn).append("order-8", "order.placed", {"euros": 3}, schema_version=1)
        with pytest.raises(ValueError, match="4000 left"):
            shop.pay(conn, 7, 4001)
        with pytest.raises(VersionConflict):
            shop.place(conn, 7, 1)
        assert Worker(shop.app, dsn, drain=True).main() == 0
        vars(shop)["EVERY"] = 2
        assert [shop.due_quickly(conn, "order-7") for _ in range(2)] == [4000, 4000]
    finally:
        del sys.modules["shop"]
    assert printed == [
        "create subscription index",
        "create subscription webhook",
        "create consumer billing",
    ]
    assert conn.execute("select due from account").fetchone() == (4300,)
    client = Client(conn)
    indexed = {client.result(job.id) for job in client.list("completed", kind="index")}
    assert indexed == {"order-7: 4999", "order-8: 300"}
    assert len(client.list("scheduled", kind="webhook")) == 3
    assert client.load_snapshot("order-7") == Snapshot(2, 4000)


def test_the_python_guide_to_the_log_is_typed(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("\n".join(examples(PYTHON_GUIDE, "python")))
    report, errors, status = api.run(["--strict", str(tmp_path / "shop.py")])
    assert status == 0, report + errors


def test_the_guide_to_schedules_runs_in_psql(
    conn: psycopg.Connection[Any], dsn: str, binaries: embedded.Binaries
) -> None:
    run_in_psql("\n".join(examples(SCHEDULES, "sql")), dsn, binaries)
    client = Client(conn)
    assert [(one.name, one.last_state) for one in client.schedules()] == [
        ("sync", "ready"),
        ("weekday report", None),
    ]


def test_the_python_guide_to_schedules_is_a_program_that_works(
    conn: psycopg.Connection[Any], dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = types.ModuleType("shop")
    sys.modules["shop"] = shop
    try:
        source = "\n".join(examples(SCHEDULES, "python"))
        exec(compile(source, "schedules.md", "exec"), shop.__dict__)  # noqa: S102
        shop.deploy(conn)
        client = Client(conn)
        jobs = [client.run_schedule(one.name) for one in client.schedules()]
        assert Worker(shop.app, dsn, drain=True, deps={"dsn": dsn}).main() == 0
    finally:
        del sys.modules["shop"]
    assert [client.state(job) for job in jobs] == ["completed"] * 3
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        "create schedule report",
        "create schedule sync",
        "create schedule prune",
        "a report for ops",
    ]


def test_the_python_guide_to_schedules_is_typed(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("\n".join(examples(SCHEDULES, "python")))
    report, errors, status = api.run(["--strict", str(tmp_path / "shop.py")])
    assert status == 0, report + errors


def test_the_guide_to_results_runs(dsn: str, binaries: embedded.Binaries) -> None:
    printed = run_in_psql("\n".join(examples(RESULTS, "sql")), dsn, binaries)
    assert re.search(r'completed \| \{"pages": 7\} \| f', printed)
    page: dict[str, Any] = {}
    exec("\n".join(examples(RESULTS, "python")), page)  # noqa: S102
    with Client(dsn) as client:
        jobs = [client.enqueue("k") for _ in range(3)]
        assert page["look"](client, jobs[0]) is None
        with psycopg.connect(dsn) as conn:
            conn.execute("select jobs.complete(token, '5') from jobs.claim(max_jobs => 3)")
        assert page["total"](dsn, jobs) == 15
        assert page["look"](client, jobs[0]) == 5


def test_the_guide_to_results_is_typed(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("\n".join(examples(RESULTS, "python")))
    report, errors, status = api.run(["--strict", str(tmp_path / "shop.py")])
    assert status == 0, report + errors


def test_the_guide_to_retention_runs(dsn: str, binaries: embedded.Binaries) -> None:
    run_in_psql("\n".join(examples(RETENTION, "sql")), dsn, binaries)
    page: dict[str, Any] = {}
    exec("\n".join(examples(RETENTION, "python")), page)  # noqa: S102
    with Client(dsn) as client:
        client.cancel(client.enqueue("k", queue="mail"))
        client.configure_queue("mail", keep_cancelled=0)
        page["shorten"](dsn)
        assert client.list() == []


def test_the_guide_to_dead_jobs_runs(
    conn: psycopg.Connection[Any],
    dsn: str,
    binaries: embedded.Binaries,
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = run_in_psql("\n".join(examples(DEAD_JOBS, "sql")), dsn, binaries)
    assert "payments | job 1 (charge) died: exhausted" in printed
    assert "no account # at '?'" in printed
    assert '{"bank": "new", "cents": 500}' in printed
    conn.execute("select jobs.fail(token, '\"x\"') from jobs.claim('{payments}', max_jobs => 9)")
    guide: dict[str, Any] = {}
    exec(compile("\n".join(examples(DEAD_JOBS, "python")), "dead-jobs.md", "exec"), guide)  # noqa: S102
    assert guide["mend"](dsn) > 0
    said = capsys.readouterr().out
    assert "the first with {'bank': 'new', 'cents': 500}" in said
    assert "paused: payments because job" in said


def test_the_python_guide_to_dead_jobs_is_typed(tmp_path: Path) -> None:
    (tmp_path / "mend.py").write_text("\n".join(examples(DEAD_JOBS, "python")))
    report, errors, status = api.run(["--strict", str(tmp_path / "mend.py")])
    assert status == 0, report + errors


def test_the_guide_to_knowing_why_runs_in_psql(dsn: str, binaries: embedded.Binaries) -> None:
    printed = run_in_psql("\n".join(examples(TROUBLESHOOTING, "sql")), dsn, binaries)
    for gate in ("due", "queue", "worker"):
        assert f" {gate} " in printed
    assert "the relay is down" in printed


def test_the_guide_to_metrics_is_a_program_that_works(
    conn: psycopg.Connection[Any], dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = types.ModuleType("shop")
    sys.modules["shop"] = shop
    try:
        source = "\n".join(examples(METRICS, "python"))
        exec(compile(source, "metrics.md", "exec"), shop.__dict__)  # noqa: S102
        Client(conn).enqueue("greet", {"name": "Ada"})
        assert shop.metrics_of(dsn).get_sample_value("txjobs_up") == 1
        assert shop.work(dsn) == 0
    finally:
        del sys.modules["shop"]
    assert "hello Ada" in capsys.readouterr().out


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/adr/README.md",
        "docs/back-pressure.md",
        "docs/batches.md",
        "docs/dead-jobs.md",
        "docs/in-process.md",
        "docs/fairness.md",
        "docs/kinds.md",
        "docs/log.md",
        "docs/metrics.md",
        "docs/python.md",
        "docs/results.md",
        "docs/retention.md",
        "docs/schedules.md",
        "docs/troubleshooting.md",
        "examples/http/README.md",
        "tests/conformance/README.md",
    ],
)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
        if not target.startswith("https://"):
            assert ((ROOT / page).parent / target).exists(), target
