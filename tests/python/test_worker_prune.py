"""Workers remove what is older than its queue keeps it."""

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from txjobs import Client, Jobs
from waiting import until
from workers import drain, running

Conn = psycopg.Connection[Any]


@pytest.fixture
def app() -> Jobs:
    app = Jobs()

    @app.task
    async def nothing() -> None: ...

    return app


def run_and_keep_for_no_time(app: Jobs, dsn: str, client: Client) -> int:
    """So many jobs that have ended, and may go."""
    jobs = [client.enqueue("nothing") for _ in range(5)]
    drain(app, dsn, prune_interval=None)
    client.configure_queue("default", keep=0)
    return len(jobs)


def count(conn: Conn) -> int:
    row = conn.execute("select count(*) from jobs.job").fetchone()
    assert row is not None
    return int(row[0])


def test_a_worker_prunes_now_and_then(app: Jobs, dsn: str, conn: Conn) -> None:
    assert run_and_keep_for_no_time(app, dsn, Client(conn)) == count(conn)
    with running(app, dsn, prune_interval=0.05) as worker:
        until(lambda: count(conn) == 0, "the jobs are pruned")
        assert worker.stats.reconnects == 0


def test_a_worker_may_be_told_not_to(app: Jobs, dsn: str, conn: Conn) -> None:
    run_and_keep_for_no_time(app, dsn, Client(conn))
    with running(app, dsn, prune_interval=None):
        job = Client(conn).enqueue("nothing")
        until(lambda: Client(conn).state(job) == "completed", "the worker works")
    assert count(conn) == 6


def test_a_worker_whose_pruning_fails_goes_on_working(app: Jobs, dsn: str, conn: Conn) -> None:
    conn.execute("create role txjobs_no_pruner login in role jobs_worker")
    conn.execute("revoke execute on function jobs.prune from jobs_worker")
    try:
        as_worker = make_conninfo(dsn, user="txjobs_no_pruner")
        with running(app, as_worker, prune_interval=0.01) as worker:
            until(lambda: worker.stats.reconnects > 1, "pruning is refused, and tried again")
            job = Client(conn).enqueue("nothing")
            until(lambda: Client(conn).state(job) == "completed", "the worker works")
    finally:
        conn.execute("grant execute on function jobs.prune to jobs_worker")
        conn.execute("drop role txjobs_no_pruner")
