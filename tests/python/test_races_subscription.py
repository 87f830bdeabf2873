"""Subscriptions change while others append: every event becomes one job, neither none nor two.

An append can be held where it has seen which subscriptions there are, before it draws its position.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any, LiteralString

import psycopg
import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    column,
    is_waiting,
    problems,
    rollback,
    rows,
    terminate,
    threads,
    until_waiting,
    value,
)
from faults.streams import ISOLATIONS, append, delivered, is_filling, settle

OLD_SNAPSHOTS = ISOLATIONS[1:]
GATE = 7

# A statement's trigger runs when the append has looked at fan_out, and has drawn no position yet.
HOLDING: LiteralString = f"""
create function held() returns trigger language plpgsql as $$
begin
  if current_setting('test.held', true) = 'yes' then
    perform pg_advisory_xact_lock_shared({GATE});
  end if;
  return null;
end $$;
create trigger held before insert on jobs.stream_event execute function held()"""


def subscribe(session: Session, name: str = "index", start: str = "now", types: str = "a") -> str:
    """Subscribe to events of this type."""
    return str(
        value(
            session,
            "select jobs.subscribe(%s, types => array[%s], from_position => %s::text)",
            name,
            types,
            start,
        )
    )


def backfill(session: Session, max_events: int = 1000) -> list[tuple[int, bool]]:
    """A step; per subscription that was filled, how many jobs were made and whether to go on."""
    return rows(session, "select made, more from jobs.backfill(max_events => %s)", max_events)


def pause(session: Session) -> None:
    """Pause the subscription."""
    session.execute("select jobs.pause(subscription => 'index')")


def resume(session: Session) -> None:
    """Resume it."""
    session.execute("select jobs.resume(subscription => 'index')")


def unsubscribe(session: Session) -> None:
    """End it."""
    session.execute("select jobs.unsubscribe('index')")


def widen(session: Session) -> None:
    """It gets events of type b, too."""
    assert value(session, "select jobs.subscribe('index', types => '{a,b}')") == "changed"


@contextmanager
def held_append(conn: Session, connect: Connect, session: Session) -> Iterator[Future[list[int]]]:
    """An append by that session, held until the block ends; its positions are the future's."""
    if not value(conn, "select to_regproc('held')"):
        conn.execute(HOLDING)
    gate = connect()
    value(gate, "select pg_advisory_lock(%s)", GATE)
    session.execute("set test.held = 'yes'")
    with threads(1) as pool:
        try:
            future = pool.submit(append, session)
            until_waiting(conn, session)
            yield future
        finally:
            value(gate, "select pg_advisory_unlock(%s)", GATE)


@pytest.fixture
def appender(connect: Connect) -> Iterator[Session]:
    """A session that appends in an open transaction."""
    session = connect()
    yield session
    rollback(session)
    for (name,) in rows(session, "select gid from pg_prepared_xacts"):
        session.execute(f"rollback prepared '{name}'".encode())


def committed(session: Session) -> None:
    """Commit."""
    session.execute("commit")


def prepared_and_committed(session: Session) -> None:
    """Commit in two phases."""
    session.execute("prepare transaction 'late'")
    session.execute("commit prepared 'late'")


@pytest.mark.parametrize("end", [committed, prepared_and_committed])
@pytest.mark.parametrize("start", ["now", "beginning"])
def test_an_append_that_has_not_seen_the_subscription_gets_its_job_by_backfill(
    start: str,
    end: Callable[[Session], None],
    conn: Session,
    connect: Connect,
    appender: Session,
) -> None:
    begin(appender)
    with held_append(conn, connect, appender) as appended:
        assert subscribe(conn, start=start) == "created"
        for _ in range(5):
            conn.execute("select jobs.tick()")
            backfill(conn)
        assert is_filling(conn)
    (pos,) = appended.result()
    for _ in range(5):
        conn.execute("select jobs.tick()")
        backfill(conn)
    assert is_filling(conn), "the filling has ended though an append is open that nobody serves"
    end(appender)
    later = append(conn)
    settle(conn)
    assert sorted(delivered(conn)) == [pos, *later]


