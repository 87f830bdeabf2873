"""Draining goes by what the engine would let start: limits, order, room, pauses."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from txjobs import BatchItem, Client, Context, Jobs
from txjobs.testing import assert_enqueued, drain, freeze

Conn = psycopg.Connection[Any]


@pytest.fixture
def tx(conn: Conn) -> Iterator[Conn]:
    """A connection in a transaction that is rolled back."""
    conn.execute("update jobs.setting set test_clock = true")
    with conn.transaction(force_rollback=True):
        yield conn


def test_jobs_under_a_limit_are_all_run_one_after_another(tx: Conn) -> None:
    app = Jobs()
    tx.execute("select jobs.configure_queue('default', max_running => 1)")

    @app.task
    def single() -> None: ...

    single.enqueue_many(tx, [single.job() for _ in range(3)])
    assert drain(app, tx).counts == {"completed": 3}


def test_a_batch_is_no_larger_than_the_limit(tx: Conn) -> None:
    app, sizes = Jobs(), []
    tx.execute("select jobs.configure_queue('default', max_running => 2)")

    @app.task(batch_size=10)
    def batch(items: list[BatchItem[dict[str, int]]]) -> None:
        sizes.append(len(items))

    batch.enqueue_many(tx, [batch.job({"n": n}) for n in range(3)])
    drain(app, tx)
    assert sizes == [2, 1]


def test_what_is_over_a_rate_waits_for_time_to_pass(tx: Conn) -> None:
    app = Jobs()
    tx.execute("select jobs.configure_queue('default', rate => 1, burst => 2)")

    @app.task
    def metered() -> None: ...

    with freeze(tx) as clock:
        metered.enqueue_many(tx, [metered.job() for _ in range(3)])
        assert len(drain(app, tx)) == 2
        assert_enqueued(tx, metered, count=1)
        clock.travel(by=60)
        assert len(drain(app, tx)) == 1


def test_jobs_of_an_ordering_key_wait_for_a_retry_of_the_one_before(tx: Conn) -> None:
    app, seen = Jobs(), []

    @app.task
    def step(ctx: Context, n: int) -> None:
        seen.append(n)
        if n == 1 and ctx.attempt == 1:
            raise ValueError

    ordered = step.using(ordering_key="a")
    for n in (1, 2):
        ordered.enqueue(tx, n)
    assert drain(app, tx, raise_on_failure=False).counts == {"failed": 1}
    drain(app, tx, with_scheduled=True)
    assert seen == [1, 1, 2]


def test_a_paused_kind_stays_until_it_is_resumed(tx: Conn) -> None:
    app = Jobs()

    @app.task
    def held() -> None: ...

    held.enqueue(tx)
    Client(tx).pause(kind="held")
    assert len(drain(app, tx, with_scheduled=True)) == 0
    Client(tx).resume(kind="held")
    assert len(drain(app, tx)) == 1
