"""What health sees of a standby, and on one."""

from typing import Any

import psycopg

import standby as standbys
from conftest import Connect
from txjobs import Client
from txjobs.insight import HealthCheck
from waiting import until

Conn = psycopg.Connection[Any]
standby = standbys.standby


def vacuum(conn: Conn) -> HealthCheck:
    """What holds back vacuum, be it by a transaction."""
    (found,) = (one for one in Client(conn).health(held_xids=1) if one.name == "vacuum")
    return found


def give_feedback(standby: Conn, **settings: str) -> None:
    """The standby tells its primary which rows its queries need."""
    for name, setting in {
        "hot_standby_feedback": "on",
        "wal_receiver_status_interval": "1s",
        **settings,
    }.items():
        standby.execute(f"alter system set {name} = '{setting}'".encode())
    standby.execute("select pg_reload_conf()")
    standby.execute("begin isolation level repeatable read")
    standby.execute("select count(*) from jobs.job")


def holds(conn: Conn, what: str) -> bool:
    """Time goes by on the primary; does that hold back its vacuum?"""
    conn.execute("select jobs.enqueue('k')")
    return any(one["what"] == what for one in vacuum(conn).detail["holders"])


def test_a_standby_that_gives_feedback_is_named(conn: Conn, standby: Conn) -> None:
    give_feedback(standby)
    until(lambda: holds(conn, "standby"), "the feedback has come")
    until(lambda: vacuum(conn).status != "ok", "transactions have gone by")
    assert vacuum(conn).saw.startswith("standby walreceiver")
    standby.execute("rollback")


def test_a_replication_slot_is_named(conn: Conn, standby: Conn, connect: Connect) -> None:
    conn.execute("select pg_create_physical_replication_slot('far_away')")
    try:
        give_feedback(standby, primary_slot_name="far_away")
        until(lambda: holds(conn, "replication slot"), "the slot holds a snapshot")
        found = vacuum(conn)
        assert "far_away" in [one.get("slot") for one in found.detail["holders"]]
        standby.execute("rollback")
    finally:
        standby.execute("alter system reset primary_slot_name")
        standby.execute("select pg_reload_conf()")
        active = "select 1 from pg_replication_slots where slot_name = 'far_away' and active"
        until(lambda: not conn.execute(active).fetchone(), "the slot is free")
        conn.execute("select pg_drop_replication_slot('far_away')")


def test_it_can_be_asked_of_a_standby(standby: Conn) -> None:
    assert len(Client(standby).health()) == 17
