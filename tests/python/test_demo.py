"""The demo: it says what it expects, and every one of its expectations is met."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import psycopg
import pytest

from txjobs import _demo_orders, demo, embedded

Connection = psycopg.Connection[Any]


def databases(server: embedded.Server) -> list[str]:
    """The databases of the server."""
    with psycopg.connect(server.dsn) as conn:
        return [row[0] for row in conn.execute("select datname from pg_database order by 1")]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """`txjobs demo`, where there is no terminal."""
    command = [sys.executable, "-m", "txjobs.cli", "demo", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


def test_it_meets_its_expectations_and_leaves_no_database(server: embedded.Server) -> None:
    before = databases(server)
    ran = run("--dsn", server.dsn)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    out = ran.stdout
    assert "✗" not in out
    assert re.search(r"orders 2 → 3 → 2, jobs 5 → 9 → 5", out)
    assert re.search(r"send_receipt +failed +attempt 2 +ConnectionError", out)
    assert re.search(r"ship +dead +attempt 2 +exhausted", out)
    assert 'result {"order": 1, "charged": 1900}' in out
    assert "Traceback (most recent call last)" in out
    assert re.fullmatch(r"OK: all 9 expectations were met, in .*", out.splitlines()[-1])
    assert databases(server) == before


def test_with_json_every_line_is_an_event(server: embedded.Server) -> None:
    ran = run("--dsn", server.dsn, "--json")
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {event["event"] for event in events} == {
        "step", "transition", "job", "check", "verdict",
    }  # fmt: skip
    assert events[-1]["event"] == "verdict"
    assert events[-1]["ok"] is True
    assert [event["job"]["kind"] for event in events if event["event"] == "job"] == [
        "charge", "send_receipt", "ship", "ask_for_review", "charge",
    ]  # fmt: skip


def test_it_starts_a_server_of_its_own() -> None:
    ran = run()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "started in" in ran.stdout


def test_it_fails_when_an_expectation_is_not_met(
    server: embedded.Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def at_once(to: str) -> str:
        return to

    receipt = _demo_orders.app.tasks["send_receipt"]
    monkeypatch.setattr(receipt, "fn", at_once)
    monkeypatch.setattr(receipt.signature, "takes_context", False)
    assert demo.demo(server.dsn, plain=True) == 1
    out = capsys.readouterr().out
    assert "✗ one failed twice, and succeeded on its third attempt" in out
    assert out.splitlines()[-1].startswith("FAILED: 1 of 9 expectations were not met")


def test_without_psql_it_says_so_and_uses_a_connection(
    server: embedded.Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_psql", lambda _server: None)
    assert demo.demo(server.dsn, plain=True) == 0
    assert "there is no psql on this machine" in capsys.readouterr().out


def test_a_role_that_may_not_create_databases_is_told_what_to_do(
    server: embedded.Server,
) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as conn:
        conn.execute("create role txjobs_modest login")
        try:
            ran = run("--dsn", psycopg.conninfo.make_conninfo(server.dsn, user="txjobs_modest"))
        finally:
            conn.execute("drop role txjobs_modest")
    assert ran.returncode == 4
    (line,) = ran.stderr.splitlines()
    assert "createdb" in line


def test_no_variable_names_the_server_by_accident() -> None:
    environment = {**os.environ, "TXJOBS_DSN": "postgresql://127.0.0.1:1/production"}
    command = [sys.executable, "-m", "txjobs.cli", "demo", "--help"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "TXJOBS_DSN" not in shown.stdout
