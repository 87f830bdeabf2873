"""`ctx.transaction()`: a handler's writes and its job's outcome are one commit."""

from typing import Any

import psycopg
import pytest

from txjobs import Backoff, Client, Context, Discard, JobFailed, Jobs, Retry, Skip, Snooze
from waiting import until
from workers import drain, running

Conn = psycopg.Connection[Any]

ONCE = Backoff(max_attempts=1)


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


@pytest.fixture(autouse=True)
def _table(conn: Conn) -> None:
    conn.execute("create table effect (n int not null unique deferrable initially deferred)")


def effects(conn: Conn) -> list[int]:
    return [row[0] for row in conn.execute("select n from effect order by n")]


def test_writes_and_result_are_one_commit(app: Jobs, dsn: str, client: Client, conn: Conn) -> None:
    @app.task
    def write(ctx: Context, n: int) -> int:
        with ctx.transaction() as own:
            own.execute("insert into effect values (%s)", (n,))
        return n * 2

    @app.task
    async def write_async(ctx: Context, n: int) -> int:
        async with ctx.transaction() as own:
            await own.execute("insert into effect values (%s)", (n,))
        return n * 2

    jobs = app.enqueue(conn, [write.job(1), write_async.job(2)])
    assert drain(app, dsn).completed == 2
    assert effects(conn) == [1, 2]
    assert [client.result(job) for job in jobs] == [2, 4]
    at = [
        conn.execute(
            "select e.xmin, j.xid::text from effect e, jobs.job_event j "
            "where e.n = %s and j.job_id = %s and j.type = 'completed'",
            (n, job.id),
        ).fetchone()
        for n, job in zip([1, 2], jobs, strict=True)
    ]
    assert all(row is not None and str(row[0]) == row[1] for row in at)


