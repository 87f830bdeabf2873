"""Inline mode: what is enqueued has run when enqueue returns."""

import asyncio
import datetime as dt
import threading
from typing import Any

import psycopg
import pytest

from txjobs import (
    Backoff,
    BatchItem,
    ConfigurationError,
    Context,
    JobCancelled,
    JobFailed,
    Jobs,
    RunnerClosed,
    Snooze,
)

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def app() -> Jobs:
    return Jobs()


def test_a_job_has_run_when_enqueue_returns(app: Jobs) -> None:
    threads = []

    @app.task
    def double(number: int) -> int:
        threads.append(threading.current_thread())
        return 2 * number

    with app.inline() as jobs:
        job = double.enqueue(jobs, 21)
        assert jobs.state(job) == "completed"
        assert jobs.result(job) == 42
    assert threads == [threading.current_thread()]


async def test_async_handlers_run_in_the_callers_loop_or_in_one_of_their_own(app: Jobs) -> None:
    loops = []

    @app.task
    async def note() -> None:
        loops.append(asyncio.get_running_loop())

    async with app.inline() as jobs:
        await note.enqueue(jobs)
        await note.enqueue(None)  # type: ignore[call-overload]
    with app.inline() as same:
        note.enqueue(same)
    here = asyncio.get_running_loop()
    assert [loop is here for loop in loops] == [True, True, False]


def test_an_async_handler_runs_where_there_is_no_loop(app: Jobs) -> None:
    @app.task
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    with app.inline() as jobs:
        assert jobs.result(double.enqueue(jobs, 21)) == 42


def test_retries_do_not_sleep_and_an_error_is_the_jobs_outcome(app: Jobs) -> None:
    attempts = []

    @app.task(max_attempts=3, retry=Backoff(base=600))
    def fail(ctx: Context) -> None:
        attempts.append(ctx.attempt)
        raise ValueError("no")

    with app.inline() as jobs:
        job = fail.enqueue(jobs)
        with pytest.raises(JobFailed, match=r"dead \(exhausted\): ValueError: no"):
            jobs.result(job)
        found = jobs.get(job)
    assert attempts == [1, 2, 3]
    assert found is not None
    assert len(found.errors) == 3


def test_delays_are_skipped_or_wait_for_the_clock(app: Jobs) -> None:
    ran = []

    @app.task
    def note(name: str) -> None:
        ran.append(name)

    with app.inline(now=NOON) as jobs:
        note.using(delay=60).enqueue(jobs, "skipped")
        assert jobs.now() == NOON + dt.timedelta(seconds=60)
    with app.inline(now=NOON, skip_delays=False) as jobs:
        job = note.using(delay=60).enqueue(jobs, "waits")
        assert jobs.state(job) == "scheduled"
        with pytest.raises(TimeoutError, match="still scheduled"):
            jobs.result(job)
        jobs.advance(59)
        assert ran == ["skipped"]
        jobs.advance(dt.timedelta(seconds=1))
    assert ran == ["skipped", "waits"]


def test_a_job_that_is_snoozed_for_ever_does_not_hang_a_test(app: Jobs) -> None:
    @app.task
    def poll() -> Snooze:
        return Snooze(1)

    with app.inline() as jobs, pytest.raises(ConfigurationError, match="skip_delays=False"):
        poll.enqueue(jobs)


async def test_two_tasks_that_enqueue_at_once_each_find_their_job_done(app: Jobs) -> None:
    started, let_go = asyncio.Event(), asyncio.Event()

    @app.task
    async def slow() -> None:
        started.set()
        await let_go.wait()

    @app.task
    async def quick() -> str:
        return "done"

    async with app.inline() as jobs:
        first = asyncio.create_task(slow.enqueue(jobs))
        await started.wait()
        second = asyncio.create_task(quick.enqueue(jobs))
        await asyncio.sleep(0.01)
        assert not second.done()
        let_go.set()
        assert await jobs.result(await second) == "done"
        assert await jobs.state(await first) == "completed"


def test_what_a_handler_enqueues_runs_after_it(app: Jobs) -> None:
    order = []

    @app.task
    def leaf(name: str) -> None:
        order.append(name)

    @app.task(max_attempts=2)
    def root(ctx: Context) -> None:
        leaf.enqueue(None, "at once")  # type: ignore[call-overload]
        with ctx.transaction() as conn:
            leaf.enqueue(conn, "with the outcome")
        order.append("root")
        if ctx.attempt == 1:
            raise ValueError

    with app.inline() as jobs:
        root.enqueue(jobs)
    assert order == ["root", "at once", "root", "at once", "with the outcome"]


async def test_the_same_with_async_handlers(app: Jobs) -> None:
    order = []

    @app.task
    async def leaf(name: str) -> None:
        order.append(name)

    @app.task
    async def root(ctx: Context) -> None:
        await leaf.enqueue(None, "at once")  # type: ignore[call-overload]
        async with ctx.transaction() as conn:
            await leaf.enqueue(conn, "with the outcome")
        order.append("root")

    async with app.inline() as jobs, jobs.transaction() as conn:
        await root.enqueue(conn)
        assert order == []
    assert order == ["root", "at once", "with the outcome"]


