"""Waiting for many jobs: all of them, or each when it ends; by notification and by looking."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import pooler
from conftest import Connect
from txjobs import AsyncClient, Client, JobFailed, Jobs, NotFound, ResultPruned, TxjobsError
from waiting import until
from workers import drain, running

Conn = psycopg.Connection[Any]
pooled_dsn = pooler.pooled_dsn


@pytest.fixture
def app() -> Jobs:
    app = Jobs()

    @app.task
    async def double(n: int) -> int:
        return n * 2

    return app


@pytest.fixture
def listening(dsn: str) -> Iterator[Client]:
    """A client with a connection of its own."""
    with Client(dsn) as client:
        yield client


def complete(conn: Conn, job: int, result: str = "1") -> None:
    conn.execute("select jobs.complete(token, %s) from jobs.claim_job(%s)", (result, job))


def later(seconds: float, action: Any) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer


def test_many_jobs_are_waited_for_and_told_in_the_order_asked_for(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    client = Client(conn)
    jobs = [client.enqueue("double", {"n": n}) for n in range(20)]
    with running(app, dsn):
        found = client.wait([*reversed(jobs), jobs[3]], timeout=20)
    assert [one.id for one in found] == [*(job.id for job in reversed(jobs)), jobs[3].id]
    assert [one.value() for one in found[:-1]] == [n * 2 for n in reversed(range(20))]
    assert client.wait([], timeout=0) == []


@pytest.mark.parametrize("notify", [True, False], ids=["listens", "looks"])
def test_jobs_come_when_they_end(notify: bool, dsn: str, conn: Conn) -> None:
    with Client(dsn, notify=notify) as client:
        first, second, third = (client.enqueue("k").id for _ in range(3))
        ended = client.as_ended([first, second, third], timeout=20)
        complete(conn, second)
        assert next(ended).id == second
        conn.execute("select jobs.cancel(%s)", (third,))
        assert next(ended).state == "cancelled"
        complete(conn, first, '{"x": 1}')
        assert next(ended).result == {"x": 1}
        assert list(ended) == []


async def test_jobs_come_when_they_end_to_an_async_client(dsn: str, conn: Conn) -> None:
    async with AsyncClient(dsn) as client:
        first, second = [await client.enqueue("k"), await client.enqueue("k")]
        ended = client.as_ended([first, second], timeout=20)
        complete(conn, second.id)
        assert (await anext(ended)).id == second.id
        complete(conn, first.id, "7")
        assert (await anext(ended)).value() == 7
        assert [one.state for one in await client.wait([second, first])] == ["completed"] * 2
        assert [one.result for one in await client.results([second.id])] == [1]
        assert not await client.has_in_flight(kind="k")


def test_a_notification_ends_the_wait_at_once(
    listening: Client, conn: Conn, connect: Connect
) -> None:
    job = listening.enqueue("k").id
    done: list[float] = []

    def end() -> None:
        done.append(time.monotonic())
        complete(conn, job)

    waits: list[float] = []
    other = connect()
    for _ in range(3):
        timer = later(1.45, end)  # it looked at 1.3 s, and would again at 1.8
        listening.wait([job], timeout=20)
        waits.append(time.monotonic() - done[-1])
        timer.join()
        other.execute("select jobs.retry(%s)", (job,))
    assert min(waits) < 0.2, waits


def test_the_ends_of_others_jobs_wake_a_waiter_not_too_often(
    listening: Client, conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = listening.enqueue("k").id
    stop = threading.Event()
    looks: list[float] = []
    nap = Client._nap

    def counted(client: Client, *rest: Any) -> None:
        looks.append(time.monotonic())
        nap(client, *rest)

    monkeypatch.setattr(Client, "_nap", counted)

    def others() -> None:
        while not stop.is_set():
            conn.execute("select jobs.cancel(jobs.enqueue('other'))")

    thread = threading.Thread(target=others)
    thread.start()
    try:
        with pytest.raises(TimeoutError):
            listening.wait([job], timeout=2)
    finally:
        stop.set()
        thread.join()
    assert 10 < len(looks) <= 2 / 0.05 + 8


def test_nobody_listens_any_more_when_the_wait_is_over(listening: Client) -> None:
    with pytest.raises(TimeoutError):
        listening.wait([listening.enqueue("k")], timeout=0.1)
    assert listening._conn is not None
    assert listening._conn.execute("select pg_listening_channels()").fetchall() == []


def test_a_waiter_on_the_callers_connection_leaves_the_flag_alone(conn: Conn) -> None:
    client = Client(conn)
    with pytest.raises(TimeoutError):
        client.wait([client.enqueue("k")], timeout=0.1)
    flag = "select pg_sequence_last_value('jobs.waiter_flag')"
    assert conn.execute(flag).fetchone() == (None,)


def test_a_lost_notification_costs_half_a_second(
    listening: Client, conn: Conn, connect: Connect
) -> None:
    job = listening.enqueue("k").id
    thief = connect()

    def end() -> None:
        thief.execute("select setval('jobs.waiter_flag', 1)")
        complete(conn, job)

    timer = later(0.3, end)
    started = time.monotonic()
    listening.wait([job], timeout=20)
    assert time.monotonic() - started < 5
    timer.join()


def test_who_waits_too_long_is_told_for_what(conn: Conn) -> None:
    client = Client(conn)
    first, second, third = (client.enqueue("k") for _ in range(3))
    complete(conn, first.id)
    with pytest.raises(TimeoutError, match=f"job {second.id} is still ready, and 1 more"):
        client.wait([first, second, third], timeout=0.02)
    with pytest.raises(NotFound, match="committed"):
        client.wait([first.id, 10**12])


def test_results_are_told_without_waiting(conn: Conn) -> None:
    client = Client(conn)
    done, waiting = client.enqueue("k"), client.enqueue("k")
    complete(conn, done.id, "[1]")
    found = client.results([waiting, done, 10**12])
    assert [one.state for one in found] == ["ready", "completed", None]
    assert [one.ended for one in found] == [False, True, False]
    assert found[1].value() == [1]
    with pytest.raises(TxjobsError, match="wait for it"):
        found[0].value()
    with pytest.raises(NotFound):
        found[2].value()
    conn.execute(
        "select jobs.fail(token, '\"no\"', reason => 'aborted') from jobs.claim_job(%s)",
        (waiting.id,),
    )
    with pytest.raises(JobFailed, match=r"aborted.*no"):
        client.result(waiting)


def test_a_result_that_is_kept_no_longer_is_told_from_none(conn: Conn) -> None:
    client = Client(conn)
    some, none = client.enqueue("k"), client.enqueue("k")
    complete(conn, some.id, "[1]")
    conn.execute("select jobs.complete(token) from jobs.claim_job(%s)", (none.id,))
    client.configure_queue("default", keep_results=0)
    assert [(line.state, line.jobs) for line in client.prune()] == [("result", 1)]
    assert client.result(none) is None
    with pytest.raises(ResultPruned, match="keep_results"):
        client.result(some)
    info = client.get(some)
    assert info is not None
    assert (info.state, info.result, info.result_pruned) == ("completed", None, True)


def test_waiting_behind_a_pooler_is_by_looking(app: Jobs, pooled_dsn: str, dsn: str) -> None:
    with Client(pooled_dsn) as client:
        client.version()
        job = client.enqueue("double", {"n": 4})
        with running(app, dsn):
            assert client.result(job, timeout=20) == 8


def test_jobs_in_flight_are_seen(app: Jobs, dsn: str, conn: Conn) -> None:
    client = Client(conn)
    client.enqueue("double", {"n": 4})
    assert client.has_in_flight(kind="double", queue="default", args={"n": 4})
    assert not client.has_in_flight(kind="double", args={"n": 5})
    drain(app, dsn)
    assert not client.has_in_flight(kind="double")


def test_a_client_that_waits_may_lose_its_connection_and_say_so(
    listening: Client, conn: Conn
) -> None:
    job = listening.enqueue("k")

    def cut() -> None:
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )

    timer = later(0.3, cut)
    with pytest.raises(psycopg.OperationalError):
        listening.wait([job], timeout=20)
    timer.join()
    until(lambda: listening.state(job) == "ready", "it connects again")
