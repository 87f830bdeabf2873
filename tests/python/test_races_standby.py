"""A standby, whose readers see neither the primary's locks nor what has not been replayed."""

from typing import Any

import standby as standbys
from faults.sessions import Connect, Session, begin, column, value
from faults.streams import append
from waiting import until

standby = standbys.standby


def replayed(primary: Session, standby: Session) -> None:
    """Return once the standby has what the primary has written by now."""
    here: Any = value(primary, "select pg_current_wal_flush_lsn()::text")
    until(
        lambda: value(standby, "select pg_last_wal_replay_lsn() >= %s::pg_lsn", here),
        "the standby has replayed it",
    )


def test_a_reader_on_a_standby_skips_no_event_that_commits_late(
    conn: Session, connect: Connect, standby: Session
) -> None:
    (first,) = append(conn)
    conn.execute("select jobs.tick()")
    late = connect()
    begin(late)
    (held,) = append(late, stream="late-1")
    (after,) = append(conn)
    conn.execute("select jobs.tick()")
    replayed(conn, standby)
    assert value(standby, "select count(*) from jobs.stream_event") == 2
    assert column(standby, "select pos from jobs.read_all()") == [first]
    late.execute("commit")
    conn.execute("select jobs.tick()")
    conn.execute("select jobs.tick()")
    replayed(conn, standby)
    assert column(standby, "select pos from jobs.read_all()") == [first, held, after]
    assert column(standby, "select pos from jobs.read_all(after => %s)", first) == [held, after]
