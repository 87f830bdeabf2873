"""Partitions of job and event: made ahead of the sequence, dropped behind the oldest job."""

import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    claim,
    complete_many,
    enqueue,
    problems,
    rows,
    value,
)

FIRST = 1 << 24
HALF = FIRST // 2


def partitions(session: Session, table: str = "job") -> dict[int, int]:
    """The bounds of a table's partitions, overflow apart."""
    return dict(
        rows(
            session,
            r"""select substring(c.relname from '\d+$')::bigint,
              substring(pg_get_expr(c.relpartbound, c.oid) from $$TO \('?(\d+)$$)::bigint
            from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = ('jobs.' || %s::text)::regclass and c.relname !~ 'overflow'
            order by 1""",
            table,
        )
    )


def go_to(session: Session, position: int) -> None:
    """The next position is just after this one."""
    session.execute("select setval('jobs.pos_seq', %s)", (position,))


def make_partitions(session: Session) -> list[str]:
    """Run maintain; the names of the partitions that it made."""
    made = value(session, "select jobs.maintain() -> 'partitions'")
    assert isinstance(made, list)
    return made


def run(session: Session, count: int) -> list[int]:
    """Enqueue and complete so many jobs."""
    jobs = enqueue(session, count)
    assert complete_many(session, claim(session, 1000).values()) == {}
    return jobs


def test_jobs_on_both_sides_of_a_bound_run(conn: Session) -> None:
    go_to(conn, FIRST - 30)
    jobs = run(conn, 70)
    assert jobs[0] < FIRST < jobs[-1]
    assert problems(conn) == []


def test_a_partition_is_made_once_half_of_the_newest_is_used(conn: Session) -> None:
    go_to(conn, HALF - 100)
    assert make_partitions(conn) == []
    go_to(conn, HALF)
    assert make_partitions(conn) == [f"job_from_{FIRST}", f"event_from_{FIRST}"]
    assert make_partitions(conn) == []
    go_to(conn, FIRST - 10)
    run(conn, 20)
    assert value(conn, "select count(*) from jobs.job_overflow") == 0


@pytest.mark.parametrize("fast", [True, False], ids=["within a day", "in a week"])
def test_a_partition_is_twice_as_wide_as_one_that_filled_within_a_day(
    fast: bool, conn: Session
) -> None:
    conn.execute("update jobs.setting set test_clock = true")
    if not fast:
        conn.execute("select jobs.set_test_clock(jobs.now() - interval '7 days')")
    run(conn, 3)
    conn.execute("select jobs.set_test_clock(null)")
    go_to(conn, HALF)
    run(conn, 3)
    make_partitions(conn)
    assert partitions(conn)[FIRST] == FIRST + (2 if fast else 1) * FIRST
    assert partitions(conn) == partitions(conn, "event")


def test_jobs_in_the_overflow_run_and_the_next_partition_begins_behind_them(conn: Session) -> None:
    go_to(conn, FIRST + 100)
    waiting = enqueue(conn, 5)
    assert value(conn, "select count(*) from jobs.job_overflow") == 5
    made = make_partitions(conn)
    assert len(made) == 2
    begins = max(partitions(conn))
    assert begins > waiting[-1]
    assert list(claim(conn, 10)) == waiting
    go_to(conn, begins)
    run(conn, 5)
    assert value(conn, "select count(*) from jobs.job_overflow") == 5
    assert problems(conn) == []


def test_maintain_from_many_sessions_makes_each_partition_once(
    conn: Session, connect: Connect
) -> None:
    sessions = [connect() for _ in range(5)]
    for position in (HALF + 5, FIRST * 2):
        go_to(conn, position)
        enqueue(conn, 3)
        made = at_once([lambda session=session: make_partitions(session) for session in sessions])  # type: ignore[misc]
        names = [name for some in made for name in some]
        assert len(names) == len(set(names))
        make_partitions(conn)
        assert max(partitions(conn)) > position
        assert list(partitions(conn)) == list(partitions(conn, "event"))
    assert problems(conn) == []


def test_maintain_waits_for_no_open_transaction(conn: Session, connect: Connect) -> None:
    go_to(conn, HALF + 5)
    holder = connect()
    begin(holder)
    enqueue(holder, 3)
    conn.execute("set statement_timeout = '5s'")
    assert isinstance(make_partitions(conn), list)
    holder.execute("commit")
    make_partitions(conn)
    assert FIRST in partitions(conn)


def test_prune_drops_the_partitions_behind_the_oldest_job(conn: Session) -> None:
    go_to(conn, HALF)
    make_partitions(conn)
    run(conn, 5)
    go_to(conn, FIRST + 5)
    left = enqueue(conn, 5)
    conn.execute("select jobs.configure_queue('default', keep => '0')")
    assert rows(conn, "select state, jobs from jobs.prune()") == [
        ("completed", 5),
        ("partition", 0),
        ("partition", 0),
    ]
    assert min(partitions(conn)) == min(partitions(conn, "event")) == FIRST
    assert list(claim(conn, 10)) == left
    assert problems(conn) == []


def test_prune_keeps_a_partition_while_one_of_its_jobs_is_left(conn: Session) -> None:
    (left,) = enqueue(conn, 1)
    token = claim(conn)[left]
    go_to(conn, HALF)
    make_partitions(conn)
    run(conn, 5)
    go_to(conn, FIRST + 5)
    run(conn, 5)
    conn.execute("select jobs.configure_queue('default', keep => '0')")
    assert rows(conn, "select state, jobs from jobs.prune()") == [("completed", 10)]
    assert min(partitions(conn)) == min(partitions(conn, "event")) == 0
    assert complete_many(conn, [token]) == {}
    assert problems(conn) == []


def test_prune_drops_no_partition_in_which_an_open_transaction_has_a_job(
    conn: Session, connect: Connect
) -> None:
    run(conn, 5)
    holder = connect()
    begin(holder)
    (left,) = enqueue(holder)
    go_to(conn, HALF)
    make_partitions(conn)
    go_to(conn, FIRST + 5)
    run(conn, 5)
    conn.execute("select jobs.configure_queue('default', keep => '0')")
    conn.execute("select * from jobs.prune()")
    holder.execute("commit")
    assert list(claim(conn, 10)) == [left]
    assert problems(conn) == []
