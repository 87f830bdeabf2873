"""Metrics of the database: what a scrape has, its labels, and the command that serves it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry

import command_line
from command_line import NOWHERE, Run, refused
from txjobs import Client
from txjobs.prometheus import JobsCollector
from workers import ROOT

Conn = psycopg.Connection[Any]
bare = command_line.bare
txjobs = command_line.txjobs


def scraped(dsn: str, **options: Any) -> dict[str, dict[tuple[str, ...], float]]:
    """Every sample: by name, and by its labels in the order of their names."""
    registry = CollectorRegistry()
    registry.register(JobsCollector(dsn, **options))
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in registry.collect():
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in sorted(sample.labels))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_a_scrape_has_what_waits_and_runs_and_whether_all_is_well(dsn: str, conn: Conn) -> None:
    client = Client(conn)
    client.enqueue("a", queue="mail")
    client.enqueue("b", queue="mail", delay=60)
    client.pause(queue="mail")
    conn.execute("select jobs.register_worker('one')")
    found = scraped(dsn)
    assert found["txjobs_up"] == {(): 1}
    assert found["txjobs_workers"] == {(): 1}
    assert found["txjobs_jobs"]["mail", "ready"] == 1
    assert found["txjobs_jobs"]["mail", "scheduled"] == 1
    assert found["txjobs_jobs_of_kind"]["a", "ready"] == 1
    assert found["txjobs_oldest_due_age_seconds"]["mail",] > 0
    assert found["txjobs_oldest_due_age_seconds"]["default",] == 0
    assert found["txjobs_paused"] == {("default",): 0, ("mail",): 1}
    assert found["txjobs_health"]["due",] == 0
    assert len(found["txjobs_health"]) == 17
    assert "txjobs_health" not in scraped(dsn, health=False)


def test_health_is_a_number_by_check(dsn: str, conn: Conn) -> None:
    conn.execute("select jobs.enqueue('k')")
    assert scraped(dsn)["txjobs_health"]["workers",] == 1


def test_only_so_many_queues_and_kinds_have_labels_of_their_own(dsn: str, conn: Conn) -> None:
    client = Client(conn)
    for tenant in range(20):
        for _ in range(3 if tenant == 7 else 1):
            client.enqueue(f"kind {tenant}", queue=f"tenant {tenant}")
    found = scraped(dsn, max_labels=2)
    queues = {queue for queue, _ in found["txjobs_jobs"]}
    assert queues == {"tenant 7", "tenant 0", "_others"}
    assert found["txjobs_jobs"]["tenant 7", "ready"] == 3
    assert found["txjobs_jobs"]["_others", "ready"] == 18
    assert found["txjobs_jobs_of_kind"]["_others", "ready"] == 18
    assert {queue for (queue,) in found["txjobs_oldest_due_age_seconds"]} == queues
    assert len(found["txjobs_paused"]) == 3


def test_a_database_that_does_not_answer_is_a_scrape_that_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert scraped(NOWHERE) == {"txjobs_up": {(): 0}}
    assert "Connection refused" in caplog.text


@contextmanager
def serving(*words: str, **environ: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A command that serves metrics, as a process; its port."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from txjobs import cli; raise SystemExit(cli.main())", *words],
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'python_client'}{os.pathsep}{ROOT / 'tests'}",
            **environ,
        },
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT / "tests",
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            found = json.loads(line)
            if found.get("event") == "serving":
                yield found["port"], process
                break
        else:
            raise AssertionError("it serves nothing")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def get(port: int, path: str) -> str:
    """What is answered."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def test_the_command_serves_metrics_and_probes_until_it_is_stopped(dsn: str) -> None:
    with serving("metrics", "--dsn", dsn, "--port", "0", "--json") as (port, process):
        text = get(port, "/metrics")
        assert "txjobs_up 1.0" in text
        assert 'txjobs_jobs{queue="default",state="ready"} 0.0' in text
        assert (get(port, "/livez"), get(port, "/readyz")) == ("ok\n", "ok\n")
    assert process.returncode == 0


def test_a_worker_serves_its_own(dsn: str, conn: Conn) -> None:
    words = ("worker", "worker_app", "--metrics-port", "0", "--dsn", dsn, "--json", "--otel")
    with serving(*words) as (port, _):
        assert get(port, "/livez") == "ok\n"
        assert "# TYPE txjobs_jobs_running gauge" in get(port, "/metrics")


def test_a_port_that_is_taken_is_one_line(txjobs: Run, dsn: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(txjobs("metrics", "--host", "127.0.0.1", "--port", port), 2, "--port", str(port))


def test_a_port_of_several_processes_is_refused(txjobs: Run, dsn: str) -> None:
    words = ("worker", "txjobs._demo_orders:app", "--metrics-port", 0, "--processes", 2)
    refused(txjobs(*words), 2, "--metrics-port")


@pytest.mark.parametrize(
    ("module", "words", "extra"),
    [
        ("prometheus_client", ("metrics",), "txjobs[prometheus]"),
        (
            "prometheus_client",
            ("worker", "txjobs._demo_orders:app", "--metrics-port", "0"),
            "txjobs[prometheus]",
        ),
        ("opentelemetry", ("worker", "txjobs._demo_orders:app", "--otel"), "txjobs[otel]"),
    ],
)
def test_a_library_that_is_not_here_is_named(
    dsn: str, module: str, words: tuple[str, ...], extra: str
) -> None:
    hide = f"import sys; sys.modules[{module!r}] = None; "
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            hide + "from txjobs import cli; raise SystemExit(cli.main())",
            *words,
            "--dsn",
            dsn,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "python_client")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert extra in ran.stderr


def test_neither_library_is_imported_unless_it_is_asked_for() -> None:
    program = (
        "import sys, txjobs, txjobs.cli, txjobs._cli_main\n"
        "hidden = {'prometheus_client', 'opentelemetry'}\n"
        "print([m for m in sys.modules if m.split('.')[0] in hidden])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT / "python_client")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "[]\n"
