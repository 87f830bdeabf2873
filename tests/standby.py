"""A standby of a test's database.

A module of tests takes the fixture with `standby = standbys.standby`, having imported this one
under that name.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from faults.sessions import Session, rows
from txjobs import embedded
from txjobs.embedded import Binaries


@pytest.fixture
def standby(binaries: Binaries, server: embedded.Server, conn: Session) -> Iterator[Session]:
    """A session on a standby of the test's database."""
    tool = binaries.bindir / "pg_basebackup"
    if server.data_dir is None or not tool.is_file():
        pytest.skip("no pg_basebackup here, or not our server")
    data = server.data_dir.with_name(f"standby-{conn.info.dbname}")
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
    shutil.rmtree(data, ignore_errors=True)
