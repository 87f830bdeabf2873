"""Stopping: signals, time limits, and workers of several processes."""

import asyncio
import os
import signal
import threading
from typing import Any

import psycopg
import pytest

from txjobs import Client, Jobs, Worker
from waiting import until
from workers import process, running

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


def test_stopping_lets_running_handlers_end(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    started = threading.Event()

    @app.task
    async def slow() -> str:
        started.set()
        await asyncio.sleep(0.5)
        return "ended"

    job = slow.enqueue(conn)
    with running(app, dsn) as worker:
        assert started.wait(20)
        assert worker.stop() == 0
    assert client.result(job) == "ended"


def test_what_was_never_started_is_given_back_uncharged(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    release, started = threading.Event(), threading.Event()

    @app.task
    def work(n: int) -> None:
        if n >= 50:
            started.set()
            release.wait(30)

    jobs = work.enqueue_many(conn, [work.job(n) for n in range(300)])
    with running(app, dsn, concurrency=1) as worker:
        assert started.wait(20)
        until(lambda: worker.stats.buffered > 0, "something is claimed ahead")
        worker.worker.stop()
        until(lambda: worker.stats.released > 0, "it is given back")
        release.set()
        assert worker.join() == 0
    found = client.get(jobs[-1])
    assert found is not None
    assert (found.state, found.attempt) == ("ready", 0)


def test_a_second_signal_cuts_what_still_runs_and_the_exit_code_says_so(
    dsn: str, conn: Conn, client: Client, trace: Any
) -> None:
    with process(dsn, drain_timeout=60.0) as worker:
        job = client.enqueue("sleep", {"seconds": 60})
        hung = client.enqueue("hang", {"seconds": 60})
        until(lambda: len(trace()) == 2, "both handlers have started")
        worker.signal(signal.SIGTERM)
        with pytest.raises(AssertionError, match="does not end"):
            worker.wait(1)
        worker.signal(signal.SIGTERM)
        assert worker.wait(20) == 3
    assert ("cancelled", job.id) in trace()
    for one in (job, hung):
        found = client.get(one)
        assert found is not None
        assert (found.state, found.attempt) == ("ready", 0)


def test_sigterm_waits_for_the_handler_and_exits_with_zero(
    dsn: str, client: Client, trace: Any
) -> None:
    with process(dsn) as worker:
        job = client.enqueue("sleep", {"seconds": 1})
        until(lambda: len(trace()) == 1, "the handler has started")
        worker.signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    assert client.state(job) == "completed"


def test_the_drain_time_limit_cuts(dsn: str, client: Client, trace: Any) -> None:
    with process(dsn, drain_timeout=0.3) as worker:
        job = client.enqueue("sleep", {"seconds": 60})
        until(lambda: len(trace()) == 1, "the handler has started")
        worker.signal(signal.SIGTERM)
        assert worker.wait(20) == 3
    assert client.state(job) == "ready"


def test_a_run_that_is_cancelled_gives_back_what_it_holds(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    started = threading.Event()

    @app.task
    async def wait() -> None:
        started.set()
        await asyncio.sleep(60)

    job = wait.enqueue(conn)

    async def application() -> None:
        worker = asyncio.create_task(Worker(app, dsn).run())
        await asyncio.to_thread(started.wait, 20)
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker

    asyncio.run(application())
    found = client.get(job)
    assert found is not None
    assert (found.state, found.attempt) == ("ready", 0)


def test_an_interrupt_from_the_terminal_reaches_each_process_once(
    dsn: str, client: Client, trace: Any
) -> None:
    with process(dsn, processes=2, drain_timeout=60.0) as worker:
        job = client.enqueue("sleep", {"seconds": 1.5})
        until(lambda: len(trace()) == 1, "the handler has started")
        os.killpg(worker.popen.pid, signal.SIGINT)
        assert worker.wait(20) == 0
    assert client.state(job) == "completed"


def test_several_processes_share_the_work_and_stop_together(
    dsn: str, conn: Conn, client: Client, trace: Any
) -> None:
    with process(dsn, processes=2, concurrency=1, prefetch=0) as worker:
        jobs = [client.enqueue("sleep", {"seconds": 0.3}) for _ in range(6)]
        for job in jobs:
            client.result(job, timeout=30)
        pids = conn.execute("select count(distinct pid) from trace").fetchone()
        assert pids == (2,)
        worker.signal(signal.SIGTERM)
        assert worker.wait(20) == 0


def test_workers_stop_when_their_parent_has_died(
    dsn: str, conn: Conn, client: Client, trace: Any
) -> None:
    def registered() -> Any:
        return conn.execute("select count(*) from jobs.worker").fetchone()

    with process(dsn, processes=2) as worker:
        until(lambda: registered() == (2,), "both are there")
        worker.kill()
        until(lambda: registered() == (0,), "both have gone in good order")


def test_a_crashed_process_is_replaced(dsn: str, conn: Conn, client: Client, trace: Any) -> None:
    with process(dsn, processes=2, lease=1.5, heartbeat=0.3) as worker:
        crash = client.enqueue("crash", {}, max_attempts=1)
        until(lambda: client.state(crash) == "dead", "the job that crashes its worker is dead")
        worker.until_logged("another in")
        client.result(client.enqueue("sleep", {"seconds": 0}), timeout=30)
        until(
            lambda: conn.execute("select count(*) from jobs.worker").fetchone() == (3,),
            "there are two workers again, and the row of the crashed one",
        )
        worker.signal(signal.SIGTERM)
        assert worker.wait(20) == 0
