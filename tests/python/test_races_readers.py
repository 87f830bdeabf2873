"""Reading the log while others write: nothing that commits late is passed over, and only who has
touched the log is waited for."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, LiteralString

import psycopg
import pytest

from databases import database
from faults.sessions import (
    Connect,
    Session,
    advance,
    allow_test_clock,
    begin,
    claim,
    column,
    complete,
    enqueue,
    rollback,
    rows,
    value,
)
from txjobs import embedded

OLD_SNAPSHOTS: list[LiteralString] = ["repeatable read", "serializable"]


@pytest.fixture
def ticker(conn: Session, connect: Connect) -> Session:
    """A session that ticks, on the test clock."""
    allow_test_clock(conn)
    session = connect()
    advance(session, 0)
    return session


@pytest.fixture
def late(connect: Connect) -> Iterator[Session]:
    """The session whose transaction stays open."""
    session = connect()
    yield session
    rollback(session)
    for (name,) in rows(session, "select gid from pg_prepared_xacts"):
        session.execute(f"rollback prepared '{name}'".encode())


@pytest.fixture
def reader(connect: Connect) -> Session:
    """A session that reads, and may not wait for anybody."""
    session = connect()
    session.execute("set lock_timeout = '1ms'")
    return session


def append(session: Session, stream: str = "order-1") -> int:
    """Append an event; returns its position."""
    return int(value(session, "select jobs.append_event(%s, 't')", stream))


def tick(ticker: Session, times: int = 1) -> None:
    """So many ticks, each 0.1 s later."""
    for _ in range(times):
        advance(ticker, 0.1)
        assert value(ticker, "select jobs.tick()")


def stop_at(session: Session, ticker: Session) -> None:
    """The session's clock stands where the ticker's does."""
    value(session, "select jobs.set_test_clock(%s)", value(ticker, "select jobs.now()"))


def read(session: Session, after: int | None = None) -> list[int]:
    """The positions of the users' events that can be read."""
    return column(session, "select pos from jobs.read_all(%s, job_events => false)", after)


def read_jobs(session: Session, after: int | None = None) -> list[int]:
    """The positions of the jobs' events that can be read."""
    return column(session, "select pos from jobs.read_all(%s, job_events => true)", after)


def plainly(late: Session) -> Callable[[], object]:
    """Leave the transaction open; returns how to commit it."""
    return lambda: late.execute("commit")


def prepared(late: Session) -> Callable[[], object]:
    """Prepare the transaction; returns how to commit it."""
    late.execute("prepare transaction 'late'")
    return lambda: late.execute("commit prepared 'late'")


@pytest.mark.parametrize("hold", [plainly, prepared])
def test_an_open_append_holds_readers_at_its_position(
    hold: Callable[[Session], Callable[[], object]],
    conn: Session,
    ticker: Session,
    late: Session,
    reader: Session,
) -> None:
    before = append(conn)
    tick(ticker)
    begin(late)
    held = append(late)
    after = append(conn, "order-2")
    commit = hold(late)
    for _ in range(3):
        tick(ticker, 5)
        assert read(reader) == [before]
        assert value(reader, "select jobs.last_pos()") < held
    assert read(reader, before) == []
    commit()
    assert read(reader, before) == [held, after]


def test_an_append_that_is_rolled_back_holds_nobody_any_longer(
    conn: Session, ticker: Session, late: Session, reader: Session
) -> None:
    begin(late)
    append(late)
    after = append(conn, "order-2")
    tick(ticker, 3)
    assert read(reader) == []
    late.execute("rollback")
    assert read(reader) == [after]


@pytest.mark.parametrize("by", ["an enqueue", "an outcome"])
def test_a_transaction_that_touched_the_log_by_its_jobs_holds_readers_too(
    by: str, conn: Session, ticker: Session, late: Session, reader: Session
) -> None:
    enqueue(conn)
    (token,) = claim(conn).values()
    tick(ticker)
    begin(late)
    if by == "an enqueue":
        enqueue(late)
    else:
        complete(late, token)
    seen = read_jobs(reader)
    after = append(conn)
    tick(ticker, 3)
    assert read(reader) == []
    assert read_jobs(reader) == seen
    late.execute("commit")
    assert read(reader) == [after]
    assert len(read_jobs(reader, seen[-1])) == 1


