"""The last jobs of a batch end at the same time; jobs are added while the last one ends."""

import random
from functools import partial

import psycopg
import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    claim,
    column,
    complete_many,
    enqueue,
    is_waiting,
    problems,
    rows,
    terminate,
    threads,
    until_waiting,
    value,
)

COMPLETE = "select jobs.complete(%s)"
ENDS = pytest.mark.parametrize("commits", [True, False], ids=["commits", "rolls back"])


@pytest.fixture
def one(connect: Connect) -> Session:
    """A session that gives up rather than wait for long, and notes a deadlock early."""
    return impatient(connect)


@pytest.fixture
def other(connect: Connect) -> Session:
    """Another one."""
    return impatient(connect)


def impatient(connect: Connect) -> Session:
    session = connect()
    session.execute("set statement_timeout = '20s'")
    session.execute("set deadlock_timeout = '100ms'")
    return session


def batch_of(conn: Session, members: int, *, is_open: bool = False) -> tuple[int, list[int]]:
    """A batch with so many members, which all are running, each by a claim of its own; tokens."""
    batch = value(conn, """select jobs.create_batch('"report"', keep_open => %s)""", is_open)
    for _ in range(members):
        add(conn, batch)
    return batch, [token for _ in range(members) for token in claim(conn, 1, ["work"]).values()]


def add(conn: Session, batch: int) -> int:
    return int(value(conn, "select jobs.enqueue('member', queue => 'work', batch => %s)", batch))


def reports(conn: Session) -> int:
    """How many callbacks were enqueued."""
    return int(value(conn, "select count(*) from jobs.job_state where kind = 'report'"))


def batch_state(conn: Session, batch: int) -> str:
    return str(value(conn, "select state from jobs.list_batches(%s)", batch))


@ENDS
def test_of_two_that_end_together_the_second_waits_and_is_the_last(
    commits: bool, conn: Session, one: Session, other: Session
) -> None:
    batch, (first, second) = batch_of(conn, 2)
    begin(one)
    one.execute(COMPLETE, (first,))
    with threads(1) as pool:
        ending = pool.submit(value, other, COMPLETE, second)
        until_waiting(conn, other)
        assert reports(conn) == 0
        one.execute("commit" if commits else "rollback")
        assert ending.result(20) == "completed"
    assert (batch_state(conn, batch), reports(conn)) == (
        ("finished", 1) if commits else ("running", 0)
    )
    if not commits:
        one.execute(COMPLETE, (first,))
        assert (batch_state(conn, batch), reports(conn)) == ("finished", 1)
    assert problems(conn) == []


def test_one_that_is_not_the_last_waits_for_nobody(
    conn: Session, one: Session, other: Session
) -> None:
    batch, tokens = batch_of(conn, 3)
    begin(one)
    begin(other)
    for session, token in ((one, tokens[2]), (other, tokens[0])):
        session.execute(COMPLETE, (token,))
    one.execute("commit")
    other.execute("commit")
    assert batch_state(conn, batch) == "running"
    conn.execute(COMPLETE, (tokens[1],))
    assert (batch_state(conn, batch), reports(conn)) == ("finished", 1)


def test_whoever_is_killed_as_the_last_leaves_its_job_to_the_reset(
    conn: Session, one: Session, other: Session
) -> None:
    batch, (first, second) = batch_of(conn, 2)
    begin(one)
    one.execute(COMPLETE, (first,))
    one.execute("commit")
    begin(other)
    other.execute(COMPLETE, (second,))
    terminate(conn, other)
    assert batch_state(conn, batch) == "running"
    conn.execute("update jobs.setting set test_clock = true")
    conn.execute("select jobs.configure_kind('member', max_claims => 1)")
    conn.execute("select jobs.set_test_clock(jobs.now() + interval '31 s')")
    assert column(conn, "select status from jobs.reset_stale_claims()") == ["dead"]
    assert (batch_state(conn, batch), reports(conn)) == ("finished", 1)
    assert problems(conn) == []


@ENDS
def test_the_last_job_waits_for_who_is_adding_another(
    commits: bool, conn: Session, one: Session, other: Session
) -> None:
    batch, (last,) = batch_of(conn, 1)
    begin(one)
    add(one, batch)
    with threads(1) as pool:
        ending = pool.submit(value, other, COMPLETE, last)
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        assert ending.result(20) == "completed"
    assert batch_state(conn, batch) == ("running" if commits else "finished")
    if commits:
        (token,) = claim(conn, 9, ["work"]).values()
        conn.execute(COMPLETE, (token,))
    assert (batch_state(conn, batch), reports(conn)) == ("finished", 1)
    assert problems(conn) == []


