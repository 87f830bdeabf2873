"""`Client` and `AsyncClient`: asking about jobs, and changing their fate."""

import inspect
from typing import Any

import psycopg
import pytest

from txjobs import (
    AsyncClient,
    Backoff,
    Client,
    JobCancelled,
    JobFailed,
    Jobs,
    NotFound,
    Reject,
    WrongState,
)
from workers import drain, running

Conn = psycopg.Connection[Any]


@pytest.fixture
def app() -> Jobs:
    app = Jobs()

    @app.task
    async def double(n: int) -> int:
        return n * 2

    @app.task(retry=Backoff(max_attempts=1))
    async def fail() -> None:
        raise Reject("bad")

    return app


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


def test_both_clients_have_one_shape() -> None:
    def methods(cls: type) -> dict[str, list[str]]:
        return {
            name: [f"{p}" for p in inspect.signature(value).parameters.values()]
            for name, value in vars(cls).items()
            if inspect.isfunction(value) and not name.startswith("_")
        }

    assert methods(Client) == methods(AsyncClient)


def test_the_result_of_a_job_is_waited_for(app: Jobs, dsn: str, client: Client) -> None:
    job = client.enqueue("double", {"n": 4})
    with pytest.raises(TimeoutError, match=f"job {job.id} is still ready after 0.05 s"):
        client.result(job, timeout=0.05)
    with running(app, dsn):
        assert client.result(job, timeout=20) == 8
    assert client.result(job.id, timeout=0) == 8


async def test_the_result_of_a_job_is_awaited(app: Jobs, dsn: str) -> None:
    async with AsyncClient(dsn) as client:
        job = await client.enqueue("double", {"n": 4})
        with running(app, dsn):
            assert await client.result(job, timeout=20) == 8
        with pytest.raises(NotFound, match="committed"):
            await client.result(10**12)


def test_a_dead_job_says_why(app: Jobs, dsn: str, client: Client) -> None:
    job = client.enqueue("fail")
    drain(app, dsn)
    with pytest.raises(JobFailed, match="bad") as raised:
        client.result(job)
    assert (raised.value.job_id, raised.value.state, raised.value.reason) == (
        job.id,
        "dead",
        "rejected",
    )
    assert raised.value.error["type"] == "txjobs.errors.Reject"
    assert client.retry(job) == "ready"
    assert client.state(job) == "ready"
    with pytest.raises(WrongState):
        client.retry(job)


def test_a_waiting_job_is_cancelled(client: Client) -> None:
    job = client.enqueue("double", {"n": 1})
    assert client.cancel(job, "changed my mind") == "cancelled"
    assert client.cancel(job.id) == "cancelled"
    with pytest.raises(JobCancelled, match="changed my mind"):
        client.result(job)
    with pytest.raises(NotFound):
        client.cancel(10**12)
    for _ in range(3):
        client.enqueue("double", {"n": 1})
    assert client.cancel_many(kind="double", max_jobs=2) == 2


def test_what_is_not_there_is_none(client: Client) -> None:
    assert client.get(10**12) is None
    assert client.state(10**12) is None
    assert client.history(10**12) == []


def test_a_paused_queue_is_not_worked_on(app: Jobs, dsn: str, client: Client) -> None:
    job = client.enqueue("double", {"n": 1}, queue="mail")
    client.pause(queue="mail")
    assert drain(app, dsn).claimed == 0
    assert {line.queue: line.paused for line in client.stats()}["mail"] is True
    client.resume(queue="mail")
    assert drain(app, dsn).completed == 1
    assert client.state(job) == "completed"


def test_statistics_count_by_queue(app: Jobs, dsn: str, client: Client) -> None:
    client.enqueue("double", {"n": 1}, queue="a")
    client.enqueue("fail", queue="a")
    drain(app, dsn)
    client.enqueue("double", {"n": 1}, queue="a")
    client.enqueue("double", {"n": 1}, queue="a", delay=60)
    line = {one.queue: one for one in client.stats()}["a"]
    assert (line.ready, line.scheduled, line.running, line.completed, line.dead) == (1, 1, 0, 1, 1)
    assert line.next_run_at is not None
    assert line.oldest_ready_age is not None


def test_jobs_are_listed_page_by_page(client: Client) -> None:
    ids = [client.enqueue("double", {"n": n}).id for n in range(5)]
    first = client.list(max_jobs=2)
    second = client.list(after=first[-1], max_jobs=2)
    third = client.list(after=second[-1].cursor, max_jobs=2)
    assert [line.id for line in [*first, *second, *third]] == ids[::-1]
    assert {line.id for line in client.list("ready", kind="double")} == set(ids)
    assert client.list("dead") == []


def test_the_history_of_a_job(app: Jobs, dsn: str, client: Client) -> None:
    job = client.enqueue("double", {"n": 1})
    drain(app, dsn)
    events = client.history(job)
    assert [event.type for event in events] == ["enqueued", "claimed", "completed"]
    assert events[0].at <= events[1].at <= events[2].at
    assert events[1].worker is not None
    assert events[2].data == 2


def test_pruning_leaves_what_is_recent(app: Jobs, dsn: str, client: Client) -> None:
    job = client.enqueue("double", {"n": 1})
    drain(app, dsn)
    assert client.prune() == client.prune(dry_run=True) == []
    assert client.state(job) == "completed"


def test_the_version_is_told(client: Client) -> None:
    assert client.version()


def test_a_client_of_a_dsn_opens_and_closes_its_own_connection(dsn: str, conn: Conn) -> None:
    with Client(dsn) as client:
        job = client.enqueue("double", {"n": 1})
        assert Client(conn).state(job) == "ready"
    assert client.state(job) == "ready"  # it opens again when it is used again
    client.close()
