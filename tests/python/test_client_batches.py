"""Batches and dependencies from Python."""

import asyncio
from typing import Any

import psycopg
import pytest

from txjobs import (
    AsyncClient,
    Client,
    Context,
    InvalidArgument,
    Jobs,
    NotFound,
    Worker,
    WrongState,
)

Connection = psycopg.Connection[Any]
app = Jobs()
told: list[Any] = []


@app.task(queue="pages")
def render(page: int) -> int:
    """One of many."""
    return page * page


@app.task(max_attempts=1)
def broken() -> None:
    """Never works."""
    raise ValueError("no")


@app.task
def publish(report: int, batch: dict[str, Any]) -> None:
    """The callback."""
    told.append((report, batch["jobs"], batch["completed"], batch["dead"]))


@app.task
def split(ctx: Context, parts: int) -> None:
    """Adds jobs to its own batch."""
    with ctx.transaction() as conn:
        assert ctx.batch is not None
        for part in range(parts):
            render.using(batch=ctx.batch).enqueue(conn, part)


@pytest.fixture(autouse=True)
def _nothing_told() -> None:
    told.clear()


def run(dsn: str) -> None:
    assert Worker(app, dsn, drain=True).main() == 0


def test_a_batch_is_filled_in_a_block_and_tells_how_it_ended(conn: Connection, dsn: str) -> None:
    with (
        conn.transaction(),
        app.batch(conn, on_success=publish.job(7, batch={}), name="report 7") as batch,
    ):
        jobs = batch.enqueue(render.job(page) for page in range(3))
        one_more = render.using(batch=batch.id).enqueue(conn, 3)
    client = Client(conn)
    found = client.batch(batch.id)
    assert (found.name, found.state, found.jobs, found.pending) == ("report 7", "running", 4, 4)
    assert not found.succeeded
    run(dsn)
    assert told == [(7, 4, 4, 0)]
    found = client.batch(batch.id)
    assert found.succeeded
    assert found.callbacks is not None
    assert client.state(found.callbacks["on_success"]) == "completed"
    members = client.batch_jobs(batch.id)
    assert [one.id for one in members] == [*(job.id for job in jobs), one_more.id]
    assert [one.result for one in members] == [0, 1, 4, 9]
    assert [one.id for one in client.batch_jobs(batch.id, after=jobs[1].id, max_jobs=1)] == [
        jobs[2].id
    ]


def test_an_empty_batch_is_finished_at_the_end_of_its_block(conn: Connection, dsn: str) -> None:
    with app.batch(conn, on_complete=publish.job(0, batch={})) as batch:
        assert Client(conn).batch(batch.id).state == "open"
    run(dsn)
    assert told == [(0, 0, 0, 0)]


def test_an_error_in_the_block_leaves_the_batch_to_the_transaction(conn: Connection) -> None:
    with pytest.raises(ValueError, match="stop"), conn.transaction(), app.batch(conn) as batch:
        raise ValueError("stop")
    with pytest.raises(NotFound, match="no batch"):
        Client(conn).batch(batch.id)
    with pytest.raises(ValueError, match="stop"), app.batch(conn) as batch:
        raise ValueError("stop")
    client = Client(conn)
    assert [one.id for one in client.batches("open")] == [batch.id]
    assert client.close_batch(batch.id) == "finished"
    assert client.batches("open") == []


def test_a_job_adds_others_to_its_own_batch(conn: Connection, dsn: str) -> None:
    with app.batch(conn, on_complete=publish.job(1, batch={})) as batch:
        batch.enqueue([split.job(3)])
    run(dsn)
    assert told == [(1, 4, 4, 0)]
    with pytest.raises(WrongState, match="has finished"):
        render.using(batch=batch.id).enqueue(conn, 1)


def test_a_failure_is_told_to_on_failure_and_a_kind_is_a_callback_too(
    conn: Connection, dsn: str
) -> None:
    client = Client(conn)
    batch = client.create_batch(
        on_success="publish", on_failure=publish.job(2, batch={}), keep_open=True
    )
    app.enqueue(conn, [render.using(batch=batch).job(1), broken.using(batch=batch).job()])
    assert client.close_batch(batch) == "running"
    run(dsn)
    assert told == [(2, 2, 1, 1)]
    found = client.batch(batch)
    assert (found.dead, found.succeeded) == (1, False)
    assert [(one.state, (one.error or {}).get("type")) for one in client.batch_jobs(batch)] == [
        ("completed", None),
        ("dead", "ValueError"),
    ]


def test_a_batch_is_cancelled(conn: Connection) -> None:
    client = Client(conn)
    with app.batch(conn) as batch:
        batch.enqueue(render.job(page) for page in range(100))
    assert client.cancel_batch(batch.id, "not wanted", max_jobs=70) == 70
    assert client.cancel_batch(batch.id) == 30
    assert client.cancel_batch(batch.id) == 0
    found = client.batch(batch.id)
    assert (found.state, found.cancelled) == ("finished", 100)
    assert client.batch_jobs(batch.id)[0].reason == "not wanted"


def test_a_job_depends_on_others_in_every_form_of_enqueue(conn: Connection, dsn: str) -> None:
    client = Client(conn)
    first, second = render.enqueue(conn, 1), render.enqueue(conn, 2)
    later = render.using(depends_on=[first.id, second.id])
    jobs = [
        later.enqueue(conn, 3),
        *later.enqueue_many(conn, [later.job(4), later.job(5)]),
        *app.enqueue(conn, [later.job(6), render.using(depends_on=[first.id]).job(7)]),
        client.enqueue("render", {"page": 8}, depends_on=[second.id]),
    ]
    assert {client.state(job) for job in jobs} == {"blocked"}
    found = client.get(jobs[0])
    assert found is not None
    assert found.blocked == "depends_on"
    run(dsn)
    assert {client.state(job) for job in jobs} == {"completed"}


@pytest.mark.parametrize(
    ("policy", "state"), [(None, "dead"), ("cancel", "cancelled"), ("ignore", "completed")]
)
def test_a_job_whose_prerequisite_dies_goes_by_its_policy(
    policy: str | None, state: str, conn: Connection, dsn: str
) -> None:
    dying = broken.enqueue(conn)
    job = render.using(depends_on=[dying.id], on_dependency_failure=policy).enqueue(conn, 1)
    run(dsn)
    assert Client(conn).state(job) == state


def test_a_bad_policy_is_refused(conn: Connection) -> None:
    with pytest.raises(InvalidArgument, match="on_dependency_failure is 'never'"):
        render.using(depends_on=[], on_dependency_failure="never").enqueue(conn, 1)
    with pytest.raises(NotFound, match="no job 99"):
        render.using(depends_on=[99]).enqueue(conn, 1)


def test_the_same_from_async_code(dsn: str) -> None:
    async def main() -> None:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            client = AsyncClient(conn)
            async with app.batch(conn, on_complete="publish") as batch:
                (job,) = await batch.enqueue([render.job(1)])
            assert (await client.batch(batch.id)).pending == 1
            assert [one.id for one in await client.batch_jobs(batch.id)] == [job.id]
            assert await client.cancel_batch(batch.id) == 1
            assert [one.state for one in await client.batches()] == ["finished"]
            other = await client.create_batch(keep_open=True)
            assert await client.close_batch(other) == "finished"

    asyncio.run(main())


def test_a_batch_wants_a_connection() -> None:
    with pytest.raises(Exception, match="not a connection"):
        app.batch("nothing")  # type: ignore[call-overload]
