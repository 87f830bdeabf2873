"""Counts by kind and by worker, from Python and on the command line."""

import datetime as dt
from typing import Any

import psycopg

import command_line
from command_line import Run
from txjobs import AsyncClient, Client

Conn = psycopg.Connection[Any]
bare = command_line.bare
txjobs = command_line.txjobs


def test_kinds_are_counted(conn: Conn) -> None:
    client = Client(conn)
    client.enqueue("a", queue="q")
    client.enqueue("b", delay=3600)
    kinds = {one.kind: one for one in client.stats_by_kind()}
    assert (kinds["a"].ready, kinds["b"].scheduled) == (1, 1)
    assert kinds["a"].oldest_due_age is not None
    assert kinds["a"].oldest_due_age > dt.timedelta(0)
    assert kinds["b"].oldest_due_age is None
    queues = {one.queue: one for one in client.stats()}
    assert queues["q"].oldest_due_age is not None
    assert queues["default"].oldest_due_age is None


async def test_workers_are_listed_on_an_async_connection(dsn: str, conn: Conn) -> None:
    ((worker,),) = conn.execute(
        "select jobs.register_worker('one', '{q}', '{a}', '{\"pid\": 7}', array['eu', null])::text"
    ).fetchall()
    async with AsyncClient(dsn) as client:
        await client.enqueue("a")
        conn.execute("select jobs.claim(worker => %s)", (worker,))
        (one,) = await client.list_workers()
        assert [kind.kind for kind in await client.stats_by_kind(60)] == ["a"]
    assert (one.id, one.name, one.live, one.running) == (worker, "one", True, 1)
    assert (one.queues, one.kinds, one.routing, one.info) == (
        ["q"],
        ["a"],
        ["eu", None],
        {"pid": 7},
    )


def test_the_command_line_counts_by_kind(txjobs: Run, conn: Conn) -> None:
    assert txjobs("stats", "--by-kind").out == "no kind yet: the first enqueue makes one\n"
    conn.execute("select jobs.enqueue('a'), jobs.pause(kind => 'a')")
    answer = txjobs("stats", "--by-kind", "--window", "1d")
    assert "a (paused)" in answer.out
    assert answer.out.endswith("what ended: in the last 1 d\n")
    found = txjobs("stats", "--by-kind", "--json").json
    assert (found["window"], found["kinds"][0]["ready"]) == (3600, 1)


def test_the_command_line_lists_workers(txjobs: Run, conn: Conn) -> None:
    assert txjobs("workers").out == "no worker is registered, and no job runs\n"
    conn.execute("select jobs.register_worker('one', '{q}', routing => '{eu}')")
    conn.execute("select jobs.enqueue('a')")
    conn.execute("select jobs.claim()")
    out = txjobs("workers").out
    assert "one" in out
    assert "live" in out
    assert "not registered: no id" in out
    first, second = txjobs("workers", "--json").json["workers"]
    assert (first["name"], first["routing"], second["running"]) == ("one", ["eu"], 1)
