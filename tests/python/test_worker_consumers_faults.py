"""Consumers whose connections are lost, that block, and that several workers run."""

import asyncio
import threading
import time
from functools import partial
from typing import Any

import psycopg
import pytest

from consumers import append, applied, consumer, listed, make_projection
from txjobs import Event, Jobs
from txjobs._consumer_loop import ConsumerLoop
from waiting import until
from workers import drain, running

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


def terminate(conn: Conn) -> int:
    """End all other sessions of the database; how many there were."""
    return conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid() "
        "and backend_type = 'client backend'"
    ).rowcount


def is_done(conn: Conn, name: str) -> bool:
    """The consumer has applied all there is."""
    return bool(listed(conn, name)["behind"] == 0)


def test_two_workers_never_both_apply_a_batch(app: Jobs, dsn: str, conn: Conn) -> None:
    now = appended = 0
    at_once: list[int] = []
    threads: set[int] = set()
    lock = threading.Lock()

    @consumer(app, "sums", batch=5)
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        nonlocal now
        with lock:
            now += 1
            at_once.append(now)
        threads.add(threading.get_ident())
        for event in events:
            conn.execute(INSERT, (event.pos, event.data["n"]))
        time.sleep(0.005)
        with lock:
            now -= 1

    def several_have_had_a_turn() -> bool:
        nonlocal appended
        append(conn, range(appended, appended + 20))
        appended += 20
        return appended >= 400 and len(threads) > 1

    with running(app, dsn), running(app, dsn), running(app, dsn):
        until(several_have_had_a_turn, "none of them has it for itself alone")
        until(partial(is_done, conn, "sums"), "all is applied")
    assert applied(conn) == list(range(appended))
    assert max(at_once) == 1


