"""Operators against everybody else: cancel, retry, prune."""

import psycopg
import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    claim,
    column,
    complete,
    enqueue,
    pages_read,
    problems,
    rows,
    state,
    threads,
    until_waiting,
    value,
)

FEW_PAGES = 60
BACKLOG = 150_000


@pytest.fixture
def other(connect: Connect) -> Session:
    """A second session, which gives up rather than wait for long."""
    session = connect()
    session.execute("set statement_timeout = '20s'")
    return session


def outcomes(session: Session, job: int) -> list[str]:
    """What has happened to a job since its enqueuing."""
    return column(session, "select type from jobs.history(%s) order by pos", job)[1:]


def dead_jobs(conn: Session, count: int) -> list[int]:
    """So many dead jobs, which prune may take at once."""
    conn.execute("select jobs.configure_queue('default', keep => '0', keep_dead => '0')")
    jobs = enqueue(conn, count)
    for token in claim(conn, count).values():
        conn.execute("select jobs.fail(%s, reason => 'aborted')", (token,))
    conn.execute("select jobs.tick()")  # prune walks the log as far as it is decided
    return jobs


@pytest.mark.parametrize("commits", [True, False], ids=["commits", "rolls back"])
def test_a_cancellation_waits_for_the_claim_of_its_job(
    commits: bool, conn: Session, connect: Connect, other: Session
) -> None:
    job = enqueue(conn, 3)[1]
    holder = connect()
    begin(holder)
    claim(holder, 3)
    with threads(1) as pool:
        answer = pool.submit(value, other, "select jobs.cancel(%s)", job)
        until_waiting(conn, other)
        holder.execute("commit" if commits else "rollback")
        assert answer.result(20) == ("cancel_requested" if commits else "cancelled")
    assert problems(conn) == []


def test_a_cancellation_finds_its_job_in_what_a_claim_left_of_the_block(
    conn: Session, connect: Connect, other: Session
) -> None:
    jobs = enqueue(conn, 3)
    holder = connect()
    begin(holder)
    claim(holder, 1)
    with threads(1) as pool:
        answer = pool.submit(value, other, "select jobs.cancel(%s)", jobs[2])
        until_waiting(conn, other)
        holder.execute("commit")
        assert answer.result(20) == "cancelled"
    assert list(claim(conn, 10)) == [jobs[1]]
    assert problems(conn) == []


def test_two_cancellations_of_one_job_end_it_once(
    conn: Session, connect: Connect, other: Session
) -> None:
    (job,) = enqueue(conn)
    holder = connect()
    begin(holder)
    assert value(holder, "select jobs.cancel(%s)", job) == "cancelled"
    with threads(1) as pool:
        answer = pool.submit(value, other, "select jobs.cancel(%s)", job)
        until_waiting(conn, other)
        holder.execute("commit")
        assert answer.result(20) == "cancelled"
    assert outcomes(conn, job) == ["cancelled"]


@pytest.mark.parametrize("where", ["ready", "scheduled", "due at the same time"])
def test_a_cancellation_in_a_long_backlog_reads_a_few_pages(where: str, conn: Session) -> None:
    table = "ready" if where == "ready" else "scheduled"
    enqueue(conn, 1)
    columns = "ord, queue_id, kind_id, priority, attempt, claims, ids"
    backlog = f"""insert into jobs.{table} ({columns} {", run_at" if table == "scheduled" else ""})
      select nextval('jobs.pos_seq'), 1, 1, 0, 0, 0, array[-n]
        {", '2100-01-01'::timestamptz" if table == "scheduled" else ""}
      from generate_series(1, {BACKLOG}) as n"""
    conn.execute(backlog.encode())
    when = {"ready": None, "scheduled": "2099-01-01", "due at the same time": "2100-01-01"}[where]
    job = value(conn, "select jobs.enqueue('work', run_at => %s)", when)
    conn.execute(backlog.encode())
    conn.execute("analyze jobs.ready, jobs.scheduled")
    conn.execute("begin")
    before = pages_read(conn)
    assert value(conn, "select jobs.cancel(%s)", job) == "cancelled"
    pages = pages_read(conn) - before
    conn.execute("commit")
    assert pages < FEW_PAGES
    assert outcomes(conn, job) == ["cancelled"]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_two_retries_of_one_job_give_one_run(
    isolation: str, conn: Session, connect: Connect, other: Session
) -> None:
    (job,) = dead_jobs(conn, 1)
    other.execute(f"begin isolation level {isolation}".encode())
    other.execute("select count(*) from jobs.queue")
    holder = connect()
    begin(holder)
    assert value(holder, "select jobs.retry(%s)", job) == "ready"
    with threads(1) as pool:
        answer = pool.submit(value, other, "select jobs.retry(%s)", job)
        until_waiting(conn, other)
        holder.execute("commit")
        with pytest.raises(psycopg.Error) as refused:
            answer.result(20)
    assert refused.value.sqlstate == ("JB005" if isolation == "read committed" else "40001")
    other.execute("rollback")
    assert list(claim(conn, 10)) == [job]
    assert problems(conn) == []


