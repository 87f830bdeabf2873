"""Schedules from Python: declared, reconciled, asked about, run."""

import datetime as dt
import logging
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from txjobs import (
    AsyncClient,
    AsyncTask,
    Backoff,
    BatchItem,
    Change,
    Client,
    ConfigurationError,
    Context,
    Event,
    InvalidArgument,
    Jobs,
    NotFound,
    Schedule,
    ScheduleRun,
    SyncTask,
    reconcile,
)
from waiting import until
from workers import drain, running

Conn = psycopg.Connection[Any]
FROM, TO = datetime(2040, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)


def declared(cron: str = "0 9 * * mon-fri", **options: Any) -> Jobs:
    app = Jobs()

    @app.cron(cron, **options)
    @app.task(queue="mail", priority=3)
    def report(to: str = "ops") -> None: ...

    return app


# Declaring


def test_a_task_stays_the_task_that_it_is() -> None:
    app = Jobs()

    @app.task
    def report(to: str) -> str:
        return to

    assert app.cron("@daily", args={"to": "ops"})(report) is report
    assert list(app.tasks) == list(app.schedules) == ["report"]


def test_a_function_becomes_a_task() -> None:
    app = Jobs()

    @app.cron("@daily")
    def plain() -> int:
        return 1

    @app.cron("@hourly", args={"to": "ops"})
    async def waited(ctx: Context, to: str) -> None: ...

    assert type(plain) is SyncTask
    assert type(waited) is AsyncTask
    assert plain() == 1
    assert sorted(app.tasks) == ["plain", "waited"]
    assert app.schedules["waited"].args == '{"to":"ops"}'


def test_a_declaration_has_what_was_given() -> None:
    app = declared(
        timezone="Europe/Rome",
        name="weekdays",
        args={"to": "all"},
        catch_up="once",
        overlap="queue",
        jitter=dt.timedelta(minutes=1),
        starts_at=FROM,
        ends_at=TO,
    )
    assert app.schedules == {
        "weekdays": Schedule(
            name="weekdays",
            cron="0 9 * * mon-fri",
            kind="report",
            args='{"to":"all"}',
            queue="mail",
            priority=3,
            timezone="Europe/Rome",
            catch_up="once",
            overlap="queue",
            jitter=dt.timedelta(minutes=1),
            starts_at=FROM,
            ends_at=TO,
        )
    }


def test_a_task_has_as_many_schedules_as_have_names() -> None:
    app = Jobs()

    @app.cron("0 9 * * *", name="morning", args={"when": "am"})
    @app.cron("0 18 * * *", name="evening", args={"when": "pm"})
    def report(when: str) -> None: ...

    assert {one.name: one.kind for one in app.schedules.values()} == {
        "evening": "report",
        "morning": "report",
    }
    with pytest.raises(ConfigurationError, match="two schedules are named 'morning'"):
        app.cron("@daily", name="morning", args={"when": "am"})(report)


def test_a_batch_task_is_scheduled_with_one_item() -> None:
    app = Jobs()

    @app.cron("@daily", args={"id": 7})
    @app.task(batch_size=10)
    def index(items: list[BatchItem[dict[str, int]]]) -> None: ...

    assert app.schedules["index"].args == '{"id":7}'


@pytest.mark.parametrize("args", [None, {"of": "x"}, {"to": "x", "more": 1}])
def test_arguments_that_do_not_fit_are_refused(args: dict[str, Any] | None) -> None:
    app = Jobs()

    def report(to: str) -> None: ...

    with pytest.raises(ConfigurationError, match="report cannot be scheduled with args="):
        app.cron("@daily", args=args)(report)
    assert not app.schedules
    assert not app.tasks


def test_a_handler_of_events_is_not_scheduled() -> None:
    app = Jobs()

    @app.on("order.*")
    def index(event: Event) -> None: ...

    with pytest.raises(ConfigurationError, match="index cannot be scheduled"):
        app.cron("@daily", args={"event": {}})(index)


