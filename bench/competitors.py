"""The job queues whose workers are measured: how each is installed, filled, run and known to be done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers import BenchError, Server

HERE = Path(__file__).parent
SOURCES = HERE / "peers"
INSTALLED = HERE / ".peers"


@dataclass
class Competitor(ABC):
    """One job queue with the settings under which it is measured."""

    name: str
    settings: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def install(self) -> None:
        """Fetches its packages, if they are not there."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """A worker process (see `bench/workers.py`)."""

    @abstractmethod
    def create(self, server: Server, database: str) -> None:
        """Its schema in that database."""

    @abstractmethod
    def fill(self, server: Server, database: str, jobs: int) -> None:
        """That many ready no-op jobs."""

    @abstractmethod
    def finished(self) -> str:
        """A query that is true once every job has ended and its worker has said so."""

    def directory(self) -> Path:
        return HERE.parent

    def env(self, server: Server, database: str) -> dict[str, str]:
        return {**self.environment, "BENCH_DSN": server.url(database)}

    def call(self, server: Server, database: str, *arguments: str) -> None:
        _run([*self.command(), *arguments], self.directory(), self.env(server, database))


class Graphile(Competitor):
    """graphile-worker, on Node."""

    def install(self) -> None:
        if not shutil.which("npm"):
            raise BenchError("graphile-worker needs Node and npm on the PATH")
        target = self.directory()
        target.mkdir(parents=True, exist_ok=True)
        wanted = (SOURCES / "node" / "package.json").read_text()
        there = target / "package.json"
        if not (target / "node_modules").is_dir() or there.read_text() != wanted:
            there.write_text(wanted)
            _run(["npm", "install", "--no-audit", "--no-fund"], target)
        for script in (SOURCES / "node").glob("*.js"):
            shutil.copy(script, target)

    def version(self) -> str:
        package = self.directory() / "node_modules" / "graphile-worker" / "package.json"
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
        return f"{json.loads(package.read_text())['version']} on Node {node.stdout.strip()}"

    def directory(self) -> Path:
        return INSTALLED / "node"

    def command(self) -> Sequence[str]:
        return ["node", "graphile.js"]

    def create(self, server: Server, database: str) -> None:
        self.call(server, database, "migrate")

    def fill(self, server: Server, database: str, jobs: int) -> None:
        with server.connect(database) as connection:
            connection.execute(
                "select 1 from graphile_worker.add_jobs(array("
                "  select json_populate_record(null::graphile_worker.job_spec,"
                "    json_build_object('identifier', 'noop', 'payload', json_build_object('id', i)))"
                "  from generate_series(1, %s) i))",
                (jobs,),
            )
            connection.execute("vacuum analyze")

    def finished(self) -> str:
        return "select not exists (select from graphile_worker._private_jobs)"


class PythonPeer(Competitor):
    """A peer from PyPI, in an environment of its own."""

    module: str
    query: str

    def install(self) -> None:
        python = Path(self.command()[0])
        target = INSTALLED / "python"
        wanted = (SOURCES / "python" / "requirements.txt").read_text()
        stamp = target / "requirements.txt"
        if not stamp.exists() or stamp.read_text() != wanted:
            _run([sys.executable, "-m", "venv", str(target)], HERE)
            pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            _run([*pip, "-r", str(SOURCES / "python" / "requirements.txt")], HERE)
            stamp.write_text(wanted)

    def version(self) -> str:
        code = f"from importlib.metadata import version; print(version({self.name!r}))"
        done = subprocess.run(
            [self.command()[0], "-c", code], capture_output=True, text=True, check=True
        )
        return f"{done.stdout.strip()} on Python {sys.version.split()[0]}"

    def command(self) -> Sequence[str]:
        script = SOURCES / "python" / f"{self.module}.py"
        return [str(INSTALLED / "python" / "bin" / "python"), str(script)]

    def create(self, server: Server, database: str) -> None:
        self.call(server, database, "install")

    def fill(self, server: Server, database: str, jobs: int) -> None:
        self.call(server, database, "fill", str(jobs))
        server.run("vacuum analyze", database)

    def finished(self) -> str:
        return self.query


class Pgqueuer(PythonPeer):
    module = "pgqueuer_worker"
    query = "select not exists (select from pgqueuer)"


class Procrastinate(PythonPeer):
    module = "procrastinate_worker"
    query = (
        "select not exists (select from procrastinate_jobs where status in ('todo', 'doing'))"
    )


def _run(command: Sequence[str], directory: Path, env: Mapping[str, str] | None = None) -> None:


    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        tail = done.stdout.decode(errors="replace").strip()[-2000:]
        raise BenchError(f"{' '.join(command[:4])} failed: {tail}")


def peers() -> list[Competitor]:
    """The peers, each with its documented fast settings (bench/README.md says where from)."""
    return [
        Graphile(
            "graphile-worker",
            "concurrentJobs 24, maxPoolSize 25, localQueue.size 500, refetchDelay 10 ms, "
            "completeJobBatchDelay 0, failJobBatchDelay 0, no log per job",
        ),
        Pgqueuer(
            "pgqueuer",
            "5 managers a process, batch_size 100, asyncpg, uvloop, its autovacuum settings",
            {"PGQUEUER_MANAGERS": "5", "PGQUEUER_BATCH": "100"},
        ),
        Procrastinate(
            "procrastinate",
            "concurrency 30, pool 32, delete_jobs successful, uvloop",
            {"PROCRASTINATE_CONCURRENCY": "30"},
        ),
    ]
