"""Where jobs run is a setting: the code that enqueues and asks is the same."""

import asyncio
from typing import Any

import pytest

from txjobs import ConfigurationError, Context, Jobs
from txjobs.backend import AsyncJobs, Postgres, SyncJobs
from txjobs.in_process import InProcess
from txjobs.inline import Inline
from workers import running

WAYS = ["in-process:?concurrency=2", "inline:", "postgres"]


@pytest.fixture
def app() -> Jobs:
    app = Jobs()

    @app.task
    def leaf(number: int) -> int:
        return number + 1

    @app.task
    def root(ctx: Context, number: int) -> int:
        with ctx.transaction() as conn:
            return leaf.enqueue(conn, number).id

    return app


def the_application(app: Jobs, jobs: SyncJobs) -> list[Any]:
    root, leaf = app.tasks["root"], app.tasks["leaf"]
    with jobs.transaction() as conn:
        first = root.enqueue(conn, 1)
    second = leaf.enqueue(jobs, 10)
    third, fourth = leaf.enqueue_many(jobs, [leaf.job(20), leaf.job(30)])
    with pytest.raises(RuntimeError), jobs.transaction() as conn:
        gone = leaf.enqueue(conn, 0)
        raise RuntimeError
    child = jobs.result(first, 30)
    assert jobs.get(gone) is None
    assert jobs.state(first) == "completed"
    assert next(event.type for event in jobs.history(second)) == "enqueued"
    later = leaf.using(delay=3600).enqueue(jobs, 0)
    assert jobs.cancel(later) in ("cancelled", "completed")
    return [jobs.result(job, 30) for job in (child, second, third, fourth)]


async def the_same_application(app: Jobs, jobs: AsyncJobs) -> list[Any]:
    root, leaf = app.tasks["root"], app.tasks["leaf"]
    async with jobs.transaction() as conn:
        first = await root.enqueue(conn, 1)
    second = await leaf.enqueue(jobs, 10)
    third, fourth = await app.enqueue(jobs, [leaf.job(20), leaf.job(30)])
    with pytest.raises(RuntimeError):
        async with jobs.transaction() as conn:
            gone = await leaf.enqueue(conn, 0)
            raise RuntimeError
    child = await jobs.result(first, 30)
    assert await jobs.get(gone) is None
    assert await jobs.state(first) == "completed"
    assert next(event.type for event in await jobs.history(second)) == "enqueued"
    later = await leaf.using(delay=3600).enqueue(jobs, 0)
    assert await jobs.cancel(later) in ("cancelled", "completed")
    return [await jobs.result(job, 30) for job in (child, second, third, fourth)]


@pytest.mark.parametrize("way", WAYS)
def test_an_application_is_the_same_wherever_its_jobs_run(app: Jobs, dsn: str, way: str) -> None:
    where = dsn if way == "postgres" else way
    if way == "postgres":
        with running(app, dsn), app.backend(where) as jobs:
            assert the_application(app, jobs) == [2, 11, 21, 31]
    else:
        with app.backend(where) as jobs:
            assert the_application(app, jobs) == [2, 11, 21, 31]


@pytest.mark.parametrize("way", WAYS)
async def test_so_is_an_async_one(app: Jobs, dsn: str, way: str) -> None:
    where = dsn if way == "postgres" else way
    if way == "postgres":
        with running(app, dsn):
            async with app.backend(where) as jobs:
                assert await the_same_application(app, jobs) == [2, 11, 21, 31]
    else:
        async with app.backend(where) as jobs:
            assert await the_same_application(app, jobs) == [2, 11, 21, 31]
    await asyncio.sleep(0)


def test_a_setting_becomes_the_runners_options(app: Jobs) -> None:
    where = "in-process:?concurrency=3&max_pending=7&keep=5&drain_timeout=1.5&when_full=wait"
    where += "&dsn=dbname%3Dx"
    backend = app.backend(where, deps="deps")
    assert isinstance(backend, InProcess)
    assert backend._settings == (3, 1.5, "deps")
    assert backend._when_full == "wait"
    assert backend.sync_pool is not None
    assert isinstance(app.backend(" dbname = x"), Postgres)
    assert isinstance(app.backend("in-process"), InProcess)
    assert isinstance(app.backend("inline"), Inline)
    assert isinstance(app.backend("postgres://localhost/x"), Postgres)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("", "no place for jobs"),
        ("memory:", "no place for jobs"),
        ("redis://localhost", "no place for jobs"),
        ("in-process:4", "no place for jobs"),
        ("in-process:?threads=4", "no setting 'threads': there are concurrency"),
        ("in-process:?concurrency=many", "concurrency is a number, not 'many'"),
        ("in-process:?concurrency=0", "concurrency is a number of jobs, at least 1"),
        ("in-process:?when_full=drop", "when_full is 'raise' or 'wait'"),
        ("inline:?x=1", "no place for jobs"),
    ],
)
def test_a_setting_that_is_not_known_is_refused(app: Jobs, where: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        app.backend(where)
