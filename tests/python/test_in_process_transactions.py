"""Jobs and writes that go together in the in-process runner."""

from typing import Any

import psycopg
import pytest

from txjobs import (
    Backoff,
    BatchItem,
    Context,
    JobFailed,
    Jobs,
    QueueFull,
)

AT_ONCE = Backoff(strategy="constant", base=0)


@pytest.fixture
def app() -> Jobs:
    return Jobs()


def test_jobs_of_a_block_exist_together_or_not_at_all(app: Jobs) -> None:
    @app.task
    def note(number: int) -> int:
        return number

    with app.in_process() as jobs:
        with jobs.transaction() as conn:
            one = note.enqueue(conn, 1)
            assert jobs.get(one) is None
            two = note.enqueue(conn, 2)
        assert [jobs.result(one, 10), jobs.result(two, 10)] == [1, 2]
        with pytest.raises(RuntimeError), jobs.transaction() as conn:
            three = note.enqueue(conn, 3)
            raise RuntimeError
        assert jobs.get(three) is None
        assert len(jobs.list()) == 2


def test_what_a_handler_enqueues_in_its_transaction_exists_if_its_outcome_is_kept(
    app: Jobs,
) -> None:
    @app.task
    def leaf(attempt: int) -> int:
        return attempt

    @app.task(retry=AT_ONCE)
    def root(ctx: Context) -> int:
        with ctx.transaction() as conn:
            job = leaf.enqueue(conn, ctx.attempt)
        if ctx.attempt < 3:
            raise ValueError
        return job.id

    with app.in_process() as jobs:
        child = jobs.result(root.enqueue(jobs), 10)
        assert jobs.result(child, 10) == 3
        assert len(jobs.list(kind="leaf")) == 1


def test_part_of_a_handlers_transaction_may_fail_by_itself(app: Jobs) -> None:
    @app.task
    def leaf(name: str) -> str:
        return name

    @app.task
    async def root(ctx: Context) -> None:
        async with ctx.transaction() as conn:
            await leaf.enqueue(conn, "kept")
            with pytest.raises(LookupError):
                async with conn.transaction():
                    await leaf.enqueue(conn, "dropped")
                    raise LookupError
        with pytest.raises(LookupError):
            async with ctx.transaction() as conn:
                await leaf.enqueue(conn, "dropped too")
                raise LookupError

    with app.in_process() as jobs:
        jobs.result(root.enqueue(jobs), 10)
        jobs.drain(10)
        assert [job.args["name"] for job in jobs.list(kind="leaf")] == ["kept"]


def test_sql_in_a_handler_without_a_database_is_refused_with_the_fix(app: Jobs) -> None:
    @app.task(max_attempts=1)
    def write(ctx: Context) -> None:
        with ctx.transaction() as conn:
            conn.execute("select 1")

    with app.in_process() as jobs, pytest.raises(JobFailed, match="dsn="):
        jobs.result(write.enqueue(jobs), 10)


def test_with_a_database_a_handlers_writes_and_follow_ups_go_together(
    app: Jobs, dsn: str, conn: psycopg.Connection[Any]
) -> None:
    conn.execute("create table note (attempt int)")

    @app.task
    def leaf() -> None: ...

    @app.task(retry=AT_ONCE)
    def sync(ctx: Context) -> None:
        with ctx.transaction() as own:
            own.execute("insert into note values (%s)", (ctx.attempt,))
            leaf.enqueue(own)
        if ctx.attempt == 1:
            raise ValueError

    @app.task(retry=AT_ONCE)
    async def asynchronous(ctx: Context) -> None:
        async with ctx.transaction() as own:
            await own.execute("insert into note values (%s)", (10 * ctx.attempt,))
            await leaf.enqueue(own)
        if ctx.attempt == 1:
            raise ValueError

    with app.in_process(dsn=dsn) as jobs:
        jobs.result(sync.enqueue(jobs), 10)
        jobs.result(asynchronous.enqueue(jobs), 10)
        jobs.drain(10)
        assert len(jobs.list("completed", kind="leaf")) == 2
    assert conn.execute("select attempt from note order by 1").fetchall() == [(2,), (20,)]


def test_a_result_that_cannot_be_stored_rolls_the_handlers_writes_back(
    app: Jobs, dsn: str, conn: psycopg.Connection[Any]
) -> None:
    conn.execute("create table note (n int)")

    @app.task(max_attempts=1)
    def write(ctx: Context) -> object:
        with ctx.transaction() as own:
            own.execute("insert into note values (1)")
        return object()

    @app.task(batch_size=2, batch_timeout=0.05, max_attempts=1)
    def many(items: list[BatchItem[dict[str, Any]]]) -> list[Any]:
        return [object() if one.args["bad"] else "good" for one in items]

    with app.in_process(dsn=dsn) as jobs:
        with pytest.raises(JobFailed, match="Unencodable"):
            jobs.result(write.enqueue(jobs), 10)
        bad, good = many.enqueue_many(jobs, [many.job({"bad": True}), many.job({"bad": False})])
        with pytest.raises(JobFailed, match="Unencodable"):
            jobs.result(bad, 10)
        assert jobs.result(good, 10) == "good"
    assert conn.execute("select count(*) from note").fetchone() == (0,)


async def test_with_a_database_a_block_gives_a_connection_and_jobs_follow_its_commit(
    app: Jobs, dsn: str, conn: psycopg.Connection[Any]
) -> None:
    conn.execute("create table note (n int primary key deferrable initially deferred)")

    @app.task
    def look() -> int:
        found = conn.execute("select count(*) from note").fetchone()
        assert found is not None
        return int(found[0])

    with app.in_process(dsn=dsn) as jobs:
        with jobs.transaction() as own:
            assert isinstance(own, psycopg.Connection)
            own.execute("insert into note values (1)")
            job = look.enqueue(own)
            assert jobs.get(job) is None
        assert jobs.result(job, 10) == 1
        with pytest.raises(psycopg.errors.UniqueViolation), jobs.transaction() as own:
            assert isinstance(own, psycopg.Connection)
            own.execute("insert into note values (1)")
            gone = look.enqueue(own)
        assert jobs.get(gone) is None
    async with app.in_process(dsn=dsn, max_pending=1) as other:
        with pytest.raises(psycopg.errors.UniqueViolation):
            async with other.transaction() as own_async:
                assert isinstance(own_async, psycopg.AsyncConnection)
                await own_async.execute("insert into note values (1)")
                await look.enqueue(own_async)
        job = await look.enqueue(other)  # its room was given back
        assert await other.result(job, 10) == 1


def test_jobs_that_an_open_transaction_is_about_to_enqueue_count_as_pending(app: Jobs) -> None:
    @app.task
    def note() -> None: ...

    with app.in_process(max_pending=2) as jobs:
        with jobs.transaction() as conn:
            kept = note.enqueue(conn)
            with pytest.raises(LookupError), jobs.transaction() as other:
                note.enqueue(other)
                with pytest.raises(QueueFull):
                    note.enqueue(jobs)
                raise LookupError
            note.enqueue(jobs)
            with pytest.raises(QueueFull):
                note.enqueue_many(conn, [note.job(), note.job()])
        jobs.result(kept, 10)
        jobs.drain(10)
        note.enqueue_many(jobs, [note.job(), note.job()])
