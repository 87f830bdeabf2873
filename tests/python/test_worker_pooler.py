"""A worker behind PgBouncer in transaction mode."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from consumers import append, applied, consumer, make_projection
from txjobs import Client, Event, Jobs, embedded
from waiting import until
from workers import running

Conn = psycopg.Connection[Any]


@pytest.fixture
def pooled_dsn(dsn: str, server: embedded.Server, tmp_path: Path) -> Iterator[str]:
    """The test's database, through a pooler that gives each transaction any connection."""
    pgbouncer = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/usr/bin")
    if pgbouncer is None or server.data_dir is None:
        pytest.skip("pgbouncer is not installed here, or the server is not ours")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    parameters = conninfo_to_dict(dsn)
    config = tmp_path / "pgbouncer.ini"
    config.write_text(
        "[databases]\n"
        f"* = host={parameters['host']} user={parameters['user']}\n"
        "[pgbouncer]\n"
        "pool_mode = transaction\n"
        "default_pool_size = 3\n"
        "auth_type = any\n"
        "listen_addr = 127.0.0.1\n"
        f"listen_port = {port}\n"
        "unix_socket_dir =\n"
        "ignore_startup_parameters = extra_float_digits\n"
    )
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    command = [pgbouncer, "-q", str(config)]
    if os.geteuid() == 0:  # it refuses to be root; the server's own account may enter its directory
        command[1:1] = ["-u", pwd.getpwuid(server.data_dir.stat().st_uid).pw_name]
    pooler = subprocess.Popen(command, stderr=subprocess.PIPE)
    pooled = f"host=127.0.0.1 port={port} dbname={parameters['dbname']} user=anyone"

    def answers() -> bool:
        assert pooler.poll() is None, pooler.communicate()
        try:
            psycopg.connect(pooled, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        until(answers, "the pooler answers")
        yield pooled
    finally:
        pooler.terminate()
        pooler.communicate(timeout=10)


def test_consumers_behind_a_pooler_in_transaction_mode_apply_all_events(
    pooled_dsn: str, conn: Conn
) -> None:
    app = Jobs()
    make_projection(conn)

    @consumer(app, "in_a_thread", batch=7)
    def in_a_thread(conn: Conn, events: list[Event[Any]]) -> None:
        for event in events:
            values = ("in_a_thread", event.pos, event.data["n"])
            conn.execute("insert into applied values (%s, %s, %s)", values)

    @consumer(app, "on_the_loop", batch=7)
    async def on_the_loop(conn: psycopg.AsyncConnection[Any], events: list[Event[Any]]) -> None:
        for event in events:
            values = ("on_the_loop", event.pos, event.data["n"])
            await conn.execute("insert into applied values (%s, %s, %s)", values)

    append(conn, range(100))
    with running(app, pooled_dsn, notify=False, prepare=False) as worker:
        until(lambda: worker.stats.consumed == 200, "all is applied")
    for name in ("in_a_thread", "on_the_loop"):
        assert applied(conn, name) == list(range(100))


def test_a_worker_behind_a_pooler_in_transaction_mode_runs_all_jobs(
    pooled_dsn: str, conn: Conn
) -> None:
    app = Jobs()

    @app.task
    async def double(n: int) -> int:
        return 2 * n

    with running(app, pooled_dsn, notify=False, prepare=False):
        first = double.enqueue_many(conn, [double.job(n) for n in range(200)])
        delayed = double.using(delay=1.0).enqueue(conn, 21)
        with Client(conn) as client:
            assert client.result(delayed, timeout=20) == 42
            until(lambda: client.state(first[-1]) == "completed", "the last one is completed")
    states = conn.execute("select state, count(*) from jobs.job_state group by 1").fetchall()
    assert states == [("completed", 201)]
