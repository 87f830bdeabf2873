"""How jobs of a batch task are collected, stopped, cancelled and lost."""

import asyncio
import threading
import uuid
from typing import Any

import pytest

from batches import (
    NEVER,
    SOON,
    Conn,
    Doc,
    Handled,
    Items,
    claimed,
    enqueue,
    lose,
    results,
    states,
)
from txjobs import BatchContext, BatchItem, Client, Jobs, State
from txjobs._batches import Batches
from txjobs._claimed import Buffer, Claimed
from waiting import until
from workers import SHORT_LEASE, drain, running


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


@pytest.fixture(params=["async", "thread"])
def handled(request: pytest.FixtureRequest, app: Jobs) -> Handled:
    return Handled(app, request.param == "async")


def test_a_full_batch_is_one_call_and_each_job_has_its_own_result(
    dsn: str, conn: Conn, client: Client, handled: Handled
) -> None:
    index = handled.task(lambda items: [one.args.n * 2 for one in items], batch_timeout=NEVER)
    jobs = enqueue(conn, index, 100)
    with running(handled.app, dsn):
        assert results(client, jobs) == [n * 2 for n in range(100)]
    assert handled.seen == [list(range(100))]


def test_an_item_is_the_job_with_its_arguments_decoded(
    dsn: str, conn: Conn, handled: Handled
) -> None:
    index = handled.task(lambda _: None, max_attempts=5)
    doc = Doc(1, uuid.uuid4())
    job = index.using(headers={"tenant": "a"}).enqueue(conn, doc)
    assert drain(handled.app, dsn).completed == 1
    assert handled.calls == [[BatchItem(doc, job.id, 1, 5, {"tenant": "a"})]]


def test_jobs_that_come_while_a_batch_waits_join_it(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_size=3, batch_timeout=NEVER)
    with running(app, dsn) as worker:
        first = enqueue(conn, index, 2)
        until(lambda: worker.stats.claimed == 2, "they are claimed")
        results(client, [*first, index.enqueue(conn, Doc(2))])
    assert handled.seen == [[0, 1, 2]]


def test_a_batch_that_is_not_full_starts_when_its_first_job_has_waited_long_enough(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_timeout=1.0)
    jobs = enqueue(conn, index, 3)
    with running(app, dsn):
        results(client, jobs)
    waited = conn.execute(
        "select max(at) filter (where type = 'completed') - min(at) filter (where type = 'claimed')"
        " from jobs.history(%s)",
        (jobs[0].id,),
    ).fetchone()
    assert waited is not None
    # It counts from when the claim was sent, and a slow server notes it later.
    assert waited[0].total_seconds() >= 0.5
    assert handled.seen == [[0, 1, 2]]


def test_an_item_with_a_time_limit_waits_for_half_a_lease_at_most(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_timeout=NEVER, timeout=60)
    job = index.enqueue(conn, Doc(1))
    with running(app, dsn, **SHORT_LEASE):
        client.result(job, timeout=20)
    assert [event.type for event in client.history(job)] == ["enqueued", "claimed", "completed"]


def test_leases_are_renewed_while_items_wait(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_timeout=4.0)
    jobs = enqueue(conn, index, 2)
    with running(app, dsn, **SHORT_LEASE):
        results(client, jobs)
    assert handled.seen == [[0, 1]]
    assert [one.type for one in client.history(jobs[0])] == ["enqueued", "claimed", "completed"]


@pytest.mark.parametrize("prefetch", [0, 1000])
def test_a_backlog_makes_full_batches(app: Jobs, dsn: str, conn: Conn, prefetch: int) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_timeout=NEVER)
    enqueue(conn, index, 1000)
    assert drain(app, dsn, concurrency=2, prefetch=prefetch).completed == 1000
    assert [len(one) for one in handled.calls] == [100] * 10


def test_a_batch_may_be_larger_than_what_one_statement_claims(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_size=1200, batch_timeout=NEVER)
    enqueue(conn, index, 1200)
    assert drain(app, dsn, concurrency=1, prefetch=0).completed == 1200
    assert [len(one) for one in handled.calls] == [1200]


def test_a_batch_that_waits_for_nobody_takes_what_is_there(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_timeout=0)
    jobs = enqueue(conn, index, 50)
    with running(app, dsn, concurrency=1):
        results(client, jobs)
    assert handled.seen == [list(range(50))]


def test_items_that_wait_take_no_slot_from_others(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_timeout=NEVER)

    @app.task
    async def other(n: int) -> int:
        return n

    waiting = enqueue(conn, index, 60)
    with running(app, dsn, concurrency=1, prefetch=0) as worker:
        until(lambda: worker.stats.buffered == 60, "the items are claimed")
        assert results(client, other.enqueue_many(conn, [other.job(n) for n in range(20)])) == [
            *range(20)
        ]
        assert set(states(client, waiting)) == {"running"}
    assert handled.calls == []


