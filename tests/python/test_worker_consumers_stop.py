"""Stopping and draining a worker that runs consumers."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from consumers import append, applied, consumer, listed, make_projection
from txjobs import Event, Jobs, Worker
from waiting import until
from workers import Running, drain, running

Conn = psycopg.Connection[Any]
AsyncConn = psycopg.AsyncConnection[Any]

INSERT = "insert into applied values ('sums', %s, %s)"


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture(autouse=True)
def projection(conn: Conn) -> None:
    """The table that the tests' consumers write."""
    make_projection(conn)


class Slow:
    """A consumer that is in the middle of a batch until it is released."""

    def __init__(self, app: Jobs, *, is_async: bool) -> None:
        self.started = threading.Event()
        self.release = threading.Event()
        self.ended = threading.Event()
        self.cancelled = False
        if is_async:
            consumer(app, "sums", batch=1)(self._run_async())
        else:
            consumer(app, "sums", batch=1)(self._run())

    def _run(self) -> Any:
        def sums(conn: Conn, events: list[Event[Any]]) -> None:
            for event in events:
                conn.execute(INSERT, (event.pos, event.data["n"]))
            self.started.set()
            self.release.wait(30)
            self.ended.set()

        return sums

    def _run_async(self) -> Any:
        async def sums(conn: AsyncConn, events: list[Event[Any]]) -> None:
            for event in events:
                await conn.execute(INSERT, (event.pos, event.data["n"]))
            self.started.set()
            try:
                while not self.release.is_set():  # noqa: ASYNC110 - another thread sets it
                    await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                self.cancelled = True
                raise
            finally:
                self.ended.set()

        return sums