def test_an_append_is_waited_for_from_before_it_looks_at_the_subscriptions(
    conn: Session, connect: Connect, appender: Session
) -> None:
    # held between the look and the insert, where only the lock that it takes first tells of it
    conn.execute(
        f"""alter function jobs._appended_before(text, jobs.new_event[]) rename to really_before;
        create function jobs._appended_before(stream text, events jobs.new_event[])
        returns bigint[] language plpgsql as $$
        begin
          perform pg_advisory_xact_lock_shared({GATE});
          return jobs.really_before(stream, events);
        end $$"""
    )
    gate = connect()
    value(gate, "select pg_advisory_lock(%s)", GATE)
    with threads(1) as pool:
        try:
            appended = pool.submit(append, appender, 2)
            until_waiting(conn, appender)
            subscribe(conn)
            for _ in range(5):
                conn.execute("select jobs.tick()")
            assert is_filling(conn)
        finally:
            value(gate, "select pg_advisory_unlock(%s)", GATE)
    settle(conn)
    assert delivered(conn) == appended.result()


def test_the_filling_does_not_end_by_what_was_decided_before_the_subscription_was_committed(
    conn: Session, connect: Connect, appender: Session
) -> None:
    operator = connect()
    begin(operator)
    subscribe(operator)
    for _ in range(2):
        backfill(operator)
        conn.execute("select jobs.tick()")
    begin(appender)
    with held_append(conn, connect, appender) as appended:
        operator.execute("commit")
        for _ in range(5):
            backfill(conn)
        assert is_filling(conn)
    appender.execute("commit")
    settle(conn)
    assert delivered(conn) == appended.result()


def test_an_append_of_long_ago_that_is_rolled_back_ends_the_filling_too(
    conn: Session, connect: Connect, appender: Session
) -> None:
    begin(appender)
    with held_append(conn, connect, appender):
        subscribe(conn)
    for _ in range(3):
        conn.execute("select jobs.tick()")
    assert is_filling(conn)
    appender.execute("rollback")
    settle(conn)
    assert delivered(conn) == []


def test_a_prepared_append_holds_the_filling_until_it_is_decided(
    conn: Session, connect: Connect, appender: Session
) -> None:
    begin(appender)
    with held_append(conn, connect, appender) as appended:
        subscribe(conn)
    appender.execute("prepare transaction 'late'")
    for _ in range(5):
        conn.execute("select jobs.tick()")
    assert is_filling(conn)
    appender.execute("commit prepared 'late'")
    settle(conn)
    assert delivered(conn) == appended.result()


def test_an_append_that_was_undone_to_a_savepoint_gets_no_job_and_the_next_one_does(
    conn: Session, connect: Connect, appender: Session
) -> None:
    begin(appender)
    appender.execute("savepoint before")
    with held_append(conn, connect, appender):
        subscribe(conn)
    appender.execute("rollback to before")
    kept = append(appender)
    appender.execute("savepoint after")
    append(appender)
    appender.execute("rollback to after")
    appender.execute("commit")
    settle(conn)
    assert delivered(conn) == kept


def test_an_append_held_through_a_pause_has_served_the_subscription_itself(
    conn: Session, connect: Connect, appender: Session
) -> None:
    subscribe(conn)
    settle(conn)
    begin(appender)
    with held_append(conn, connect, appender) as appended:
        pause(conn)
    meanwhile = append(conn, stream="s-2")
    appender.execute("commit")
    assert delivered(conn) == appended.result()
    resume(conn)
    settle(conn)
    assert sorted(delivered(conn)) == sorted([*appended.result(), *meanwhile])


def test_an_append_held_through_a_resume_gets_its_job_by_backfill(
    conn: Session, connect: Connect, appender: Session
) -> None:
    subscribe(conn)
    pause(conn)
    first = append(conn)
    begin(appender)
    with held_append(conn, connect, appender) as appended:
        resume(conn)
        second = append(conn, stream="s-2")
        for _ in range(3):
            conn.execute("select jobs.tick()")
        assert is_filling(conn)
    appender.execute("commit")
    settle(conn)
    assert sorted(delivered(conn)) == sorted([*first, *second, *appended.result()])


def test_an_append_held_through_a_pause_and_a_resume_is_neither_lost_nor_doubled(
    conn: Session, connect: Connect, appender: Session
) -> None:
    subscribe(conn)
    begin(appender)
    with held_append(conn, connect, appender) as appended:
        for nth in range(3):
            pause(conn)
            append(conn, stream=f"p-{nth}")
            conn.execute("select jobs.tick()")
            resume(conn)
            append(conn, stream=f"r-{nth}")
            conn.execute("select jobs.tick()")
    appender.execute("commit")
    settle(conn)
    events = column(conn, "select pos from jobs.stream_event order by pos")
    assert len(events) == 7
    assert sorted(delivered(conn)) == events
    assert appended.result()[0] in events


