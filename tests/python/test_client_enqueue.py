"""Enqueuing from Python, in the caller's own transaction."""

import datetime as dt
import decimal
import enum
import uuid
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from txjobs import (
    AsyncClient,
    Backoff,
    Client,
    ConfigurationError,
    InvalidArgument,
    Jobs,
    NotInstalled,
    TooLarge,
    Unencodable,
    UnknownOutcome,
)
from workers import drain

Conn = psycopg.Connection[Any]


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


def count(conn: Conn) -> int:
    row = conn.execute("select count(*) from jobs.job").fetchone()
    assert row is not None
    return int(row[0])


def test_a_job_exists_if_and_only_if_the_transaction_commits(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    @app.task
    async def work(n: int) -> None: ...

    with psycopg.connect(dsn) as caller:
        work.enqueue(caller, 1)
        caller.rollback()
        work.enqueue(caller, 2)
        with pytest.raises(ZeroDivisionError), caller.transaction():
            work.enqueue(caller, 3)
            raise ZeroDivisionError
        assert count(conn) == 0
        caller.commit()
    rows = conn.execute("select args from jobs.job").fetchall()
    assert rows == [({"n": 2},)]


async def test_the_same_task_on_an_async_connection(app: Jobs, dsn: str, conn: Conn) -> None:
    @app.task
    def work(n: int) -> None: ...

    async with await psycopg.AsyncConnection.connect(dsn) as caller:
        job = await work.enqueue(caller, 1)
        many = await work.enqueue_many(caller, [work.job(2), work.job(3)])
        mixed = await app.enqueue(caller, [work.job(4)])
        assert count(conn) == 0
    assert count(conn) == 4
    assert len({one.id for one in [job, *many, *mixed]}) == 4


def test_the_callers_row_factory_and_session_do_not_matter(app: Jobs, dsn: str) -> None:
    @app.task
    async def work(when: dt.datetime) -> None: ...

    options = "-c DateStyle=german -c TimeZone=Asia/Tokyo -c search_path=pg_catalog"
    with psycopg.connect(dsn, row_factory=dict_row, options=options) as caller:
        due = dt.datetime(2031, 2, 3, 4, 5, 6, 789, tzinfo=dt.UTC)
        job = work.using(run_at=due, timeout=1.5).enqueue(caller, due)
        found = Client(caller).get(job)
    assert found is not None
    assert found.run_at == due
    assert found.args == {"when": "2031-02-03T04:05:06.000789+00:00"}


def test_a_client_side_cursor_works_too(app: Jobs, dsn: str) -> None:
    @app.task
    async def work(text: str) -> None: ...

    text = "quotes ' \" \\ {} and %s"
    with psycopg.connect(dsn, cursor_factory=psycopg.ClientCursor) as caller:
        jobs = [work.enqueue(caller, text), *work.enqueue_many(caller, [work.job(text)])]
        found = [Client(caller).get(job) for job in jobs]
    assert [one.args for one in found if one is not None] == [{"text": text}] * 2


def test_options_of_the_decorator_and_of_the_call(app: Jobs, client: Client, conn: Conn) -> None:
    @app.task(
        queue="mail", retry=Backoff(max_attempts=8, cap=600), timeout=30, priority=3, lease=60
    )
    async def work() -> None: ...

    assert work.name == "work"
    plain = client.get(work.enqueue(conn))
    assert plain is not None
    assert (plain.queue, plain.priority, plain.max_attempts, plain.state) == ("mail", 3, 8, "ready")
    other = client.get(
        work.using(queue="other", priority=-5, max_attempts=2, delay=dt.timedelta(hours=1)).enqueue(
            conn
        )
    )
    assert other is not None
    assert (other.queue, other.priority, other.max_attempts) == ("other", -5, 2)
    assert other.state == "scheduled"
    assert other.run_at is not None
    assert other.run_at - other.created_at == pytest.approx(
        dt.timedelta(hours=1), abs=dt.timedelta(seconds=5)
    )
    row = conn.execute("select options from jobs.job order by id limit 1").fetchone()
    assert row is not None
    assert row[0]["backoff"] == {"cap": 600}


def test_many_jobs_of_one_kind_come_back_in_order(app: Jobs, client: Client, conn: Conn) -> None:
    @app.task
    async def work(n: int, text: str = "") -> None: ...

    nasty = ["", '"', "\\", "{}", "NULL", "null", "a,b", "ü\n\t'"]
    jobs = work.using(queue="q").enqueue_many(
        conn, [work.job(n, text) for n, text in enumerate(nasty)]
    )
    found = [client.get(job) for job in jobs]
    assert [one.args for one in found if one is not None] == [
        {"n": n, "text": text} for n, text in enumerate(nasty)
    ]


def test_ten_thousand_jobs_in_one_statement(app: Jobs, conn: Conn) -> None:
    @app.task
    async def work(n: int) -> None: ...

    jobs = work.enqueue_many(conn, [work.job(n) for n in range(10_000)])
    assert len({job.id for job in jobs}) == 10_000
    assert work.enqueue_many(conn, []) == []


def test_jobs_of_several_tasks_in_one_round_trip(app: Jobs, client: Client, conn: Conn) -> None:
    @app.task(priority=7)
    async def first(n: int) -> None: ...

    @app.task
    def second(text: str) -> None: ...

    jobs = app.enqueue(
        conn,
        [
            first.job(1),
            second.using(delay=60, headers={"a": [1]}, routing_key="eu").job('a "b"'),
            first.using(retry=Backoff(max_attempts=4, delays=[1, 2])).job(2),
        ],
    )
    found = [one for one in map(client.get, jobs) if one is not None]
    assert [one.kind for one in found] == ["first", "second", "first"]
    assert [one.args for one in found] == [{"n": 1}, {"text": 'a "b"'}, {"n": 2}]
    assert [one.state for one in found] == ["ready", "scheduled", "ready"]
    assert found[1].headers == {"a": [1]}
    assert (found[0].priority, found[2].max_attempts) == (7, 4)


def test_one_bad_job_of_many_leaves_none(app: Jobs, conn: Conn) -> None:
    @app.task
    async def work(n: int) -> None: ...

    with pytest.raises(InvalidArgument):
        app.enqueue(conn, [work.job(1), work.using(priority=1000).job(2)])
    assert count(conn) == 0


def test_jobs_of_another_task_are_not_taken(app: Jobs, conn: Conn) -> None:
    @app.task
    async def one() -> None: ...

    @app.task
    async def other() -> None: ...

    with pytest.raises(ConfigurationError, match=r"use app\.enqueue"):
        one.enqueue_many(conn, [other.job()])


def test_arguments_are_bound_like_a_call(app: Jobs, conn: Conn) -> None:
    @app.task
    async def work(a: int, b: int = 2, *, c: int = 3, **rest: int) -> None: ...

    @app.task
    async def strict(a: int) -> None: ...

    work.enqueue(conn, 1)
    work.enqueue(conn, 1, 5, c=6, d=7)
    rows = conn.execute("select args from jobs.job order by id").fetchall()
    assert [row[0] for row in rows] == [{"a": 1}, {"a": 1, "b": 5, "c": 6, "d": 7}]
    with pytest.raises(TypeError, match="missing a required argument: 'a'"):
        strict.enqueue(conn)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        strict.enqueue(conn, 1, z=2)  # type: ignore[call-overload]


def test_arguments_without_a_name_are_refused_when_the_task_is_defined(app: Jobs) -> None:
    with pytest.raises(ConfigurationError, match="take a list instead"):

        @app.task
        async def many(*numbers: int) -> None: ...

    with pytest.raises(ConfigurationError, match="take it by name"):

        @app.task
        async def nameless(n: int, /) -> None: ...


def test_two_tasks_of_one_name_are_refused(app: Jobs) -> None:
    @app.task(name="same")
    async def one() -> None: ...

    with pytest.raises(ConfigurationError, match="name="):

        @app.task(name="same")
        async def other() -> None: ...


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Line:
    price: decimal.Decimal
    colour: Colour


@dataclass
class Order:
    id: uuid.UUID
    lines: list[Line]
    parent: "Order | None" = None


def test_values_beyond_json_arrive_as_what_the_handler_is_annotated_with(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    seen: dict[str, Any] = {}

    @app.task
    async def work(
        order: Order,
        at: dt.datetime,
        day: dt.date | None,
        wait: dt.timedelta,
        ids: tuple[uuid.UUID, ...],
        tags: set[str],
        by_name: dict[str, decimal.Decimal],
        plain: Any,
    ) -> dt.datetime:
        seen.update(locals())
        return at

    sent: dict[str, Any] = {
        "order": Order(uuid.uuid4(), [Line(decimal.Decimal("1.10"), Colour.RED)]),
        "at": dt.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC),
        "day": dt.date(2026, 1, 2),
        "wait": dt.timedelta(seconds=90.5),
        "ids": (uuid.uuid4(), uuid.uuid4()),
        "tags": {"a", "b"},
        "by_name": {"x": decimal.Decimal("0.1")},
        "plain": {"n": 2**70},
    }
    sent["order"].parent = Order(uuid.uuid4(), [])
    job = work.enqueue(conn, **sent)
    drain(app, dsn)
    assert client.result(job) == sent["at"]
    assert {name: seen[name] for name in sent} == sent


def test_a_value_that_its_annotation_cannot_be_made_of_is_undecodable(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    @app.task
    async def work(at: dt.datetime) -> None: ...

    job = client.enqueue("work", {"at": "yesterday"})
    drain(app, dsn)
    found = client.get(job)
    assert found is not None
    assert (found.state, found.reason) == ("dead", "undecodable")


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("a\0b", "remove it"),
        ({"deep": ["a\0b"]}, "remove it"),
        ({"a\0b": 1}, "remove it"),
        (float("nan"), "Out of range"),
        ("\ud800", "surrogates"),
        (object(), "of type object is not JSON"),
    ],
)
def test_what_jsonb_cannot_hold_is_refused_before_it_is_sent(
    app: Jobs, conn: Conn, value: Any, fix: str
) -> None:
    @app.task
    async def work(value: Any) -> None: ...

    with conn.transaction():
        with pytest.raises(Unencodable, match=fix):
            work.enqueue(conn, value)
        with pytest.raises(ValueError, match=fix):
            work.job(value)
        work.enqueue(conn, "the transaction is still good: \\u0000")
    assert count(conn) == 1


