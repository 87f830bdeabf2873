"""Stragglers: a transaction enqueues and commits late, when the watermarks have moved on.

The session that works and ticks has the test clock, moved on by 0.1 s between ticks, so that
seconds pass at once. The epochs themselves know no time: they go by who holds the locks.
"""

from collections.abc import Callable, Iterator

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
    problems,
    rows,
    value,
)
from waiting import until

TICK = 0.1


@pytest.fixture
def worker(conn: Session, connect: Connect) -> Session:
    """A session that works and ticks, on the test clock. The queue and the kind exist."""
    allow_test_clock(conn)
    enqueue(conn)
    session = connect()
    advance(session, 0)
    return session


@pytest.fixture
def late(connect: Connect) -> Iterator[Session]:
    """The session that commits late."""
    session = connect()
    yield session
    if not session.closed:
        session.execute("rollback")
        for (name,) in rows(session, "select gid from pg_prepared_xacts"):
            session.execute(f"rollback prepared '{name}'".encode())


def tick(worker: Session, seconds: float = TICK) -> None:
    """A tick, that much later."""
    advance(worker, seconds)
    assert value(worker, "select jobs.tick()")


def soft_mark(session: Session) -> int:
    """The position from which a claim scans the default queue."""
    mark = value(
        session,
        """select soft[array_position(priorities, 0::smallint)] from jobs.lane
        order by ver desc limit 1""",
    )
    return int(mark or 0)


def work_for(seconds: float, worker: Session, *, batch: int) -> int:
    """Enqueue, claim and complete, with ticks, for so long by the test clock; returns how many."""
    done = 0
    for _ in range(round(seconds / TICK)):
        enqueue(worker, batch)
        # blocks of one, for dead entries: marks move only where that saves something
        worker.execute("select jobs.enqueue('work') from generate_series(1, 50)")
        tokens = claim(worker, batch + 49)  # something is always ready, as in a busy queue
        assert complete_many(worker, tokens.values()) == {}
        done += len(tokens)
        tick(worker)
    return done


def plainly(late: Session) -> Callable[[], object]:
    """Leave the transaction open; returns how to commit it."""
    return lambda: late.execute("commit")


def prepared(late: Session) -> Callable[[], object]:
    """Prepare the transaction; returns how to commit it."""
    late.execute("prepare transaction 'late'")
    return lambda: late.execute("commit prepared 'late'")


def drain(worker: Session) -> list[int]:
    """Claim whatever a claim sees, without a tick."""
    got: list[int] = []
    while tokens := claim(worker, 1000):
        got += tokens
    return got


@pytest.mark.parametrize("hold", [plainly, prepared])
def test_a_straggler_is_claimable_within_two_ticks_of_its_commit(
    hold: Callable[[Session], Callable[[], object]], conn: Session, worker: Session, late: Session
) -> None:
    late.execute("begin")
    (job,) = enqueue(late)
    commit = hold(late)
    assert work_for(3, worker, batch=30) > 2000
    assert soft_mark(conn) > job, "the watermark has not run ahead: this proves nothing"
    commit()
    tick(worker)
    tick(worker)
    assert job in drain(worker)
    assert problems(conn) == []


@pytest.mark.parametrize("batch", [50, 600])
def test_a_straggler_is_claimable_within_a_second_while_another_stays_open(
    batch: int, conn: Session, connect: Connect, worker: Session, late: Session
) -> None:
    # a distance of over 20,000 positions is too dear to probe on every tick
    longest = connect()
    longest.execute("begin")
    enqueue(longest)
    work_for(2, worker, batch=batch)
    late.execute("begin")
    (job,) = enqueue(late)
    work_for(3, worker, batch=batch)
    assert soft_mark(conn) > job, "the watermark has not run ahead: this proves nothing"
    late.execute("commit")
    for _ in range(11):
        tick(worker)
    assert job in drain(worker)
    longest.execute("rollback")
    assert problems(conn) == []


def test_what_is_younger_than_a_second_is_never_passed(
    conn: Session, connect: Connect, worker: Session, late: Session
) -> None:
    longest = connect()
    longest.execute("begin")
    enqueue(longest)
    work_for(3, worker, batch=50)
    late.execute("begin")
    (job,) = enqueue(late)
    work_for(0.8, worker, batch=50)
    assert soft_mark(conn) < job
    late.execute("commit")
    assert job in drain(worker)
    longest.execute("rollback")


