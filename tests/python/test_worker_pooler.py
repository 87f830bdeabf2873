"""A worker behind PgBouncer in transaction mode."""

from typing import Any

import psycopg

import pooler
from consumers import append, applied, consumer, make_projection
from txjobs import Client, Event, Jobs
from waiting import until
from workers import running

Conn = psycopg.Connection[Any]
pooled_dsn = pooler.pooled_dsn


def test_consumers_behind_a_pooler_in_transaction_mode_apply_all_events(
    pooled_dsn: str, conn: Conn
) -> None:
    app = Jobs()
    make_projection(conn)

    @consumer(app, "in_a_thread", batch=7)
    def in_a_thread(conn: Conn, events: list[Event[Any]]) -> None:
        for event in events:
            values = ("in_a_thread", event.pos, event.data["n"])
            conn.execute("insert into applied values (%s, %s, %s)", values)

    @consumer(app, "on_the_loop", batch=7)
    async def on_the_loop(conn: psycopg.AsyncConnection[Any], events: list[Event[Any]]) -> None:
        for event in events:
            values = ("on_the_loop", event.pos, event.data["n"])
            await conn.execute("insert into applied values (%s, %s, %s)", values)

    append(conn, range(100))
    with running(app, pooled_dsn, notify=False, prepare=False) as worker:
        until(lambda: worker.stats.consumed == 200, "all is applied")
    for name in ("in_a_thread", "on_the_loop"):
        assert applied(conn, name) == list(range(100))


def test_a_worker_behind_a_pooler_in_transaction_mode_runs_all_jobs(
    pooled_dsn: str, conn: Conn
) -> None:
    app = Jobs()

    @app.task
    async def double(n: int) -> int:
        return 2 * n

    with running(app, pooled_dsn, notify=False, prepare=False):
        first = double.enqueue_many(conn, [double.job(n) for n in range(200)])
        delayed = double.using(delay=1.0).enqueue(conn, 21)
        with Client(conn) as client:
            assert client.result(delayed, timeout=20) == 42
            until(lambda: client.state(first[-1]) == "completed", "the last one is completed")
    states = conn.execute("select state, count(*) from jobs.job_state group by 1").fetchall()
    assert states == [("completed", 201)]
