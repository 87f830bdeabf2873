"""A standby, whose readers see neither the primary's locks nor what has not been replayed."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from faults.sessions import Connect, Session, begin, column, rows, value
from faults.streams import append
from txjobs import embedded
from txjobs.embedded import Binaries
from waiting import until


@pytest.fixture
def standby(binaries: Binaries, server: embedded.Server, conn: Session) -> Iterator[Session]:
    """A session on a standby of the test's database."""
    tool = binaries.bindir / "pg_basebackup"
    if server.data_dir is None or not tool.is_file():
        pytest.skip("no pg_basebackup here, or not our server")
    data = server.data_dir.with_name("standby")
    command = [str(tool), "-D", str(data), "-d", server.dsn, "-R", "-X", "stream", "-c", "fast"]
    subprocess.run(command, check=True, capture_output=True)
    for lock in data.glob(".s.PGSQL.*.lock"):  # of the primary's socket, which lies in its data
        lock.unlink()
    owner = server.data_dir.stat()
    for path in (data, *data.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    # a standby must have room for as much as its primary
    settings = dict(
        rows(
            conn,
            """select name, setting from pg_settings
            where name in ('max_connections', 'max_prepared_transactions')""",
        )
    )
    with embedded.start(data, binaries=binaries, fsync=False, settings=settings) as running:
        name = str(conninfo_to_dict(conn.info.dsn)["dbname"])
        with psycopg.connect(make_conninfo(running.dsn, dbname=name), autocommit=True) as session:
            yield session


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
