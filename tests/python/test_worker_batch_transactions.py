"""`ctx.transaction()` of a batch: its writes and the outcomes of all its jobs are one commit."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from batches import (
    ONCE,
    SOON,
    Conn,
    Doc,
    Items,
    claimed,
    enqueue,
    lose,
    message,
    results,
    states,
)
from txjobs import BatchContext, Client, Jobs, Retry, Skip, Snooze
from txjobs._claimed import Group
from txjobs._reports import Report, judge
from waiting import until
from workers import drain, running


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


@pytest.fixture
def _table(conn: Conn) -> None:
    conn.execute("create table effect (n int not null unique deferrable initially deferred)")


def effects(conn: Conn) -> list[int]:
    return [row[0] for row in conn.execute("select n from effect order by n")]


def writing(app: Jobs, is_async: bool, answer: Callable[[Items], Any], **options: Any) -> Any:
    """A batch task that writes an effect for each item and answers so."""
    insert = "insert into effect values (%s)"

    def write(ctx: BatchContext, items: Items) -> Any:
        with ctx.transaction() as own:
            for one in items:
                own.execute(insert, (one.args.n,))
        return answer(items)

    async def write_async(ctx: BatchContext, items: Items) -> Any:
        async with ctx.transaction() as own:
            for one in items:
                await own.execute(insert, (one.args.n,))
        return answer(items)

    return app.task(batch_size=100, **options)(write_async if is_async else write)


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize("is_async", [False, True])
def test_writes_and_the_outcomes_of_all_items_are_one_commit(
    app: Jobs, dsn: str, conn: Conn, client: Client, is_async: bool
) -> None:
    outcomes = ["a", ValueError("no"), "b", Skip("so"), Snooze(3600), None, Retry(in_=3600), "c"]
    task = writing(app, is_async, lambda items: [outcomes[one.args.n] for one in items], retry=ONCE)
    jobs = enqueue(conn, task, len(outcomes))
    stats = drain(app, dsn)
    assert (stats.completed, stats.dead, stats.skipped, stats.snoozed) == (4, 2, 1, 1)
    assert effects(conn) == list(range(8))
    assert [client.result(jobs[n]) for n in (0, 2, 5, 7)] == ["a", "b", None, "c"]
    assert message(client, jobs[1]) == "no"
    transactions = conn.execute(
        "select count(distinct xid::text) from jobs.job_event where type not in "
        "('enqueued', 'claimed') and job_id = any(%s)",
        ([job.id for job in jobs],),
    ).fetchone()
    own = conn.execute("select distinct xmin::text from effect").fetchall()
    theirs = conn.execute("select distinct xid::text from jobs.job_event where type = 'completed'")
    assert transactions == (1,)
    assert own == theirs.fetchall()


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize("is_async", [False, True])
def test_what_a_batch_handler_raises_rolls_its_writes_back(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    def fail(items: Items) -> None:
        raise ValueError

    enqueue(conn, writing(app, is_async, fail, retry=ONCE), 3)
    assert drain(app, dsn).dead == 3
    assert effects(conn) == []


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("bad", [object(), "x" * 20_000_000])
def test_a_result_that_cannot_be_stored_rolls_the_writes_of_all_back_and_charges_its_own_item(
    app: Jobs, dsn: str, conn: Conn, client: Client, is_async: bool, bad: Any
) -> None:
    task = writing(
        app,
        is_async,
        lambda items: [bad if one.args.n == 1 else one.attempt for one in items],
        retry=ONCE,
    )
    jobs = enqueue(conn, task, 3)
    stats = drain(app, dsn)
    assert states(client, jobs) == ["completed", "dead", "completed"]
    assert [client.result(jobs[n]) for n in (0, 2)] == [1, 1]
    assert stats.released == 2
    assert effects(conn) == [0, 2]


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("outcome", ["done", Skip("so"), ValueError("no")])
def test_a_stale_claim_rolls_the_writes_of_all_back_and_charges_nobody_else(
    app: Jobs, dsn: str, conn: Conn, client: Client, is_async: bool, outcome: Any
) -> None:
    calls: list[int] = []

    def answer(items: Items) -> list[Any]:
        calls.append(len(items))
        if len(calls) == 1:
            with psycopg.connect(dsn, autocommit=True) as other:
                lose(other, first)
            return [outcome if one.args.n < 2 else one.attempt for one in items]
        return [one.attempt for one in items]

    task = writing(app, is_async, answer, retry=SOON, batch_timeout=2.0)
    with running(app, dsn) as worker:
        first = task.enqueue(conn, Doc(0))
        until(lambda: worker.stats.claimed == 1, "it is claimed by itself")
        others = task.enqueue_many(conn, [task.job(Doc(n)) for n in (1, 2)])
        assert results(client, [first, *others]) == [2, 1, 1]
        until(lambda: worker.stats.stale == 1, "the refused outcome is counted")
    assert calls[0] == 3
    assert effects(conn) == [0, 1, 2]


@pytest.mark.usefixtures("_table")
def test_a_block_per_item_is_a_savepoint_that_only_this_item_loses(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    @app.task(batch_size=3, retry=ONCE)
    def write(ctx: BatchContext, items: Items) -> list[Any]:
        outcomes: list[Any] = []
        with ctx.transaction():
            for one in items:
                try:
                    with ctx.transaction() as own:
                        own.execute("insert into effect values (%s)", (one.args.n,))
                        own.execute("select 1 / %s", (one.args.n,))
                except psycopg.Error as error:
                    outcomes.append(error)
                else:
                    outcomes.append("written")
        return outcomes

    jobs = enqueue(conn, write, 3)
    drain(app, dsn)
    assert states(client, jobs) == ["dead", "completed", "completed"]
    assert effects(conn) == [1, 2]


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize("is_async", [False, True])
def test_a_commit_that_a_constraint_refuses_fails_every_item(
    app: Jobs, dsn: str, conn: Conn, client: Client, is_async: bool
) -> None:
    conn.execute("insert into effect values (1)")
    jobs = enqueue(conn, writing(app, is_async, lambda _: None, retry=ONCE), 3)
    assert drain(app, dsn).dead == 3
    assert all("effect_n_key" in message(client, job) for job in jobs)
    assert effects(conn) == [1]


def test_outcomes_are_reported_by_ascending_claim_whatever_they_are() -> None:
    outcomes = {9: "a", 2: ValueError("no"), 4: "b", 3: Skip("so"), 7: "c", 5: ValueError("no")}
    group = Group("index", [claimed(token, token) for token in outcomes], 0.0)
    calls = list(Report(judge(group, list(outcomes.values()))).calls())
    tokens = [[int(one) for one in str(call.params[0]).strip("{}").split(",")] for call in calls]
    assert tokens == [[2], [3], [4], [5], [7, 9]]
