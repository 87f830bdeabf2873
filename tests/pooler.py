"""PgBouncer in transaction mode before a test's database.

A module of tests takes the fixture with `pooled_dsn = pooler.pooled_dsn`.
"""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from txjobs import embedded
from waiting import until


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
