"""`txjobs doctor`: what it prints, its exit codes, and what only a client can check."""

import time
from typing import Any

import psycopg
import pytest

import command_line
import pooler
from command_line import NOWHERE, Run, refused
from txjobs import _doctor

Conn = psycopg.Connection[Any]
bare = command_line.bare
txjobs = command_line.txjobs
pooled_dsn = pooler.pooled_dsn


def check(conn: Conn, dsn: str, name: str) -> dict[str, Any]:
    """One check of the connection."""
    found = {one.name: one for one in _doctor.check_connection(conn, dsn)}[name]
    return {"status": found.status, "saw": found.saw, "remedy": found.remedy}


def test_an_installation_that_is_well_has_exit_code_0(txjobs: Run) -> None:
    answer = txjobs("doctor")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert len(lines) == 21
    assert {line.split()[0] for line in lines} == {"ok"}


def test_a_warning_has_exit_code_1_and_stands_first_with_its_remedy(
    txjobs: Run, conn: Conn
) -> None:
    conn.execute("select jobs.enqueue('nobody has it')")
    answer = txjobs("doctor")
    assert answer.code == 1
    first, remedy, *_ = answer.out.splitlines()
    assert (
        first == "warning   workers: 0 live workers; nobody takes kind nobody has it of queue "
        "default"
    )
    assert remedy.startswith("          These jobs wait for ever")


def test_what_is_critical_has_exit_code_7(txjobs: Run, conn: Conn) -> None:
    conn.execute("select jobs.enqueue('k') from generate_series(1, 10)")
    conn.execute("select jobs.fail(token, reason => 'aborted') from jobs.claim(max_jobs => 10)")
    assert txjobs("doctor").code == 7
    found = txjobs("doctor", "--json")
    assert found.code == 7
    assert found.json["status"] == "critical"
    checks = {one["name"]: one for one in found.json["checks"]}
    assert checks["dead"]["detail"]["kinds"] == {"k": 10}
    assert checks["dead"]["remedy"]
    assert checks["due"]["remedy"] is None


def test_every_threshold_is_an_option(txjobs: Run, conn: Conn) -> None:
    conn.execute("select jobs.enqueue('k')")
    conn.execute("select jobs.fail(token, reason => 'aborted') from jobs.claim()")
    lengths = ("due", "stuck", "lag", "tick", "held", "paused")
    words = [word for name in lengths for word in (f"--{name}-for", "1h")]
    numbers = ("--held-xids", 5, "--max-dead", 2, "--max-dead-rows", 7, "--used", 0.7)
    found = txjobs("doctor", *words, *numbers, "--dead-within", "2d", "--json")
    assert found.code == 0
    detail = {one["name"]: one["detail"] for one in found.json["checks"]}
    assert {detail[name]["threshold_s"] for name in ("due", "stuck", "tick", "vacuum")} == {3600}
    assert (detail["dead"]["threshold"], detail["dead"]["window_s"]) == (2, 172800)
    assert detail["vacuum"]["threshold_xids"] == 5
    assert detail["bloat"]["threshold"] == 7
    assert detail["ids"]["threshold"] == 0.7


@pytest.mark.parametrize(
    "words", [("--due-for", "soon"), ("--used", 2), ("--max-dead", 0)], ids=str
)
def test_a_threshold_that_cannot_be_meant_is_refused(txjobs: Run, words: tuple[str, ...]) -> None:
    refused(txjobs("doctor", *words), 2)


def test_a_server_that_does_not_answer_is_one_line(bare: Run) -> None:
    refused(bare("doctor", "--dsn", NOWHERE), 3, "Connection refused", "--dsn")


def test_a_database_without_the_schema_is_one_line(bare: Run, empty_dsn: str) -> None:
    refused(bare("doctor", "--dsn", empty_dsn), 3, "txjobs migrate")


def test_a_schema_that_is_not_this_packages_is_a_warning(conn: Conn, dsn: str) -> None:
    assert check(conn, dsn, "schema")["status"] == "ok"
    conn.execute("comment on schema jobs is 'txjobs 0.0.9, migration 0, build 0123456789ab'")
    found = check(conn, dsn, "schema")
    assert found["status"] == "warning"
    assert found["saw"].startswith(
        "txjobs 0.0.9, migration 0, build 0123456789ab, and this package"
    )
    assert "txjobs migrate" in found["remedy"]


def test_a_pooler_that_shares_connections_is_a_warning(
    pooled_dsn: str, conn: Conn, dsn: str
) -> None:
    assert check(conn, dsn, "pooler") == {"status": "ok", "saw": "no pooler", "remedy": None}
    with psycopg.connect(pooled_dsn, autocommit=True, prepare_threshold=None) as pooled:
        found = check(pooled, pooled_dsn, "pooler")
    assert found["status"] == "warning"
    assert found["saw"] == "a pooler that gives each transaction any connection"
    assert "--no-notify" in found["remedy"]


@pytest.mark.parametrize(
    ("seconds", "status", "saw"),
    [
        (0, "ok", "0 ms"),
        (5, "warning", "5.0 s ahead of"),
        (-60, "critical", "1 min behind"),
    ],
)
def test_a_clock_that_differs_is_told(
    conn: Conn,
    dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    status: str,
    saw: str,
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)
    found = check(conn, dsn, "clock")
    assert found["status"] == status
    if seconds:
        assert saw in found["saw"]
        assert (found["remedy"] is None) == (status == "ok")


def test_a_server_that_is_too_old_is_critical(conn: Conn) -> None:
    class Old:
        class info:  # noqa: N801
            server_version = 140009

    old: Any = Old
    assert _doctor._server(conn).status == "ok"
    assert (_doctor._server(old).status, _doctor._server(old).saw) == (
        "critical",
        "PostgreSQL 14.9",
    )