@ENDS
def test_who_adds_a_job_waits_for_the_last_one_to_end(
    commits: bool, conn: Session, one: Session, other: Session
) -> None:
    batch, (last,) = batch_of(conn, 1)
    begin(one)
    one.execute(COMPLETE, (last,))
    with threads(1) as pool:
        adding = pool.submit(add, other, batch)
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        if commits:
            with pytest.raises(psycopg.Error, match="has finished"):
                adding.result(20)
        else:
            adding.result(20)
    assert batch_state(conn, batch) == ("finished" if commits else "running")
    assert problems(conn) == []


@ENDS
def test_a_retry_and_the_last_job_s_end_wait_for_each_other(
    commits: bool, conn: Session, one: Session, other: Session
) -> None:
    batch, (first, last) = batch_of(conn, 2)
    conn.execute("select jobs.fail(%s, reason => 'aborted')", (first,))
    begin(one)
    one.execute("select jobs.retry(id) from jobs.batch_jobs(%s) limit 1", (batch,))
    with threads(1) as pool:
        ending = pool.submit(value, other, COMPLETE, last)
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        assert ending.result(20) == "completed"
    assert batch_state(conn, batch) == ("running" if commits else "finished")
    assert problems(conn) == []


@ENDS
def test_a_batch_is_closed_while_its_last_job_ends(
    commits: bool, conn: Session, one: Session, other: Session
) -> None:
    batch, (last,) = batch_of(conn, 1, is_open=True)
    begin(one)
    one.execute(COMPLETE, (last,))
    assert not is_waiting(conn, one)
    with threads(1) as pool:
        closing = pool.submit(value, other, "select jobs.close_batch(%s)", batch)
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        assert closing.result(20) == ("finished" if commits else "running")
    assert reports(conn) == (1 if commits else 0)
    assert problems(conn) == []


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_a_job_of_a_batch_ends_in_read_committed_only(
    isolation: str, conn: Session, one: Session
) -> None:
    batch, (last,) = batch_of(conn, 1)
    with pytest.raises(psycopg.Error, match="not READ COMMITTED") as refused:
        one.execute(f"begin isolation level {isolation}; select jobs.complete({last})".encode())
    assert refused.value.sqlstate == "JB005"
    one.execute("rollback")
    one.execute(COMPLETE, (last,))
    assert batch_state(conn, batch) == "finished"


def test_many_batches_whose_jobs_end_in_mixed_calls_are_finished_once_each(
    conn: Session, connect: Connect
) -> None:
    rng = random.Random(20)
    sessions = [impatient(connect) for _ in range(6)]
    for _ in range(12):
        batches = [
            value(conn, """select jobs.create_batch('"report"')""")
            for _ in range(rng.choice([2, 9]))
        ]
        before = reports(conn)
        jobs = [
            value(
                conn,
                "select jobs.enqueue('member', queue => 'work', batch => %s)",
                batches[n % len(batches)],
            )
            for n in range(rng.choice([2, 3, 5]) * len(batches))
        ]
        tokens = claim(conn, len(jobs), ["work"])
        mixed = [tokens[job] for job in jobs]
        rng.shuffle(mixed)
        shares = [mixed[n :: len(sessions)] for n in range(len(sessions))]
        at_once(
            [
                partial(complete_many, session, share)
                for session, share in zip(sessions, shares, strict=True)
            ]
        )
        assert {batch_state(conn, batch) for batch in batches} == {"finished"}
        assert reports(conn) - before == len(batches)
    assert problems(conn) == []


def test_members_that_end_one_by_one_at_once_are_never_forgotten(
    conn: Session, connect: Connect
) -> None:
    sessions = [impatient(connect) for _ in range(8)]
    for finished in range(1, 40):
        batch, tokens = batch_of(conn, len(sessions))
        at_once(
            [
                partial(complete_many, session, [token])
                for session, token in zip(sessions, tokens, strict=True)
            ]
        )
        assert (batch_state(conn, batch), reports(conn)) == ("finished", finished)
    assert problems(conn) == []
    assert rows(conn, "select * from jobs.list_batches(state => 'running')") == []
    assert enqueue(conn)
