"""The job queues under measurement: how each is installed, filled, run and seen to be done."""

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

from bench.servers import ROOT, BenchError, Server

HERE = Path(__file__).parent
SOURCES = HERE / "processes"
INSTALLED = HERE / ".peers"
FILL = 1_000


@dataclass
class Competitor(ABC):
    """One job queue with the settings under which it is measured."""

    name: str
    settings: str
    environment: Mapping[str, str] = field(default_factory=dict)
    #: so slow that a fifth of the jobs tells as much
    slow: bool = False
    #: the table that a claim must read, and how many connections of a process claim
    table: str = ""
    connections: int = 1

    @abstractmethod
    def install(self) -> None:
        """Fetches its packages, unless they are there."""

    @abstractmethod
    def version(self) -> str: ...

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
        """A query that is true once every job has ended and the database knows."""

    def enqueue_latency(self) -> str:
        """A statement that enqueues one job of kind `latency` with the id that is its parameter."""
        raise NotImplementedError

    def directory(self) -> Path:
        return ROOT

    def env(self, server: Server, database: str) -> dict[str, str]:
        return {**self.environment, "BENCH_DSN": server.url(database)}

    def call(self, server: Server, database: str, *arguments: str) -> None:
        _run([*self.command(), *arguments], self.directory(), self.env(server, database))


class Txjobs(Competitor):
    """This project's worker."""

    def install(self) -> None:
        pass

    def version(self) -> str:
        return f"of this checkout, on Python {sys.version.split()[0]}"

    def command(self) -> Sequence[str]:
        return [sys.executable, str(SOURCES / "python" / "txjobs_worker.py")]

    def create(self, server: Server, database: str) -> None:
        server.install(database)

    def fill(self, server: Server, database: str, jobs: int) -> None:
        with server.connect(database) as connection:
            for begin in range(0, jobs, FILL):
                connection.execute(
                    "select count(*) from jobs.enqueue_many('noop', array("
                    "  select jsonb_build_object('n', i)"
                    "  from generate_series(%s::int, %s::int) i), queue => 'bench')",
                    (begin, min(begin + FILL, jobs) - 1),
                )

    def finished(self) -> str:
        return "select not exists (select from jobs.ready) and not exists (select from jobs.lease)"

    def enqueue_latency(self) -> str:
        return "select jobs.enqueue('latency', jsonb_build_object('n', %s::int), queue => 'bench')"


class Graphile(Competitor):
    """graphile-worker, on Node."""

    def install(self) -> None:
        if not shutil.which("npm"):
            raise BenchError("graphile-worker needs Node and npm on the PATH; or use --without")
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
        found = json.loads(package.read_text())["version"]
        return f"{found} on Node {_output('node', '--version')}"

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
                "  select json_populate_record(null::graphile_worker.job_spec, json_build_object("
                "    'identifier', 'noop', 'payload', json_build_object('id', i)))"
                "  from generate_series(1, %s) i))",
                (jobs,),
            )

    def finished(self) -> str:
        return "select not exists (select from graphile_worker._private_jobs)"

    def enqueue_latency(self) -> str:
        return "select graphile_worker.add_job('latency', json_build_object('id', %s::int))"


class PythonPeer(Competitor):
    """A peer from PyPI, in an environment of its own."""

    module: str
    query: str

    def install(self) -> None:
        target = INSTALLED / "python"
        requirements = SOURCES / "python" / "requirements.txt"
        stamp = target / "requirements.txt"
        if not stamp.exists() or stamp.read_text() != requirements.read_text():
            _run([sys.executable, "-m", "venv", str(target)], HERE)
            pip = [self.command()[0], "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            _run([*pip, "-r", str(requirements)], HERE)
            shutil.copy(requirements, stamp)

    def version(self) -> str:
        code = f"from importlib.metadata import version; print(version({self.name!r}))"
        found = _output(self.command()[0], "-c", code)
        return f"{found} on Python {sys.version.split()[0]}"

    def command(self) -> Sequence[str]:
        script = SOURCES / "python" / f"{self.module}.py"
        return [str(INSTALLED / "python" / "bin" / "python"), str(script)]

    def create(self, server: Server, database: str) -> None:
        self.call(server, database, "install")

    def fill(self, server: Server, database: str, jobs: int) -> None:
        self.call(server, database, "fill", str(jobs))

    def finished(self) -> str:
        return self.query


class Pgqueuer(PythonPeer):
    module = "pgqueuer_worker"
    query = "select not exists (select from pgqueuer)"


class Procrastinate(PythonPeer):
    module = "procrastinate_worker"
    query = "select not exists (select from procrastinate_jobs where status in ('todo', 'doing'))"


def _run(command: Sequence[str], directory: Path, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        tail = done.stdout.decode(errors="replace").strip()[-2000:]
        raise BenchError(f"{' '.join(command[:4])} failed: {tail}")


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def txjobs() -> Competitor:
    return Txjobs(
        "txjobs",
        "concurrency 10, prefetch 1000 (the defaults)",
        {"TXJOBS_CONCURRENCY": "10"},
        table="jobs.ready",
    )


def graphile() -> Competitor:
    return Graphile(
        "graphile-worker",
        "concurrentJobs 24, maxPoolSize 25, localQueue.size 500, refetchDelay 10 ms, "
        "completeJobBatchDelay 0, failJobBatchDelay 0, no log per job",
        table="graphile_worker._private_jobs",
    )


def all_of_them() -> list[Competitor]:
    """Each with its documented fast settings (bench/README.md says where from)."""
    return [
        txjobs(),
        graphile(),
        Pgqueuer(
            "pgqueuer",
            "5 managers a process, batch_size 100, asyncpg, uvloop, its autovacuum settings",
            {"PGQUEUER_MANAGERS": "5", "PGQUEUER_BATCH": "100"},
            table="pgqueuer",
            connections=5,
        ),
        Procrastinate(
            "procrastinate",
            "concurrency 30, delete_jobs successful, uvloop",
            {"PROCRASTINATE_CONCURRENCY": "30"},
            slow=True,
            table="procrastinate_jobs",
        ),
    ]
