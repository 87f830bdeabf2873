"""Starting, waiting for jobs, draining and stopping."""

import asyncio
import logging
import threading
import time
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from txjobs import Client, ConfigurationError, Context, Jobs, NotInstalled, State, Worker
from waiting import until
from workers import QUICK, drain, running

Conn = psycopg.Connection[Any]


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"heartbeat": 11}, "set heartbeat to 10 or less"),
        ({"lease": 0.5}, "lease is at least 1 second"),
        ({"concurrency": 0}, "concurrency is at least 1"),
        ({"prefetch": -1}, "prefetch"),
        ({"queues": []}, "leave it out"),
        ({"queues": "mail"}, r"write \['mail'\]"),
        ({"kinds": ["other"]}, "no task is named other"),
        ({"poll_interval": 2}, "poll_interval"),
        ({"processes": 0}, "processes"),
        ({"prune_interval": 0}, "None for a worker that does not prune"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    app: Jobs, options: dict[str, Any], fix: str
) -> None:
    @app.task
    async def nothing() -> None: ...

    with pytest.raises(ConfigurationError, match=fix):
        Worker(app, "dbname=unused", **options)


def test_an_app_without_tasks_is_refused(app: Jobs) -> None:
    with pytest.raises(ConfigurationError, match="register one"):
        Worker(app, "dbname=unused")