@pytest.mark.parametrize("is_async", [False, True])
def test_what_is_raised_after_the_block_rolls_it_back(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    @app.task(retry=ONCE)
    def write(ctx: Context) -> None:
        with ctx.transaction() as own:
            own.execute("insert into effect values (1)")
        raise ValueError

    @app.task(retry=ONCE)
    async def write_async(ctx: Context) -> None:
        async with ctx.transaction() as own:
            await own.execute("insert into effect values (1)")
        raise ValueError

    (write_async if is_async else write).enqueue(conn)
    assert drain(app, dsn).dead == 1
    assert effects(conn) == []


@pytest.mark.parametrize("is_async", [False, True])
def test_blocks_of_one_handler_are_savepoints_of_one_transaction(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    @app.task
    def write(ctx: Context) -> None:
        with ctx.transaction() as own:
            own.execute("insert into effect values (1)")
            with pytest.raises(ZeroDivisionError), ctx.transaction() as same:
                assert same is own
                same.execute("insert into effect values (2)")
                raise ZeroDivisionError
        with ctx.transaction() as same:
            assert same is own
            same.execute("insert into effect values (3)")

    @app.task
    async def write_async(ctx: Context) -> None:
        async with ctx.transaction() as own:
            await own.execute("insert into effect values (1)")
            with pytest.raises(ZeroDivisionError):
                async with ctx.transaction() as same:
                    assert same is own
                    await same.execute("insert into effect values (2)")
                    raise ZeroDivisionError
        async with ctx.transaction() as same:
            assert same is own
            await same.execute("insert into effect values (3)")

    (write_async if is_async else write).enqueue(conn)
    assert drain(app, dsn).completed == 1
    assert effects(conn) == [1, 3]


def test_a_first_block_that_fails_leaves_nothing_and_the_handler_may_go_on(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    @app.task
    def write(ctx: Context) -> str:
        try:
            with ctx.transaction() as own:
                own.execute("insert into effect values (1)")
                own.execute("select 1 / 0")
        except psycopg.errors.DivisionByZero:
            return "went on"
        return "unreachable"

    job = write.enqueue(conn)
    drain(app, dsn)
    assert client.result(job) == "went on"
    assert effects(conn) == []


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (Snooze(0.01), "snoozed"),
        (Skip("so"), "skipped"),
        (Discard("so"), "discarded"),
        (Retry(in_=0.01, error="so"), "retried"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_returned_outcome_keeps_the_writes(
    app: Jobs, dsn: str, conn: Conn, outcome: Any, counted: str, is_async: bool
) -> None:
    seen: list[int] = []

    @app.task
    def write(ctx: Context) -> Any:
        if seen:
            return None
        seen.append(1)
        with ctx.transaction() as own:
            own.execute("insert into effect values (1)")
        return outcome

    @app.task
    async def write_async(ctx: Context) -> Any:
        if seen:
            return None
        seen.append(1)
        async with ctx.transaction() as own:
            await own.execute("insert into effect values (1)")
        return outcome

    (write_async if is_async else write).enqueue(conn)
    stats = drain(app, dsn)
    assert getattr(stats, counted) == 1
    assert effects(conn) == [1]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_commit_that_a_constraint_refuses_is_the_jobs_failure(
    app: Jobs, dsn: str, client: Client, conn: Conn, is_async: bool
) -> None:
    @app.task(retry=ONCE)
    def write(ctx: Context) -> None:
        with ctx.transaction() as own:
            own.execute("insert into effect values (1), (1)")

    @app.task(retry=ONCE)
    async def write_async(ctx: Context) -> None:
        async with ctx.transaction() as own:
            await own.execute("insert into effect values (1), (1)")

    job = (write_async if is_async else write).enqueue(conn)
    assert drain(app, dsn).dead == 1
    with pytest.raises(JobFailed, match="UniqueViolation"):
        client.result(job.id)
    assert effects(conn) == []


@pytest.mark.parametrize("is_async", [False, True])
def test_a_result_that_is_not_json_rolls_the_writes_back(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    @app.task(retry=ONCE)
    def write(ctx: Context) -> Any:
        with ctx.transaction() as own:
            own.execute("insert into effect values (1)")
        return object()

    @app.task(retry=ONCE)
    async def write_async(ctx: Context) -> Any:
        async with ctx.transaction() as own:
            await own.execute("insert into effect values (1)")
        return object()

    (write_async if is_async else write).enqueue(conn)
    assert drain(app, dsn).dead == 1
    assert effects(conn) == []


@pytest.mark.parametrize("is_async", [False, True])
def test_a_stale_token_rolls_the_handlers_writes_back(
    app: Jobs, dsn: str, conn: Conn, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    # While the first attempt is inside its transaction, its claim is taken away.
    def lose_claim() -> None:
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute("update jobs.lease set until = jobs.now() - interval '1 s'")
            other.execute("select jobs.reset_stale_claims()")

    @app.task(retry=Backoff(base=0, jitter=0))
    def write(ctx: Context) -> int:
        with ctx.transaction() as own:
            own.execute("insert into effect values (%s)", (ctx.attempt,))
            if ctx.attempt == 1:
                lose_claim()
        return ctx.attempt

    @app.task(retry=Backoff(base=0, jitter=0))
    async def write_async(ctx: Context) -> int:
        async with ctx.transaction() as own:
            await own.execute("insert into effect values (%s)", (ctx.attempt,))
            if ctx.attempt == 1:
                lose_claim()
        return ctx.attempt

    job = (write_async if is_async else write).enqueue(conn)
    with running(app, dsn) as worker:
        assert Client(conn).result(job, timeout=20) == 2
        until(lambda: worker.stats.stale == 1, "the refused outcome is counted")
    assert effects(conn) == [2]
    assert "possible double execution" in caplog.text


def test_a_job_enqueued_in_the_handlers_transaction_vanishes_when_it_fails_and_its_own_stays(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    @app.task(queue="elsewhere")
    async def follow_up(n: int) -> None: ...

    @app.task(retry=ONCE)
    def fail(ctx: Context) -> None:
        with psycopg.connect(dsn) as committed:
            follow_up.enqueue(committed, 1)
        with ctx.transaction() as own:
            follow_up.enqueue(own, 2)
        raise ValueError

    @app.task(retry=ONCE)
    async def succeed(ctx: Context) -> None:
        async with ctx.transaction() as own:
            await follow_up.enqueue(own, 3)

    parents = app.enqueue(conn, [fail.job(), succeed.job()])
    drain(app, dsn, queues=["default"])
    found = [client.get(line.id) for line in client.list(queue="elsewhere")]
    by_argument = {one.args["n"]: one for one in found if one is not None}
    assert sorted(by_argument) == [1, 3]
    assert by_argument[1].headers["causation_id"] == str(parents[0].id)
    assert by_argument[3].headers["correlation_id"] == str(parents[1].id)


def test_headers_are_passed_on_to_follow_up_jobs(
    app: Jobs, dsn: str, client: Client, conn: Conn
) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @app.task(queue="elsewhere")
    async def third() -> None: ...

    @app.task
    async def second(ctx: Context) -> None:
        async with ctx.transaction() as own:
            await app.enqueue(own, [third.job()])

    @app.task
    def first(ctx: Context) -> None:
        with ctx.transaction() as own:
            second.using(headers={"mine": 1}).enqueue(own)

    job = first.using(headers={"traceparent": trace, "private": True}).enqueue(conn)
    drain(app, dsn, queues=["default"])
    lines = client.list(queue="elsewhere")
    last = client.get(lines[0].id)
    assert last is not None
    assert last.headers["traceparent"] == trace
    assert last.headers["correlation_id"] == str(job.id)
    assert last.headers["causation_id"] != str(job.id)
    assert "private" not in last.headers
    assert "mine" not in last.headers


def test_a_handler_runs_inline_on_a_connection_that_is_given(app: Jobs, conn: Conn) -> None:
    @app.task
    def write(ctx: Context, n: int) -> int:
        with ctx.transaction() as own:
            own.execute("insert into effect values (%s)", (n,))
        return n

    assert write.fn(Context.inline(conn), 5) == 5
    assert effects(conn) == [5]


def test_a_context_without_a_connection_says_what_to_do(app: Jobs) -> None:
    @app.task
    def write(ctx: Context) -> None:
        with ctx.transaction():
            pass

    with pytest.raises(ValueError, match=r"use Context\.inline\(conn\)"):
        write()
