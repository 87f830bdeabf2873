"""What becomes of a job, by what its handler returns or raises."""

import asyncio
import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from txjobs import (
    Abort,
    Backoff,
    Client,
    Complete,
    Context,
    Discard,
    JobDiscarded,
    JobFailed,
    Jobs,
    JobSkipped,
    Reject,
    Retry,
    Skip,
    Snooze,
)
from txjobs.task import Job
from workers import drain

Conn = psycopg.Connection[Any]

SOON = Backoff(base=0, jitter=0)


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


def types(client: Client, job: Job[Any]) -> list[str]:
    return [event.type for event in client.history(job)]


@pytest.mark.parametrize("value", ["text", 7, 1.5, True, [1, None], {"a": {"b": "ü"}}, 2**70])
def test_a_returned_value_is_the_result(
    app: Jobs, dsn: str, client: Client, conn: Conn, value: Any
) -> None:
    @app.task
    async def give() -> Any:
        return value

    @app.task
    def give_from_a_thread() -> Any:
        return value

    jobs = [give.enqueue(conn), give_from_a_thread.enqueue(conn)]
    assert drain(app, dsn).completed == 2
    assert [client.result(job) for job in jobs] == [value, value]


def test_none_is_a_result(app: Jobs, dsn: str, client: Client, conn: Conn) -> None:
    @app.task
    async def nothing() -> None:
        return None

    job = nothing.enqueue(conn)
    drain(app, dsn)
    assert client.state(job) == "completed"
    assert client.result(job.id) is None


