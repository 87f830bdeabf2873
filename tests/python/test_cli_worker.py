"""`txjobs worker`, as a process: what it runs, what it prints, how it ends."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from waiting import until

Connection = psycopg.Connection[Any]

SHOP = """
import asyncio
import time
from txjobs import Abort, BatchItem, Jobs

app = Jobs()

@app.task
async def greet(name: str = "ada") -> str:
    return f"hello {name}"

@app.task
def refuse() -> None:
    raise Abort("never")

@app.task
async def wait(seconds: float) -> None:
    await asyncio.sleep(seconds)

@app.task
def block(seconds: float) -> None:
    time.sleep(seconds)

@app.task(batch_size=10, batch_timeout=60)
def count(items: list[BatchItem[dict[str, int]]]) -> list[int]:
    return [len(items)] * len(items)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A directory with an application."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "needy.py").write_text("import nothing_of_that_name\n")
    (tmp_path / "other.py").write_text("from txjobs import Jobs\nours = Jobs()\n")
    return tmp_path


@pytest.fixture
def command(dsn: str) -> list[str]:
    """The worker's command line, without its options."""
    return [sys.executable, "-m", "txjobs.cli", "worker", "shop:app", "--dsn", dsn]


def run(command: list[str], shop: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command's output and exit code."""
    return subprocess.run(
        [*command, *words], cwd=shop, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def started(command: list[str], shop: Path) -> Iterator[Any]:
    """Starts a worker; it is gone at the end."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*command, *words], cwd=shop, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def states(conn: Connection) -> list[str]:
    """The jobs' states, in the order of their ids."""
    return [row[0] for row in conn.execute("select state from jobs.job_state order by id")]


def enqueue(conn: Connection, kind: str, **args: object) -> None:
    """A job."""
    conn.execute("select jobs.enqueue(%s, %s::jsonb)", (kind, json.dumps(args)))


def test_drain_works_everything_and_says_so(
    command: list[str], shop: Path, conn: Connection
) -> None:
    enqueue(conn, "greet")
    enqueue(conn, "refuse")
    ran = run(command, shop, "--drain")
    assert ran.returncode == 0
    first, *_, last = ran.stdout.splitlines()
    assert first.startswith("shop:app: 5 tasks")
    assert last.startswith("drained after")
    assert last.endswith(": 1 completed, 1 dead")
    assert states(conn) == ["completed", "dead"]


def test_with_json_every_line_is_an_event(command: list[str], shop: Path, conn: Connection) -> None:
    enqueue(conn, "greet")
    ran = run(command, shop, "--drain", "--json", "--name", "w")
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    assert events[0]["event"] == "started"
    (stopped,) = [event for event in events if event["event"] == "stopped"]
    assert stopped["completed"] == 1
    assert events[-1] == {"event": "exit", "exit_code": 0}


def test_several_processes_each_say_how_they_ended(
    command: list[str], shop: Path, conn: Connection
) -> None:
    for _ in range(20):
        enqueue(conn, "greet")
    ran = run(command, shop, "--drain", "--processes", "2")
    assert ran.returncode == 0
    assert ran.stdout.count("drained after") == 2
    assert set(states(conn)) == {"completed"}


def test_batches_are_collected_as_any_job_is_run(
    command: list[str], shop: Path, conn: Connection
) -> None:
    for n in range(12):
        enqueue(conn, "count", n=n)
    ran = run(command, shop, "--drain")
    assert ran.stdout.splitlines()[-1].endswith(": 12 completed")
    found = conn.execute(
        "select event.data::text, count(*) from jobs.job_event event "
        "where type = 'completed' group by 1 order by 2"
    ).fetchall()
    assert [n for _, n in found] == [2, 10]


def test_only_the_queues_and_kinds_that_are_named(
    command: list[str], shop: Path, conn: Connection
) -> None:
    for queue in ("a", "b", "c"):
        conn.execute("select jobs.enqueue('greet', queue => %s)", (queue,))
    enqueue(conn, "refuse")
    run(command, shop, "--drain", "--queue", "a", "-q", "c", "--kind", "greet", "--no-notify")
    assert states(conn) == ["completed", "ready", "completed", "ready"]


def test_sigterm_lets_a_running_job_end(started: Any, conn: Connection) -> None:
    enqueue(conn, "wait", seconds=1)
    worker = started("--lease", "15s")
    until(lambda: states(conn) == ["running"], "the job runs")
    worker.send_signal(signal.SIGTERM)
    out, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert "stopped after" in out
    assert "1 completed" in out
    assert states(conn) == ["completed"]


def test_a_job_that_had_to_be_cut_is_named_and_changes_the_exit_code(
    started: Any, conn: Connection
) -> None:
    enqueue(conn, "wait", seconds=60)
    worker = started("--drain-timeout", "200ms")
    until(lambda: states(conn) == ["running"], "the job runs")
    worker.send_signal(signal.SIGTERM)
    out, _ = worker.communicate(timeout=30)
    assert worker.returncode == 5
    assert "cut off and given back: 1" in out
    assert states(conn) == ["ready"]


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ("nothing:app", "there is no module 'nothing'"),
        ("broken:app", "ZeroDivisionError"),
        ("needy:app", "nothing_of_that_name"),
        ("other", "write other:ours"),
        ("shop:greet", "write shop:app"),
        ("json", "app = Jobs()"),
    ],
)
def test_an_app_that_cannot_be_loaded_is_one_line(
    shop: Path, dsn: str, target: str, part: str
) -> None:
    command = [sys.executable, "-m", "txjobs.cli", "worker", target, "--dsn", dsn]
    ran = run(command, shop)
    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = ran.stderr.splitlines()
    assert part in line


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--lease", "500ms"), "at least 1 second"),
        (("--lease", "soon"), "30s"),
        (("--heartbeat", "20s"), "heartbeat"),
        (("--kind", "unknown"), "no task is named unknown"),
        (("--concurrency", "0"), "--concurrency"),
        (("--log-level", "loud"), "warning"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_work_is_one_line(
    command: list[str], shop: Path, words: tuple[str, ...], part: str
) -> None:
    ran = run(command, shop, *words)
    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = ran.stderr.splitlines()
    assert part in line


def test_on_a_terminal_a_drain_is_shown_while_it_runs(
    command: list[str], shop: Path, conn: Connection
) -> None:
    for _ in range(4):
        enqueue(conn, "wait", seconds=0.7)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    with subprocess.Popen(
        [*command, "--drain", "-c", "2"], cwd=shop, stdout=theirs, stderr=theirs, env=environment
    ) as worker:
        os.close(theirs)
        seen = b""
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:  # Linux says so when the other side is closed
                break
            if not chunk:
                break
            seen += chunk
    os.close(ours)
    assert worker.returncode == 0
    text = seen.decode()
    assert "of 4" in text
    assert "2 running" in text
    assert "drained after" in text.splitlines()[-1]
