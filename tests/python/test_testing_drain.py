"""Draining: the jobs of a test, run by its own handlers in its own transaction."""

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import psycopg
import pytest

from drained_app import TABLE, effects, shop
from txjobs import (
    BatchContext,
    BatchItem,
    Client,
    ConfigurationError,
    Context,
    JobFailed,
    Jobs,
    TooLarge,
    Undecodable,
    Unencodable,
)
from txjobs.testing import Runaway, drain

Conn = psycopg.Connection[Any]
WHO: ContextVar[str] = ContextVar("who", default="nobody")


@pytest.fixture
def tx(dsn: str) -> Iterator[Conn]:
    """A connection in a transaction that is rolled back."""
    with psycopg.connect(dsn) as session, session.transaction(force_rollback=True):
        session.execute(TABLE)
        yield session


def test_handlers_of_both_sorts_work_in_the_transaction_of_the_test(tx: Conn) -> None:
    app = shop()
    app.tasks["write"].enqueue(tx, "one")
    app.tasks["write_async"].enqueue(tx, "two")
    drained = drain(app, tx)
    assert effects(tx) == ["one", "two"]
    assert [(one.kind, one.attempt, one.outcome) for one in drained.completed] == [
        ("write", 1, "completed"),
        ("write_async", 1, "completed"),
    ]
    assert [Client(tx).get(one.id).result for one in drained.jobs] == ["one", "two"]  # type: ignore[union-attr]


def test_what_handlers_enqueue_is_run_as_well(tx: Conn) -> None:
    app = shop()
    app.tasks["write"].enqueue(tx, "one", then="two")
    assert len(drain(app, tx)) == 2
    assert effects(tx) == ["one", "two"]


def test_a_sync_handler_runs_in_the_calling_thread_and_context_without_a_loop(tx: Conn) -> None:
    app, seen = Jobs(), []

    @app.task
    def look() -> None:
        seen.append((threading.current_thread(), WHO.get(), asyncio.run(_where())))

    look.enqueue(tx)
    token = WHO.set("the test")
    try:
        drain(app, tx)
    finally:
        WHO.reset(token)
    assert [found[:2] for found in seen] == [(threading.current_thread(), "the test")]


async def _where() -> str:
    return WHO.get()


def test_what_a_failed_handler_wrote_is_rolled_back_and_the_rest_stays(tx: Conn) -> None:
    app = shop()
    tx.execute("insert into effect (what) values ('before')")
    job = app.tasks["fail"].enqueue(tx, "lost")
    app.tasks["write"].enqueue(tx, "after")
    drained = drain(app, tx, raise_on_failure=False)
    assert effects(tx) == ["before", "after"]
    [failed] = drained.failed
    assert (failed.id, failed.error["type"], failed.error["message"]) == (  # type: ignore[index]
        job.id,
        "ValueError",
        "lost",
    )
    assert isinstance(failed.exception, ValueError)
    assert "raise ValueError(what)" in failed.error["traceback"]  # type: ignore[index]
    assert Client(tx).state(job) == "scheduled"


def test_a_handlers_exception_comes_out_once_its_outcome_is_recorded(tx: Conn) -> None:
    app = shop()
    job = app.tasks["fail"].enqueue(tx, "no")
    with pytest.raises(ValueError, match="no") as caught:
        drain(app, tx)
    assert caught.traceback[-1].name == "fail"
    [note] = caught.value.__notes__
    assert f"job {job.id} (fail), attempt 1 of 2, with" in note
    assert "raise_on_failure=False" in note
    assert Client(tx).state(job) == "scheduled"


def test_a_summary_tells_each_outcome(tx: Conn) -> None:
    app = shop()
    for outcome in ("skip", "discard", "retry", "snooze"):
        app.tasks["put"].enqueue(tx, outcome)
    app.tasks["fail"].using(max_attempts=1).enqueue(tx, "no")
    drained = drain(app, tx, raise_on_failure=False)
    assert drained.counts == {"skipped": 1, "discarded": 1, "failed": 1, "snoozed": 1, "dead": 1}
    assert len(drained.skipped) == len(drained.discarded) == len(drained.snoozed) == 1
    assert drained.failed[0].error == {"type": "Retry", "message": "later"}
    assert str(drained).splitlines()[2].endswith("(put), attempt 1: failed: Retry: later")
    assert str(drain(app, tx)) == "no job was run"


def test_a_retry_that_the_handler_asked_for_is_no_failure_of_the_test(tx: Conn) -> None:
    app = shop()
    app.tasks["put"].enqueue(tx, "retry")
    assert len(drain(app, tx).failed) == 1


def test_a_death_without_an_exception_is_a_failure_of_the_test(tx: Conn) -> None:
    app = shop()
    app.tasks["put"].using(max_attempts=1).enqueue(tx, "retry")
    with pytest.raises(JobFailed, match="later"):
        drain(app, tx)


@pytest.mark.parametrize(("outcome", "error"), [("set", Unencodable), ("long", TooLarge)])
def test_a_result_that_cannot_be_stored_is_a_failure(
    tx: Conn, outcome: str, error: type[Exception]
) -> None:
    app = shop()
    tx.execute("update jobs.setting set max_result_bytes = 2000")
    job = app.tasks["put"].enqueue(tx, outcome)
    with pytest.raises(error):
        drain(app, tx)
    assert Client(tx).state(job) == "scheduled"


def test_arguments_that_do_not_fit_are_a_failure(tx: Conn) -> None:
    Client(tx).enqueue("write", {"nothing": 1})
    with pytest.raises(Undecodable):
        drain(shop(), tx)