def test_errors_of_the_engine_are_exceptions_of_their_own(
    app: Jobs, dsn: str, conn: Conn, empty_dsn: str
) -> None:
    @app.task
    async def work(text: str = "") -> None: ...

    with pytest.raises(InvalidArgument, match=r"-100|100") as invalid:
        work.using(priority=101).enqueue(conn)
    assert isinstance(invalid.value.__cause__, psycopg.Error)
    with pytest.raises(TooLarge):
        work.enqueue(conn, "x" * 2_000_000)
    with pytest.raises(InvalidArgument):
        work.using(delay=5, run_at=dt.datetime.now(dt.UTC)).enqueue(conn)
    with psycopg.connect(empty_dsn) as bare, pytest.raises(NotInstalled, match="txjobs migrate"):
        work.enqueue(bare)
    with pytest.raises(ConfigurationError, match=r"psycopg\.Connection"):
        work.enqueue("not a connection")  # type: ignore[call-overload]


def test_a_time_without_a_zone_is_refused(app: Jobs, conn: Conn) -> None:
    @app.task
    async def work() -> None: ...

    with pytest.raises(ConfigurationError, match=r"datetime\.now\(UTC\)"):
        work.using(run_at=dt.datetime(2031, 1, 1)).enqueue(conn)


def test_calling_a_task_runs_the_function_and_enqueues_nothing(app: Jobs, conn: Conn) -> None:
    @app.task
    def double(n: int) -> int:
        return n * 2

    assert double(4) == 8
    assert count(conn) == 0


