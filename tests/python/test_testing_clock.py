"""Time travel: what a session's clock does to its jobs, and that it is put back."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from txjobs import Client, ClockDisabled, ConfigurationError, Context, Jobs, Snooze
from txjobs.testing import drain, enqueued_jobs, freeze, travel

Conn = psycopg.Connection[Any]
HOUR = dt.timedelta(hours=1)
LATER = dt.datetime(2041, 5, 6, 7, 8, 9, tzinfo=dt.UTC)
EARLIER = dt.datetime(2001, 5, 6, 7, 8, 9, tzinfo=dt.UTC)


@pytest.fixture
def allowed(conn: Conn) -> None:
    """Sessions may set their own clock."""
    conn.execute("update jobs.setting set test_clock = true")


@pytest.fixture
def tx(allowed: None, dsn: str) -> Iterator[Conn]:
    """A connection in a transaction that is rolled back."""
    with psycopg.connect(dsn) as session, session.transaction(force_rollback=True):
        yield session


def now(conn: Conn) -> dt.datetime:
    found = conn.execute("select jobs.now()").fetchone()
    assert found is not None
    at: dt.datetime = found[0]
    return at


def is_real(conn: Conn) -> bool:
    return conn.execute("select current_setting('jobs.test_clock', true)").fetchone() in (
        (None,),
        ("",),
    )


def clocked() -> tuple[Jobs, list[tuple[str, dt.datetime]]]:
    """Tasks that note when they run."""
    app, seen = Jobs(), []

    @app.task
    def note(ctx: Context, what: str) -> None:
        with ctx.transaction() as conn:
            seen.append((what, now(conn)))

    @app.task(max_attempts=3)
    def fail(ctx: Context) -> None:
        with ctx.transaction() as conn:
            seen.append((f"attempt {ctx.attempt}", now(conn)))
        if ctx.attempt < 3:
            raise ValueError

    @app.task
    async def nap(ctx: Context, until: dt.datetime) -> Snooze | None:
        async with ctx.transaction() as conn:
            found = await (await conn.execute("select jobs.now()")).fetchone()
        assert found is not None
        seen.append(("nap", found[0]))
        return Snooze(until=until) if found[0] < until else None

    return app, seen


def test_time_stands_still_where_one_travels_to_and_goes_on_afterwards(tx: Conn) -> None:
    with travel(tx, to=LATER) as clock:
        assert now(tx) == clock.now == LATER
        with travel(tx, by=3600):
            assert now(tx) == LATER + HOUR
        assert clock.travel(by=-HOUR).now == now(tx) == LATER - HOUR
    assert is_real(tx)


def test_a_frozen_clock_stands_still(tx: Conn) -> None:
    before = now(tx)
    with freeze(tx) as clock:
        assert not is_real(tx)
        assert before <= clock.now <= before + HOUR


def test_the_clock_is_put_back_by_a_rollback(allowed: None, dsn: str) -> None:
    with psycopg.connect(dsn) as session:
        with session.transaction(force_rollback=True):
            travel(session, to=LATER)
            assert now(session) == LATER
        assert is_real(session)
        with (
            pytest.raises(psycopg.errors.DivisionByZero),
            session.transaction(),
            travel(session, to=LATER),
        ):
            session.execute("select 1 / 0")
        assert is_real(session)


def test_another_session_keeps_its_own_time(tx: Conn, conn: Conn) -> None:
    travel(tx, to=LATER)
    assert is_real(conn)


async def test_the_clock_of_an_async_session_is_set_without_waiting(
    allowed: None, dsn: str
) -> None:
    app, seen = clocked()
    async with await psycopg.AsyncConnection.connect(dsn) as session:
        await app.tasks["note"].using(delay=3600).enqueue(session, "later")
        with travel(session, by=HOUR) as clock:
            assert len(await drain(app, session)) == 1
            assert seen == [("later", clock.now)]
        assert (await drain(app, session, with_scheduled=True)).counts == {}


@pytest.mark.parametrize("when", [{}, {"to": LATER, "by": 5}, {"to": dt.datetime(2041, 1, 1)}])
def test_when_to_travel_to_must_be_clear(tx: Conn, when: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"travel\(conn, to=|has no time zone"):
        travel(tx, **when)
    assert is_real(tx)


def test_without_leave_there_is_no_time_travel_and_the_transaction_goes_on(dsn: str) -> None:
    app, _ = clocked()
    with psycopg.connect(dsn) as session:
        app.tasks["note"].using(delay=3600).enqueue(session, "later")
        with pytest.raises(ClockDisabled, match=r"jobs\.setting\.test_clock"):
            travel(session, by=HOUR)
        with pytest.raises(ClockDisabled):
            drain(app, session, with_scheduled=True)
        assert is_real(session)
        assert len(enqueued_jobs(session)) == 1


def test_a_delayed_job_runs_when_its_time_has_come(tx: Conn) -> None:
    app, seen = clocked()
    app.tasks["note"].using(delay=3600).enqueue(tx, "later")
    assert len(drain(app, tx)) == 0
    with travel(tx, by=HOUR * 2) as clock:
        assert len(drain(app, tx)) == 1
        assert seen == [("later", clock.now)]


def test_retries_snoozes_and_delays_run_each_at_its_time(tx: Conn) -> None:
    app, seen = clocked()
    start = freeze(tx).now
    app.tasks["nap"].enqueue(tx, start + 3 * HOUR)
    app.tasks["note"].using(delay=2 * HOUR).enqueue(tx, "later")
    app.tasks["fail"].enqueue(tx)
    drained = drain(app, tx, with_scheduled=True, raise_on_failure=False)
    assert drained.counts == {"snoozed": 1, "failed": 2, "completed": 3}
    assert [what for what, _ in seen] == [
        "nap",
        "attempt 1",
        "attempt 2",
        "attempt 3",
        "later",
        "nap",
    ]
    times = [at for _, at in seen]
    assert times == sorted(times)
    assert times[4:] == [start + 2 * HOUR, start + 3 * HOUR]
    assert now(tx) == start


def test_scheduled_jobs_run_up_to_a_time(tx: Conn) -> None:
    app, seen = clocked()
    start = freeze(tx).now
    for hours in (1, 2, 3):
        app.tasks["note"].using(delay=hours * HOUR).enqueue(tx, str(hours))
    drain(app, tx, with_scheduled=3600)
    assert [what for what, _ in seen] == ["1"]
    drain(app, tx, with_scheduled=start + 2 * HOUR)
    assert [what for what, _ in seen] == ["1", "2"]
    with pytest.raises(ConfigurationError, match="has no time zone"):
        drain(app, tx, with_scheduled=dt.datetime(2041, 1, 1))


def test_scheduled_jobs_of_others_do_not_move_the_clock(tx: Conn) -> None:
    app, seen = clocked()
    Client(tx).enqueue("unknown", {}, delay=60)
    app.tasks["note"].using(delay=60, queue="other").enqueue(tx, "not mine")
    app.tasks["note"].using(delay=3600).enqueue(tx, "mine")
    drain(app, tx, queues=["default"], with_scheduled=True)
    assert [what for what, _ in seen] == ["mine"]


def test_a_paused_queues_scheduled_jobs_stay(tx: Conn) -> None:
    app, seen = clocked()
    job = app.tasks["note"].using(delay=60).enqueue(tx, "later")
    Client(tx).pause(queue="default")
    drain(app, tx, with_scheduled=True)
    assert seen == []
    assert Client(tx).state(job) == "ready"


@pytest.mark.parametrize("paused", [None, {"queue": "default"}, {"kind": "note"}])
def test_what_is_due_runs_where_others_ticks_are_ahead_of_the_clock(
    tx: Conn, conn: Conn, paused: dict[str, str] | None
) -> None:
    # Their ticks have noted that nothing is scheduled before the real time.
    app, seen = clocked()
    app.tasks["note"].using(delay=1).enqueue(conn, "theirs")
    for _ in range(10):
        conn.execute("select jobs.tick()")
    travel(tx, to=EARLIER)
    app.tasks["note"].using(delay=60).enqueue(tx, "mine")
    if paused:
        Client(tx).pause(**paused)
    drained = drain(app, tx, with_scheduled=60)
    assert len(drained) == (0 if paused else 1)
    assert seen == ([] if paused else [("mine", EARLIER + dt.timedelta(minutes=1))])


def test_a_job_of_an_event_and_of_a_schedule_is_drained(tx: Conn) -> None:
    app, seen = Jobs(), []

    @app.task
    def on_event(event: dict[str, Any]) -> None:
        seen.append(event["type"])

    @app.cron("@daily")
    def daily(ctx: Context) -> None:
        seen.append(ctx.job.headers["schedule"])

    tx.execute("select jobs.subscribe('on_event', types => '{order.*}')")
    tx.execute("select jobs.append_event('order-1', 'order.placed', '{}')")
    tx.execute("select jobs.schedule('daily', '@daily')")
    Client(tx).run_schedule("daily")
    drain(app, tx)
    assert seen == ["order.placed", "daily"]