def test_complete_is_the_same_as_its_result(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    @app.task
    async def done() -> Complete:
        return Complete({"n": 1})

    job: Job[Any] = done.enqueue(conn)
    drain(app, dsn)
    assert client.result(job.id) == {"n": 1}


def test_a_handler_is_started_max_attempts_times_and_then_the_job_is_dead(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    started: list[int] = []

    @app.task(retry=Backoff(max_attempts=3, base=0, jitter=0))
    async def fail(ctx: Context) -> None:
        started.append(ctx.attempt)
        raise ValueError(f"attempt {ctx.attempt}")

    job = fail.enqueue(conn)
    stats = drain(app, dsn)
    assert started == [1, 2, 3]
    assert (stats.retried, stats.dead) == (2, 1)
    with pytest.raises(JobFailed, match="ValueError: attempt 3") as raised:
        client.result(job)
    assert raised.value.reason == "exhausted"
    found = client.get(job)
    assert found is not None
    assert [one["error"]["message"] for one in found.errors] == [
        "attempt 1",
        "attempt 2",
        "attempt 3",
    ]
    assert "in fail" in found.errors[0]["error"]["traceback"]
    assert "python_client/txjobs" not in found.errors[0]["error"]["traceback"]


def test_a_failed_job_succeeds_on_a_later_attempt(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    @app.task(retry=SOON)
    def third_time(ctx: Context) -> int:
        if ctx.attempt < 3:
            raise OSError("not yet")
        return ctx.attempt

    job = third_time.enqueue(conn)
    drain(app, dsn)
    assert client.result(job) == 3
    assert types(client, job).count("failed") == 2


@pytest.mark.parametrize(
    ("error", "reason"), [(Abort("no"), "aborted"), (Reject("bad"), "rejected")]
)
def test_abort_and_reject_end_the_job_at_once(
    app: Jobs, dsn: str, client: Client, conn: Conn, error: Exception, reason: str
) -> None:
    @app.task
    async def give_up() -> None:
        raise error

    job = give_up.enqueue(conn)
    assert drain(app, dsn).dead == 1
    found = client.get(job)
    assert found is not None
    assert (found.state, found.reason, found.attempt) == ("dead", reason, 1)


def test_a_snoozed_job_runs_again_without_a_charge(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    attempts: list[int] = []

    @app.task
    async def wait(ctx: Context) -> Snooze | str:
        attempts.append(ctx.attempt)
        return "done" if len(attempts) > 2 else Snooze(0.05)

    job = wait.enqueue(conn)
    stats = drain(app, dsn)
    assert attempts == [1, 1, 1]
    assert stats.snoozed == 2
    assert client.result(job) == "done"


@pytest.mark.parametrize(
    "snooze",
    [
        lambda: Snooze(),
        lambda: Snooze(1, until=dt.datetime.now(dt.UTC)),
        lambda: Snooze(until=dt.datetime(2030, 1, 1)),
        lambda: Snooze("soon"),  # type: ignore[arg-type]
    ],
)
def test_a_snooze_that_cannot_be_is_an_error_of_its_handler(
    app: Jobs, dsn: str, client: Client, conn: Conn, snooze: Callable[[], Snooze]
) -> None:
    @app.task(max_attempts=1)
    async def wait() -> Snooze | None:
        return snooze()

    job = wait.enqueue(conn)
    assert drain(app, dsn).dead == 1
    found = client.get(job)
    assert found is not None
    assert found.error is not None


def test_skip_and_discard_end_the_job_with_their_reason(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    @app.task
    async def skip() -> Skip:
        return Skip("nothing to do")

    @app.task
    def discard() -> Discard:
        return Discard("too late")

    skipped: Job[Any] = skip.enqueue(conn)
    discarded: Job[Any] = discard.enqueue(conn)
    stats = drain(app, dsn)
    assert (stats.skipped, stats.discarded, stats.completed) == (1, 1, 0)
    with pytest.raises(JobSkipped, match="nothing to do"):
        client.result(skipped.id)
    with pytest.raises(JobDiscarded, match="too late"):
        client.result(discarded.id)


def test_retry_says_when_and_why(app: Jobs, dsn: str, client: Client, conn: Conn) -> None:
    @app.task(retry=Backoff(base=1000, cap=2000))
    async def again(ctx: Context) -> Retry | int:
        return ctx.attempt if ctx.attempt > 1 else Retry(in_=0.05, error="the other side is busy")

    job = again.enqueue(conn)
    assert drain(app, dsn).retried == 1
    assert client.result(job.id) == 2
    found = client.get(job)
    assert found is not None
    assert found.errors[0]["error"]["message"] == "the other side is busy"


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_result_that_is_not_json_fails_its_own_job_only(
    app: Jobs, dsn: str, client: Client, conn: Conn, in_thread: bool
) -> None:
    @app.task(retry=Backoff(max_attempts=1))
    async def strange() -> Any:
        return object()

    @app.task(retry=Backoff(max_attempts=1))
    def strange_in_thread() -> Any:
        return {"n": float("nan")}

    @app.task
    async def fine(n: int) -> int:
        return n

    task = strange_in_thread if in_thread else strange
    jobs = app.enqueue(conn, [fine.job(1), task.job(), fine.job(2)])
    stats = drain(app, dsn)
    assert (stats.completed, stats.dead) == (2, 1)
    with pytest.raises(JobFailed, match="the handler's result cannot be stored as JSON"):
        client.result(jobs[1])


@pytest.mark.parametrize("bad", ["a\0b", "\ud800"])
def test_a_result_that_postgres_cannot_store_fails_its_own_job_only(
    app: Jobs, dsn: str, conn: Conn, bad: str
) -> None:
    @app.task(retry=Backoff(max_attempts=1))
    async def give(n: int) -> Any:
        return {"n": [n, bad]} if n == 1 else n

    give.enqueue_many(conn, [give.job(n) for n in range(3)])
    stats = drain(app, dsn)
    assert (stats.completed, stats.dead) == (2, 1)


def test_a_result_that_is_too_large_fails_its_own_job_only(app: Jobs, dsn: str, conn: Conn) -> None:
    @app.task(retry=Backoff(max_attempts=1))
    async def give(n: int) -> Any:
        return "x" * 20_000_000 if n == 1 else n

    give.enqueue_many(conn, [give.job(n) for n in range(3)])
    stats = drain(app, dsn)
    assert (stats.completed, stats.dead) == (2, 1)


@pytest.mark.parametrize(
    "error",
    [
        SystemExit(3),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
        GeneratorExit(),
        StopIteration(1),
    ],
)
@pytest.mark.parametrize("in_thread", [False, True])
def test_no_exception_stops_the_worker(
    app: Jobs, dsn: str, conn: Conn, error: BaseException, in_thread: bool
) -> None:
    @app.task(retry=Backoff(max_attempts=1))
    async def die() -> None:
        raise error

    @app.task(retry=Backoff(max_attempts=1))
    def die_in_thread() -> None:
        raise error

    @app.task
    async def fine() -> None:
        pass

    task = die_in_thread if in_thread else die
    app.enqueue(conn, [task.job(), fine.job(), task.job(), fine.job()])
    stats = drain(app, dsn, concurrency=1)
    assert (stats.completed, stats.dead) == (2, 2)


def test_an_error_that_cannot_be_shown_is_recorded_all_the_same(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    class Awkward(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    @app.task(retry=Backoff(max_attempts=1))
    async def fail(n: int) -> None:
        raise (Awkward() if n else ValueError("nul \0 and half a pair \ud800"))

    jobs = fail.enqueue_many(conn, [fail.job(0), fail.job(1)])
    drain(app, dsn)
    found = [client.get(job) for job in jobs]
    messages = [one.error["message"] for one in found if one is not None and one.error is not None]
    assert messages == [
        "nul \\0 and half a pair \\ud800",
        "(its message cannot be shown: RuntimeError)",
    ]


@pytest.mark.parametrize("args", ['{"wrong": 1}', "{}", '{"n": 1, "more": 2}', "[1]", "7"])
def test_arguments_that_do_not_fit_the_handler_are_undecodable(
    app: Jobs, dsn: str, client: Client, conn: Conn, args: str
) -> None:
    called: list[int] = []

    @app.task
    async def take(n: int) -> None:
        called.append(n)

    row = conn.execute("select jobs.enqueue('take', %s::text::jsonb)", (args,)).fetchone()
    assert row is not None
    assert drain(app, dsn).dead == 1
    found = client.get(row[0])
    assert found is not None
    assert (found.state, found.reason, called) == ("dead", "undecodable", [])


def test_kinds_that_are_not_registered_are_never_claimed(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    @app.task
    async def known() -> None:
        pass

    unknown = client.enqueue("unknown", {"n": 1})
    known.enqueue(conn)
    assert drain(app, dsn).claimed == 1
    assert types(client, unknown) == ["enqueued"]


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_handler_over_its_time_limit_fails_with_reason_timeout(
    app: Jobs, dsn: str, client: Client, conn: Conn, in_thread: bool
) -> None:
    release = threading.Event()

    @app.task(timeout=0.2, retry=Backoff(max_attempts=1))
    async def slow() -> None:
        await asyncio.sleep(60)

    @app.task(timeout=0.2, retry=Backoff(max_attempts=1))
    def slow_in_thread() -> None:
        release.wait(60)

    @app.task
    def quick() -> int:
        return 1

    job = (slow_in_thread if in_thread else slow).enqueue(conn)
    after = quick.enqueue(conn)
    try:
        stats = drain(app, dsn, concurrency=1)
    finally:
        release.set()
    assert (stats.timed_out, stats.dead, stats.completed) == (1, 1, 1)
    found = client.get(job)
    assert found is not None
    assert (found.state, found.reason) == ("dead", "timeout")
    assert client.result(after) == 1


def test_a_handlers_own_time_out_is_an_ordinary_failure(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    @app.task(timeout=30, retry=Backoff(max_attempts=1))
    async def impatient() -> None:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)

    job = impatient.enqueue(conn)
    assert drain(app, dsn).timed_out == 0
    found = client.get(job)
    assert found is not None
    assert found.reason == "exhausted"