async def test_calling_an_async_task_gives_its_coroutine(app: Jobs) -> None:
    @app.task
    async def double(n: int) -> int:
        return n * 2

    assert await double(n=4) == 8


async def test_a_commit_whose_wait_is_cancelled_is_of_unknown_outcome(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    import asyncio

    @app.task
    async def work() -> None: ...

    work.enqueue(conn)  # so that queue and kind exist
    with psycopg.connect(dsn) as locker:
        locker.execute("lock table jobs.job in exclusive mode")
        async with AsyncClient(dsn) as alone:
            waiting = asyncio.create_task(alone.enqueue("work"))
            await asyncio.sleep(0.2)
            waiting.cancel()
            with pytest.raises(UnknownOutcome, match="not known"):
                await waiting
        async with await psycopg.AsyncConnection.connect(dsn) as caller:
            enqueuing = asyncio.create_task(work.enqueue(caller))
            await asyncio.sleep(0.2)
            enqueuing.cancel()
            # within the caller's own transaction nothing is committed: an ordinary cancellation
            with pytest.raises(asyncio.CancelledError):
                await enqueuing
            await caller.rollback()


def test_a_commit_whose_connection_is_lost_is_of_unknown_outcome(dsn: str, conn: Conn) -> None:
    with Client(dsn) as client:
        client.enqueue("work")
        with psycopg.connect(dsn) as locker:
            locker.execute("lock table jobs.job in exclusive mode")
            kill = (
                "select pg_sleep(0.3), pg_terminate_backend(pid) from pg_stat_activity "
                "where wait_event_type = 'Lock' and datname = current_database()"
            )
            import threading

            def kill_the_waiting() -> None:
                with psycopg.connect(dsn, autocommit=True) as killer:
                    killer.execute("select pg_sleep(0.3)")
                    killer.execute(kill)

            thread = threading.Thread(target=kill_the_waiting)
            thread.start()
            with pytest.raises(UnknownOutcome):
                client.enqueue("work")
            thread.join()
        assert client.enqueue("work").id > 0  # on a new connection
