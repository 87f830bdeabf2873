"""The server for demos and tests: which one it takes, how it starts, and how it ends."""

import os
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import psycopg
import pytest

from txjobs import embedded
from txjobs.embedded import Binaries, ServerUnavailable
from waiting import until


def running(data_dir: Path) -> bool:
    """Whether a server of this data directory runs."""
    try:
        pid = int((data_dir / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True


def test_a_server_that_runs_already_is_used_as_it_is() -> None:
    with embedded.start(dsn="postgresql://somewhere/app") as server:
        assert server == embedded.Server("postgresql://somewhere/app")


def test_a_dsn_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(psycopg.ProgrammingError), embedded.start(dsn="postgres//nonsense"):
        pass


def test_a_server_ends_with_its_block_and_leaves_nothing(binaries: Binaries) -> None:
    with embedded.start(binaries=binaries, fsync=False) as server:
        assert server.data_dir
        assert running(server.data_dir)
        with psycopg.connect(server.dsn) as conn:
            version = conn.info.server_version
    assert version // 10000 == binaries.major
    assert not server.data_dir.parent.exists()


def test_a_data_directory_is_kept_and_used_again_at_the_same_dsn(
    binaries: Binaries, fast_directory: Path | None
) -> None:
    with tempfile.TemporaryDirectory(dir=fast_directory) as directory:
        Path(directory).chmod(0o711)
        data = Path(directory, "data")
        again = partial(embedded.start, data, binaries=binaries, fsync=False)
        with again() as first, psycopg.connect(first.dsn) as conn:
            conn.execute("create table kept as select 42 as n")
        assert not running(data)
        with again() as second, psycopg.connect(second.dsn) as conn:
            assert conn.execute("select n from kept").fetchone() == (42,)
        assert first.dsn == second.dsn


def test_a_data_directory_of_another_version_is_refused(binaries: Binaries, tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(ServerUnavailable, match="made by PostgreSQL 9"),
        embedded.start(tmp_path, binaries=binaries),
    ):
        pass


def test_a_setting_that_the_server_refuses_is_reported_with_its_log(binaries: Binaries) -> None:
    with (
        pytest.raises(ServerUnavailable, match="no_such_setting"),
        embedded.start(binaries=binaries, fsync=False, settings={"no_such_setting": "1"}),
    ):
        pass


def test_durability_is_the_default(binaries: Binaries) -> None:
    with embedded.start(binaries=binaries) as server, psycopg.connect(server.dsn) as conn:
        assert conn.execute("show fsync").fetchone() == ("on",)


def test_no_other_user_may_enter_the_socket_directory(server: embedded.Server) -> None:
    assert server.data_dir
    assert server.data_dir.stat().st_mode & 0o077 == 0


def test_a_version_that_is_not_here_is_named() -> None:
    with pytest.raises(ServerUnavailable, match="no PostgreSQL 7 on this machine"):
        embedded.find("7")


def test_every_major_version_that_is_here_can_be_preferred() -> None:
    for binaries in embedded.installed():
        assert embedded.find(str(binaries.major)).major == binaries.major


def test_the_server_ends_when_the_process_that_started_it_is_killed(binaries: Binaries) -> None:
    program = (
        "import time\n"
        "from txjobs import embedded\n"
        f"with embedded.start(prefer='{binaries.major}', fsync=False) as server:\n"
        "    print(server.data_dir, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout
        data = Path(starter.stdout.readline().strip())
        assert running(data)
        starter.send_signal(signal.SIGKILL)
    until(lambda: not running(data), "the server has ended")