def test_retries_of_many_at_once_give_one_run_each(conn: Session, connect: Connect) -> None:
    jobs = dead_jobs(conn, 80)
    sessions = [connect() for _ in range(4)]
    retried = at_once(
        [
            lambda session=session: value(
                session, "select count(*) from jobs.retry_many(max_jobs => 60)"
            )  # type: ignore[misc]
            for session in sessions
        ]
    )
    retried.append(value(conn, "select count(*) from jobs.retry_many(max_jobs => 100)"))
    assert sum(retried) == len(jobs)
    assert sorted(claim(conn, 1000)) == jobs
    assert problems(conn) == []


def test_a_job_that_is_being_retried_is_not_pruned(
    conn: Session, connect: Connect, other: Session
) -> None:
    retried, left = dead_jobs(conn, 2)
    holder = connect()
    begin(holder)
    holder.execute("select jobs.retry(%s)", (retried,))
    assert rows(other, "select state, jobs from jobs.prune()") == [("dead", 1)]
    holder.execute("commit")
    assert state(conn, left) is None
    assert list(claim(conn, 10)) == [retried]
    assert problems(conn) == []


def test_a_job_that_is_being_pruned_is_not_retried(
    conn: Session, connect: Connect, other: Session
) -> None:
    (job,) = dead_jobs(conn, 1)
    holder = connect()
    begin(holder)
    assert rows(holder, "select state, jobs from jobs.prune()") == [("dead", 1)]
    with threads(1) as pool:
        answer = pool.submit(value, other, "select jobs.retry(%s)", job)
        until_waiting(conn, other)
        holder.execute("commit")
        with pytest.raises(psycopg.Error) as refused:
            answer.result(20)
    assert refused.value.sqlstate == "JB004"
    assert problems(conn) == []


def test_a_prune_with_an_old_snapshot_takes_no_job_that_was_retried_since(
    conn: Session, connect: Connect
) -> None:
    (job,) = dead_jobs(conn, 1)
    old = connect()
    old.execute("begin isolation level repeatable read")
    old.execute("select count(*) from jobs.queue")
    conn.execute("select jobs.retry(%s)", (job,))
    with pytest.raises(psycopg.errors.SerializationFailure):
        old.execute("select * from jobs.prune()")
    old.execute("rollback")
    assert list(claim(conn, 10)) == [job]
    assert problems(conn) == []


def test_prunes_and_retries_at_once_leave_no_job_without_its_facts(
    conn: Session, connect: Connect
) -> None:
    pruner, retrier = connect(), connect()
    for _ in range(5):
        jobs = dead_jobs(conn, 120)

        def retry(some: list[int] = jobs) -> None:
            for job in reversed(some):
                try:
                    retrier.execute("select jobs.retry(%s)", (job,))
                except psycopg.Error as error:
                    if error.sqlstate != "JB004":
                        raise

        at_once([retry, lambda: rows(pruner, "select * from jobs.prune()")])
        assert problems(conn) == []
        for token in claim(conn, 1000).values():
            complete(conn, token)


def test_cancel_many_reaches_every_job_in_steps_of_any_size(conn: Session) -> None:
    enqueue(conn, 25)
    conn.execute(
        """select count(*) from jobs.enqueue_many('work', array_fill('{}'::jsonb, array[25]),
        delay => '1 hour')"""
    )
    cancelled = []
    while step := value(conn, "select jobs.cancel_many(queue => 'default', max_jobs => 7)"):
        cancelled.append(step)
    assert cancelled == [7, 7, 7, 7, 7, 7, 7, 1]
    assert problems(conn) == []
