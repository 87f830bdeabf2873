"""How the in-process runner ends: what is due is done, and nothing is dropped in silence."""

import asyncio
import logging
import os
import threading
from typing import Any

import pytest

from txjobs import Backoff, BatchItem, Context, Jobs, QueueFull, RunnerClosed
from waiting import until

LOGGER = "txjobs.in_process"


@pytest.fixture
def app() -> Jobs:
    return Jobs()


def test_what_is_due_is_done_before_the_block_ends(app: Jobs) -> None:
    @app.task
    def leaf(number: int) -> int:
        return number

    @app.task
    async def root(ctx: Context, number: int) -> None:
        await asyncio.sleep(0.01)
        async with ctx.transaction() as conn:
            await leaf.enqueue(conn, number)

    runner = app.in_process(concurrency=2)
    with runner as jobs:
        root.enqueue_many(jobs, [root.job(number) for number in range(20)])
    assert len(jobs.list("completed", kind="leaf")) == 20
    assert runner.leftover == []
    assert runner.stats().completed == 40


def test_a_batch_that_waits_for_company_is_not_waited_for(app: Jobs) -> None:
    @app.task(batch_size=100, batch_timeout=3600)
    def many(items: list[BatchItem[dict[str, int]]]) -> None: ...

    with app.in_process() as jobs:
        made = many.enqueue(jobs, {"n": 1})
        until(lambda: jobs.state(made) == "running", "the job to be taken")
    assert jobs.state(made) == "completed"


def test_what_waits_for_its_time_is_left_over_and_named(
    app: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    @app.task(retry=Backoff(base=60))
    def fail() -> None:
        raise ValueError

    runner = app.in_process()
    with caplog.at_level(logging.WARNING, LOGGER), runner as jobs:
        failed = fail.enqueue(jobs)
        later = fail.using(delay=60).enqueue(jobs)
        unknown = jobs.enqueue("nobody")
    states = {one.id: (one.state, one.attempt) for one in runner.leftover}
    assert states == {
        failed.id: ("scheduled", 1),
        later.id: ("scheduled", 0),
        unknown.id: ("ready", 0),
    }
    assert "3 jobs that have not ended (1 ready, 2 scheduled)" in caplog.text
    assert f"nobody {unknown.id}" in caplog.text


@pytest.mark.parametrize("kind", ["sync", "deaf"])
def test_a_handler_that_does_not_end_is_cut_and_what_waited_behind_it_is_left_over(
    app: Jobs, kind: str
) -> None:
    let_go = threading.Event()

    @app.task
    def sync() -> None:
        let_go.wait(30)

    @app.task
    async def deaf() -> None:
        while not let_go.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue

    runner = app.in_process(concurrency=1, drain_timeout=0.05)
    with runner as jobs:
        made = jobs.enqueue(kind)
        behind = jobs.enqueue(kind)
        until(lambda: jobs.state(made) == "running", "the job to run")
    let_go.set()
    assert {one.id: one.state for one in runner.leftover} == {made.id: "ready", behind.id: "ready"}
    assert runner.stats().cut == [made.id]
    assert jobs.state(made) == "ready"


def test_an_async_handler_is_cancelled_at_the_end_and_can_clean_up(app: Jobs) -> None:
    cleaned = []

    @app.task
    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    runner = app.in_process(drain_timeout=0.05)
    with runner as jobs:
        made = endless.enqueue(jobs)
        until(lambda: jobs.state(made) == "running", "the job to run")
    assert cleaned == [True]
    assert [one.id for one in runner.leftover] == [made.id]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_process_that_was_forked_is_told_that_nothing_runs_there(app: Jobs) -> None:
    @app.task
    def note() -> None: ...

    with app.in_process() as jobs:
        child = os.fork()
        if child == 0:
            try:
                note.enqueue(jobs)
            except RunnerClosed as closed:
                os._exit(7 if "after the fork" in str(closed) else 1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert jobs.list() == []


async def test_a_cancelled_application_does_not_wait_for_the_drain(app: Jobs) -> None:
    started = asyncio.Event()

    @app.task
    async def endless() -> None:
        started.set()
        await asyncio.Event().wait()

    runner = app.in_process(drain_timeout=3600)

    async def main() -> None:
        async with runner as jobs:
            await endless.enqueue(jobs)
            await started.wait()

    task = asyncio.create_task(main())
    await started.wait()
    await asyncio.sleep(0.05)  # it is draining
    task.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(runner.leftover) == 1


async def test_an_error_of_the_block_comes_out_after_the_drain(app: Jobs) -> None:
    ran = []

    @app.task
    async def note() -> None:
        ran.append(True)

    with pytest.raises(RuntimeError, match="the block's own"):
        async with app.in_process() as jobs:
            await note.enqueue(jobs)
            raise RuntimeError("the block's own")
    assert ran == [True]


async def test_a_defect_of_the_runner_is_not_silent(
    app: Jobs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("broken")

    @app.task
    async def note() -> None: ...

    monkeypatch.setattr("txjobs._memory.Memory.take", broken)
    runner = app.in_process()
    with pytest.raises(RunnerClosed, match="see its log"):
        async with runner as jobs:
            with pytest.raises(RunnerClosed, match="takes no more jobs"):
                for _ in range(1000):
                    await note.enqueue(jobs)
                    await asyncio.sleep(0.001)
    assert "this is a defect" in caplog.text


def test_what_is_enqueued_while_it_drains_is_done_or_left_over(app: Jobs) -> None:
    ran = []

    @app.task
    def note(number: int) -> None:
        ran.append(number)

    runner = app.in_process(concurrency=1)
    accepted: list[int] = []

    def produce() -> None:
        for number in range(100_000):
            try:
                note.enqueue(jobs, number)
            except RunnerClosed:
                return
            except QueueFull:
                continue
            accepted.append(number)

    with runner as jobs:
        producer = threading.Thread(target=produce)
        producer.start()
        until(lambda: ran, "the first to run")
        runner._runner._drain_timeout = 0.2  # type: ignore[union-attr]
    producer.join(10)
    left = [one.args["number"] for one in runner.leftover]
    assert len(ran) == len(set(ran))
    assert sorted({*ran, *left}) == accepted
    # One may be both: its handler was at work when the time was up, and cannot be interrupted.
    assert len(set(ran) & set(left)) <= 1