def test_a_handlers_transaction_is_a_savepoint_of_the_connection_given(
    app: Jobs, conn: psycopg.Connection[Any]
) -> None:
    conn.execute("create table note (attempt int)")

    @app.task(max_attempts=2)
    def write(ctx: Context) -> None:
        with ctx.transaction() as own:
            assert own is conn
            own.execute("insert into note values (%s)", (ctx.attempt,))
        if ctx.attempt == 1:
            raise ValueError

    with conn.transaction(force_rollback=True), app.inline(conn):
        write.enqueue(conn)
        assert conn.execute("select attempt from note").fetchall() == [(2,)]
    assert conn.execute("select count(*) from note").fetchone() == (0,)


async def test_the_same_on_an_async_connection(app: Jobs, dsn: str) -> None:
    @app.task
    async def write(ctx: Context) -> None:
        async with ctx.transaction() as own:
            await own.execute("create table note (n int)")

    async with await psycopg.AsyncConnection.connect(dsn) as conn, app.inline(conn):
        await write.enqueue(conn)
        found = await conn.execute("select to_regclass('note') is not null")
        assert await found.fetchone() == (True,)
        await conn.rollback()


def test_sql_without_a_connection_is_refused_with_the_fix(app: Jobs) -> None:
    @app.task(max_attempts=1)
    def write(ctx: Context) -> None:
        with ctx.transaction() as conn:
            conn.execute("select 1")

    with app.inline() as jobs, pytest.raises(JobFailed, match=r"app\.inline\(connection\)"):
        jobs.result(write.enqueue(jobs))


def test_something_that_is_no_connection_is_refused(app: Jobs) -> None:
    with pytest.raises(ConfigurationError, match="str is not a connection"):
        app.inline("postgresql://")  # type: ignore[arg-type]


def test_batches_are_what_was_enqueued_together(app: Jobs) -> None:
    sizes = []

    @app.task(batch_size=3)
    def many(items: list[BatchItem[dict[str, int]]]) -> list[Any]:
        sizes.append(len(items))
        return [object() if one.args["n"] == 0 else one.args["n"] for one in items]

    with app.inline() as jobs:
        made = many.using(max_attempts=1).enqueue_many(jobs, [many.job({"n": n}) for n in range(4)])
        assert [jobs.state(job) for job in made] == ["dead"] + ["completed"] * 3
        assert [jobs.result(job) for job in made[1:]] == [1, 2, 3]
    assert sizes[:2] == [3, 1]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_handler_over_its_time_has_failed(app: Jobs, is_async: bool) -> None:
    if is_async:

        @app.task(name="slow", timeout=0.02, max_attempts=1)
        async def slow() -> None:
            await asyncio.Event().wait()
    else:

        @app.task(name="slow", timeout=0.02, max_attempts=1)
        def slow_sync() -> None:
            threading.Event().wait(0.05)

    with app.inline() as jobs:
        job = jobs.enqueue("slow", None, timeout=0.02, max_attempts=1)
        with pytest.raises(JobFailed, match="timeout"):
            jobs.result(job)


async def test_a_job_that_cancels_itself_is_cancelled(app: Jobs) -> None:
    @app.task
    async def endless(ctx: Context) -> None:
        await jobs.cancel(ctx.job.id)
        assert ctx.cancelled.is_set()
        await asyncio.Event().wait()

    async with app.inline() as jobs:
        job = await endless.enqueue(jobs)
        with pytest.raises(JobCancelled):
            await jobs.result(job)


def test_what_stops_a_test_is_not_a_jobs_outcome_only(app: Jobs) -> None:
    @app.task(max_attempts=1)
    def leave() -> None:
        raise SystemExit(7)

    @app.task(max_attempts=1)
    async def leave_async() -> None:
        raise SystemExit(7)

    @app.task(max_attempts=1)
    def interrupt() -> None:
        raise KeyboardInterrupt

    @app.task(max_attempts=1)
    async def interrupt_async() -> None:
        raise KeyboardInterrupt

    with app.inline() as jobs:
        assert jobs.state(leave.enqueue(jobs)) == "dead"
        assert jobs.state(leave_async.enqueue(jobs)) == "dead"
        for task in (interrupt, interrupt_async):
            with pytest.raises(KeyboardInterrupt):
                task.enqueue(jobs)
        assert [one.state for one in jobs.list()] == ["dead"] * 4


def test_after_the_block_jobs_go_into_the_database_again(
    app: Jobs, conn: psycopg.Connection[Any]
) -> None:
    @app.task
    def note() -> None: ...

    with app.inline() as jobs:
        note.enqueue(conn)
    note.enqueue(conn)
    assert conn.execute("select count(*) from jobs.job").fetchone() == (1,)
    with pytest.raises(RunnerClosed):
        note.enqueue(jobs)
