"""A job comes to depend on others while those end; prerequisites end at the same time."""

from functools import partial

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
    problems,
    state,
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


def depend(session: Session, *jobs: int) -> int:
    return int(
        value(
            session, "select jobs.enqueue('after', queue => 'late', depends_on => %s)", list(jobs)
        )
    )


def waits(conn: Session) -> int:
    """Rows that are left of waits."""
    return int(
        value(conn, "select (select count(*) from jobs.waiter) + count(*) from jobs.dependency")
    )


@ENDS
@pytest.mark.parametrize("tied", [False, True], ids=["the first", "a further one"])
def test_a_running_job_ends_after_those_that_come_to_depend_on_it(
    tied: bool, commits: bool, conn: Session, one: Session, other: Session
) -> None:
    ((job, token),) = (enqueue(conn), claim(conn))[1].items()
    before = [depend(conn, job)] if tied else []
    begin(one)
    late = depend(one, job)
    with threads(1) as pool:
        ending = pool.submit(value, other, COMPLETE, token)
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        assert ending.result(20) == "completed"
    assert [state(conn, job) for job in [*before, late]] == ["ready"] * len(before) + [
        "ready" if commits else None
    ]
    assert waits(conn) == 0
    assert problems(conn) == []


@ENDS
def test_who_comes_to_depend_on_a_job_waits_for_its_end(
    commits: bool, conn: Session, one: Session, other: Session
) -> None:
    ((job, token),) = (enqueue(conn), claim(conn))[1].items()
    begin(one)
    one.execute(COMPLETE, (token,))
    with threads(1) as pool:
        enqueuing = pool.submit(depend, other, job)
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        late = enqueuing.result(20)
    assert state(conn, late) == ("ready" if commits else "blocked")
    if not commits:
        one.execute(COMPLETE, (token,))
        assert state(conn, late) == "ready"
    assert problems(conn) == []


def test_a_claim_passes_over_a_job_that_another_comes_to_depend_on(
    conn: Session, one: Session, other: Session
) -> None:
    jobs = enqueue(conn, 3)
    begin(one)
    late = depend(one, jobs[1])
    assert claim(other, 9) == {}
    one.execute("commit")
    tokens = claim(other, 9)
    assert list(tokens) == jobs
    complete_many(other, tokens.values())
    assert state(conn, late) == "ready"
    assert problems(conn) == []


@ENDS
def test_who_comes_to_depend_on_a_job_waits_for_its_claim(
    commits: bool, conn: Session, one: Session, other: Session
) -> None:
    (job,) = enqueue(conn)
    begin(one)
    claim(one)
    with threads(1) as pool:
        enqueuing = pool.submit(depend, other, job)
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        late = enqueuing.result(20)
    if not commits:
        claim(one)
    token = value(conn, "select claim << 6 from jobs.lease")
    conn.execute(COMPLETE, (token,))
    assert state(conn, late) == "ready"
    assert problems(conn) == []


@ENDS
@pytest.mark.parametrize("outcome", ["completed", "dead"])
def test_of_two_prerequisites_that_end_together_the_second_decides(
    outcome: str, commits: bool, conn: Session, one: Session, other: Session
) -> None:
    jobs = enqueue(conn, 2)
    tokens = [claim(conn)[job] for job in jobs]
    late = depend(conn, *jobs)
    begin(one)
    if outcome == "completed":
        one.execute(COMPLETE, (tokens[0],))
    else:
        one.execute("select jobs.fail(%s, reason => 'aborted')", (tokens[0],))
    with threads(1) as pool:
        ending = pool.submit(value, other, COMPLETE, tokens[1])
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        assert ending.result(20) == "completed"
    if not commits:
        assert state(conn, late) == "blocked"
        one.execute(COMPLETE, (tokens[0],))
        outcome = "completed"
    assert state(conn, late) == {"completed": "ready", "dead": "dead"}[outcome]
    assert waits(conn) == 0
    assert problems(conn) == []


@ENDS
def test_a_cancelled_job_is_not_made_ready_by_its_prerequisite(
    commits: bool, conn: Session, one: Session, other: Session
) -> None:
    ((job, token),) = (enqueue(conn), claim(conn))[1].items()
    late = depend(conn, job)
    begin(one)
    one.execute("select jobs.cancel(%s)", (late,))
    with threads(1) as pool:
        ending = pool.submit(value, other, COMPLETE, token)
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        assert ending.result(20) == "completed"
    assert state(conn, late) == ("cancelled" if commits else "ready")
    assert waits(conn) == 0
    assert problems(conn) == []


@ENDS
def test_a_cancellation_waits_for_the_prerequisite_that_is_ending(
    commits: bool, conn: Session, one: Session, other: Session
) -> None:
    ((job, token),) = (enqueue(conn), claim(conn))[1].items()
    late = depend(conn, job)
    begin(one)
    one.execute(COMPLETE, (token,))
    with threads(1) as pool:
        cancelling = pool.submit(value, other, "select jobs.cancel(%s)", late)
        until_waiting(conn, other)
        one.execute("commit" if commits else "rollback")
        assert cancelling.result(20) == "cancelled"
    if not commits:
        one.execute(COMPLETE, (token,))
    assert state(conn, late) == "cancelled"
    assert waits(conn) == 0
    assert problems(conn) == []


def test_jobs_of_one_call_that_depend_on_each_others_prerequisites_all_go_on(
    conn: Session, connect: Connect
) -> None:
    sessions = [impatient(connect) for _ in range(6)]
    for _ in range(25):
        first = enqueue(conn, len(sessions))
        tokens = claim(conn, len(first))
        second = [depend(conn, *{first[n], first[n - 1], first[n - 2]}) for n in range(len(first))]
        last = depend(conn, *second)
        at_once(
            [
                partial(complete_many, session, [tokens[job]])
                for session, job in zip(sessions, first, strict=True)
            ]
        )
        assert {state(conn, job) for job in second} == {"ready"}
        late = claim(conn, len(second), ["late"])
        at_once(
            [
                partial(complete_many, session, [token])
                for session, token in zip(sessions, late.values(), strict=True)
            ]
        )
        assert state(conn, last) == "ready"
        complete_many(conn, claim(conn, 1, ["late"]).values())
    assert waits(conn) == 0
    assert column(conn, "select * from jobs.verify()") == []