def test_a_straggler_of_another_priority_or_queue_is_claimable_too(
    conn: Session, worker: Session, late: Session
) -> None:
    late.execute("begin")
    jobs = {
        value(late, "select jobs.enqueue('work', priority => 7)"),
        value(late, "select jobs.enqueue('work', priority => -7)"),
        value(late, "select jobs.enqueue('work', queue => 'born late')"),
    }
    work_for(3, worker, batch=50)
    late.execute("commit")
    tick(worker)
    tick(worker)
    assert jobs <= set(drain(worker))


@pytest.mark.parametrize("prepare", [False, True], ids=["open", "prepared"])
def test_no_mark_passes_what_is_undecided(
    prepare: bool, conn: Session, worker: Session, late: Session
) -> None:
    late.execute("begin")
    (job,) = enqueue(late)
    scheduled = value(late, "select jobs.enqueue('work', delay => '1 s')")
    for nth in range(30):
        if nth == 5 and prepare:
            # the locks go over to another virtual transaction, in the midst of an epoch
            late.execute("prepare transaction 'late'")
        enqueue(conn, 10)
        tick(worker)
        safe, hard = rows(
            conn,
            """select safe_pos, coalesce((
              select max(h) from jobs.lane l, unnest(l.hard) as h), 0)
            from jobs.register order by ver desc limit 1""",
        )[0]
        assert safe < job
        assert hard <= job + 1
    late.execute("commit prepared 'late'" if prepare else "commit")
    tick(worker, 2)
    tick(worker)
    got = drain(worker)
    assert job in got
    assert scheduled in got


def test_prepared_transactions_that_come_and_go_hold_no_epoch_for_long(
    conn: Session, connect: Connect, worker: Session
) -> None:
    sessions = [connect(), connect()]
    for nth in range(20):
        session = sessions[nth % 2]
        session.execute("begin")
        enqueue(session)
        session.execute(f"prepare transaction 'n{nth}'".encode())
        tick(worker)
        if nth:
            session.execute(f"commit prepared 'n{nth - 1}'".encode())
    safe = value(conn, "select safe_pos from jobs.register order by ver desc limit 1")
    jobs = rows(conn, "select count(*) from jobs.job where id <= %s", safe)[0][0]
    sessions[0].execute("commit prepared 'n19'")
    assert jobs >= 15, f"only {jobs} of 20 jobs lie below safe_pos {safe}"


@pytest.mark.parametrize(
    ("noted", "found", "left"),
    [
        (["3/7"], ["4/1"], None),
        (["3/7"], ["3/7", "4/1"], ["3/7"]),
        (["3/7"], ["4/1", "-1/900"], ["-1/900"]),
        (["3/7"], ["3/7", "-1/900"], ["3/7"]),
        (["-1/900"], ["-1/900", "-1/901"], ["-1/900"]),
        (["-1/900"], ["-1/901"], None),
        ([], ["-1/900"], None),
    ],
)
def test_an_epoch_waits_for_what_may_be_a_holder_under_the_name_it_has_after_a_restart(
    noted: list[str], found: list[str], left: list[str] | None, conn: Session
) -> None:
    # prepared transactions are called -1/<xid> then
    holders, bound = rows(
        conn,
        "select (epoch).holders, bound from jobs._next_epoch(row(10, now(), %s), 20, now(), %s)",
        noted,
        found,
    )[0]
    assert (holders, bound) == ((found, 11) if left is None else (left, None))


def test_a_claim_by_itself_ticks_often_enough_for_a_straggler(
    conn: Session, connect: Connect
) -> None:
    late, claimer = connect(), connect()
    enqueue(conn)
    late.execute("begin")
    (job,) = enqueue(late)

    def is_passed() -> bool:
        enqueue(conn, 60)
        for token in claim(claimer, 59).values():
            complete(claimer, token)
        return soft_mark(conn) > job

    until(is_passed, "the watermark has passed the open transaction")
    late.execute("commit")
    until(lambda: job in claim(claimer, 1000), "the late job is claimed", seconds=2)


def test_a_transaction_that_never_touched_the_log_does_not_delay_its_readers(
    conn: Session, worker: Session, late: Session
) -> None:
    late.execute("create table elsewhere (n int)")
    late.execute("begin")
    late.execute("insert into elsewhere values (1)")
    value(late, "select pg_current_xact_id()")
    enqueue(conn, 5)
    for _ in range(3):
        tick(worker)
    last, safe = rows(
        conn,
        """select (select last_value from jobs.pos_seq), safe_pos
        from jobs.register order by ver desc limit 1""",
    )[0]
    assert safe == last
