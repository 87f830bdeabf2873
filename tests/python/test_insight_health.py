"""What health sees of sessions, transactions and the server; what it costs; what a role may see."""

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from conftest import Connect
from many_jobs import a_million, pages_read
from txjobs import AsyncClient, Client, InvalidArgument
from txjobs.insight import HealthCheck
from waiting import until

Conn = psycopg.Connection[Any]


def check(conn: Conn, name: str, **thresholds: Any) -> HealthCheck:
    """One check."""
    (found,) = (one for one in Client(conn).health(**thresholds) if one.name == name)
    return found


def pid_of(conn: Conn) -> int:
    """The process of a session."""
    return conn.info.backend_pid


def test_a_fresh_installation_is_well(conn: Conn) -> None:
    assert {one.status for one in Client(conn).health()} == {"ok"}


async def test_it_can_be_asked_on_an_async_connection(dsn: str) -> None:
    async with AsyncClient(dsn) as client:
        assert [one.remedy for one in await client.health() if one.status == "ok"] == [None] * 17
        with pytest.raises(InvalidArgument, match="threshold"):
            await client.health(used=2)


def test_an_open_transaction_that_has_enqueued_is_named(conn: Conn, connect: Connect) -> None:
    other = connect(autocommit=False, application_name="forgetful")
    other.execute("select jobs.enqueue('k')")
    assert check(conn, "transactions").status == "ok"
    found = check(conn, "transactions", lag_for=0.000_001)
    assert found.status == "critical"
    assert found.saw.startswith(
        f"process {pid_of(other)} (postgres, forgetful, idle in transaction"
    )
    (one,) = found.detail["transactions"]
    assert (one["pid"], one["application"]) == (pid_of(other), "forgetful")
    assert {"jobs.job", "jobs.ready"} <= set(one["tables"])
    assert one["for_s"] > 0
    assert one["query_start"]
    other.rollback()
    assert check(conn, "transactions", lag_for=0.000_001).status == "ok"


def test_a_session_that_holds_back_vacuum_is_named(conn: Conn, connect: Connect) -> None:
    other = connect(application_name="report")
    other.execute("begin isolation level repeatable read")
    other.execute("select 1")
    conn.execute("select jobs.enqueue('k')")
    assert check(conn, "vacuum").status == "ok"
    found = check(conn, "vacuum", held_for=0.000_001)
    assert found.status == "critical"
    assert f"process {pid_of(other)} (postgres, report, idle in transaction) holds" in found.saw
    (one,) = [one for one in found.detail["holders"] if one.get("pid") == pid_of(other)]
    assert one["what"] == "session"
    assert one["xmin_age"] >= 1
    assert one["xact_start"]
    other.execute("rollback")
    assert check(conn, "vacuum", held_for=0.000_001).status == "ok"


def test_a_session_of_another_database_holds_nothing_back(conn: Conn, server: Any) -> None:
    with psycopg.connect(server.dsn) as elsewhere:
        elsewhere.execute("select pg_current_xact_id()")
        assert check(conn, "vacuum", held_for=0.000_001).detail["holders"] == []


def test_a_prepared_transaction_is_named(conn: Conn, connect: Connect) -> None:
    other = connect()
    other.execute("begin")
    other.execute("select jobs.enqueue('k')")
    other.execute("prepare transaction 'left over'")
    try:
        for name, threshold in (("vacuum", "held_for"), ("transactions", "lag_for")):
            found = check(conn, name, **{threshold: 0.000_001})
            assert found.status == "critical"
            assert "prepared transaction left over (postgres" in found.saw
    finally:
        other.execute("rollback prepared 'left over'")


def test_slots_and_standbys_count_by_transactions(conn: Conn) -> None:
    found = conn.execute(
        """
        select * from jobs._health_vacuum('[]',
          '[{"application": "replica", "address": "10.0.0.2", "xmin_age": 2500000}]', true,
          '10 min', 1000000)
        """
    ).fetchone()
    assert found is not None
    assert found[:3] == (
        "vacuum",
        "warning",
        "standby replica holds it back by 2,500,000 transactions",
    )


def test_a_role_that_sees_less_is_told_so(conn: Conn, connect: Connect, dsn: str) -> None:
    conn.execute("create role watcher login in role jobs_reader")
    try:
        other = connect(autocommit=False, application_name="hidden")
        other.execute("select jobs.enqueue('k')")
        with psycopg.connect(make_conninfo(dsn, user="watcher"), autocommit=True) as watcher:
            until(lambda: conn.execute("select jobs.tick()"), "a tick that notes who holds locks")
            found = check(watcher, "transactions", lag_for=0.000_001)
            assert "little can be seen: grant pg_read_all_stats" in found.saw
            assert found.detail["transactions"][0]["pid"] == pid_of(other)
            assert "state" not in found.detail["transactions"][0]
            assert "little can be seen" in check(watcher, "vacuum").saw
            conn.execute("grant pg_read_all_stats to watcher")
            found = check(watcher, "transactions", lag_for=0.000_001)
            assert "little can be seen" not in found.saw
            assert found.detail["transactions"][0]["state"] == "idle in transaction"
        other.rollback()
    finally:
        conn.execute("drop role watcher")


def test_dead_rows_that_vacuum_may_not_remove_are_counted(conn: Conn, connect: Connect) -> None:
    other = connect()
    other.execute("begin isolation level repeatable read")
    other.execute("select 1")
    conn.execute("select jobs.enqueue_many('k', array_fill('{}'::jsonb, array[60])) limit 1")
    for _ in range(30):
        conn.execute("select jobs.release(token) from jobs.claim()")
    conn.execute("select pg_stat_force_next_flush()")
    conn.execute("select 1")
    found = check(conn, "bloat", max_dead_rows=5)
    assert found.status in ("warning", "critical")
    assert found.saw.startswith(("ready has ", "lease has "))
    assert found.detail["tables"]["ready"]["dead_rows"] >= 5
    other.execute("rollback")


def test_notifications_that_a_session_does_not_take_are_seen(conn: Conn, connect: Connect) -> None:
    listener = connect(autocommit=False)
    listener.execute("listen anything")
    listener.commit()
    listener.execute("select 1")  # its transaction keeps what comes from now on
    for _ in range(3):
        conn.execute("select pg_notify('anything', repeat('x', 7000))")
    found = check(conn, "notify", used=0.000_000_1)
    assert found.status == "warning"
    assert found.detail["used"] > 0
    listener.rollback()


def test_it_reads_a_bounded_number_of_pages_of_a_million_ready_jobs(conn: Conn) -> None:
    a_million(conn)
    conn.execute("select jobs.tick()")
    due = check(conn, "due")
    assert due.detail["oldest_s"] is not None
    assert check(conn, "workers").detail["untaken"][0]["kind"] == "k"
    assert pages_read(conn, "select * from jobs.health()") < 1000
