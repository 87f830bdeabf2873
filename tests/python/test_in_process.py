"""The in-process runner: taking jobs, running them, and telling what became of them."""

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
    NotFound,
    QueueFull,
    Snooze,
)
from waiting import until

AT_ONCE = Backoff(strategy="constant", base=0)
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def app() -> Jobs:
    return Jobs()


class Gate:
    """Handlers that wait here until they are let go."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0
        self._lock = threading.Lock()
        self.opened = threading.Event()

    def wait(self) -> None:
        with self._lock:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
        assert self.opened.wait(30)
        with self._lock:
            self.waiting -= 1


def test_a_job_runs_in_this_process_and_its_result_can_be_awaited(app: Jobs) -> None:
    @app.task
    def double(number: int) -> int:
        return 2 * number

    with app.in_process() as jobs:
        job = double.enqueue(jobs, 21)
        assert jobs.result(job, 10) == 42
        found = jobs.get(job)
    assert found is not None
    assert (found.state, found.kind, found.attempt) == ("completed", "double", 1)


async def test_the_same_in_an_event_loop(app: Jobs) -> None:
    @app.task
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    async with app.in_process() as jobs:
        job = await double.enqueue(jobs, 21)
        assert await jobs.result(job, 10) == 42


def test_a_connection_is_not_asked_while_the_runner_is_open(
    app: Jobs, conn: psycopg.Connection[Any]
) -> None:
    @app.task
    def double(number: int) -> int:
        return 2 * number

    with app.in_process() as jobs:
        one = double.enqueue(conn, 1)
        many = app.enqueue(conn, [double.job(2), double.job(3)])
        assert [jobs.result(job, 10) for job in (one, *many)] == [2, 4, 6]
    assert conn.execute("select count(*) from jobs.job").fetchone() == (0,)
    double.enqueue(conn, 4)
    assert conn.execute("select count(*) from jobs.job").fetchone() == (1,)


async def test_on_an_async_connection_enqueue_is_awaited_in_either_kind_of_block(
    app: Jobs, dsn: str
) -> None:
    @app.task
    def double(number: int) -> int:
        return 2 * number

    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        async with app.in_process() as jobs:
            job = await double.enqueue(conn, 1)
            assert await jobs.result(job, 10) == 2
        with app.in_process() as same:
            job = await double.enqueue(conn, 2)
            assert same.result(job, 10) == 4


def test_something_that_is_no_connection_is_refused(app: Jobs) -> None:
    @app.task
    def double(number: int) -> int:
        return 2 * number

    with app.in_process(), pytest.raises(ConfigurationError, match="str is not a connection"):
        double.enqueue("postgresql://", 1)  # type: ignore[call-overload]


def test_never_more_handlers_run_at_once_than_concurrency_allows(app: Jobs) -> None:
    gate = Gate()

    @app.task
    def wait() -> None:
        gate.wait()

    with app.in_process(concurrency=3) as jobs:
        made = wait.enqueue_many(jobs, [wait.job() for _ in range(10)])
        until(lambda: gate.waiting == 3, "three handlers")
        assert jobs.stats().running == 3
        gate.opened.set()
        for job in made:
            jobs.result(job, 10)
    assert gate.most == 3


def test_there_are_no_more_jobs_than_max_pending_and_one_more_is_refused(app: Jobs) -> None:
    gate = Gate()

    @app.task
    def wait() -> None:
        gate.wait()

    with app.in_process(concurrency=1, max_pending=3) as jobs:
        wait.enqueue(jobs)
        until(lambda: gate.waiting == 1, "the first to run")
        wait.enqueue(jobs)
        with pytest.raises(QueueFull) as full:
            wait.enqueue_many(jobs, [wait.job(), wait.job()])
        assert (full.value.pending, full.value.max_pending) == (2, 3)
        wait.using(delay=60).enqueue(jobs)
        with pytest.raises(QueueFull):
            wait.enqueue(jobs)
        gate.opened.set()
        jobs.drain(10)
        assert len(jobs.list("completed")) == 2
        wait.enqueue_many(jobs, [wait.job(), wait.job()])


def test_an_attempt_that_fails_keeps_its_room(app: Jobs) -> None:
    @app.task(retry=Backoff(strategy="constant", base=60))
    def fail() -> None:
        raise ValueError

    with app.in_process(max_pending=1) as jobs:
        job = fail.enqueue(jobs)
        until(lambda: jobs.state(job) == "scheduled", "the first attempt")
        with pytest.raises(QueueFull):
            fail.enqueue(jobs)
        jobs.cancel(job)
        fail.enqueue(jobs)


def test_the_caller_waits_for_room_if_told_to(app: Jobs) -> None:
    gate = Gate()

    @app.task
    def wait() -> None:
        gate.wait()

    with app.in_process(concurrency=1, max_pending=2, when_full="wait") as jobs:
        wait.enqueue_many(jobs, [wait.job(), wait.job()])
        late = threading.Thread(target=wait.enqueue, args=(jobs,))
        late.start()
        late.join(0.1)
        assert late.is_alive()
        with pytest.raises(QueueFull, match="more than there may ever be"):
            wait.enqueue_many(jobs, [wait.job() for _ in range(3)])
        gate.opened.set()
        late.join(10)
    assert len(jobs.list("completed")) == 3


async def test_async_code_waits_for_room_without_blocking_the_loop(app: Jobs) -> None:
    opened = asyncio.Event()

    @app.task
    async def wait() -> None:
        await opened.wait()

    async with app.in_process(concurrency=1, max_pending=1, when_full="wait") as jobs:
        made = [asyncio.ensure_future(wait.enqueue(jobs)) for _ in range(5)]
        await asyncio.wait(made, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0.05)
        assert [one.done() for one in made].count(True) == 1
        opened.set()
        for one in made:
            await jobs.result(await one, 10)


def test_a_handler_does_not_wait_for_room_that_only_handlers_can_make(app: Jobs) -> None:
    @app.task
    def leaf() -> None: ...

    @app.task(max_attempts=1)
    def root() -> None:
        with pytest.raises(QueueFull):
            leaf.enqueue(None)  # type: ignore[call-overload]

    with app.in_process(concurrency=1, max_pending=1, when_full="wait") as jobs:
        jobs.result(root.enqueue(jobs), 10)


def test_a_crash_of_a_handler_of_any_kind_leaves_the_runner_running(app: Jobs) -> None:
    @app.task(max_attempts=1)
    def leave() -> None:
        raise SystemExit(7)

    @app.task(max_attempts=1)
    async def interrupt() -> None:
        raise KeyboardInterrupt

    @app.task(max_attempts=1)
    async def cancel() -> None:
        raise asyncio.CancelledError

    @app.task
    def fine() -> str:
        return "fine"

    with app.in_process(concurrency=1) as jobs:
        for task in (leave, interrupt, cancel):
            with pytest.raises(JobFailed):
                jobs.result(task.enqueue(jobs), 10)
        assert jobs.result(fine.enqueue(jobs), 10) == "fine"


def test_a_waiting_job_can_be_cancelled_and_a_running_one_is_told(app: Jobs) -> None:
    started = threading.Event()

    @app.task
    async def endless() -> None:
        started.set()
        await asyncio.Event().wait()

    @app.task
    def looking(ctx: Context) -> None:
        started.set()
        ctx.cancelled.wait(30)
        ctx.raise_if_cancelled()

    with app.in_process(concurrency=1) as jobs:
        for task in (endless, looking):
            started.clear()
            running = task.enqueue(jobs)
            assert started.wait(10)
            waiting = task.enqueue(jobs)
            later = task.using(delay=60).enqueue(jobs)
            assert jobs.cancel(waiting, "not needed") == "cancelled"
            assert jobs.cancel(later) == "cancelled"
            assert jobs.cancel(running) == "cancel_requested"
            with pytest.raises(JobCancelled):
                jobs.result(running, 10)
            with pytest.raises(JobCancelled, match="not needed"):
                jobs.result(waiting)
            assert jobs.cancel(waiting) == "cancelled"
        with pytest.raises(NotFound):
            jobs.cancel(999_999)


def test_batches_are_filled_and_do_not_wait_for_ever(app: Jobs) -> None:
    sizes = []

    @app.task(batch_size=4, batch_timeout=0.05)
    def many(items: list[BatchItem[dict[str, int]]]) -> list[int]:
        sizes.append(len(items))
        return [item.args["n"] for item in items]

    with app.in_process(concurrency=1) as jobs:
        made = many.enqueue_many(jobs, [many.job({"n": n}) for n in range(10)])
        assert [jobs.result(job, 10) for job in made] == list(range(10))
    assert sizes == [4, 4, 2]


def test_a_job_that_waits_for_company_can_be_cancelled(app: Jobs) -> None:
    @app.task(batch_size=10, batch_timeout=3600)
    def many(items: list[BatchItem[dict[str, int]]]) -> list[int]:
        return [item.args["n"] for item in items]

    with app.in_process() as jobs:
        one, two = many.enqueue_many(jobs, [many.job({"n": n}) for n in range(2)])
        until(lambda: jobs.state(two) == "running", "both to be taken")
        assert jobs.cancel(one) == "cancel_requested"
        with pytest.raises(JobCancelled):
            jobs.result(one, 10)
    assert jobs.result(two) == 1


def test_a_job_of_the_far_future_does_not_disturb(app: Jobs) -> None:
    @app.task
    def note() -> str:
        return "done"

    with app.in_process() as jobs:
        note.using(delay=dt.timedelta(days=900 * 365)).enqueue(jobs)
        assert jobs.result(note.enqueue(jobs), 10) == "done"


def test_only_so_many_ended_jobs_are_remembered(app: Jobs) -> None:
    @app.task
    def double(number: int) -> int:
        return 2 * number

    with app.in_process(keep=2) as jobs:
        made = [double.enqueue(jobs, number) for number in range(5)]
        jobs.drain(10)
        assert [job.id for job in jobs.list()] == [job.id for job in made[-2:]]
        with pytest.raises(NotFound, match="keep="):
            jobs.result(made[0])


def test_time_passes_as_its_own_clock_says(app: Jobs) -> None:
    ran = []

    @app.task
    def note(name: str) -> Snooze | None:
        ran.append(name)
        return Snooze(30) if ran.count(name) == 1 else None

    with app.in_process(now=NOON) as jobs:
        job = note.using(delay=60).enqueue(jobs, "a")
        past = note.using(run_at=NOON - dt.timedelta(1)).enqueue(jobs, "b")
        jobs.drain(10)
        assert ran == ["b"]
        assert jobs.now() == NOON
        jobs.advance(59.9)
        jobs.drain(10)
        assert ran.count("a") == 0
        jobs.advance(0.1)
        until(lambda: ran.count("a") == 1, "the delay to end")
        jobs.advance(30)
        jobs.result(job, 10)
        jobs.result(past, 10)
        with pytest.raises(ConfigurationError, match="0 or more seconds"):
            jobs.advance(-1)
    with app.in_process() as real, pytest.raises(ConfigurationError, match="cannot be moved"):
        real.advance(1)