def test_a_database_without_the_schema_is_named(
    app: Jobs, empty_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    @app.task
    async def nothing() -> None: ...

    worker = Worker(app, empty_dsn)
    with pytest.raises(NotInstalled, match="txjobs migrate"):
        asyncio.run(worker.run())
    assert worker.state is State.FAILED
    assert Worker(app, empty_dsn).main() == 1
    assert "txjobs migrate" in caplog.text


def test_a_worker_runs_once(app: Jobs, dsn: str) -> None:
    @app.task
    async def nothing() -> None: ...

    worker = Worker(app, dsn, drain=True)
    asyncio.run(worker.run())
    with pytest.raises(ConfigurationError, match="make another"):
        asyncio.run(worker.run())


def test_a_worker_is_in_the_registry_while_it_lives(app: Jobs, dsn: str, conn: Conn) -> None:
    @app.task
    async def nothing() -> None: ...

    def registered() -> list[Any]:
        return conn.execute("select name, kinds from jobs.worker").fetchall()

    with running(app, dsn, name="mine") as worker:
        until(lambda: worker.worker.state is State.IDLE, "it is idle")
        assert registered() == [("mine", ["nothing"])]
    assert registered() == []
    assert worker.worker.state is State.STOPPED


@pytest.mark.parametrize("notify", [True, False])
def test_an_idle_worker_starts_a_job_soon_after_its_commit(
    app: Jobs, dsn: str, conn: Conn, client: Client, notify: bool
) -> None:
    @app.task
    async def quick() -> None: ...

    with running(app, dsn, notify=notify, poll_cap=0.5 if not notify else 30.0) as worker:
        for _ in range(3):
            until(lambda: worker.worker.state is State.IDLE, "it is idle")
            time.sleep(0.3)  # long enough for it to be asleep, or about to
            client.result(quick.enqueue(conn), timeout=5)


def test_a_delayed_job_starts_when_it_is_due_without_a_notification(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    @app.task
    async def quick() -> None: ...

    job = quick.using(delay=1.5).enqueue(conn)
    with running(app, dsn, notify=False, poll_cap=20.0):
        client.result(job, timeout=10)
    late = conn.execute(
        "select h.at - j.created_at - interval '1.5 s' from jobs.history(%s) h, jobs.job j "
        "where j.id = %s and h.type = 'claimed'",
        (job.id, job.id),
    ).fetchone()
    assert late is not None
    assert 0 <= late[0].total_seconds() < 1


def test_an_idle_worker_makes_at_most_two_statements_a_second(
    app: Jobs, dsn: str, conn: Conn, server: Any
) -> None:
    @app.task
    async def nothing() -> None: ...

    def statements() -> int:
        row = conn.execute(
            "select sum(xact_commit + xact_rollback) from pg_stat_database "
            "where datname = current_database()"
        ).fetchone()
        assert row is not None
        return int(row[0])

    with running(app, dsn, poll_cap=1.0) as worker:
        until(lambda: worker.worker.state is State.IDLE, "it is idle")
        time.sleep(4)
        seen = [statements()]
        for _ in range(3):
            time.sleep(5)
            seen.append(statements())
    # Each look of ours counts, statistics arrive late, and autovacuum has transactions too.
    assert min(after - before for before, after in pairwise(seen)) <= 2 * 5 + 6


def test_priorities_and_queues(app: Jobs, dsn: str, conn: Conn) -> None:
    order: list[str] = []

    @app.task
    async def note(what: str) -> None:
        order.append(what)

    for queue in ("a", "b", "c"):
        note.using(queue=queue).enqueue(conn, f"{queue} low")
        note.using(queue=queue, priority=10).enqueue(conn, f"{queue} high")
    stats = drain(app, dsn, queues=["a", "b"], concurrency=1, prefetch=0)
    assert stats.completed == 4
    assert {one[2:] for one in order[:2]} == {"high"}
    assert all(one[0] in "ab" for one in order)


def test_routing_keys_choose_the_worker(app: Jobs, dsn: str, conn: Conn) -> None:
    seen: list[str] = []

    @app.task
    async def note(what: str) -> None:
        seen.append(what)

    for key in ("eu", "us", None):
        note.using(routing_key=key).enqueue(conn, str(key))
    drain(app, dsn, routing=["eu"])
    assert seen == ["eu"]
    drain(app, dsn, routing=[])
    assert seen == ["eu", "None"]
    drain(app, dsn)
    assert seen == ["eu", "None", "us"]


def test_draining_waits_for_what_is_due_within_the_horizon(app: Jobs, dsn: str, conn: Conn) -> None:
    @app.task
    async def quick() -> None: ...

    for delay in (0, 1, 3600):
        quick.using(delay=delay).enqueue(conn)
    assert drain(app, dsn, drain_horizon=0.0).completed == 1
    assert drain(app, dsn, drain_horizon=60.0).completed == 1


def test_handlers_run_at_once_up_to_the_concurrency(app: Jobs, dsn: str, conn: Conn) -> None:
    barrier = threading.Barrier(5)
    at_once: list[int] = []
    now = 0

    @app.task
    def meet() -> None:
        barrier.wait(20)

    @app.task
    async def count() -> None:
        nonlocal now
        now += 1
        at_once.append(now)
        await asyncio.sleep(0.02)
        now -= 1

    app.enqueue(conn, [meet.job() for _ in range(5)] + [count.job() for _ in range(40)])
    assert drain(app, dsn, concurrency=5).completed == 45
    assert max(at_once) <= 5


def test_what_a_handler_sets_does_not_leak_into_the_next(app: Jobs, dsn: str, conn: Conn) -> None:
    from contextvars import ContextVar

    variable: ContextVar[str] = ContextVar("variable", default="clean")
    seen: list[str] = []

    @app.task
    async def spoil(pause: bool) -> None:
        seen.append(variable.get())
        variable.set("spoilt")
        if pause:
            await asyncio.sleep(0.001)
        seen.append(variable.get())

    spoil.enqueue_many(conn, [spoil.job(bool(n % 2)) for n in range(6)])
    drain(app, dsn, concurrency=1)
    assert seen == ["clean", "spoilt"] * 6


def test_dependencies_and_the_jobs_facts_reach_the_handler(
    app: Jobs, dsn: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    seen: dict[str, Any] = {}

    @app.task(queue="mail", timeout=9, retry=None, max_attempts=4)
    async def look(ctx: Context, n: int) -> None:
        seen.update(deps=ctx.deps, job=ctx.job, most=ctx.max_attempts, n=n)
        ctx.logger.info("hello")

    job = look.using(priority=5, headers={"a": 1}).enqueue(conn, 3)
    drain(app, dsn, deps={"db": 1})
    assert (seen["deps"], seen["n"], seen["most"]) == ({"db": 1}, 3, 4)
    facts = seen["job"]
    assert (facts.id, facts.kind, facts.queue, facts.priority) == (job.id, "look", "mail", 5)
    assert (facts.timeout, facts.headers) == (9.0, {"a": 1})
    assert f"[look {job.id}] hello" in caplog.text


def test_progress_is_reported(app: Jobs, dsn: str, conn: Conn) -> None:
    @app.task
    async def quick() -> None: ...

    quick.enqueue_many(conn, [quick.job() for _ in range(100)])
    reported: list[int] = []
    drain(app, dsn, on_progress=lambda stats: reported.append(stats.completed))
    assert reported[-1] == 100


def test_options_of_tests_are_those_of_workers() -> None:
    assert set(QUICK) <= set(Worker.__init__.__annotations__)
