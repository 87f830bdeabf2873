"""What a worker declares in the database when it starts."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from consumers import append, consumer, listed
from txjobs import ConfigurationError, Event, Jobs, State, Worker, reconcile
from waiting import until
from workers import Running, drain, running

Conn = psycopg.Connection[Any]


def make_app(*, types: tuple[str, ...] = ("counted",), queue: str = "search") -> Jobs:
    """An application with a subscription and a consumer."""
    app = Jobs()

    @app.on("order.placed", queue=queue)
    async def index(event: Event[Any]) -> None: ...

    @consumer(app, "sums", types=types)
    async def sums(conn: psycopg.AsyncConnection[Any], events: list[Event[Any]]) -> None: ...

    return app


def declared(conn: Conn) -> tuple[Any, Any]:
    """What is in the database: names and queues of subscriptions, names and types of consumers."""
    return (
        conn.execute("select name, queue from jobs.subscription order by name").fetchall(),
        conn.execute("select name, types from jobs.consumer order by name").fetchall(),
    )


def test_what_the_application_declares_is_there_and_what_was_changed_is_logged(
    dsn: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    drain(make_app(), dsn)
    assert declared(conn) == ([("index", "search")], [("sums", ["counted"])])
    assert "subscription index: created" in caplog.messages
    assert "consumer sums: created" in caplog.messages
    caplog.clear()
    drain(make_app(), dsn)
    assert not [one for one in caplog.messages if one.startswith(("subscription", "consumer"))]
    drain(make_app(types=("counted", "other"), queue="find"), dsn)
    assert declared(conn) == ([("index", "find")], [("sums", ["counted", "other"])])
    assert "subscription index: changed (queue: 'search' -> 'find')" in caplog.messages
    assert "consumer sums: changed (types: ['counted'] -> ['counted', 'other'])" in caplog.messages


def test_nothing_is_declared_if_it_is_not_to_be(dsn: str, conn: Conn) -> None:
    drain(make_app(), dsn, reconcile=False, consumers=[])
    assert declared(conn) == ([], [])


def test_an_application_with_nothing_but_consumers_runs(dsn: str, conn: Conn) -> None:
    app = Jobs()
    seen: list[int] = []

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        seen.extend(event.data["n"] for event in events)

    append(conn, [1, 2, 3])
    conn.execute("select jobs.enqueue('somebody_elses')")
    stats = drain(app, dsn)
    assert (seen, stats.consumed, stats.claimed) == ([1, 2, 3], 3, 0)
    with pytest.raises(ConfigurationError, match=r"@app\.consumer"):
        Worker(app, dsn, consumers=[])


def test_workers_that_start_at_once_do_not_fail_one_another(dsn: str, conn: Conn) -> None:
    workers = [Running(make_app(), dsn, drain=True) for _ in range(8)]
    assert [one.join() for one in workers] == [0] * 8
    assert declared(conn) == ([("index", "search")], [("sums", ["counted"])])


def test_a_worker_starts_while_another_one_is_in_a_long_batch(dsn: str, conn: Conn) -> None:
    app, release, started = Jobs(), threading.Event(), threading.Event()

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        started.set()
        release.wait(30)

    append(conn, [1])
    try:
        with running(app, dsn):
            assert started.wait(20)
            with running(app, dsn) as second:
                until(lambda: second.worker.state is State.IDLE, "it has started", seconds=5)
            release.set()
            until(lambda: listed(conn)["behind"] == 0, "the batch is done")
    finally:
        release.set()


def test_what_is_declared_already_is_declared_again_without_waiting_for_anybody(
    dsn: str, conn: Conn, connect: Any
) -> None:
    drain(make_app(), dsn, consumers=[])
    append(conn, [1])
    batch = connect(autocommit=False)
    assert batch.execute("select count(*) from jobs.poll('sums')").fetchone() == (1,)
    other = connect(autocommit=False)
    other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    append(other, [2])  # which holds fan_out
    conn.execute("set lock_timeout = '2s'")
    assert not any(change.pending for change in reconcile(conn, make_app()))
    with pytest.raises(psycopg.errors.LockNotAvailable):
        reconcile(conn, make_app(queue="find"))
    with pytest.raises(psycopg.errors.LockNotAvailable):
        conn.execute("select jobs.create_consumer('sums', 'now')")


@pytest.fixture
def stranger(dsn: str, conn: Conn) -> Iterator[str]:
    """The DSN of a role that may only enqueue and append."""
    name = "txjobs_only_produces"
    conn.execute(f"create role {name} login".encode())
    conn.execute(f"grant jobs_producer to {name}".encode())
    yield make_conninfo(dsn, user=name)
    conn.execute(f"drop role {name}".encode())


def test_a_role_that_may_not_declare_is_told_who_should(
    dsn: str, stranger: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigurationError, match="txjobs migrate --app"):
        asyncio.run(Worker(make_app(), stranger).run())
    assert Worker(make_app(), stranger).main() == 1
    (error,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "txjobs migrate --app" in error.getMessage()
    assert "permission denied" in error.getMessage()
