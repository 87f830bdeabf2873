"""Deaths that pause a queue, against those who claim from it."""

import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    claim,
    enqueue,
    problems,
    rows,
    state,
    threads,
    until_waiting,
    value,
)


@pytest.fixture(autouse=True)
def _careful(conn: Session) -> None:
    conn.execute("select jobs.configure_kind('work', on_dead_policy => 'pause_queue')")


def test_once_a_death_is_committed_nobody_takes_another_job_of_its_queue(
    conn: Session, connect: Connect
) -> None:
    first, second = enqueue(conn), enqueue(conn)
    dying, claimer = connect(), connect()
    (token,) = claim(dying).values()
    begin(dying)
    dying.execute("select jobs.fail(%s, reason => 'aborted')", (token,))
    assert list(claim(claimer)) == second, "before the commit there is no death"
    enqueue(conn, 3)
    dying.execute("commit")
    assert claim(claimer, 1) == claim(claimer, 100) == {}
    assert rows(claimer, "select * from jobs.work('{default}', max_jobs => 9)") == []
    (pause,) = rows(conn, "select queue, job_id from jobs.list_pauses()")
    assert pause == ("default", first[0])
    conn.execute("select jobs.resume('default')")
    assert len(claim(claimer, 100)) == 3
    assert problems(conn) == []


def test_deaths_of_one_claim_in_two_transactions_do_not_wait_for_each_other(
    conn: Session, connect: Connect
) -> None:
    enqueue(conn, 2)
    block = list(claim(conn, 2).values())
    enqueue(conn, 1)
    (single,) = claim(conn, 1).values()
    one, other = connect(), connect()
    for session in one, other:
        session.execute("set statement_timeout = '10s'")
    begin(one)
    begin(other)
    fail = "select jobs.fail(%s, reason => 'aborted')"
    one.execute(fail, (single,))  # holds whatever a pause holds
    other.execute(fail, (block[0],))  # holds its claim, and pauses the same queue
    with threads(1) as pool:
        waiting = pool.submit(one.execute, fail, (block[1],))
        until_waiting(conn, one)
        other.execute("commit")
        waiting.result(20)
    one.execute("commit")
    assert value(conn, "select count(*) from jobs.list('dead')") == 3
    assert problems(conn) == []


def test_a_resume_ends_the_pauses_of_all_deaths_that_it_sees(
    conn: Session, connect: Connect
) -> None:
    enqueue(conn, 1)
    enqueue(conn, 1)
    tokens = [*claim(conn).values(), *claim(conn).values()]
    late = connect()
    begin(late)
    late.execute("select jobs.fail(%s, reason => 'aborted')", (tokens[0],))
    conn.execute("select jobs.fail(%s, reason => 'aborted')", (tokens[1],))
    conn.execute("select jobs.resume('default')")
    assert rows(conn, "select * from jobs.list_pauses()") == []
    late.execute("commit")
    assert len(rows(conn, "select * from jobs.list_pauses()")) == 1, "a later death pauses anew"


def test_of_many_claimers_none_gets_a_job_that_was_ready_after_the_first_death(
    conn: Session, connect: Connect
) -> None:
    sessions = [connect() for _ in range(4)]
    for _ in range(10):
        enqueue(conn, 40)
        conn.execute("select jobs.tick()")

        def die(session: Session) -> None:
            while taken := claim(session, 1):
                (token,) = taken.values()
                session.execute("select jobs.fail(%s, reason => 'aborted')", (token,))
                # from here on the queue is paused for whoever begins to claim
                assert claim(session, 1) == {}

        at_once([lambda session=session: die(session) for session in sessions])  # type: ignore[misc]
        conn.execute("select jobs.resume('default')")
        conn.execute("select jobs.cancel_many('default')")
        assert problems(conn) == []


def test_the_cancellation_of_a_batch_waits_for_no_member_that_is_at_work(
    conn: Session, connect: Connect
) -> None:
    conn.execute("select jobs.configure_kind('work', on_dead_policy => 'cancel_batch')")
    batch = value(conn, "select jobs.create_batch()")
    jobs = [value(conn, "select jobs.enqueue('work', batch => %s)", batch) for _ in range(4)]
    tokens = [value(conn, "select token from jobs.claim_job(%s)", job) for job in jobs[:2]]
    busy, ticker = connect(), connect()
    begin(busy)
    busy.execute("select jobs.complete(%s)", (tokens[1],))
    conn.execute("select jobs.fail(%s, reason => 'aborted')", (tokens[0],))
    ticker.execute("set statement_timeout = '10s'")
    assert value(ticker, "select jobs.tick()")
    assert [state(conn, job) for job in jobs] == ["dead", "running", "cancelled", "cancelled"]
    busy.execute("rollback")
    assert value(ticker, "select jobs.tick()")
    lost = rows(conn, "select status from jobs.heartbeat(%s)", [tokens[1]])
    assert lost == [("cancel_requested",)]
    conn.execute("select jobs.fail(%s)", (tokens[1],))
    assert value(ticker, "select jobs.get_batch(%s) ->> 'state'", batch) == "finished"
    assert problems(conn) == []
