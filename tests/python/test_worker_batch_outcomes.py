"""What becomes of each job of a batch, by what its handler returns or raises."""

import asyncio
import threading
from typing import Any

import psycopg
import pytest

from batches import ONCE, SOON, Conn, Doc, Handled, Items, enqueue, message, results, states
from txjobs import (
    Abort,
    BatchContext,
    Client,
    Complete,
    Discard,
    Jobs,
    Retry,
    Skip,
    Snooze,
)
from workers import drain


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


@pytest.fixture(params=["async", "thread"])
def handled(request: pytest.FixtureRequest, app: Jobs) -> Handled:
    return Handled(app, request.param == "async")


def test_none_completes_all_items_with_null(
    dsn: str, conn: Conn, client: Client, handled: Handled
) -> None:
    jobs = enqueue(conn, handled.task(lambda _: None), 3)
    assert drain(handled.app, dsn).completed == 3
    assert results(client, jobs) == [None] * 3


@pytest.mark.parametrize(
    "answer",
    [
        lambda items: (one.args.n for one in items),
        lambda items: tuple(one.args.n for one in items),
        lambda items: {one.args.n: "" for one in items}.keys(),
    ],
)
def test_any_iterable_of_the_right_length_will_do(
    dsn: str, conn: Conn, client: Client, handled: Handled, answer: Any
) -> None:
    jobs = enqueue(conn, handled.task(answer), 3)
    drain(handled.app, dsn)
    assert sorted(results(client, jobs)) == [0, 1, 2]


def test_each_item_has_the_outcome_in_its_place(
    dsn: str, conn: Conn, client: Client, handled: Handled
) -> None:
    outcomes = [Complete("a"), Skip("so"), Discard("so"), Snooze(3600), Retry(in_=3600), "b", None]
    index = handled.task(lambda items: [outcomes[one.args.n] for one in items])
    jobs = enqueue(conn, index, len(outcomes))
    stats = drain(handled.app, dsn)
    waiting = ["scheduled"] * 2
    assert states(client, jobs) == [
        "completed",
        "skipped",
        "discarded",
        *waiting,
        "completed",
        "completed",
    ]
    assert [client.result(jobs[n]) for n in (0, 5, 6)] == ["a", "b", None]
    assert (stats.completed, stats.skipped, stats.discarded) == (3, 1, 1)
    assert (stats.snoozed, stats.retried, stats.started) == (1, 1, 1)


def test_an_exception_in_the_list_charges_its_own_item_only(
    dsn: str, conn: Conn, client: Client, handled: Handled
) -> None:
    index = handled.task(
        lambda items: [
            ValueError(f"no {one.args.n}") if one.args.n == 1 and one.attempt == 1 else one.attempt
            for one in items
        ],
        retry=SOON,
    )
    jobs = enqueue(conn, index, 3)
    stats = drain(handled.app, dsn)
    assert results(client, jobs) == [1, 2, 1]
    assert (stats.completed, stats.retried) == (3, 1)
    assert message(client, jobs[1]) == "no 1"
    assert [len(call) for call in handled.seen] == [3, 1]


def test_an_abort_in_the_list_ends_its_own_item(
    dsn: str, conn: Conn, client: Client, handled: Handled
) -> None:
    index = handled.task(lambda _: [Abort("never"), 1])
    jobs = enqueue(conn, index, 2)
    drain(handled.app, dsn)
    found = client.get(jobs[0])
    assert found is not None
    assert (found.state, found.reason) == ("dead", "aborted")
    assert client.result(jobs[1]) == 1


@pytest.mark.parametrize("bad", [object(), float("nan"), "a\0b", "x" * 20_000_000, ValueError])
def test_a_result_that_cannot_be_stored_fails_its_own_item_only(
    dsn: str, conn: Conn, client: Client, handled: Handled, bad: Any
) -> None:
    index = handled.task(lambda _: [1, bad, 3], retry=ONCE)
    jobs = enqueue(conn, index, 3)
    drain(handled.app, dsn)
    assert states(client, jobs) == ["completed", "dead", "completed"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([1, 2], "index returned 2 outcomes for 3 items: return a list of 3"),
        ([1, 2, 3, 4], "index returned 4 outcomes for 3 items: return a list of 3"),
        ("abc", "index returned a str for 3 items: return a list of 3"),
        ({"a": 1, "b": 2, "c": 3}, "index returned a dict for 3 items"),
        ({1, 2, 3}, "index returned a set for 3 items"),
        (7, "index returned a int for 3 items"),
        (Skip("so"), r"index returned Skip(reason='so') for 3 items"),
    ],
)
def test_what_is_not_one_outcome_per_item_fails_every_item_and_names_the_fix(
    dsn: str, conn: Conn, client: Client, handled: Handled, value: Any, said: str
) -> None:
    jobs = enqueue(conn, handled.task(lambda _: value, retry=ONCE), 3)
    assert drain(handled.app, dsn).dead == 3
    assert all(message(client, job).startswith(said) for job in jobs)


