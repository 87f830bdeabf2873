"""The examples in the README run as they are printed."""

import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mypy import api

from txjobs import Client, Worker, embedded

README = Path(__file__).parents[2] / "README.md"
ORDERS = "create table orders (id int primary key, total int not null, paid int not null default 0)"


def example(language: str) -> str:
    found = re.search(
        rf"<!-- runs as a test -->\n```{language}\n(.*?)```", README.read_text(), re.DOTALL
    )
    assert found, f"the README has no {language} example"
    return found[1]


@pytest.fixture
def orders(conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    conn.execute(ORDERS)
    return conn


def test_the_sql_example_runs_in_psql(
    orders: psycopg.Connection[Any], dsn: str, binaries: embedded.Binaries
) -> None:
    ran = subprocess.run(
        [binaries.bindir / "psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", dsn],
        input=example("sql"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    for transition in ("enqueued", "claimed", "completed"):
        assert transition in ran.stdout
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


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text()):
        assert (README.parent / target).exists(), target