def test_batches_of_different_kinds_do_not_mix(app: Jobs, dsn: str, conn: Conn) -> None:
    one, other = Handled(app, is_async=True), Handled(app, is_async=False)
    first = one.task(lambda _: None, name="first", batch_size=5)
    second = other.task(lambda _: None, name="second", batch_size=7)
    app.enqueue(conn, [task.job(Doc(n)) for n in range(35) for task in (first, second)])
    assert drain(app, dsn, concurrency=3).completed == 70
    assert sorted(n for call in one.seen for n in call) == list(range(35))
    assert sorted(n for call in other.seen for n in call) == list(range(35))
    assert {len(call) for call in one.seen} == {5}
    assert {len(call) for call in other.seen} == {7}


def test_draining_does_not_wait_for_company_that_cannot_come(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_timeout=NEVER)
    enqueue(conn, index, 3)
    assert drain(app, dsn).completed == 3
    assert handled.seen == [[0, 1, 2]]


def test_stopping_gives_back_what_waits_for_company_uncharged(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_timeout=NEVER)
    jobs = enqueue(conn, index, 3)
    with running(app, dsn) as worker:
        until(lambda: worker.stats.buffered == 3, "the items are claimed")
        assert worker.stop() == 0
    found = [client.get(job) for job in jobs]
    assert [(one.state, one.attempt) for one in found if one is not None] == [("ready", 0)] * 3
    assert (handled.calls, worker.stats.released) == ([], 3)


def test_stopping_lets_a_running_batch_end(
    dsn: str, conn: Conn, client: Client, handled: Handled
) -> None:
    started, release = threading.Event(), threading.Event()

    def answer(items: Items) -> list[str]:
        started.set()
        assert release.wait(20)
        return ["ended"] * len(items)

    index = handled.task(answer, batch_size=2)
    jobs = enqueue(conn, index, 2)
    with running(handled.app, dsn) as worker:
        assert started.wait(20)
        worker.worker.stop()
        release.set()
        assert worker.join() == 0
    assert results(client, jobs) == ["ended"] * 2


