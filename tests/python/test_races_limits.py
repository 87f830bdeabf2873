"""Limits between sessions: a claim that has not committed counts, and its rollback gives back."""

from typing import LiteralString

import pytest

from faults.sessions import (
    Connect,
    Session,
    begin,
    claim,
    complete,
    enqueue,
    problems,
    rows,
    state,
    terminate,
    threads,
    until_waiting,
    value,
)


@pytest.fixture
def other(connect: Connect) -> Session:
    """A second session, which gives up rather than wait for long."""
    session = connect()
    session.execute("set statement_timeout = '20s'")
    return session


def of_key(conn: Session, key: LiteralString, count: int, queue: str = "default") -> list[int]:
    """So many jobs of a key, each in a block of its own."""
    conn.execute("select jobs.tick()")
    found = [
        value(conn, f"select jobs.enqueue('work', queue => %s, {key} => 'x')", queue)
        for _ in range(count)
    ]
    conn.execute("select jobs.tick()")
    return found


@pytest.mark.parametrize("key", ["concurrency_key", "ordering_key"])
def test_a_claim_in_flight_keeps_its_key(key: LiteralString, conn: Session, other: Session) -> None:
    first, second = of_key(conn, key, 2)
    begin(conn)
    assert [*claim(conn)] == [first]
    assert claim(other, 5) == {}, "whoever cannot look at the key leaves its jobs alone"
    assert state(other, second) == "ready"
    conn.execute("commit")
    assert claim(other, 5) == {}
    assert state(other, second) == "blocked"


@pytest.mark.parametrize("key", ["concurrency_key", "ordering_key"])
def test_the_rollback_of_a_claim_gives_its_key_back(
    key: LiteralString, conn: Session, other: Session
) -> None:
    first, second = of_key(conn, key, 2)
    begin(conn)
    assert [*claim(conn, 2)] == [first]
    conn.execute("rollback")
    assert [*claim(other, 2)] == [first]
    assert state(other, second) == "blocked"


@pytest.mark.parametrize("key", ["concurrency_key", "ordering_key"])
def test_an_end_sees_what_a_claim_in_flight_has_blocked(
    key: LiteralString, conn: Session, other: Session, connect: Connect
) -> None:
    first, second = of_key(conn, key, 2)
    token = claim(other)[first]
    begin(conn)
    assert claim(conn, 5) == {}, "the second is blocked, but not yet for others"
    with threads(1) as pool:
        ended = pool.submit(complete, other, token)
        until_waiting(connect(), other)
        conn.execute("commit")
        assert ended.result() == "completed"
    assert state(conn, second) == "ready", "nobody else would have released it"
    assert [*claim(conn, 5)] == [second]
    assert problems(conn) == []


@pytest.mark.parametrize("key", ["concurrency_key", "ordering_key"])
def test_a_claimer_that_dies_leaves_its_key(
    key: LiteralString, conn: Session, other: Session, connect: Connect
) -> None:
    first, second = of_key(conn, key, 2)
    begin(other)
    assert [*claim(other)] == [first]
    terminate(connect(), other)
    assert [*claim(conn, 2)] == [first]
    assert state(conn, second) == "blocked"


def test_an_older_job_that_is_committed_later_waits_for_the_one_that_has_started(
    conn: Session, other: Session
) -> None:
    conn.execute("select jobs.configure_kind('work')")
    begin(other)
    older = value(other, "select jobs.enqueue('work', ordering_key => 'x')")
    younger = value(conn, "select jobs.enqueue('work', ordering_key => 'x')")
    token = claim(conn)[younger]
    other.execute("commit")
    assert claim(conn, 5) == {}, "it stands before the other, which has not ended"
    assert state(conn, older) == "blocked"
    assert complete(conn, token) == "completed"
    assert [*claim(conn, 5)] == [older]
    assert problems(conn) == []


def test_a_claim_waits_a_second_for_another_one_of_a_narrow_limit(
    conn: Session, other: Session
) -> None:
    conn.execute("select jobs.configure_queue('narrow', max_running => 2)")
    enqueue(conn, 5, queue="narrow")
    conn.execute("select jobs.tick()")
    begin(conn)
    assert len(claim(conn, 1, ["narrow"])) == 1
    with threads(1) as pool:
        found = pool.submit(claim, other, 5, ["narrow"])
        until_waiting(conn, other)
        conn.execute("commit")
        assert len(found.result()) == 1, "it counts what has committed meanwhile"
    begin(conn)
    assert claim(conn, 1, ["narrow"]) == {}
    assert claim(other, 1, ["narrow"]) == {}, "and gives up when the other one stays open"
    conn.execute("rollback")


def test_claims_in_flight_share_the_half_that_may_be_shared(
    conn: Session, connect: Connect
) -> None:
    conn.execute("select jobs.configure_queue('wide', max_running => 96)")
    enqueue(conn, 500, queue="wide")
    conn.execute("select jobs.tick()")
    taken = []
    sessions = [connect() for _ in range(24)]
    for session in sessions:
        session.execute("set lock_timeout = '10ms'")
        begin(session)
        taken.append(len(claim(session, 6, ["wide"])))
    assert sum(taken) == 16 * 3, "sixteen stripes of a 32nd each, nobody knowing of the others"
    for session in sessions:
        session.execute("commit")
    taken += [len(claim(session, 6, ["wide"])) for session in sessions]
    assert sum(taken) == 96, "then, counted, the rest"


def test_starts_of_a_rate_are_counted_once(conn: Session, other: Session) -> None:
    conn.execute("select jobs.configure_queue('paced', rate => 0.001, burst => 3)")
    enqueue(conn, 9, queue="paced")
    conn.execute("select jobs.tick()")
    begin(conn)
    assert len(claim(conn, 2, ["paced"])) == 2
    with threads(1) as pool:
        found = pool.submit(claim, other, 5, ["paced"])
        until_waiting(conn, other)
        conn.execute("commit")
        assert len(found.result()) == 1
    assert rows(conn, "select round(tokens::numeric) from jobs.bucket") == [(0,)]
