"""The benchmark's own Postgres server, with settings that every competitor gets alike."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from txjobs import embedded

ROOT = Path(__file__).parent.parent
Connection = psycopg.Connection[tuple[object, ...]]

#: Durable as in production. What differs from the defaults keeps noise (checkpoints, late vacuum,
#: compilation) out of runs that last seconds. Recorded with every result.
SETTINGS = {
    "synchronous_commit": "on",
    "fsync": "on",
    "wal_level": "replica",
    "shared_buffers": "1GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "on",
    "autovacuum_naptime": "10s",
    "autovacuum_vacuum_cost_delay": "0",
    "jit": "off",
    "max_connections": "120",
    "shared_preload_libraries": "pg_stat_statements",
}


class BenchError(Exception):
    """The benchmark cannot go on; the message names what to do about it."""


@dataclass(frozen=True)
class Server:
    """A running server, its programs and its processes."""

    binaries: Path
    data: Path
    admin_dsn: str

    def dsn(self, database: str = "postgres") -> str:
        return make_conninfo(self.admin_dsn, dbname=database)

    def url(self, database: str = "postgres") -> str:
        """The same as a URL, which drivers other than libpq read."""
        parts = conninfo_to_dict(self.admin_dsn)
        return f"postgresql://{parts['user']}@/{database}?host={parts['host']}"

    def connect(self, database: str = "postgres") -> Connection:
        return psycopg.connect(self.dsn(database), autocommit=True)

    def rows(
        self, query: str, parameters: Sequence[object] = (), database: str = "postgres"
    ) -> list[tuple[object, ...]]:
        with self.connect(database) as connection:
            return fetch(connection, query, parameters)

    def value(self, query: str, database: str = "postgres") -> object:
        return self.rows(query, (), database)[0][0]

    def run(self, script: str, database: str = "postgres") -> None:
        """Runs a script of one or several statements."""
        with self.connect(database) as connection:
            connection.execute(script.encode())

    def run_each(self, script: str, database: str) -> None:
        """Runs statements one by one that may not stand in one transaction (vacuum)."""
        with self.connect(database) as connection:
            for statement in filter(None, map(str.strip, script.split(";"))):
                connection.execute(statement.encode())

    @contextlib.contextmanager
    def database(self, name: str) -> Iterator[str]:
        """A fresh database, dropped at the end."""
        self.run(f"drop database if exists {name} with (force)")
        self.run(f"create database {name}")
        try:
            yield name
        finally:
            self.run(f"drop database if exists {name} with (force)")

    def install(self, database: str) -> None:
        """Puts our schema into that database, from the sources of this checkout."""
        self.run(install_script(), database)

    def version(self) -> str:
        return str(self.value("show server_version")).split()[0]

    def settings(self) -> dict[str, str]:
        names = (*SETTINGS, "full_page_writes", "autovacuum_max_workers", "work_mem")
        return {name: str(self.value(f"show {name}")) for name in names}

    def wal_position(self) -> int:
        """Bytes of WAL inserted since the beginning."""
        return int(str(self.value("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")))

    @contextlib.contextmanager
    def without_page_images(self) -> Iterator[None]:
        """The WAL of rows, and not of pages first touched after a checkpoint, which is chance."""
        try:
            self._page_images("off")
            self.run("checkpoint")
            yield
        finally:
            self._page_images("on")

    def _page_images(self, value: str) -> None:
        # Not among SETTINGS: what is given on the server's command line cannot be changed later.
        self.run(f"alter system set full_page_writes = {value}")
        self.run("select pg_reload_conf()")
        deadline = time.monotonic() + 10
        while self.value("show full_page_writes") != value:
            if time.monotonic() > deadline:
                raise BenchError(f"full_page_writes would not turn {value}")
            time.sleep(0.01)

    def cpu_seconds(self) -> float | None:
        """Processor time of the server's processes, also the ended; None if this is not Linux."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        if not Path(f"/proc/{postmaster}/stat").exists():
            return None
        ticks = sum(_stat(postmaster)[11:15])
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    stat = _stat(int(entry.name))
                    if stat[1] == postmaster:
                        ticks += sum(stat[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[int]:
    """The numbers of /proc/PID/stat: [1] the parent, [11:15] ticks of it and of ended children."""
    text = Path(f"/proc/{pid}/stat").read_text()
    numbers = text[text.rindex(")") + 2 :].split()[1:]
    return [pid, *map(int, numbers)]


def fetch(
    connection: Connection, query: str, parameters: Sequence[object] = ()
) -> list[tuple[object, ...]]:
    return connection.execute(query.encode(), parameters or None).fetchall()


@functools.cache
def install_script() -> str:
    """The install script, which `python sql/build.py` makes."""
    built = ROOT / "build" / "txjobs.sql"
    if not built.exists():
        raise BenchError("there is no build/txjobs.sql yet: run `make sql` first")
    return built.read_text()


@contextlib.contextmanager
def server(prefer: str | None) -> Iterator[Server]:
    """A server with a data directory of its own, gone at the end. `prefer` is a major version."""
    try:
        with embedded.start(prefer=prefer, settings=SETTINGS) as running:
            if not running.binaries or not running.data_dir:
                raise BenchError("the benchmark measures a server of its own, not a given one")
            mine = Server(running.binaries.bindir, running.data_dir, running.dsn)
            mine.run("create extension pg_stat_statements")
            yield mine
    except embedded.ServerUnavailable as error:
        raise BenchError(str(error)) from error


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    model = ""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "cores": str(os.cpu_count()),
        "processor": model or platform.processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