def test_what_only_the_kind_can_say_is_refused() -> None:
    app = Jobs()

    @app.task(max_attempts=3, timeout=60, retry=Backoff(base=1))
    def report() -> None: ...

    with pytest.raises(ConfigurationError, match="max_attempts, retry, timeout: jobs of"):
        app.cron("@daily")(report)
    assert not app.schedules


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"catch_up": "twice"}, "catch_up is one of skip, once, all, not 'twice'"),
        ({"overlap": "never"}, "overlap is one of allow, skip, queue, not 'never'"),
        ({"starts_at": datetime(2040, 1, 1)}, "no time zone"),
        ({"ends_at": datetime(2040, 1, 1)}, "no time zone"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Jobs().cron("@daily", **options)


# Reconciling


def test_what_is_missing_is_created_once(conn: Conn) -> None:
    assert reconcile(conn, declared()) == [Change("schedule", "report", "create")]
    assert reconcile(conn, declared()) == [Change("schedule", "report", "keep")]


def test_everything_arrives(conn: Conn) -> None:
    reconcile(
        conn,
        declared(
            timezone="Europe/Rome",
            args={"to": "all"},
            catch_up="once",
            overlap="queue",
            jitter=90,
            starts_at=FROM,
            ends_at=TO,
        ),
    )
    (found,) = Client(conn).schedules()
    assert (found.name, found.cron, found.timezone) == ("report", "0 9 * * mon-fri", "Europe/Rome")
    assert (found.kind, found.args, found.queue, found.priority) == (
        "report",
        {"to": "all"},
        "mail",
        3,
    )
    assert (found.catch_up, found.overlap) == ("once", "queue")
    assert found.jitter == dt.timedelta(seconds=90)
    assert (found.starts_at, found.ends_at) == (FROM, TO)
    assert found.next_runs[0] == datetime(2040, 1, 2, 8, tzinfo=UTC)
    assert len(found.next_runs) == 5
    assert (found.paused, found.last_job, found.last_state, found.error) == (
        False,
        None,
        None,
        None,
    )


def test_what_differs_is_changed_and_told_and_a_dry_run_tells_the_same(conn: Conn) -> None:
    reconcile(conn, declared())
    changed = declared("@daily", args={"to": "all"}, jitter=60)
    dry = reconcile(conn, changed, dry_run=True)
    assert Client(conn).schedules()[0].cron == "0 9 * * mon-fri"
    assert dry == reconcile(conn, changed)
    assert dry == [
        Change(
            "schedule",
            "report",
            "change",
            (
                "cron: '0 9 * * mon-fri' -> '@daily'",
                """args: '{}' -> '{"to": "all"}'""",
                "jitter: None -> datetime.timedelta(seconds=60)",
            ),
        )
    ]


def test_a_dry_run_creates_nothing(conn: Conn) -> None:
    assert reconcile(conn, declared(), dry_run=True) == [Change("schedule", "report", "create")]
    assert not Client(conn).schedules()


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_expression_that_cannot_be_read_is_refused(conn: Conn, dry_run: bool) -> None:
    with pytest.raises(InvalidArgument, match="bad hour"):
        reconcile(conn, declared("0 25 * * *"), dry_run=dry_run)
    assert not Client(conn).schedules()


def test_what_is_not_declared_is_told_and_left(conn: Conn) -> None:
    reconcile(conn, declared())
    assert reconcile(conn, Jobs()) == [Change("schedule", "report", "undeclared")]
    assert len(Client(conn).schedules()) == 1


def test_a_paused_one_stays_paused(conn: Conn) -> None:
    reconcile(conn, declared())
    Client(conn).pause(schedule="report")
    reconcile(conn, declared("@daily"))
    (found,) = Client(conn).schedules()
    assert (found.paused, found.cron, found.next_runs) == (True, "@daily", [])


async def test_an_async_connection_does_the_same(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        assert await reconcile(conn, declared()) == [Change("schedule", "report", "create")]


# Asking


def test_the_client_runs_pauses_and_removes(conn: Conn) -> None:
    client = Client(conn)
    reconcile(conn, declared())
    client.pause(schedule="report")
    assert client.schedules("report")[0].paused
    job = client.run_schedule("report")
    found = client.get(job)
    assert found is not None
    assert (found.kind, found.queue, found.priority) == ("report", "mail", 3)
    assert client.schedules("report")[0].last_job == job
    assert client.schedules("report")[0].last_state == "ready"
    client.resume(schedule="report")
    assert client.schedules("report")[0].next_runs
    assert client.schedule_history("report") == []
    assert client.unschedule("report") is True
    assert client.unschedule("report") is False
    assert client.schedules() == []


def test_the_client_tells_history_and_errors(conn: Conn) -> None:
    client = Client(conn)
    reconcile(conn, declared(jitter=1))
    due = conn.execute("update jobs.schedule set next_at = now() returning next_at").fetchone()
    assert due is not None
    conn.execute("select jobs.tick()")
    (run,) = client.schedule_history("report", max_runs=5)
    assert isinstance(run, ScheduleRun)
    assert (run.due_at, run.job, run.skipped) == (
        due[0],
        client.schedules()[0].last_job,
        None,
    )
    assert run.state in ("ready", "scheduled")
    assert run.at >= run.due_at
    conn.execute("update jobs.schedule set next_at = now(), timezone = 'Nowhere'")
    conn.execute("select jobs.tick()")
    error = client.schedules()[0].error
    assert error is not None
    assert "Nowhere" in error["message"]


def test_the_client_tells_the_next_run(conn: Conn) -> None:
    client = Client(conn)
    assert client.next_run("0 9 * * *", timezone="Europe/Rome", after=FROM) == datetime(
        2040, 1, 1, 8, tzinfo=UTC
    )
    assert client.next_run("0 0 30 2 *") is None
    now = client.next_run("* * * * * *")
    assert now is not None
    assert abs(now - datetime.now(UTC)) < dt.timedelta(minutes=1)
    with pytest.raises(InvalidArgument, match="bad minute"):
        client.next_run("61 * * * *")


def test_what_there_is_not_is_not_found(conn: Conn) -> None:
    client = Client(conn)
    for ask in (client.schedules, client.schedule_history, client.run_schedule):
        with pytest.raises(NotFound, match="no schedule none"):
            ask("none")
    with pytest.raises(NotFound, match="no schedule none"):
        client.pause(schedule="none")
    with pytest.raises(NotFound, match="no schedule none"):
        client.resume(schedule="none")


async def test_the_async_client_does_the_same(dsn: str) -> None:
    async with AsyncClient(dsn) as client:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            await reconcile(conn, declared())
        await client.pause(schedule="report")
        assert (await client.schedules("report"))[0].paused
        await client.resume(schedule="report")
        job = await client.run_schedule("report")
        assert (await client.schedules())[0].last_job == job
        assert await client.schedule_history("report", max_runs=1) == []
        assert await client.next_run("@hourly", after=FROM) == FROM + dt.timedelta(hours=1)
        assert await client.unschedule("report")


# Running


def test_a_worker_declares_the_schedules_and_says_so(
    dsn: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    drain(declared(), dsn)
    assert "schedule report: created" in caplog.messages
    drain(declared("@daily"), dsn)
    assert "schedule report: changed (cron: '0 9 * * mon-fri' -> '@daily')" in caplog.messages
    assert [one.name for one in Client(conn).schedules()] == ["report"]


def test_workers_run_what_is_due_once(dsn: str, conn: Conn) -> None:
    app = Jobs()
    seen: list[str] = []

    @app.cron("* * * * * *", args={"word": "tick"})
    def note(ctx: Context, word: str) -> None:
        seen.append(f"{word} {ctx.job.headers['due_at']}")

    with running(app, dsn), running(app, dsn):
        until(lambda: len(seen) >= 3, "three seconds have had their job")
    # a worker that is stopped may give a job back that then runs again: what is one is the job
    made = conn.execute(
        "select count(*), count(distinct options #>> '{headers,due_at}') from jobs.job"
    )
    ((jobs, times),) = made.fetchall()
    assert jobs == times >= 3
    runs = Client(conn).schedule_history("note", max_runs=100)
    assert {one.skipped for one in runs} == {None}
    assert len({one.job for one in runs}) == jobs