def test_what_a_handler_raises_fails_every_item_and_each_has_its_own_retries(
    dsn: str, conn: Conn, client: Client, handled: Handled
) -> None:
    def fail_first(items: Items) -> None:
        if len(handled.calls) == 1:
            raise OSError("the index is down")

    index = handled.task(fail_first, retry=SOON)
    last = index.using(max_attempts=1)
    jobs = index.enqueue_many(conn, [index.job(Doc(0)), last.job(Doc(1))])
    stats = drain(handled.app, dsn)
    assert states(client, jobs) == ["completed", "dead"]
    assert (stats.retried, stats.dead, stats.completed) == (1, 1, 1)
    assert {message(client, job) for job in jobs} == {"the index is down"}
    assert handled.seen == [[0, 1], [0]]


@pytest.mark.parametrize("args", ['{"wrong": 1}', "{}", '{"n": 1, "key": "no uuid"}', "[1]", "7"])
def test_an_item_that_does_not_decode_fails_alone_and_never_reaches_the_handler(
    dsn: str, conn: Conn, client: Client, handled: Handled, args: str
) -> None:
    index = handled.task(lambda items: [one.args.n for one in items], batch_timeout=0.2)
    row = conn.execute("select jobs.enqueue('index', %s::text::jsonb)", (args,)).fetchone()
    assert row is not None
    job = index.enqueue(conn, Doc(5))
    drain(handled.app, dsn)
    found = client.get(row[0])
    assert found is not None
    assert (found.state, found.reason) == ("dead", "undecodable")
    assert client.result(job) == 5
    assert handled.seen == [[5]]


def test_a_batch_of_which_no_item_decodes_is_no_call(
    dsn: str, conn: Conn, handled: Handled
) -> None:
    handled.task(lambda _: None)
    conn.execute("select jobs.enqueue('index', '{}'), jobs.enqueue('index', '[]')")
    assert drain(handled.app, dsn, concurrency=1).dead == 2
    assert handled.calls == []


def test_a_call_over_the_shortest_time_limit_of_its_items_fails_them_all(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    release = threading.Event()

    @app.task(batch_size=2, retry=ONCE)
    async def slow(items: Items) -> None:
        await asyncio.sleep(60)

    @app.task(batch_size=2, retry=ONCE)
    def slow_in_thread(items: Items) -> None:
        release.wait(60)

    jobs = app.enqueue(
        conn,
        [
            one
            for task in (slow, slow_in_thread)
            for one in (task.using(timeout=0.3).job(Doc(0)), task.using(timeout=60).job(Doc(1)))
        ],
    )
    try:
        stats = drain(app, dsn)
    finally:
        release.set()
    assert (stats.dead, stats.timed_out) == (4, 2)
    found = [client.get(job) for job in jobs]
    assert {one.reason for one in found if one is not None} == {"timeout"}


def test_a_job_that_a_batch_handler_enqueues_inherits_no_headers(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    @app.task(queue="elsewhere")
    def follow_up() -> None: ...

    @app.task(batch_size=2)
    def index(items: Items) -> None:
        with psycopg.connect(dsn) as own:
            follow_up.enqueue(own)

    enqueue(conn, index, 2)
    drain(app, dsn, queues=["default"])
    found = client.get(client.list(queue="elsewhere")[0].id)
    assert found is not None
    assert not found.headers


def test_dependencies_reach_a_batch_handler(app: Jobs, dsn: str, conn: Conn) -> None:
    seen: list[Any] = []

    @app.task(batch_size=2)
    async def index(ctx: BatchContext, items: Items) -> None:
        ctx.logger.info("indexing")
        seen.append((ctx.deps, ctx.cancelled.is_set(), len(items)))

    enqueue(conn, index, 2)
    drain(app, dsn, deps={"es": 1})
    assert seen == [({"es": 1}, False, 2)]
