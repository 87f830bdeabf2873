"""Prune: what it reads, and everybody else at the same time."""

from typing import Any

import psycopg
import pytest

from faults.sessions import (
    Connect,
    Session,
    advance,
    allow_test_clock,
    at_once,
    begin,
    claim,
    complete_many,
    enqueue,
    pages_read,
    problems,
    rows,
    value,
)


def ended(session: Session, count: int) -> list[int]:
    """So many jobs that are completed."""
    jobs = enqueue(session, count)
    assert complete_many(session, claim(session, 10_000).values()) == {}
    return jobs


def prune(session: Session, max_jobs: int = 10_000) -> int:
    """How many jobs are pruned."""
    found = value(session, "select coalesce(sum(jobs), 0) from jobs.prune(%s)", max_jobs)
    return int(found)


def keep(session: Session, age: str) -> None:
    session.execute("select jobs.configure_queue('default', keep => %s)", (age,))


@pytest.fixture
def session(conn: Session) -> Session:
    allow_test_clock(conn)
    keep(conn, "1 hour")
    return conn


def pages_of_a_prune(session: Session) -> int:
    prune(session)  # what is planned once
    before = pages_read(session)
    assert prune(session) == 0
    return pages_read(session) - before


def test_a_prune_that_finds_nothing_old_reads_as_little_among_many_jobs_as_among_few(
    session: Session,
) -> None:
    ended(session, 5)
    few = pages_of_a_prune(session)
    for _ in range(20):
        ended(session, 1000)
    session.execute("vacuum analyze")
    assert pages_of_a_prune(session) <= few + 20


def test_jobs_that_stay_are_not_looked_at_again(session: Session) -> None:
    session.execute("select jobs.configure_queue('default', keep_dead => '1 year')")
    jobs = enqueue(session, 3000)
    tokens = list(claim(session, 3000).values())
    session.execute(
        "select count(*) from jobs.fail_many(%s, "
        "reasons => array_fill('aborted'::text, array[3000]))",
        (tokens,),
    )
    advance(session, 7200)
    ended(session, 5)
    session.execute("vacuum analyze")
    assert pages_of_a_prune(session) < 200
    assert value(session, "select count(*) from jobs.job") == len(jobs) + 5


def test_a_prune_that_finds_nothing_old_writes_nothing(session: Session) -> None:
    ended(session, 100)
    prune(session)
    begin(session)
    assert prune(session) == 0
    assert value(session, "select pg_current_xact_id_if_assigned()") is None
    session.execute("rollback")


def test_two_prunes_at_once_take_each_job_once(session: Session, connect: Connect) -> None:
    others = [connect(), connect(), connect()]
    for other in others:
        other.execute("select jobs.set_test_clock(jobs.now() + interval '1 day')")
    jobs = [job for _ in range(10) for job in ended(session, 300)]
    total = 0
    while value(session, "select count(*) from jobs.job"):
        total += sum(at_once([lambda other=other: prune(other, 200) for other in others]))  # type: ignore[misc]
    assert total == len(jobs)
    assert problems(session) == []


def test_a_prune_leaves_to_another_what_that_is_doing(session: Session, connect: Connect) -> None:
    ended(session, 50)
    other = connect()
    keep(session, "0")
    session.execute("select jobs.tick()")
    begin(other)
    assert prune(other, 10) == 10
    assert prune(session) == 0
    other.execute("rollback")
    assert prune(session) == 50
    assert problems(session) == []


def test_a_job_that_is_locked_is_passed_over_and_comes_later(
    session: Session, connect: Connect
) -> None:
    jobs = ended(session, 10)
    keep(session, "0")
    session.execute("select jobs.tick()")
    holder = connect()
    begin(holder)
    holder.execute("select from jobs.job where id = %s for update", (jobs[3],))
    assert prune(session) == 9
    assert prune(session) == 0
    holder.execute("rollback")
    assert prune(session) == 1


def test_a_retry_during_the_walk_is_seen(session: Session, connect: Connect) -> None:
    jobs = ended(session, 10)
    keep(session, "0")
    session.execute("select jobs.tick()")
    holder = connect()
    begin(holder)
    holder.execute("select jobs.retry(%s)", (jobs[3],))
    assert prune(session) == 9
    holder.execute("commit")
    assert prune(session) == 0
    assert list(claim(session, 10)) == [jobs[3]]
    assert problems(session) == []


def test_an_age_that_is_shortened_during_a_prune_holds_for_the_next(
    session: Session, connect: Connect
) -> None:
    """Nothing that the first one has passed by is left for ever."""
    session.execute("select jobs.enqueue('k', queue => 'other')")
    session.execute("select jobs.complete(token) from jobs.claim('{other}')")
    ended(session, 10)
    keep(session, "0")
    session.execute("select jobs.tick()")
    other = connect()
    begin(other)
    assert prune(other) == 10
    with psycopg.connect(session.info.dsn, autocommit=True) as operator:
        changed = at_once(
            [
                lambda: operator.execute("select jobs.configure_queue('other', keep => '0')"),
                lambda: other.execute("commit"),
            ]
        )
    assert changed
    assert prune(session) == 1
    assert value(session, "select count(*) from jobs.job") == 0


def test_events_of_a_prune_that_waits_hold_up_no_claim(session: Session, connect: Connect) -> None:
    ended(session, 10)
    keep(session, "0")
    session.execute("select jobs.tick()")
    pruner: psycopg.Connection[Any] = connect()
    begin(pruner)
    assert prune(pruner) == 10
    session.execute("set statement_timeout = '2s'")
    waiting = enqueue(session, 5)
    assert list(claim(session, 5)) == waiting
    pruner.execute("commit")
    assert rows(session, "select * from jobs.prune()") == []
