"""Whose outcome counts: completing, failing, cancelling, resetting and heartbeats of one claim."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from faults.sessions import (
    Connect,
    Session,
    accepted,
    advance,
    allow_test_clock,
    at_once,
    begin,
    claim,
    column,
    complete,
    complete_many,
    enqueue,
    problems,
    rows,
    state,
    terminate,
    threads,
    until_waiting,
    value,
)

STALE = "JB001"


@pytest.fixture
def other(connect: Connect) -> Session:
    """A second session, which gives up rather than wait for long."""
    session = connect()
    session.execute("set statement_timeout = '20s'")
    return session


@pytest.fixture
def hasty(connect: Connect) -> Session:
    """A session that may not wait at all."""
    session = connect()
    session.execute("set statement_timeout = '2s'")
    return session


@pytest.fixture
def sweeper(conn: Session, connect: Connect) -> Session:
    """A session in which an hour has passed, so that every lease has ended; it may not wait."""
    allow_test_clock(conn)
    session = connect()
    session.execute("set statement_timeout = '2s'")
    advance(session, 3600)
    return session


def reset(sweeper: Session) -> list[int]:
    """The ids of the jobs whose claims were reset."""
    return column(sweeper, "select id from jobs.reset_stale_claims()")


def outcomes(session: Session, job: int) -> list[str]:
    """What has happened to a job."""
    return column(session, "select type from jobs.history(%s) order by pos", job)


@pytest.fixture
def claimed(conn: Session) -> Iterator[tuple[int, int]]:
    """The id and the token of a job that is running; at the end all tables agree."""
    enqueue(conn)
    yield next(iter(claim(conn).items()))
    assert problems(conn) == []
    assert accepted(conn) == []


def test_a_reset_waits_for_nobody_and_leaves_a_claim_that_is_being_completed(
    conn: Session, connect: Connect, sweeper: Session, claimed: tuple[int, int]
) -> None:
    job, token = claimed
    holder = connect()
    begin(holder)
    assert complete(holder, token) == "completed"
    assert reset(sweeper) == []
    holder.execute("commit")
    assert reset(sweeper) == []
    assert state(conn, job) == "completed"


def test_a_completion_that_was_rolled_back_leaves_the_claim_to_the_reset(
    connect: Connect, sweeper: Session, claimed: tuple[int, int]
) -> None:
    job, token = claimed
    holder = connect()
    begin(holder)
    complete(holder, token)
    holder.execute("rollback")
    assert reset(sweeper) == [job]


def test_a_killed_completion_leaves_the_claim_to_the_reset(
    conn: Session, connect: Connect, sweeper: Session, claimed: tuple[int, int]
) -> None:
    job, token = claimed
    holder = connect()
    begin(holder)
    complete(holder, token)
    terminate(conn, holder)
    assert reset(sweeper) == [job]
    assert state(conn, job) == "ready"


def test_a_late_completion_takes_its_transaction_with_it(
    conn: Session, connect: Connect, sweeper: Session, claimed: tuple[int, int]
) -> None:
    job, token = claimed
    conn.execute("create table effect (n int)")
    assert reset(sweeper) == [job]
    late = connect(autocommit=False)
    with pytest.raises(psycopg.Error) as refused, late.transaction():
        late.execute("insert into effect values (1)")
        complete(late, token)
    assert refused.value.sqlstate == STALE
    assert value(conn, "select count(*) from effect") == 0
    assert complete_many(conn, [token]) == {token: "stale"}
    assert state(conn, job) == "ready"


@pytest.mark.parametrize(
    "first", ["reset", "fail", "snooze", "skip", "discard", "release", "complete"]
)
@pytest.mark.parametrize("commits", [True, False], ids=["commits", "rolls back"])
def test_a_completion_waits_for_another_outcome_and_then_yields_to_it(
    first: str,
    commits: bool,
    conn: Session,
    connect: Connect,
    other: Session,
    sweeper: Session,
    claimed: tuple[int, int],
) -> None:
    job, token = claimed
    holder = sweeper if first == "reset" else connect()
    begin(holder)
    if first == "reset":
        assert reset(holder) == [job]
    elif first == "snooze":
        value(holder, "select jobs.snooze(%s, delay => '1 hour')", token)
    else:
        holder.execute(f"select jobs.{first}(%s)".encode(), (token,))
    with threads(1) as pool:
        answer = pool.submit(complete, other, token)
        until_waiting(conn, other)
        holder.execute("commit" if commits else "rollback")
        if not commits:
            assert answer.result(20) == "completed"
        elif first == "complete":
            assert answer.result(20) == "already_done"
        else:
            with pytest.raises(psycopg.Error) as refused:
                answer.result(20)
            assert refused.value.sqlstate == STALE


def test_a_cancellation_waits_for_the_completion_and_reports_it(
    conn: Session, connect: Connect, other: Session, claimed: tuple[int, int]
) -> None:
    job, token = claimed
    holder = connect()
    begin(holder)
    complete(holder, token)
    with threads(1) as pool:
        answer = pool.submit(value, other, "select jobs.cancel(%s)", job)
        until_waiting(conn, other)
        holder.execute("commit")
        assert answer.result(20) == "completed"
    assert outcomes(conn, job) == ["enqueued", "claimed", "completed"]


def test_a_completion_wins_over_a_cancellation_that_was_only_requested(
    conn: Session, connect: Connect, other: Session, claimed: tuple[int, int]
) -> None:
    job, token = claimed
    holder = connect()
    begin(holder)
    assert value(holder, "select jobs.cancel(%s)", job) == "cancel_requested"
    with threads(1) as pool:
        answer = pool.submit(complete, other, token)
        until_waiting(conn, other)
        holder.execute("commit")
        assert answer.result(20) == "completed"
    assert outcomes(conn, job) == ["enqueued", "claimed", "cancel_requested", "completed"]


def test_a_requested_cancellation_turns_a_reset_into_the_end(
    conn: Session, sweeper: Session, claimed: tuple[int, int]
) -> None:
    job, _ = claimed
    assert value(conn, "select jobs.cancel(%s)", job) == "cancel_requested"
    assert reset(sweeper) == [job]
    assert state(conn, job) == "cancelled"


def test_slots_of_one_claim_are_completed_side_by_side(
    conn: Session, connect: Connect, other: Session
) -> None:
    first, second = claim(conn, enqueue(conn, 2)[1] and 2).values()
    holder = connect()
    begin(holder)
    assert complete(holder, first) == "completed"
    with threads(1) as pool:
        answer = pool.submit(complete, other, second)
        until_waiting(conn, other)
        holder.execute("commit")
        assert answer.result(20) == "completed"
    assert value(conn, "select count(*) from jobs.lease") == 0
    assert problems(conn) == []


def test_a_heartbeat_is_not_held_up_by_an_uncommitted_completion(
    conn: Session, connect: Connect, hasty: Session, sweeper: Session
) -> None:
    jobs = enqueue(conn, 3)
    tokens = claim(conn, 3)
    holder = connect()
    begin(holder)
    complete(holder, tokens[jobs[0]])
    beat = "select token, status from jobs.heartbeat(%s)"
    assert rows(hasty, beat, [tokens[job] for job in jobs]) == []
    assert reset(sweeper) == [], "the completion would be refused"
    holder.execute("commit")
    assert rows(hasty, beat, list(tokens.values())) == [(tokens[jobs[0]], "lost")]
    assert reset(sweeper) == jobs[1:]
    assert problems(conn) == []


def test_an_asserted_claim_is_not_reset_and_can_still_be_renewed(
    conn: Session, connect: Connect, hasty: Session, sweeper: Session, claimed: tuple[int, int]
) -> None:
    job, token = claimed
    holder = connect()
    begin(holder)
    holder.execute("select jobs.assert_claim(%s)", (token,))
    assert reset(sweeper) == []
    before = value(conn, "select until from jobs.lease")
    assert rows(hasty, "select * from jobs.heartbeat(%s)", [token]) == []
    assert value(conn, "select until from jobs.lease") > before
    assert complete(holder, token) == "completed"
    holder.execute("commit")
    assert reset(sweeper) == []
    assert state(conn, job) == "completed"


def test_a_claim_that_was_reset_cannot_be_asserted(
    conn: Session, sweeper: Session, claimed: tuple[int, int]
) -> None:
    job, token = claimed
    assert reset(sweeper) == [job]
    with pytest.raises(psycopg.Error) as refused:
        conn.execute("select jobs.assert_claim(%s)", (token,))
    assert refused.value.sqlstate == STALE
    assert rows(conn, "select * from jobs.heartbeat(%s)", [token]) == [(token, "lost")]


def test_of_all_who_end_a_claim_at_once_exactly_one_wins(
    conn: Session, connect: Connect, sweeper: Session
) -> None:
    sessions = [connect() for _ in range(5)]
    chance = random.Random(1)

    def attempt(nth: int, query: str, parameter: object) -> Callable[[], Any]:
        def run() -> Any:
            try:
                sessions[nth].execute(query.encode(), (parameter,))
            except psycopg.Error as error:
                if error.sqlstate != STALE:
                    raise

        return run

    for _ in range(25):
        jobs = enqueue(conn, chance.choice((1, 2)))
        tokens = claim(conn, len(jobs))
        job = jobs[0]
        token = tokens[job]
        ends = [
            attempt(0, "select jobs.complete(%s)", token),
            attempt(1, "select jobs.fail(%s, reason => 'aborted')", token),
            attempt(2, "select * from jobs.heartbeat(array[%s]::bigint[])", token),
            attempt(3, "select jobs.cancel(%s)", job),
            attempt(4, "select jobs.release(%s)", token),
            lambda: reset(sweeper),
        ]
        chance.shuffle(ends)
        at_once(ends)
        for left in claim(conn, 100).values():
            complete(conn, left)
        complete_many(conn, tokens.values())
    assert accepted(conn) == []
    assert problems(conn) == []
    assert value(conn, "select count(*) from jobs.lease") == 0