def test_a_job_that_enqueues_itself_without_end_is_stopped(tx: Conn) -> None:
    app = Jobs()

    @app.task
    def again(ctx: Context) -> None:
        with ctx.transaction() as conn:
            again.enqueue(conn)

    again.enqueue(tx)
    with pytest.raises(Runaway, match=r"7 jobs were run .* most of them: again \(7\)"):
        drain(app, tx, max_jobs=7)
    assert Client(tx).stats()[0].ready == 1
    with pytest.raises(ConfigurationError, match="at least 1"):
        drain(app, tx, max_jobs=0)


def test_only_what_was_asked_for_and_may_run_is_run(tx: Conn) -> None:
    app, client = shop(), Client(tx)
    write = app.tasks["write"]
    mail = write.using(queue="mail").enqueue(tx, "mail")
    other = write.using(queue="other").enqueue(tx, "other")
    paused = write.using(queue="paused").enqueue(tx, "paused")
    unknown = client.enqueue("unknown", {})
    client.pause(queue="paused")
    assert [one.id for one in drain(app, tx, queues=["mail"]).jobs] == [mail.id]
    assert [one.id for one in drain(app, tx).jobs] == [other.id]
    assert client.state(paused) == client.state(unknown) == "ready"
    with pytest.raises(ConfigurationError, match="write \\['mail'\\]"):
        drain(app, tx, queues="mail")


def test_jobs_run_by_priority_and_then_in_their_order(tx: Conn) -> None:
    app = shop()
    for what, priority in (("b", 0), ("c", 0), ("a", 5)):
        app.tasks["write"].using(priority=priority).enqueue(tx, what)
    drain(app, tx)
    assert effects(tx) == ["a", "b", "c"]


def test_a_batch_handler_takes_what_is_there_and_answers_for_each(tx: Conn) -> None:
    app, sizes = Jobs(), []

    @app.task(batch_size=3, max_attempts=1)
    def index(ctx: BatchContext, items: list[BatchItem[dict[str, int]]]) -> list[Any]:
        sizes.append(len(items))
        with ctx.transaction() as conn:
            conn.execute("insert into effect (what) values ('batch')")
        return [ValueError("odd") if item.args["n"] % 2 else item.args["n"] for item in items]

    @app.task(batch_size=2)
    async def count(items: list[BatchItem[dict[str, int]]]) -> None:
        sizes.append(len(items))

    jobs = [index.enqueue(tx, {"n": n}) for n in range(4)]
    count.enqueue_many(tx, [count.job({"n": n}) for n in range(3)])
    drained = drain(app, tx, raise_on_failure=False)
    assert sizes == [3, 1, 2, 1]
    assert drained.counts == {"completed": 5, "dead": 2}
    assert [one.id for one in drained.dead] == [jobs[1].id, jobs[3].id]
    assert all(isinstance(one.exception, ValueError) for one in drained.dead)
    index.enqueue(tx, {"n": 1})
    with pytest.raises(ValueError, match="odd"):
        drain(app, tx)


def test_a_statement_that_fails_on_the_tests_own_connection_does_not_end_the_test(tx: Conn) -> None:
    app = shop()

    @app.task(max_attempts=1)
    def clumsy() -> None:
        tx.execute("insert into effect (what) values ('lost')")
        tx.execute("select 1 / 0")

    @app.task
    def careless() -> None:
        try:
            tx.execute("select 1 / 0")
        except psycopg.Error:
            return

    clumsy.enqueue(tx)
    careless.enqueue(tx)
    app.tasks["write"].enqueue(tx, "kept")
    assert drain(app, tx, raise_on_failure=False).counts == {"dead": 1, "completed": 2}
    assert effects(tx) == ["kept"]


def test_what_ends_a_test_is_not_swallowed(tx: Conn) -> None:
    app = Jobs()

    @app.task
    def stop() -> None:
        pytest.fail("enough")

    stop.enqueue(tx)
    with pytest.raises(BaseException, match="enough"):
        drain(app, tx, raise_on_failure=False)


def test_a_job_that_is_cancelled_while_it_runs_is_cancelled(tx: Conn) -> None:
    app = Jobs()

    @app.task
    def cancel(ctx: Context) -> None:
        Client(tx).cancel(ctx.job.id)
        raise ValueError("stop")

    cancel.enqueue(tx)
    assert drain(app, tx).counts == {"cancelled": 1}


def test_an_outcome_is_refused_when_the_claim_is_over(tx: Conn) -> None:
    app = Jobs()
    tx.execute("update jobs.setting set test_clock = true")

    @app.task
    def slow(ctx: Context) -> None:
        if ctx.attempt > 1:
            return
        tx.execute("select jobs.set_test_clock(jobs.now() + interval '1 day')")
        tx.execute("select jobs.reset_stale_claims()")

    slow.enqueue(tx)
    assert [one.outcome for one in drain(app, tx).jobs] == ["stale", "completed"]


def test_an_async_handlers_time_limit_holds(tx: Conn) -> None:
    app = Jobs()

    @app.task(timeout=0.05, max_attempts=1)
    async def sleep() -> None:
        await asyncio.sleep(60)

    job = sleep.enqueue(tx)
    assert len(drain(app, tx, raise_on_failure=False).dead) == 1
    found = Client(tx).get(job)
    assert found is not None
    assert found.reason == "timeout"


def test_handlers_get_the_dependencies(tx: Conn) -> None:
    app = Jobs()

    @app.task
    def use(ctx: Context) -> str:
        return f"with {ctx.deps}"

    job = use.enqueue(tx)
    drain(app, tx, deps="them")
    assert Client(tx).result(job) == "with them"
