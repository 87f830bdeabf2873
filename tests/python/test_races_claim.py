"""Claimers among themselves: nobody gets another's job, and who gives up blocks nobody."""

import random
from collections import Counter

import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    claim,
    column,
    complete,
    complete_many,
    enqueue,
    problems,
    rollback,
    terminate,
    value,
)

PATIENCE = "5s"


@pytest.fixture
def other(connect: Connect) -> Session:
    """A second session, which gives up rather than wait for a lock."""
    session = connect()
    session.execute(f"set statement_timeout = '{PATIENCE}'")
    return session


def test_concurrent_claimers_never_get_the_same_job(conn: Session, connect: Connect) -> None:
    jobs: list[int] = []
    for size in (1, 1, 3, 59, 60, 61, 130, 700):
        jobs += enqueue(conn, size)
    claimed: list[list[int]] = [[] for _ in range(6)]

    def drain(nth: int) -> None:
        session = connect()
        chance = random.Random(nth)
        while value(conn if nth == 0 else session, "select exists (select from jobs.ready)"):
            wanted = chance.choice((1, 2, 7, 60, 100))
            got = claim(session, wanted)
            assert len(got) <= wanted
            claimed[nth] += got

    at_once([lambda nth=nth: drain(nth) for nth in range(6)])  # type: ignore[misc]
    times = Counter(job for one in claimed for job in one)
    assert set(times) == set(jobs)
    assert set(times.values()) == {1}
    assert problems(conn) == []


@pytest.mark.parametrize("wanted", [1, 7, 59, 60, 61, 119, 180])
def test_a_claim_gets_exactly_as_many_as_it_asks_for(conn: Session, wanted: int) -> None:
    jobs: list[int] = []
    for size in (1, 60, 2, 61, 1, 1, 55):
        jobs += enqueue(conn, size)
    first, second = claim(conn, wanted), claim(conn, 1000)
    assert list(first) == jobs[:wanted]
    assert list(second) == jobs[wanted:]


def test_an_open_claim_hides_only_its_own_blocks(
    conn: Session, connect: Connect, other: Session
) -> None:
    first, second = enqueue(conn, 3), enqueue(conn, 2)
    holder = connect()
    begin(holder)
    assert list(claim(holder, 2)) == first[:2]
    assert list(claim(other, 100)) == second
    holder.execute("commit")
    assert list(claim(other, 100)) == first[2:]
    assert problems(conn) == []


def test_a_rolled_back_claim_loses_nothing(conn: Session, connect: Connect, other: Session) -> None:
    first, second = enqueue(conn, 3), enqueue(conn, 2)
    holder = connect()
    begin(holder)
    tokens = claim(holder, 2)
    assert list(claim(other, 100)) == second
    holder.execute("rollback")
    assert list(claim(other, 100)) == first
    assert set(complete_many(conn, tokens.values()).values()) == {"stale"}
    assert problems(conn) == []


def test_a_claim_rolled_back_to_a_savepoint_loses_nothing(
    conn: Session, connect: Connect, other: Session
) -> None:
    first, second = enqueue(conn, 3), enqueue(conn, 2)
    holder = connect()
    begin(holder)
    holder.execute("savepoint before_claim")
    assert list(claim(holder, 2)) == first[:2]
    holder.execute("rollback to before_claim")
    assert list(claim(other, 100)) == first + second
    assert claim(holder, 100) == {}
    holder.execute("commit")
    assert problems(conn) == []


def test_a_killed_claimer_loses_nothing_and_blocks_nobody(
    conn: Session, connect: Connect, other: Session
) -> None:
    first, second = enqueue(conn, 3), enqueue(conn, 2)
    holder = connect()
    begin(holder)
    assert list(claim(holder, 3)) == first
    assert list(claim(other, 100)) == second
    terminate(conn, holder)
    assert list(claim(other, 100)) == first
    assert problems(conn) == []


def test_watermarks_pass_a_claim_only_when_it_is_committed(
    conn: Session, connect: Connect, other: Session
) -> None:
    first, second = enqueue(conn, 3), enqueue(conn, 2)
    holder = connect()
    begin(holder)
    assert list(claim(holder, 1)) == first[:1]
    for _ in range(3):
        assert value(other, "select jobs.tick()")
    holder.execute("rollback")
    for _ in range(3):
        assert value(other, "select jobs.tick()")
    assert list(claim(other, 100)) == first + second


def test_what_is_left_of_a_split_block_keeps_its_place(
    conn: Session, connect: Connect, other: Session
) -> None:
    first, second = enqueue(conn, 40), enqueue(conn, 2)
    taken: list[int] = []
    for nth in range(8):
        session = connect()
        session.execute("begin")
        taken += claim(session, 5)
        session.execute("commit" if nth % 2 else "rollback")
        for _ in range(2):
            conn.execute("select jobs.tick()")
        if nth % 2 == 0:
            taken = taken[:-5]
    assert taken == first[:20]
    assert list(claim(other, 100)) == first[20:] + second


def test_claims_of_the_same_transaction_go_on_where_the_last_one_ended(
    conn: Session, connect: Connect
) -> None:
    jobs = enqueue(conn, 130)
    session = connect()
    session.execute("begin")
    taken = [job for _ in range(14) for job in claim(session, 10)]
    assert taken == jobs
    session.execute("rollback")
    assert list(claim(conn, 1000)) == jobs
    assert problems(conn) == []


def test_an_empty_claim_takes_no_transaction_id(conn: Session) -> None:
    enqueue(conn, 3)
    for token in claim(conn, 3).values():
        complete(conn, token)
    for _ in range(3):
        conn.execute("select jobs.tick()")
    conn.execute("begin")
    assert claim(conn, 10) == {}
    assert value(conn, "select pg_current_xact_id_if_assigned()") is None
    conn.execute("commit")


def test_work_that_is_rolled_back_neither_completes_nor_claims(
    conn: Session, connect: Connect
) -> None:
    jobs = enqueue(conn, 4)
    worker = connect()
    tokens = claim(worker, 2)
    worker.execute("begin")
    claimed = column(
        worker,
        "select id from jobs.work(max_jobs => 2, completed => %s) where status = 'claimed'",
        list(tokens.values()),
    )
    assert claimed == jobs[2:]
    rollback(worker)
    assert list(claim(conn, 100)) == jobs[2:]
    assert [complete(conn, token) for token in tokens.values()] == ["completed"] * 2
    assert problems(conn) == []