@pytest.mark.parametrize("is_async", [False, True])
def test_a_connection_that_is_lost_in_a_batch_takes_its_rows_along_and_blames_nobody(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    started, release = threading.Event(), threading.Event()
    if is_async:

        @consumer(app, "sums")
        async def sums(conn: AsyncConn, events: list[Event[Any]]) -> None:
            for event in events:
                await conn.execute(INSERT, (event.pos, event.data["n"]))
            started.set()
            while not release.is_set():  # noqa: ASYNC110 - another thread sets it
                await asyncio.sleep(0.01)
    else:

        @consumer(app, "sums")
        def sums(conn: Conn, events: list[Event[Any]]) -> None:
            for event in events:
                conn.execute(INSERT, (event.pos, event.data["n"]))
            started.set()
            release.wait(30)

    append(conn, [1, 2, 3])
    with running(app, dsn) as worker:
        assert started.wait(20)
        assert terminate(conn)
        release.set()
        until(lambda: worker.stats.consumed == 3, "it goes on")
        assert worker.stats.reconnects
    assert applied(conn) == [1, 2, 3]
    assert (listed(conn)["failures"], listed(conn)["behind"]) == (0, 0)


def test_connections_that_are_lost_all_the_time_lose_no_event(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    @consumer(app, "sums", batch=3)
    async def sums(conn: AsyncConn, events: list[Event[Any]]) -> None:
        for event in events:
            await conn.execute(INSERT, (event.pos, event.data["n"]))
        await asyncio.sleep(0.01)

    @consumer(app, "in_threads", batch=3)
    def in_threads(conn: Conn, events: list[Event[Any]]) -> None:
        for event in events:
            conn.execute(INSERT.replace("sums", "in_threads"), (event.pos, event.data["n"]))

    append(conn, range(300))
    with running(app, dsn) as worker:
        for _ in range(8):
            time.sleep(0.15)
            terminate(conn)
        for name in ("sums", "in_threads"):
            until(partial(is_done, conn, name), f"{name} goes on")
    assert worker.stats.reconnects
    assert applied(conn, "sums") == applied(conn, "in_threads") == list(range(300))


@pytest.mark.parametrize("is_async", [False, True])
def test_an_event_over_which_connections_are_lost_again_and_again_is_named(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    kill = "select pg_terminate_backend(pg_backend_pid())"
    if is_async:

        @consumer(app, "sums", batch=4)
        async def sums(conn: AsyncConn, events: list[Event[Any]]) -> None:
            for event in events:
                await conn.execute(INSERT, (event.pos, event.data["n"]))
                if event.data["n"] == 3:
                    await conn.execute(kill)
    else:

        @consumer(app, "sums", batch=4)
        def sums(conn: Conn, events: list[Event[Any]]) -> None:
            for event in events:
                conn.execute(INSERT, (event.pos, event.data["n"]))
                if event.data["n"] == 3:
                    conn.close()

    positions = append(conn, [1, 2, 3, 4])
    with running(app, dsn):
        until(lambda: listed(conn)["failures"], "it is noted")
    assert listed(conn)["failed_pos"] == positions[2]
    assert applied(conn) == [1, 2]


def test_who_has_failed_is_not_noted_where_another_has_applied_it_meanwhile(
    app: Jobs,
    dsn: str,
    conn: Conn,
    connect: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    note = ConsumerLoop._note

    async def after_another_one(self: ConsumerLoop, *args: Any) -> None:
        other = connect(autocommit=False)
        rows = other.execute("select pos from jobs.poll('sums')").fetchall()
        other.execute("select jobs.ack('sums', %s)", rows[-1])
        other.commit()
        await note(self, *args)

    monkeypatch.setattr(ConsumerLoop, "_note", after_another_one)

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        raise ValueError("only here")

    append(conn, [1])
    with running(app, dsn) as worker:
        until(lambda: worker.stats.consumer_failures == 1, "it has failed")
        until(lambda: "where another process has gone on" in caplog.text, "it says so")
    found = listed(conn)
    assert (found["behind"], found["failures"], found["stuck"]) == (0, 0, False)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_consumer_that_blocks_keeps_no_job_and_no_other_consumer_from_running(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    started, release = threading.Event(), threading.Event()
    if is_async:

        @consumer(app, "sums")
        async def sums(conn: AsyncConn, events: list[Event[Any]]) -> None:
            started.set()
            while not release.is_set():  # noqa: ASYNC110 - another thread sets it
                await asyncio.sleep(0.01)
    else:

        @consumer(app, "sums")
        def sums(conn: Conn, events: list[Event[Any]]) -> None:
            started.set()
            release.wait(30)

    @consumer(app, "other")
    def other(conn: Conn, events: list[Event[Any]]) -> None: ...

    @app.task
    def quick() -> None: ...

    append(conn, [1])
    with running(app, dsn, concurrency=1) as worker:
        assert started.wait(20)
        quick.enqueue_many(conn, [quick.job() for _ in range(20)])
        until(lambda: worker.stats.completed == 20, "the jobs run")
        until(lambda: listed(conn, "other")["behind"] == 0, "the other consumer goes on")
        assert listed(conn)["behind"] == 1
        release.set()
        until(lambda: listed(conn)["behind"] == 0, "it goes on itself")


def test_jobs_that_block_all_slots_keep_no_consumer_from_running(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    started, release = threading.Event(), threading.Event()

    @app.task
    def block() -> None:
        started.set()
        release.wait(30)

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None: ...

    block.enqueue_many(conn, [block.job() for _ in range(3)])
    with running(app, dsn, concurrency=1, prefetch=0):
        assert started.wait(20)
        append(conn, [1])
        until(lambda: listed(conn)["behind"] == 0, "it is applied")
        release.set()


def test_a_consumer_whose_next_events_were_pruned_says_so_and_skips_nothing(
    app: Jobs, dsn: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        for event in events:
            conn.execute(INSERT, (event.pos, event.data["n"]))

    (gone,) = append(conn, [1])
    drain(app, dsn)
    append(conn, [2, 3])
    conn.execute("delete from jobs.stream_event where pos = %s", (gone,))
    conn.execute("insert into jobs.category (name, pruned_pos) values ('c', %s)", (gone,))
    conn.execute("update jobs.consumer_cursor set pos = 0")
    with running(app, dsn):
        until(lambda: "consumer sums cannot go on" in caplog.text, "it says so")
        assert "are gone" in caplog.text
        assert applied(conn) == [1]
        conn.execute("select jobs.reset_consumer('sums', 'beginning')")
        until(lambda: applied(conn) == [1, 2, 3], "it goes on from where it is told to")


def test_who_has_failed_does_not_wait_for_another_that_is_in_the_batch(
    app: Jobs,
    dsn: str,
    conn: Conn,
    connect: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    note = ConsumerLoop._note
    other = connect(autocommit=False)

    async def while_another_one_has_it(self: ConsumerLoop, *args: Any) -> None:
        other.execute("select pos from jobs.poll('sums')")
        await note(self, *args)

    monkeypatch.setattr(ConsumerLoop, "_note", while_another_one_has_it)

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        raise ValueError("only here")

    append(conn, [1])
    with running(app, dsn) as worker:
        gone_on = "where another process has gone on"
        until(lambda: gone_on in caplog.text, "it leaves that to the other one", seconds=10)
        assert worker.stats.consumer_failures == 1
        other.rollback()
        monkeypatch.setattr(ConsumerLoop, "_note", note)
        until(lambda: listed(conn)["failures"], "its turn comes again")