def test_its_own_append_is_read_from_its_stream_at_once_and_from_the_log_after_its_commit(
    conn: Session, ticker: Session, late: Session
) -> None:
    before = append(conn)
    tick(ticker)
    begin(late)
    own = append(late)
    assert column(late, "select pos from jobs.read_stream('order-1')") == [before, own]
    assert column(late, "select pos from jobs.latest('order-1')") == [own]
    assert read(late) == [before]
    late.execute("commit")
    assert read(late) == [before, own]


def touch_another_table(session: Session) -> None:
    """Write, with a transaction id and locks, to what is not ours."""
    session.execute("insert into elsewhere values (1)")
    session.execute("lock table elsewhere in exclusive mode")
    assert value(session, "select pg_current_xact_id()")


def read_the_log(session: Session) -> None:
    """Read with a snapshot that is kept."""
    session.execute("select count(*) from jobs.read_all()")
    session.execute("select count(*) from jobs.stream_event")


def be_refused(session: Session) -> None:
    """An append that is undone within its transaction, which goes on."""
    session.execute("savepoint before")
    append(session, "order-3")
    session.execute("rollback to before")
    session.execute("insert into elsewhere values (1)")


@pytest.mark.parametrize("act", [touch_another_table, read_the_log, be_refused])
@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_who_has_nothing_in_the_log_stalls_nobody(
    isolation: LiteralString,
    act: Callable[[Session], None],
    conn: Session,
    ticker: Session,
    late: Session,
    reader: Session,
) -> None:
    conn.execute("create table elsewhere (n int)")
    before = append(conn)
    tick(ticker)
    stop_at(reader, ticker)  # so that it does not tick itself
    begin(late, isolation)
    act(late)
    after = append(conn)
    assert read(reader) == [before, after]


@pytest.mark.parametrize("prepare", [False, True], ids=["open", "prepared"])
def test_a_writer_in_another_database_stalls_nobody_even_in_a_log_of_its_own(
    prepare: bool,
    conn: Session,
    ticker: Session,
    reader: Session,
    server: embedded.Server,
    template: str,
) -> None:
    # a copy of the same template: its tables have the same numbers as ours
    with database(server.dsn, "txjobs_other", template=template) as dsn, ExitStack() as stack:
        elsewhere = stack.enter_context(psycopg.connect(dsn, autocommit=True))
        table = "select 'jobs.stream_event'::regclass::oid::int"
        assert value(elsewhere, table) == value(conn, table)
        elsewhere.execute("begin")
        append(elsewhere)
        enqueue(elsewhere)
        if prepare:
            elsewhere.execute("prepare transaction 'elsewhere'")
            stack.callback(elsewhere.execute, "rollback prepared 'elsewhere'")
        else:
            stack.callback(elsewhere.execute, "rollback")
        before = append(conn)
        tick(ticker)
        pos = append(conn)
        stop_at(reader, ticker)  # so that it does not tick itself
        assert read(reader) == [before, pos]
        tick(ticker)
        assert value(conn, "select safe_pos from jobs.register order by ver desc limit 1") >= pos


@pytest.mark.parametrize("isolation", OLD_SNAPSHOTS)
def test_an_old_snapshot_is_never_shown_a_position_above_one_that_it_will_see_later(
    isolation: LiteralString, conn: Session, ticker: Session, late: Session, reader: Session
) -> None:
    seen: list[int] = []
    appended = [append(conn)]
    for nth in range(6):
        tick(ticker)
        begin(late)
        held = append(late, "order-2")
        appended += [held, append(conn)]
        begin(reader, isolation)
        page = read(reader, seen[-1] if seen else None)
        tick(ticker, nth % 3)
        late.execute("commit")
        tick(ticker, nth % 2)
        # the snapshot was taken while the first was open: neither may be passed over
        page += read(reader, (page or seen or [0])[-1])
        reader.execute("commit")
        assert all(pos < held for pos in page)
        seen += page
    tick(ticker, 2)
    begin(reader, isolation)
    seen += read(reader, seen[-1])
    reader.execute("commit")
    assert seen == appended