def test_a_batch_that_is_cut_is_given_back_and_named_in_the_exit_code(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    started = threading.Event()

    @app.task(batch_size=2)
    async def index(items: Items) -> None:
        started.set()
        await asyncio.sleep(60)

    jobs = enqueue(conn, index, 2)
    with running(app, dsn, drain_timeout=0.1) as worker:
        assert started.wait(20)
        assert worker.stop() == 3
    assert sorted(worker.stats.cut) == [job.id for job in jobs]
    found = [client.get(job) for job in jobs]
    assert [(one.state, one.attempt) for one in found if one is not None] == [("ready", 0)] * 2


async def test_a_kind_whose_batch_found_no_slot_does_not_wait_again(app: Jobs) -> None:
    Handled(app, is_async=True).task(lambda _: None, batch_size=3, batch_timeout=NEVER)
    buffer = Buffer()
    batches = Batches(app.tasks, buffer, lambda _: None)
    batches.collect([claimed(1, 1)])
    batches.flush_hurried()
    assert (len(batches), len(buffer)) == (1, 0)
    batches.hurry(batches.take_all())
    batches.collect([claimed(2, 1)])
    batches.flush_hurried()
    assert (len(batches), len(buffer)) == (0, 1)
    batches.collect([claimed(3, 2)])
    batches.flush_hurried()
    assert (len(batches), len(buffer)) == (1, 1)
    batches.take_all()


async def test_a_job_whose_lost_claim_still_waits_is_in_a_batch_once(app: Jobs) -> None:
    Handled(app, is_async=True).task(lambda _: None, batch_size=2, batch_timeout=NEVER)
    forgotten: list[Claimed] = []
    buffer = Buffer()
    batches = Batches(app.tasks, buffer, forgotten.append)
    lost, again, other = claimed(1, 7), claimed(2, 7), claimed(3, 8)
    batches.collect([lost, again])
    assert (forgotten, len(batches), len(buffer)) == ([lost], 1, 0)
    batches.collect([other])
    assert [list(unit.members) for unit in buffer.units] == [[again, other]]


def test_what_is_claimed_while_the_worker_stops_is_given_back(
    app: Jobs, dsn: str, conn: Conn, client: Client, connect: Any
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_timeout=NEVER)
    jobs = enqueue(conn, index, 3)
    blocker = connect(autocommit=False)
    blocker.execute("lock table jobs.event in exclusive mode")  # holds up the claim
    with running(app, dsn) as worker:
        until(
            lambda: (
                conn.execute(
                    "select from pg_locks l join pg_stat_activity a using (pid) "
                    "where not l.granted and a.query like '%jobs.work%'"
                ).rowcount
            ),
            "the claim is under way",
        )
        worker.worker.stop()
        until(lambda: worker.worker.state is State.DRAINING, "it stops")
        blocker.rollback()
        assert worker.join() == 0
    assert worker.stats.released == 3  # not left to their leases
    found = [client.get(job) for job in jobs]
    assert [(one.state, one.attempt) for one in found if one is not None] == [("ready", 0)] * 3
    assert handled.calls == []


def test_a_waiting_item_that_is_cancelled_never_reaches_the_handler(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    handled = Handled(app, is_async=True)
    index = handled.task(lambda _: None, batch_size=3, batch_timeout=NEVER)
    jobs = enqueue(conn, index, 2)
    with running(app, dsn, **SHORT_LEASE) as worker:
        until(lambda: worker.stats.buffered == 2, "the items are claimed")
        assert client.cancel(jobs[0]) == "cancel_requested"
        until(lambda: client.state(jobs[0]) == "cancelled", "it is cancelled")
        more = [index.enqueue(conn, Doc(n)) for n in (7, 8)]
        results(client, [jobs[1], *more])
    assert handled.seen == [[1, 7, 8]]


@pytest.mark.parametrize("in_thread", [False, True])
def test_cancelling_one_item_does_not_stop_the_call_and_its_outcome_decides(
    app: Jobs, dsn: str, conn: Conn, client: Client, in_thread: bool
) -> None:
    started, release = threading.Event(), threading.Event()

    def answer(items: Items) -> list[Any]:
        return [ValueError("no") if one.args.n == 0 else "done" for one in items]

    @app.task(batch_size=3)
    async def index(items: Items) -> list[Any]:
        started.set()
        await asyncio.to_thread(release.wait, 20)
        return answer(items)

    @app.task(batch_size=3)
    def index_in_thread(items: Items) -> list[Any]:
        started.set()
        release.wait(20)
        return answer(items)

    jobs = enqueue(conn, index_in_thread if in_thread else index, 3)
    with running(app, dsn, **SHORT_LEASE) as worker:
        assert started.wait(20)
        for job in jobs[:2]:
            client.cancel(job)
        held = worker.worker._slots
        assert held is not None
        until(
            lambda: sum(one.cancel_requested for one in list(held.held.values())) == 2,
            "the worker knows",
        )
        release.set()
        assert client.result(jobs[2], timeout=20) == "done"
        until(lambda: client.state(jobs[0]) == "cancelled", "what failed is cancelled")
        assert client.result(jobs[1], timeout=20) == "done"


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_call_is_cancelled_when_all_of_its_items_are(
    app: Jobs, dsn: str, conn: Conn, client: Client, in_thread: bool
) -> None:
    started, stopped = threading.Event(), threading.Event()

    @app.task(batch_size=2)
    async def index(items: Items) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    @app.task(batch_size=2)
    def index_in_thread(ctx: BatchContext, items: Items) -> None:
        started.set()
        assert ctx.cancelled.wait(60)
        stopped.set()
        ctx.raise_if_cancelled()

    jobs = enqueue(conn, index_in_thread if in_thread else index, 2)
    with running(app, dsn, **SHORT_LEASE):
        assert started.wait(20)
        for job in jobs:
            client.cancel(job)
        assert stopped.wait(20)
        until(lambda: states(client, jobs) == ["cancelled"] * 2, "both are cancelled")


def test_a_lost_lease_of_one_item_does_not_spoil_the_others(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    started, release = threading.Event(), threading.Event()

    @app.task(batch_size=2, retry=SOON, batch_timeout=20.0)
    async def index(items: Items) -> list[int]:
        if not started.is_set():
            started.set()
            await asyncio.to_thread(release.wait, 20)
        return [one.attempt for one in items]

    with running(app, dsn, **SHORT_LEASE) as worker:
        first = index.enqueue(conn, Doc(0))
        until(lambda: worker.stats.claimed == 1, "it is claimed by itself")
        second = index.enqueue(conn, Doc(1))
        assert started.wait(20)
        lose(conn, first)
        until(lambda: worker.stats.lost == 1, "the worker knows")
        release.set()
        assert client.result(second, timeout=20) == 1
        index.enqueue(conn, Doc(2))  # company for the other attempt at the first
        assert client.result(first, timeout=20) == 2
