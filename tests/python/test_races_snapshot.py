"""Snapshots: one that is held elsewhere slows no claim, and enqueuing works in every isolation."""

from typing import LiteralString

import psycopg
import pytest

from faults.sessions import (
    Connect,
    Session,
    advance,
    allow_test_clock,
    claim,
    complete,
    complete_many,
    enqueue,
    pages_read,
    problems,
    rows,
    state,
    value,
)

ISOLATIONS: list[LiteralString] = ["read committed", "repeatable read", "serializable"]
ROUNDS = 30
BATCH = 150


@pytest.mark.parametrize("queues", [None, ["default"]], ids=["every queue", "one queue"])
def test_claims_read_no_more_pages_while_another_session_holds_a_snapshot(
    queues: list[str] | None, conn: Session, connect: Connect
) -> None:
    allow_test_clock(conn)
    enqueue(conn, 1)
    holder = connect()
    holder.execute("begin isolation level repeatable read")
    holder.execute("select count(*) from jobs.job")
    advance(conn, 0)
    pages = []
    for _ in range(ROUNDS):
        conn.execute(
            "select jobs.enqueue('work') from generate_series(1, %s)",
            (BATCH,),
        )
        advance(conn, 0.2)
        conn.execute("select jobs.tick()")
        before = pages_read(conn)
        first = claim(conn, 5, queues)
        pages.append(pages_read(conn) - before)
        assert len(first) == 5
        complete_many(conn, [*first.values(), *claim(conn, BATCH - 5).values()])
    holder.execute("rollback")
    assert sum(pages[-5:]) <= 2 * sum(pages[2:7]), pages
    assert problems(conn) == []


def test_an_empty_queue_is_looked_at_cheaply_while_a_snapshot_is_held(
    conn: Session, connect: Connect
) -> None:
    allow_test_clock(conn)
    enqueue(conn, 1)
    holder = connect()
    holder.execute("begin isolation level repeatable read")
    holder.execute("select count(*) from jobs.job")
    advance(conn, 0)
    pages = []
    for _ in range(ROUNDS):
        conn.execute(
            "select jobs.enqueue('work') from generate_series(1, %s)",
            (BATCH,),
        )
        complete_many(conn, claim(conn, 1000).values())
        for _ in range(2):
            advance(conn, 0.2)
            conn.execute("select jobs.tick()")
        before = pages_read(conn)
        assert claim(conn, 5) == {}
        pages.append(pages_read(conn) - before)
    holder.execute("rollback")
    assert max(pages[-5:]) <= 2 * max(pages[2:7]) + 5, pages


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_enqueuing_works_in_every_isolation(
    isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    enqueue(conn)
    producer, other = connect(), connect()
    for session in (producer, other):
        session.execute("begin isolation level " + isolation)
        session.execute("select count(*) from jobs.queue")
    jobs = enqueue(producer, 3) + enqueue(other, 2)
    assert claim(conn, 1) != {}
    producer.execute("commit")
    other.execute("commit")
    assert sorted(claim(conn, 10)) == sorted(jobs)
    assert problems(conn) == []


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_an_enqueue_that_is_rolled_back_to_a_savepoint_leaves_no_job(
    isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    producer = connect()
    producer.execute("begin isolation level " + isolation)
    (kept,) = enqueue(producer)
    producer.execute("savepoint before")
    (gone,) = enqueue(producer)
    producer.execute("rollback to before")
    (last,) = enqueue(producer)
    producer.execute("commit")
    assert list(claim(conn, 10)) == [kept, last]
    assert state(conn, gone) is None
    assert problems(conn) == []


@pytest.mark.parametrize("isolation", ISOLATIONS[1:])
def test_a_claim_in_an_old_snapshot_takes_no_job_twice(
    isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    jobs = enqueue(conn, 3)
    old = connect()
    old.execute("begin isolation level " + isolation)
    old.execute("select count(*) from jobs.queue")
    tokens = claim(conn, 2)
    assert value(old, "select jobs.tick()") is False
    try:
        assert claim(old, 10) == {}
        old.execute("commit")
    except psycopg.errors.SerializationFailure:
        old.execute("rollback")
    assert list(claim(conn, 10)) == jobs[2:]
    assert [complete(conn, token) for token in tokens.values()] == ["completed"] * 2
    assert problems(conn) == []


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_completion_works_in_every_isolation(
    isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    jobs = enqueue(conn, 2)
    tokens = claim(conn, 2)
    session = connect()
    session.execute("create table effect (n int)")
    session.execute("begin isolation level " + isolation)
    session.execute("insert into effect values (1)")
    assert complete(session, tokens[jobs[0]]) == "completed"
    session.execute("commit")
    assert [state(conn, job) for job in jobs] == ["completed", "running"]


def test_a_cancellation_in_an_old_snapshot_says_so_rather_than_lie(
    conn: Session, connect: Connect
) -> None:
    (job,) = enqueue(conn)
    old = connect()
    old.execute("begin isolation level repeatable read")
    old.execute("select count(*) from jobs.queue")
    (token,) = claim(conn).values()
    with pytest.raises(psycopg.errors.SerializationFailure):
        old.execute("select jobs.cancel(%s)", (job,))
    old.execute("rollback")
    assert complete(conn, token) == "completed"


def test_verify_agrees_in_any_snapshot(conn: Session, connect: Connect) -> None:
    old = connect()
    old.execute("begin isolation level repeatable read")
    assert problems(old) == []
    enqueue(conn, 70)
    tokens = claim(conn, 65)
    complete_many(conn, list(tokens.values())[:63])
    assert problems(old) == []
    assert rows(old, "select count(*) from jobs.job") == [(0,)]
    assert problems(conn) == []
