"""Jobs that are cancelled, or whose lease is lost, while their handlers run."""

import asyncio
import threading
from typing import Any

import psycopg
import pytest

from txjobs import Backoff, Client, Context, JobCancelled, JobFailed, Jobs
from waiting import until
from workers import SHORT_LEASE, running

Conn = psycopg.Connection[Any]


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


class Seen:
    """What a handler noticed."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.stopped = threading.Event()
        self.lost: bool | None = None


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture(params=["async", "thread"])
def enqueue(request: pytest.FixtureRequest, app: Jobs, conn: Conn, seen: Seen) -> Any:
    """Enqueues a handler that waits to be stopped, one way or the other."""

    @app.task(retry=Backoff(base=0, jitter=0))
    async def wait(ctx: Context) -> str:
        if ctx.attempt > 1:
            return "second"
        seen.started.set()
        try:
            await asyncio.sleep(60)
        finally:
            seen.lost = ctx.lost
            seen.stopped.set()
        return "first"

    @app.task(retry=Backoff(base=0, jitter=0))
    def wait_in_thread(ctx: Context) -> str:
        if ctx.attempt > 1:
            return "second"
        seen.started.set()
        ctx.cancelled.wait(60)
        seen.lost = ctx.lost
        seen.stopped.set()
        ctx.raise_if_cancelled()
        return "first"

    task = wait if request.param == "async" else wait_in_thread
    return lambda: task.enqueue(conn)


def test_a_running_job_that_is_cancelled_is_stopped_at_the_next_heartbeat(
    dsn: str, app: Jobs, client: Client, seen: Seen, enqueue: Any
) -> None:
    job = enqueue()
    with running(app, dsn, **SHORT_LEASE) as worker:
        assert seen.started.wait(20)
        assert client.cancel(job, "no longer wanted") == "cancel_requested"
        assert seen.stopped.wait(20)
        until(lambda: client.state(job) == "cancelled", "the job is cancelled")
        until(lambda: worker.stats.cancelled == 1, "it is counted")
    assert seen.lost is False
    with pytest.raises(JobCancelled):
        client.result(job)


def test_a_handler_that_finishes_in_spite_of_its_cancellation_wins(
    dsn: str, app: Jobs, conn: Conn, client: Client
) -> None:
    started = threading.Event()

    @app.task
    async def stubborn() -> str:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)
        return "done"

    @app.task
    async def after() -> str:
        await asyncio.sleep(0.05)
        return "unharmed"

    @app.task(max_attempts=1)
    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    job = stubborn.enqueue(conn)
    with running(app, dsn, concurrency=1, **SHORT_LEASE):
        assert started.wait(20)
        client.cancel(job)
        assert client.result(job, timeout=20) == "done"
        assert client.result(after.enqueue(conn), timeout=20) == "unharmed"
        with pytest.raises(JobFailed, match="CancelledError"):
            client.result(cancels_itself.enqueue(conn), timeout=20)


def test_a_lost_lease_stops_the_handler_and_the_job_runs_again(
    dsn: str, app: Jobs, conn: Conn, client: Client, seen: Seen, enqueue: Any
) -> None:
    job = enqueue()
    with running(app, dsn, **SHORT_LEASE) as worker:
        assert seen.started.wait(20)
        conn.execute("update jobs.lease set until = jobs.now() - interval '1 s'")
        conn.execute("select jobs.reset_stale_claims()")
        assert seen.stopped.wait(20)
        assert client.result(job, timeout=20) == "second"
        assert worker.stats.lost == 1
    assert seen.lost is True


def test_a_job_that_is_cancelled_before_its_start_never_starts(
    dsn: str, app: Jobs, conn: Conn, client: Client
) -> None:
    started: list[int] = []
    release = threading.Event()

    @app.task
    def work(n: int) -> None:
        started.append(n)
        if n == 0:
            release.wait(30)

    first, second = work.enqueue_many(conn, [work.job(n) for n in range(2)])
    with running(app, dsn, concurrency=1, prefetch=0):
        until(lambda: started == [0], "the first has started")
        assert client.cancel(second) == "cancelled"
        release.set()
        client.result(first, timeout=20)
    assert started == [0]


def test_jobs_claimed_too_early_are_given_back_uncharged(
    dsn: str, app: Jobs, conn: Conn, client: Client
) -> None:
    release = threading.Event()

    @app.task
    def work(n: int) -> None:
        if n >= 100:
            release.wait(30)

    jobs = work.enqueue_many(conn, [work.job(n) for n in range(150)])
    with running(app, dsn, concurrency=1, **SHORT_LEASE) as worker:
        try:
            until(lambda: worker.stats.released > 0, "what cannot start is given back")
            waiting = client.get(jobs[-1])
            assert waiting is not None
            assert (waiting.state, waiting.attempt) == ("ready", 0)
        finally:
            release.set()
        until(lambda: worker.stats.completed == 150, "all are done in the end")


def test_a_handler_that_swallows_its_cancellation_does_not_keep_a_worker_from_ending(
    dsn: str, app: Jobs, client: Client, conn: Conn
) -> None:
    swallowed = 0

    @app.task
    async def deaf() -> None:
        nonlocal swallowed
        while swallowed < 2:  # when it is cut, and when the worker's last parts are stopped
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1

    with running(app, dsn, drain_timeout=0.05) as worker:
        job = deaf.enqueue(conn)
        until(lambda: client.state(job) == "running", "the job to run")
        assert worker.stop() == 3
    assert swallowed == 2
