"""Crashes, lost connections, and handlers that block the event loop."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from txjobs import Client, Context, Jobs, State, embedded
from txjobs.migrate import migrate
from waiting import until
from workers import SHORT_LEASE, process, running

Conn = psycopg.Connection[Any]


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


@pytest.fixture
def trace(conn: Conn) -> Any:
    """What `worker_app`'s handlers did, as `(what, job)`."""
    conn.execute(
        "create table trace (what text, job bigint, pid int, at timestamptz default now())"
    )
    return lambda: conn.execute("select what, job from trace order by at").fetchall()


def test_jobs_of_a_killed_worker_run_elsewhere_after_the_lease(
    dsn: str, client: Client, trace: Any
) -> None:
    jobs = [client.enqueue("sleep", {"seconds": 60.0 if n == 0 else 0.0}) for n in range(2)]
    with process(dsn, lease=1.5, heartbeat=0.3) as first:
        until(lambda: ("started", jobs[0].id) in trace(), "the handler has started")
        first.kill()
    with process(dsn, lease=1.5, heartbeat=0.3):
        until(lambda: trace().count(("started", jobs[0].id)) == 2, "it starts again")
        found = client.get(jobs[0])
        assert found is not None
        assert found.attempt == 2
        client.result(jobs[1], timeout=20)


def test_a_handler_that_blocks_the_loop_loses_no_lease_and_is_named_in_the_log(
    dsn: str, client: Client, trace: Any
) -> None:
    with process(dsn, lease=1.5, heartbeat=0.3) as worker:
        job = client.enqueue("block", {"seconds": 5})
        worker.until_logged(f"job {job.id} (block) has blocked the event loop")
        client.result(job, timeout=20)
        assert "time.sleep(seconds)" in worker.log
    assert trace() == [("started", job.id), ("finished", job.id)]
    assert [event.type for event in client.history(job)] == ["enqueued", "claimed", "completed"]


def test_a_worker_whose_connections_are_cut_resumes_and_loses_nothing(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    counts: dict[int, int] = {}

    @app.task
    async def count(n: int) -> None:
        counts[n] = counts.get(n, 0) + 1
        await asyncio.sleep(0.002)

    count.enqueue_many(conn, [count.job(n) for n in range(3000)])
    with running(app, dsn, **SHORT_LEASE) as worker:
        for share in (300, 900, 1500):
            until(lambda: worker.stats.completed > share, "it works")  # noqa: B023
            conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name like 'txjobs %%' and datname = current_database()"
            )
        until(lambda: worker.stats.completed == 3000, "all are done", seconds=60)
        assert worker.stats.reconnects > 0
    assert len(counts) == 3000
    states = conn.execute("select state, count(*) from jobs.job_state group by 1").fetchall()
    assert states == [("completed", 3000)]
    assert conn.execute("select * from jobs.verify()").fetchall() == []


def test_a_claim_whose_answer_was_lost_is_taken_up_after_the_reconnection(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    # The claim is committed in the worker's name, but it never learns of it.
    @app.task
    async def work() -> None: ...

    with running(app, dsn, lease=600.0, heartbeat=200.0) as worker:
        until(lambda: worker.worker.state is State.IDLE, "it is registered")
        job = work.using(delay=3600).enqueue(conn)
        conn.execute(
            "select jobs.claim_job(%s, w.id, interval '600 s') from jobs.worker w", (job.id,)
        )
        assert client.state(job) == "running"
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name like 'txjobs %%' and datname = current_database()"
        )
        client.result(job, timeout=20)


def test_a_transaction_whose_connection_is_cut_is_the_jobs_failure_and_it_is_tried_again(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    conn.execute("create table effect (n int)")

    @app.task(retry=None, max_attempts=2)
    def write(ctx: Context) -> int:
        with ctx.transaction() as own:
            own.execute("insert into effect values (%s)", (ctx.attempt,))
            if ctx.attempt == 1:
                conn.execute("select pg_terminate_backend(%s)", (own.info.backend_pid,))
        return ctx.attempt

    job = write.enqueue(conn)
    with running(app, dsn):
        assert client.result(job, timeout=20) == 2
    assert conn.execute("select n from effect").fetchall() == [(2,)]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Where a server of the test's own keeps its data, over a restart."""
    parent = Path(tempfile.mkdtemp(prefix="tj-"))
    parent.chmod(0o777)
    yield parent / "data"
    shutil.rmtree(parent, ignore_errors=True)


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_worker_survives_a_restart_of_the_server(
    app: Jobs, binaries: embedded.Binaries, data_dir: Path, how: str
) -> None:
    done: set[int] = set()
    gate = threading.Event()

    @app.task
    async def note(n: int) -> None:
        if n == 0:
            await asyncio.to_thread(gate.wait, 30)
        done.add(n)

    with contextlib.ExitStack() as first:
        server = first.enter_context(embedded.start(data_dir, binaries=binaries))
        migrate(server.dsn)
        with psycopg.connect(server.dsn) as conn:
            note.enqueue_many(conn, [note.job(n) for n in range(10)])
            victim = conn.info.backend_pid
        with running(app, server.dsn, lease=30.0) as worker, contextlib.ExitStack() as second:
            until(lambda: worker.stats.completed == 9, "all but one are done")
            if how == "killed":
                with psycopg.connect(server.dsn) as conn:
                    victim = conn.info.backend_pid
                    os.kill(victim, signal.SIGKILL)  # the server throws everyone out and recovers
            else:
                first.close()
            gate.set()
            until(lambda: worker.stats.reconnects > 1, "the worker notices")
            if how == "stopped":
                second.enter_context(embedded.start(data_dir, binaries=binaries))
            until(lambda: _answers(server.dsn), "the server is back")
            with psycopg.connect(server.dsn, autocommit=True) as conn:
                after = note.enqueue(conn, 10)
                Client(conn).result(after, timeout=30)
                until(lambda: worker.stats.completed == 11, "the outcome of the first arrives too")
                rows = conn.execute("select state, count(*) from jobs.job_state group by 1")
                assert rows.fetchall() == [("completed", 11)]
            worker.stop()


def test_a_worker_that_is_cut_off_for_longer_than_a_lease_stops_its_handlers(
    app: Jobs, binaries: embedded.Binaries, data_dir: Path
) -> None:
    started, stopped = threading.Event(), threading.Event()

    @app.task
    async def wait() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(embedded.start(data_dir, binaries=binaries))
        migrate(server.dsn)
        with psycopg.connect(server.dsn) as conn:
            wait.enqueue(conn)
        with running(app, server.dsn, **SHORT_LEASE) as worker:
            assert started.wait(20)
            stack.close()
            assert stopped.wait(20)
            until(lambda: worker.stats.lost == 1, "it is counted")
            assert worker.alive


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
