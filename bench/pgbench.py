"""Runs pgbench scripts and reads what it says."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bench.servers import BenchError, Server

CLIENTS = 4


@dataclass(frozen=True)
class Run:
    """One run of a script."""

    transactions: int
    per_second: float
    #: server's processor seconds, where they can be had
    cpu_seconds: float | None
    #: average milliseconds of each statement of the script (if asked for)
    statement_ms: tuple[float, ...]
    #: scripts per second in each interval (if asked for)
    progress: tuple[float, ...]


def pgbench(
    server: Server,
    database: str,
    script: str,
    *,
    clients: int = CLIENTS,
    seconds: float | None = None,
    transactions: int | None = None,
    variables: Mapping[str, str] | None = None,
    rate: float | None = None,
    progress: int | None = None,
    per_statement: bool = False,
) -> Run:
    """Runs the script, prepared, for that many seconds or that many times per client."""
    command = [str(server.binaries / "pgbench"), "--no-vacuum", "--protocol=prepared"]
    command += [f"--client={clients}", f"--jobs={min(clients, 2)}", "--random-seed=1"]
    command += [f"--define={name}={value}" for name, value in (variables or {}).items()]
    command += [f"--time={seconds:.0f}"] if seconds else [f"--transactions={transactions}"]
    command += [f"--rate={rate}"] if rate else []
    command += [f"--progress={progress}"] if progress else []
    command += ["--report-per-command"] if per_statement else []
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        before = server.cpu_seconds()
        done = subprocess.run(
            [*command, f"--file={file.name}", server.dsn(database)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode or "aborted" in done.stderr:
        raise BenchError(f"pgbench failed: {done.stderr.strip()[-2000:]}\nin the script:\n{script}")
    _await_disconnect(server, database)
    after = server.cpu_seconds()
    cpu = None if before is None or after is None else after - before
    return Run(
        transactions=int(_find(r"actually processed: (\d+)", done.stdout)),
        per_second=float(_find(r"tps = ([\d.]+)", done.stdout)),
        cpu_seconds=cpu,
        statement_ms=_statements(done.stdout),
        progress=tuple(map(float, re.findall(r"progress: .*? ([\d.]+) tps", done.stderr))),
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if not found:
        raise BenchError(f"this pgbench says something new:\n{text}")
    return found[1]


def _statements(output: str) -> tuple[float, ...]:
    _, _, listed = output.partition("statement latencies in milliseconds")
    return tuple(map(float, re.findall(r"^ +([\d.]+) +(?:\d+ +)?(?=\S)", listed, re.MULTILINE)))


def _await_disconnect(server: Server, database: str) -> None:
    """An ended backend's time counts once the postmaster has taken leave of it."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and server.value(
        "select count(*) from pg_stat_activity "
        f"where datname = '{database}' and backend_type = 'client backend'"
    ):
        time.sleep(0.02)
    time.sleep(0.05)