def test_an_append_held_while_the_subscription_is_made_anew_is_the_new_ones(
    conn: Session, connect: Connect, appender: Session
) -> None:
    subscribe(conn)
    begin(appender)
    with held_append(conn, connect, appender) as appended:
        unsubscribe(conn)
        subscribe(conn)
    appender.execute("commit")
    settle(conn)
    assert delivered(conn) == appended.result()


def test_an_append_held_while_the_subscription_ends_makes_no_job(
    conn: Session, connect: Connect, appender: Session
) -> None:
    subscribe(conn)
    begin(appender)
    with held_append(conn, connect, appender):
        unsubscribe(conn)
    appender.execute("commit")
    conn.execute("select jobs.tick()")
    assert delivered(conn) == []


def test_an_append_while_the_subscription_is_not_committed_gets_its_job_afterwards(
    conn: Session, connect: Connect
) -> None:
    operator = connect()
    begin(operator)
    subscribe(operator)
    (own,) = append(operator, stream="s-2")
    (pos,) = append(conn)
    assert delivered(conn) == []
    operator.execute("commit")
    settle(conn)
    assert sorted(delivered(conn)) == sorted([own, pos])


@pytest.mark.parametrize("undo", ["rollback", "rollback to before"])
def test_a_subscription_that_is_undone_leaves_no_trace(
    undo: LiteralString, conn: Session, connect: Connect
) -> None:
    append(conn, 3)
    operator = connect()
    begin(operator)
    operator.execute("savepoint before")
    subscribe(operator, start="beginning")
    append(operator, stream="s-2")
    append(conn)
    operator.execute(undo)
    append(operator, stream="s-3")
    rollback(operator) if undo == "rollback" else operator.execute("commit")
    conn.execute("select jobs.tick()")
    assert delivered(conn) == []
    assert rows(conn, "select generation, live from jobs.fan_out") == [(0, False)]
    # the generation that nobody has seen is drawn again
    subscribe(conn, start="beginning")
    settle(conn)
    assert delivered(conn) == column(conn, "select pos from jobs.stream_event order by pos")


def test_a_pause_that_is_rolled_back_changes_nothing(conn: Session, connect: Connect) -> None:
    subscribe(conn)
    settle(conn)
    operator = connect()
    begin(operator)
    pause(operator)
    during = append(conn)
    operator.execute("rollback")
    after = append(conn)
    assert delivered(conn) == [*during, *after]
    settle(conn)
    assert delivered(conn) == [*during, *after]