@pytest.mark.parametrize("is_async", [False, True])
def test_a_batch_under_way_may_end_and_no_other_begins(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    slow = Slow(app, is_async=is_async)
    append(conn, [1, 2])
    with running(app, dsn) as worker:
        assert slow.started.wait(20)
        worker.worker.stop()
        threading.Timer(0.5, slow.release.set).start()
        assert worker.join() == 0
        assert worker.stats.cut_consumers == []
    assert applied(conn) == [1]
    assert (listed(conn)["behind"], listed(conn)["failures"]) == (1, 0)


def test_an_async_batch_over_the_time_limit_is_cancelled_and_rolls_back(
    app: Jobs, dsn: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    slow = Slow(app, is_async=True)
    append(conn, [1])
    with running(app, dsn, drain_timeout=0.2) as worker:
        assert slow.started.wait(20)
        assert worker.stop() == 3
        assert worker.stats.cut_consumers == ["sums"]
    assert slow.cancelled
    assert applied(conn) == []
    assert (listed(conn)["behind"], listed(conn)["failures"]) == (1, 0)
    assert "consumer sums is cut off, and rolled back" in caplog.text
    slow.release.set()
    assert drain(app, dsn).consumed == 1


def test_a_batch_in_a_thread_over_the_time_limit_never_commits(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    slow = Slow(app, is_async=False)
    append(conn, [1])
    with running(app, dsn, drain_timeout=0.2) as worker:
        assert slow.started.wait(20)
        assert worker.stop() == 3
        assert worker.stats.cut_consumers == ["sums"]
    assert not slow.ended.is_set()
    slow.release.set()
    until(lambda: sessions(conn) == 0, "its connection is closed")
    assert applied(conn) == []
    assert drain(app, dsn).consumed == 1
    assert applied(conn) == [1]


def sessions(conn: Conn) -> int:
    """How many of others there are."""
    row = conn.execute(
        "select count(*) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid() "
        "and backend_type = 'client backend'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_second_request_to_stop_cuts_at_once(app: Jobs, dsn: str, conn: Conn) -> None:
    slow = Slow(app, is_async=True)
    append(conn, [1])
    with running(app, dsn, drain_timeout=60.0) as worker:
        assert slow.started.wait(20)
        worker.worker.stop()
        assert worker.stop() == 3
    assert slow.cancelled


def test_a_run_that_is_cancelled_rolls_its_batch_back(app: Jobs, dsn: str, conn: Conn) -> None:
    slow = Slow(app, is_async=True)
    append(conn, [1])

    async def application() -> None:
        worker = asyncio.create_task(Worker(app, dsn).run())
        await asyncio.to_thread(slow.started.wait, 20)
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker

    asyncio.run(application())
    assert slow.cancelled
    assert applied(conn) == []
    until(lambda: sessions(conn) == 0, "its connections are gone")


def test_an_async_function_that_is_deaf_to_its_cancellation_is_left(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    started = threading.Event()
    deaf = True

    @consumer(app, "sums")
    async def sums(conn: AsyncConn, events: list[Event[Any]]) -> None:
        await conn.execute(INSERT, (events[0].pos, events[0].data["n"]))
        started.set()
        while deaf:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.02)

    append(conn, [1])
    with running(app, dsn, drain_timeout=0.1) as worker:
        assert started.wait(20)
        worker.worker.stop()
        until(lambda: worker.worker.state == "stopped", "the worker has stopped")
        deaf = False
        assert worker.join() == 3
    assert applied(conn) == []


def test_draining_ends_when_neither_jobs_nor_consumers_have_anything_left(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    @app.task
    def count_down(n: int) -> None:
        if n:
            with psycopg.connect(dsn, autocommit=True) as own:
                append(own, [n])

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        for event in events:
            conn.execute(INSERT, (event.pos, event.data["n"]))
            count_down.enqueue(conn, event.data["n"] - 1)

    append(conn, [6])
    assert drain(app, dsn, drain_horizon=0.0).completed == 6
    assert applied(conn) == [6, 5, 4, 3, 2, 1]


def test_draining_does_not_wait_for_a_try_that_is_far_away(app: Jobs, dsn: str, conn: Conn) -> None:
    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        raise ValueError("never")

    append(conn, [1])
    stats = drain(app, dsn, drain_horizon=0.0)
    assert (stats.consumed, stats.consumer_failures) == (0, 1)


def test_draining_waits_for_a_batch_in_another_process(app: Jobs, dsn: str, conn: Conn) -> None:
    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        for event in events:
            conn.execute(INSERT, (event.pos, event.data["n"]))

    append(conn, [1])
    conn.execute("select jobs.create_consumer('sums', 'beginning', '{counted}')")
    with psycopg.connect(dsn) as other:
        other.execute("select * from jobs.poll('sums')")
        worker = Running(app, dsn, drain=True)
        with pytest.raises(AssertionError, match="not within"):
            until(lambda: not worker.alive, "it has ended", seconds=2)
        other.rollback()
    assert worker.join() == 0
    assert applied(conn) == [1]


SHOP = """
import time
from txjobs import Jobs

app = Jobs()

@app.task
async def nothing() -> None: ...

@app.consumer("sums", from_position="beginning", types=["counted"], poll_interval=0.05, batch=1)
def sums(conn, events):
    for event in events:
        conn.execute("insert into applied values ('sums', %s, %s)", (event.pos, event.data["n"]))
        print("applying", event.data["n"], flush=True)
        time.sleep(event.data["seconds"])

@app.consumer("other", from_position="beginning", types=["counted"])
def other(conn, events):
    conn.execute("insert into applied values ('other', 0, 0)")
"""


@pytest.fixture
def started(dsn: str, tmp_path: Path) -> Iterator[Any]:
    """Starts `txjobs worker` on an application; it is gone at the end."""
    (tmp_path / "shop.py").write_text(SHOP)
    command = [sys.executable, "-m", "txjobs.cli", "worker", "shop:app", "--dsn", dsn]
    processes: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        processes.append(
            subprocess.Popen(
                [*command, *words],
                cwd=tmp_path,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def append_slow(conn: Conn, n: int, seconds: float) -> None:
    """An event that takes so long."""
    conn.execute(
        "select jobs.append_event('c-1', 'counted', "
        "jsonb_build_object('n', %s::int, 'seconds', %s::float8))",
        (n, seconds),
    )


def until_applying(process: "subprocess.Popen[str]") -> None:
    """Wait until a batch is under way."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("applying"):
            return
    raise AssertionError(process.communicate())


def test_sigterm_lets_a_batch_end(started: Any, conn: Conn) -> None:
    append_slow(conn, 1, 1)
    append_slow(conn, 2, 0)
    worker = started("--consumers", "sums")
    until_applying(worker)
    worker.send_signal(signal.SIGTERM)
    out, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert out.splitlines()[-1].endswith("1 consumed")
    assert applied(conn) == [1]


def test_a_batch_that_had_to_be_cut_is_named_and_changes_the_exit_code(
    started: Any, conn: Conn
) -> None:
    append_slow(conn, 1, 60)
    worker = started("--consumers", "sums", "--drain-timeout", "200ms")
    until_applying(worker)
    worker.send_signal(signal.SIGTERM)
    out, _ = worker.communicate(timeout=30)
    assert worker.returncode == 5
    assert "cut off and given back: consumer sums" in out
    until(lambda: sessions(conn) == 0, "its connections are gone")
    assert applied(conn) == []


def test_a_batch_of_a_killed_worker_is_applied_by_another_at_once(started: Any, conn: Conn) -> None:
    append_slow(conn, 1, 1)
    first = started("--consumers", "sums")
    until_applying(first)
    first.kill()
    second = started("--consumers", "sums", "--drain")
    out, _ = second.communicate(timeout=30)
    assert out.splitlines()[-1].endswith("1 consumed")
    assert applied(conn) == [1]


def test_with_json_a_failure_names_the_consumer_and_the_position(started: Any, conn: Conn) -> None:
    (position,) = append(conn, [1])  # without the seconds that it looks for
    worker = started("--drain", "--json", "--consumers", "sums")
    out, _ = worker.communicate(timeout=30)
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    (log,) = [one for one in events if one.get("level") == "error"]
    assert (log["consumer"], log["position"]) == ("sums", position)
    (stopped,) = [one for one in events if one["event"] == "stopped"]
    assert (stopped["consumed"], stopped["consumer_failures"]) == (0, 1)


def test_the_command_line_chooses_consumers_and_says_which_run(started: Any, conn: Conn) -> None:
    append_slow(conn, 1, 0)
    for words, said, consumed in [
        (("--no-consumers",), "1 task (nothing), all queues", "no job"),
        (("--consumers", "sums"), "1 consumer (sums)", "1 consumed"),
        ((), "2 consumers (other, sums)", "1 consumed"),
    ]:
        out, _ = started("--drain", *words).communicate(timeout=30)
        assert said in out.splitlines()[0]
        assert out.splitlines()[-1].endswith(consumed)
    both = started("--consumers", "sums", "--no-consumers")
    assert "exclude each other" in both.communicate(timeout=30)[1]
    assert both.returncode == 2
    unknown = started("--consumers", "nobody")
    assert "no consumer is named nobody" in unknown.communicate(timeout=30)[1]