def test_a_transaction_that_may_only_read_reads_while_another_one_appends(
    conn: Session, late: Session, reader: Session
) -> None:
    before = append(conn)
    conn.execute("select jobs.tick()")
    begin(late)
    append(late, "order-2")
    conn.execute("update jobs.register set at = '-infinity'")  # so that a reader would tick
    for isolation in ("read committed", *OLD_SNAPSHOTS):
        reader.execute(f"begin isolation level {isolation} read only".encode())
        assert read(reader) == [before]
        assert column(reader, "select pos from jobs.read_category('order')") == [before]
        assert column(reader, "select pos from jobs.read_stream('order-1')") == [before]
        reader.execute("commit")


def test_where_nobody_ticks_a_reader_does(conn: Session, late: Session, reader: Session) -> None:
    allow_test_clock(conn)
    begin(late)
    first = append(late)
    advance(reader, 0)
    assert read(reader) == []
    late.execute("commit")
    begin(late)
    second = append(late)
    advance(reader, 1.1)
    assert read(reader) == [first]
    late.execute("commit")
    assert read(reader) == [first, second]


@pytest.mark.parametrize("hold", [plainly, prepared])
@pytest.mark.parametrize("last", [0, 2**31 - 2, 2**32 - 2, 2**40])
def test_where_nobody_ticks_an_open_append_holds_readers_at_its_own_position(
    last: int,
    hold: Callable[[Session], Callable[[], object]],
    conn: Session,
    late: Session,
    reader: Session,
) -> None:
    if last:
        value(conn, "select setval('jobs.pos_seq', %s)", last)
    before = append(conn)
    begin(late)
    held = append(late)
    after = append(conn, "order-2")
    commit = hold(late)
    assert read(reader) == [before]
    assert value(reader, "select jobs.last_pos()") == before
    commit()
    assert read(reader) == [before, held, after]


def test_a_savepoint_that_is_rolled_back_holds_readers_no_longer_and_a_new_append_does(
    conn: Session, late: Session, reader: Session
) -> None:
    begin(late)
    late.execute("savepoint s")
    append(late)
    late.execute("rollback to s")
    before = append(conn)
    assert read(reader) == [before]
    held = append(late)
    after = append(conn, "order-2")
    assert read(reader) == [before]
    late.execute("commit")
    assert read(reader) == [before, held, after]


def test_many_appends_of_a_transaction_take_two_locks_for_their_floors(
    conn: Session, late: Session
) -> None:
    begin(late)
    for _ in range(50):
        append(late)
    advisory = "select count(*) from pg_locks where locktype = 'advisory'"
    assert value(conn, advisory) == 2
    late.execute("commit")
    assert value(conn, advisory) == 0


def test_a_reader_waits_for_no_lock(conn: Session, late: Session, reader: Session) -> None:
    pos = append(conn)
    begin(late)
    append(late)
    late.execute("select * from jobs.register for update")
    late.execute("select * from jobs.stream_event for update")
    late.execute("select jobs.configure_category('order', keep => '1 day')")
    assert set(read(reader)) <= {pos}
    assert column(reader, "select pos from jobs.read_stream('order-1')") == [pos]


def pages(session: Session) -> list[Any]:
    """All of the log, by pages of two positions."""
    got: list[Any] = []
    after = None
    while page := rows(session, "select pos, stream from jobs.read_all(%s, 2)", after):
        got += sorted(page)
        after = page[-1][0]
    return got


def test_what_is_read_while_others_write_is_what_is_read_afterwards(
    conn: Session, connect: Connect, ticker: Session, reader: Session
) -> None:
    enqueue(conn)
    sessions = [connect() for _ in range(4)]
    got: list[Any] = []
    for nth in range(60):
        session = sessions[nth % 4]
        if nth % 7 == 0:
            rollback(session)
        elif nth >= len(sessions):
            session.execute("commit")
        begin(session)
        append(session, f"order-{nth % 4}")
        enqueue(session, nth % 3 + 1)
        if nth % 2:
            append(session, f"order-{nth % 4}")
        if nth % 5 == 0:
            tick(ticker)
        after = got[-1][0] if got else None
        got += sorted(rows(reader, "select pos, stream from jobs.read_all(%s, 3)", after))
    for session in sessions:
        session.execute("commit")
    while page := rows(reader, "select pos, stream from jobs.read_all(%s, 3)", got[-1][0]):
        got += sorted(page)
    assert got == pages(conn)
    everything = rows(
        conn,
        """select pos, stream from jobs.stream_event union all
        select pos, 'job-' || job_id from jobs.job_event order by 1, 2""",
    )
    assert sorted(got) == everything