@pytest.mark.parametrize("isolation", OLD_SNAPSHOTS)
@pytest.mark.parametrize("change", [subscribe, pause, resume, unsubscribe, widen])
def test_an_append_in_a_snapshot_older_than_a_change_fails_rather_than_lose_an_event(
    change: Callable[[Session], Any], isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    if change is not subscribe:
        subscribe(conn)
    if change is resume:
        pause(conn)
    old = connect()
    old.execute("begin isolation level " + isolation)
    old.execute("select count(*) from jobs.fan_out")
    change(conn)
    with pytest.raises(psycopg.errors.SerializationFailure):
        append(old, of="b" if change is widen else "a")
    old.execute("rollback")
    old.execute("begin isolation level " + isolation)
    again = append(old, of="b" if change is widen else "a")
    old.execute("commit")
    settle(conn)
    assert delivered(conn) == ([] if change in (pause, unsubscribe) else again)


@pytest.mark.parametrize("isolation", OLD_SNAPSHOTS)
def test_a_change_waits_for_an_append_in_an_old_snapshot_and_other_appends_do_not(
    isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    old, operator = connect(), connect()
    old.execute("begin isolation level " + isolation)
    (before,) = append(old)
    with threads(1) as pool:
        subscribing = pool.submit(subscribe, operator, start=str(before - 1))
        until_waiting(conn, operator)
        conn.execute("set statement_timeout = '5s'")
        meanwhile = append(conn, stream="s-2")
        (after,) = append(old)
        old.execute("commit")
        assert subscribing.result() == "created"
    settle(conn)
    assert sorted(delivered(conn)) == sorted([before, *meanwhile, after])


@pytest.mark.parametrize("isolation", OLD_SNAPSHOTS)
def test_a_backfill_does_not_wait_for_an_append_in_an_old_snapshot_and_goes_live_after_it(
    isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    past = append(conn, 1200)
    conn.execute("select jobs.tick()")
    subscribe(conn, start="beginning")
    old = connect()
    old.execute("begin isolation level " + isolation)
    (late,) = append(old)
    conn.execute("set statement_timeout = '5s'")
    for _ in range(3):
        conn.execute("select jobs.tick()")
    state = value(conn, "select state from jobs.list_subscriptions('index')")
    assert (state, delivered(conn)) == ("catching_up", past)
    old.execute("commit")
    settle(conn)
    assert value(conn, "select state from jobs.list_subscriptions('index')") == "live"
    assert delivered(conn) == [*past, late]


def test_of_two_backfills_at_once_one_does_nothing_and_does_not_wait(
    conn: Session, connect: Connect
) -> None:
    past = append(conn, 20)
    subscribe(conn)
    conn.execute("update jobs.subscription set backfill_pos = 0, live = '{}'")
    first, second = connect(), connect()
    second.execute("set statement_timeout = '5s'")
    begin(first)
    assert backfill(first, 5) == [(5, True)]
    assert backfill(second, 5) == [(0, False)]
    first.execute("rollback")
    assert delivered(conn) == []
    assert backfill(second, 5) == [(5, True)]
    begin(first)
    assert backfill(first, 5) == [(5, True)]
    terminate(conn, first)
    settle(conn)
    assert delivered(conn) == past


def test_many_backfills_and_appends_at_once_make_one_job_of_each_event_in_order(
    conn: Session, connect: Connect
) -> None:
    past = append(conn, 60)
    subscribe(conn)
    conn.execute("update jobs.subscription set backfill_pos = 0, live = '{}'")

    def fill(nth: int) -> None:
        session = connect()
        for step in range(30):
            begin(session)
            backfill(session, 3)
            session.execute("rollback" if (step + nth) % 3 == 0 else "commit")

    def write(nth: int) -> None:
        session = connect()
        for step in range(30):
            begin(session)
            append(session, 2, stream=f"w-{nth}")
            session.execute("rollback" if step % 4 == 0 else "commit")

    at_once([partial(fill, n) for n in range(3)] + [partial(write, n) for n in range(2)])
    settle(conn)
    events = column(conn, "select pos from jobs.stream_event order by pos")
    jobs = delivered(conn)
    assert sorted(jobs) == events
    assert [pos for pos in jobs if pos <= past[-1]] == past


def test_a_backfill_in_an_old_snapshot_makes_no_job_twice(conn: Session, connect: Connect) -> None:
    past = append(conn, 8)
    subscribe(conn, start=str(past[-1]))
    conn.execute("update jobs.subscription set backfill_pos = 0, live = '{}', settle_pos = null")
    conn.execute("select jobs.tick()")
    old = connect()
    old.execute("begin isolation level repeatable read")
    old.execute("select count(*) from jobs.subscription")
    backfill(conn, 5)
    with pytest.raises(psycopg.errors.SerializationFailure):
        backfill(old, 5)
    old.execute("rollback")
    old.execute("begin isolation level repeatable read")
    backfill(old, 5)
    late = append(conn)
    while backfill(old, 5)[0][1]:
        pass
    old.execute("commit")
    settle(conn)
    assert delivered(conn) == [*past, *late]


def test_a_backfill_in_a_transaction_that_has_appended_takes_its_events_later(
    conn: Session, connect: Connect
) -> None:
    (first,) = append(conn)
    conn.execute("select jobs.tick()")
    session = connect()
    begin(session)
    (own,) = append(session)
    subscribe(session, start="beginning")
    (served,) = append(session)
    backfill(session)
    session.execute("commit")
    settle(conn)
    assert sorted(delivered(conn)) == [first, own, served]


def test_the_same_name_subscribed_at_once_is_one_subscription(
    conn: Session, connect: Connect
) -> None:
    answers = at_once([lambda: subscribe(connect()) for _ in range(5)])
    assert sorted(answers) == ["created", *["unchanged"] * 4]
    (pos,) = append(conn)
    assert delivered(conn) == [pos]


def test_an_append_does_not_wait_for_a_change_that_is_open(conn: Session, connect: Connect) -> None:
    subscribe(conn)
    settle(conn)
    operator, writer = connect(), connect()
    writer.execute("set statement_timeout = '5s'")
    changes: list[Callable[[Session], Any]] = [widen, pause, unsubscribe]
    for change in changes:
        begin(operator)
        change(operator)
        (pos,) = append(writer)
        assert not is_waiting(conn, writer)
        operator.execute("rollback")
        assert delivered(conn)[-1] == pos
    assert problems(conn) == []
