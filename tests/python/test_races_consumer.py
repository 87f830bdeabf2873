"""Processes of one consumer among themselves, and against appends that are not committed yet."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any, LiteralString

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
    column,
    complete,
    enqueue,
    rollback,
    rows,
    terminate,
    threads,
    until_waiting,
    value,
)
from faults.streams import ISOLATIONS, append

STALE = "JB001"
GATE = 7
WIDTH = 1 << 24  # of the first partition, in positions


@pytest.fixture
def other(connect: Connect) -> Session:
    """A second process, which gives up rather than wait."""
    session = connect()
    session.execute("set statement_timeout = '5s'")
    return session


def create(session: Session, types: str = "a") -> str:
    """The consumer `view` of events of this type; keeps its position if it is there."""
    return str(
        value(session, "select jobs.create_consumer('view', 'beginning', array[%s], null)", types)
    )


def poll(session: Session, max_events: int = 100) -> dict[int, int]:
    """A batch; the token of each position."""
    return dict(rows(session, "select pos, token from jobs.poll('view', %s)", max_events))


def ack(session: Session, pos: int, token: int | None = None) -> None:
    """The events up to there are done."""
    session.execute("select jobs.ack('view', %s, %s)", (pos, token))


def position(session: Session) -> int:
    """Where the consumer stands."""
    return int(value(session, "select pos from jobs.list_consumers('view')"))


def refused(session: Session, action: Callable[[], Any]) -> str | None:
    """The SQLSTATE with which it is refused; its transaction is rolled back."""
    try:
        action()
    except psycopg.Error as error:
        rollback(session)
        return error.sqlstate
    return None


def test_a_second_process_gets_nothing_while_a_batch_is_in_an_open_transaction(
    conn: Session, connect: Connect, other: Session
) -> None:
    events = append(conn, 4)
    create(conn)
    first = connect()
    begin(first)
    assert list(poll(first, 2)) == events[:2]
    assert poll(other) == {}
    ack(first, events[1])
    assert poll(other) == {}
    first.execute("commit")
    assert list(poll(other)) == events[2:]


@pytest.mark.parametrize("kill", [False, True], ids=["rolled back", "killed"])
def test_a_batch_whose_transaction_does_not_commit_is_the_next_ones_at_once(
    kill: bool, conn: Session, connect: Connect, other: Session
) -> None:
    events = append(conn, 3)
    create(conn)
    first = connect()
    begin(first)
    poll(first)
    ack(first, events[1])
    if kill:
        terminate(conn, first)
    else:
        first.execute("rollback")
    begin(other)
    assert list(poll(other)) == events
    ack(other, events[-1])
    other.execute("commit")
    assert poll(conn) == {}


def test_a_batch_undone_to_a_savepoint_is_polled_again_in_the_same_transaction(
    conn: Session, connect: Connect, other: Session
) -> None:
    events = append(conn, 2)
    create(conn)
    first = connect()
    begin(first)
    first.execute("savepoint before")
    assert list(poll(first)) == events
    ack(first, events[-1])
    first.execute("rollback to before")
    assert refused(first, lambda: ack(first, events[-1])) == STALE
    begin(first)
    assert list(poll(first)) == events
    ack(first, events[-1])
    first.execute("commit")
    assert position(conn) >= events[-1]
    assert poll(other) == {}


def test_a_batch_whose_lease_has_ended_is_anothers_and_its_late_ack_undoes_its_writes(
    conn: Session, connect: Connect, other: Session
) -> None:
    allow_test_clock(conn)
    conn.execute("create table effect (process text)")
    events = append(conn, 2)
    create(conn)
    first = connect()
    advance(first, 0)
    late = poll(first)
    assert poll(other) == {}
    advance(other, 31)
    again = poll(other)
    assert list(again) == list(late) == events
    assert set(again.values()).isdisjoint(late.values())
    begin(first)
    first.execute("insert into effect values ('first')")
    assert refused(first, lambda: ack(first, events[-1], late[events[-1]])) == STALE
    begin(other)
    other.execute("insert into effect values ('other')")
    ack(other, events[-1], again[events[-1]])
    other.execute("commit")
    assert rows(conn, "select process from effect") == [("other",)]
    assert refused(first, lambda: ack(first, events[-1], late[events[-1]])) == STALE


def test_a_late_ack_that_nobody_has_forestalled_counts(
    conn: Session, connect: Connect, other: Session
) -> None:
    allow_test_clock(conn)
    events = append(conn, 2)
    create(conn)
    late = poll(conn)
    advance(conn, 3600)
    ack(conn, events[-1], late[events[-1]])
    assert position(conn) == events[-1]
    assert poll(other) == {}


def test_a_late_ack_waits_for_the_transaction_that_has_the_batch_now_and_is_refused(
    conn: Session, connect: Connect
) -> None:
    allow_test_clock(conn)
    events = append(conn, 2)
    create(conn)
    first, second = connect(), connect()
    late = poll(first)
    advance(second, 31)
    begin(second)
    assert list(poll(second)) == events
    with threads(1) as pool:
        acking = pool.submit(refused, first, lambda: ack(first, events[-1], late[events[-1]]))
        until_waiting(conn, first)
        ack(second, events[0])
        second.execute("commit")
        assert acking.result() == STALE
    assert position(conn) == events[0]


def test_an_ack_that_holds_the_consumer_keeps_a_poll_after_the_lease_from_its_batch(
    conn: Session, connect: Connect, other: Session
) -> None:
    allow_test_clock(conn)
    events = append(conn, 2)
    create(conn)
    first = connect()
    batch = poll(first)
    advance(other, 31)
    begin(first)
    ack(first, events[-1], batch[events[-1]])
    assert poll(other) == {}
    first.execute("commit")
    assert poll(other) == {}


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_batch_is_polled_and_acknowledged_in_every_isolation(
    isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    events = append(conn, 3)
    create(conn)
    conn.execute("select jobs.tick()")
    process = connect()
    for pos in events:
        process.execute("begin isolation level " + isolation)
        assert list(poll(process, 1)) == [pos]
        ack(process, pos)
        process.execute("commit")
    assert position(conn) == events[-1]


@pytest.mark.parametrize("isolation", ISOLATIONS[1:])
def test_an_old_snapshot_does_not_get_a_batch_that_is_done(
    isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    events = append(conn, 2)
    create(conn)
    conn.execute("select jobs.tick()")
    old = connect()
    old.execute("begin isolation level " + isolation)
    old.execute("select count(*) from jobs.consumer")
    batch = poll(conn, 1)
    ack(conn, events[0], batch[events[0]])
    assert refused(old, lambda: poll(old)) == "40001"
    assert list(poll(old)) == events[1:]


@pytest.mark.parametrize("isolation", ISOLATIONS[1:])
def test_a_late_ack_in_an_old_snapshot_fails(
    isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    allow_test_clock(conn)
    events = append(conn, 2)
    create(conn)
    conn.execute("select jobs.tick()")
    old = connect()
    batch = poll(old)
    old.execute("begin isolation level " + isolation)
    old.execute("select count(*) from jobs.consumer")
    advance(conn, 31)
    again = poll(conn)
    assert refused(old, lambda: ack(old, events[-1], batch[events[-1]])) == "40001"
    ack(conn, events[-1], again[events[-1]])


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize("prepare", [False, True], ids=["open", "prepared"])
def test_no_event_is_returned_above_one_that_may_still_commit(
    prepare: bool, isolation: LiteralString, conn: Session, connect: Connect
) -> None:
    create(conn)
    (before,) = append(conn)
    conn.execute("select jobs.tick()")
    late, process = connect(), connect()
    begin(late)
    (held,) = append(late, stream="late-1")
    if prepare:
        late.execute("prepare transaction 'late'")
    (after,) = append(conn)
    seen: list[int] = []

    def pass_on() -> None:
        for _ in range(3):
            conn.execute("select jobs.tick()")
            process.execute("begin isolation level " + isolation)
            batch = list(poll(process))
            seen.extend(batch)
            if batch:
                ack(process, batch[-1])
            process.execute("commit")

    try:
        pass_on()
        assert seen == [before]
        assert position(conn) < held
    finally:
        late.execute("commit prepared 'late'" if prepare else "commit")
    pass_on()
    assert seen == [before, held, after]


def test_no_transition_of_a_job_is_returned_above_one_that_may_still_commit(
    conn: Session, connect: Connect
) -> None:
    value(conn, "select jobs.create_consumer('view', 'beginning', job_events => true)")
    late, process = connect(), connect()
    (first,) = enqueue(conn)
    conn.execute("select jobs.tick()")
    begin(late)
    (held,) = enqueue(late)
    (last,) = enqueue(conn)
    complete(conn, claim(conn)[first])
    conn.execute("select jobs.tick()")
    assert list(poll(process)) == [first]
    late.execute("commit")
    value(conn, "select jobs.reset_consumer('view', 'beginning')")
    seen = rows(process, "select (data ->> 'job_id')::bigint, type from jobs.poll('view')")
    assert seen == [
        (first, "job.enqueued"),
        (held, "job.enqueued"),
        (last, "job.enqueued"),
        (first, "job.claimed"),
        (first, "job.completed"),
    ]


def test_a_transaction_that_has_not_touched_the_log_holds_nobody(
    conn: Session, connect: Connect
) -> None:
    conn.execute("create table elsewhere (n int)")
    create(conn)
    unrelated = connect()
    begin(unrelated, "repeatable read")
    unrelated.execute("insert into elsewhere values (1)")
    events = append(conn, 2)
    assert list(poll(conn)) == events


@pytest.mark.parametrize(
    "change",
    ["reset_consumer('view', 'now')", "delete_consumer('view')"],
)
def test_a_consumer_is_moved_or_deleted_after_the_open_batch(
    change: LiteralString, conn: Session, connect: Connect
) -> None:
    events = append(conn, 3)
    create(conn)
    process, operator = connect(), connect()
    begin(process)
    poll(process)
    ack(process, events[0])
    with threads(1) as pool:
        changing = pool.submit(value, operator, "select jobs." + change)
        until_waiting(conn, operator)
        process.execute("commit")
        changing.result()
    assert poll(process) == {} if "reset" in change else refused(process, lambda: poll(process))


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("reset_consumer('view', 'beginning')", STALE),
        ("create_consumer('view', 'now', '{a,b}')", STALE),
        ("delete_consumer('view')", "JB004"),
    ],
)
def test_the_ack_of_a_leased_batch_is_refused_after(
    change: LiteralString, state: str, conn: Session, connect: Connect
) -> None:
    events = append(conn, 2)
    create(conn)
    process = connect()
    batch = poll(process)
    value(conn, "select jobs." + change)
    assert refused(process, lambda: ack(process, events[-1], batch[events[-1]])) == state


def test_what_a_consumer_reads_from_now_on_is_not_passed_by_a_batch_of_before(
    conn: Session, connect: Connect
) -> None:
    create(conn)
    (first,) = append(conn)
    (skipped,) = append(conn, of="b")
    process = connect()
    batch = poll(process)
    assert list(batch) == [first]
    assert value(conn, "select jobs.create_consumer('view', 'now', '{a,b}')") == "changed"
    assert refused(process, lambda: ack(process, first, batch[first])) == STALE
    assert list(poll(process)) == [first, skipped]


def test_what_is_done_with_unknown_types_may_change_under_a_batch(conn: Session) -> None:
    (pos,) = append(conn)
    create(conn)
    batch = poll(conn)
    change = "select jobs.create_consumer('view', 'now', '{a}', unknown_types => 'skip')"
    assert value(conn, change) == "changed"
    ack(conn, pos, batch[pos])
    assert position(conn) >= pos


def test_a_consumer_made_by_two_at_once_is_as_the_second_one_wants_it(
    conn: Session, connect: Connect
) -> None:
    first, second = connect(), connect()
    begin(first)
    assert create(first) == "created"
    with threads(1) as pool:
        creating = pool.submit(create, second, "b")
        until_waiting(conn, second)
        first.execute("commit")
        assert creating.result() == "changed"
    assert rows(conn, "select types from jobs.list_consumers()") == [(["b"],)]
    begin(first)
    assert value(first, "select jobs.delete_consumer('view')") is True
    with threads(1) as pool:
        creating = pool.submit(create, second, "c")
        until_waiting(conn, second)
        first.execute("rollback")
        assert creating.result() == "changed"
    assert sorted(at_once([lambda: create(connect(), "d") for _ in range(4)])) == [
        "changed",
        *["unchanged"] * 3,
    ]


def test_a_failure_is_not_held_against_who_has_the_batch_now(
    conn: Session, connect: Connect
) -> None:
    (pos,) = append(conn)
    create(conn)
    batch = poll(conn)
    failed = connect()
    nack = "select jobs.nack('view', '\"late\"')"
    assert refused(failed, lambda: failed.execute(nack)) == STALE
    ack(conn, pos, batch[pos])
    assert value(conn, "select failures from jobs.list_consumers()") == 0


def test_a_reading_that_may_not_write_reads_up_to_the_last_tick(
    conn: Session, connect: Connect
) -> None:
    # as a session of a reporting tool: default_transaction_read_only
    (first,) = append(conn)
    conn.execute("select jobs.tick()")
    late = connect()
    begin(late)
    append(late, stream="late-1")
    append(conn)
    conn.execute("update jobs.register set at = at - interval '1 minute'")
    reader = connect(options="-c default_transaction_read_only=on")
    assert column(reader, "select pos from jobs.read_all()") == [first]
    assert value(reader, "select jobs.last_pos()") == first
    assert rows(reader, "select name from jobs.list_consumers()") == []
    late.execute("commit")
    assert len(column(reader, "select pos from jobs.read_all()")) == 3


def test_an_empty_poll_takes_no_transaction_id_and_no_lock(conn: Session, connect: Connect) -> None:
    append(conn, of="other")
    create(conn)
    process = connect()
    begin(process)
    assert poll(process) == {}
    assert value(process, "select pg_current_xact_id_if_assigned()") is None
    assert create(conn) == "unchanged"


@pytest.mark.parametrize("made", ["create_consumer", "reset_consumer"])
def test_what_is_pruned_while_a_consumer_is_sent_to_a_position_is_told(
    made: LiteralString, conn: Session, connect: Connect
) -> None:
    allow_test_clock(conn)
    events = append(conn, 3)
    conn.execute("select jobs.configure_category('s', '1 day', false)")
    create(conn)
    value(conn, "select jobs.reset_consumer('view', 'now')")
    if made == "create_consumer":
        value(conn, "select jobs.delete_consumer('view')")
    # held between the look at what is pruned and the cursor
    conn.execute(
        f"""alter function jobs._check_pos(bigint, text[], text, boolean, boolean)
          rename to really_check;
        create function jobs._check_pos(
          pos bigint, patterns text[], category text, job_events boolean,
          allow_gaps boolean default false)
        returns void language plpgsql as $$
        begin
          perform jobs.really_check(pos, patterns, category, job_events, allow_gaps);
          perform pg_advisory_xact_lock_shared({GATE});
        end $$"""
    )
    gate, operator = connect(), connect()
    value(gate, "select pg_advisory_lock(%s)", GATE)
    with threads(1) as pool:
        making = pool.submit(value, operator, f"select jobs.{made}('view', %s::bigint)", events[0])
        until_waiting(conn, operator)
        advance(conn, 2 * 86400)
        assert rows(conn, "select state, jobs from jobs.prune()") == [("event", 3)]
        value(gate, "select pg_advisory_unlock(%s)", GATE)
        making.result()
    assert refused(operator, lambda: poll(operator)) == "JB011"


def test_a_reader_of_rare_transitions_skips_none_while_a_partition_cannot_be_dropped(
    conn: Session, connect: Connect
) -> None:
    allow_test_clock(conn)
    advance(conn, 0)
    for position in (WIDTH // 2, 2 * WIDTH):
        conn.execute("select setval('jobs.pos_seq', %s)", (position,))
        conn.execute("select jobs.maintain()")
        die(conn, 3)
    conn.execute("select setval('jobs.pos_seq', %s)", (6 * WIDTH,))
    conn.execute("select jobs.maintain()")
    advance(conn, 100 * 86400)
    left = die(conn, 3)
    busy = connect()
    begin(busy)
    busy.execute(f"select count(*) from jobs.job_from_{WIDTH}".encode())
    assert rows(conn, "select state, jobs from jobs.prune()") == [("dead", 6)]
    assert value(conn, "select to_regclass('jobs.job_from_' || %s) is not null", WIDTH)
    conn.execute("select jobs.create_consumer('view', 'beginning', '{job.dead}')")
    query = "select (data ->> 'job_id')::bigint from jobs.poll('view', 2)"
    assert column(conn, query) == left[:2]


def die(session: Session, count: int) -> list[int]:
    """Jobs that die; their ids."""
    jobs = enqueue(session, count)
    for token in claim(session, count).values():
        session.execute("select jobs.fail(%s, reason => 'aborted')", (token,))
    return jobs


@pytest.mark.parametrize("leased", [False, True], ids=["one transaction", "leases"])
def test_many_processes_apply_every_event_once_and_in_order(
    leased: bool, conn: Session, connect: Connect
) -> None:
    seed = random.randrange(1 << 30)
    conn.execute("create table applied (nth bigserial, pos bigint)")
    create(conn)
    writing = [True] * 2

    def write(nth: int) -> None:
        session = connect()
        chance = random.Random(seed + nth)
        for _ in range(60):
            begin(session)
            append(session, chance.choice((1, 1, 2, 30)), stream=f"s-{nth}")
            if chance.random() < 0.3:
                value(session, "select pg_sleep(0.01)")
            session.execute("rollback" if chance.random() < 0.2 else "commit")
        writing.pop()

    def process(nth: int) -> None:
        session = connect()
        chance = random.Random(seed - nth)
        while writing or not is_through(session):
            (apply_leased if leased else apply)(session, chance)

    at_once([partial(write, n) for n in range(2)] + [partial(process, n) for n in range(3)])
    applied = column(conn, "select pos from applied order by nth")
    assert applied == column(conn, "select pos from jobs.stream_event order by pos"), f"seed {seed}"


def is_through(session: Session) -> bool:
    """Whether the consumer has done every event that is committed."""
    return bool(
        value(
            session,
            """select not exists (
              select from jobs.stream_event e
              where e.pos > (select max(c.pos) from jobs.consumer_cursor c))""",
        )
    )


def note(session: Session, events: list[int]) -> None:
    """What the projection does with its events."""
    for pos in events:
        session.execute("insert into applied (pos) values (%s)", (pos,))


def apply(session: Session, chance: random.Random) -> None:
    """Poll, apply and acknowledge a batch or a part of it, in one transaction that may fail."""
    session.execute("begin")
    batch = list(poll(session, chance.choice((1, 7, 100))))
    if batch and chance.random() < 0.3:
        note(session, batch)
        session.execute("rollback")
        session.execute("select jobs.nack('view', retry_in => '0')")
        return
    if batch:
        some = chance.randrange(1, len(batch) + 1)
        note(session, batch[:some])
        ack(session, batch[some - 1])
    session.execute("commit")


def apply_leased(session: Session, chance: random.Random) -> None:
    """The same with a transaction for the poll, and two for the batch."""
    batch = poll(session, chance.choice((1, 7, 100)))
    if not batch:
        return
    events, token = list(batch), min(batch.values())
    some = chance.randrange(1, len(events) + 1)
    for part in filter(None, (events[:some], events[some:])):
        session.execute("begin")
        note(session, part)
        if chance.random() < 0.3:
            session.execute("rollback")
            session.execute("select jobs.nack('view', retry_in => '0', token => %s)", (token,))
            return
        ack(session, part[-1], token)
        session.execute("commit")
