"""Worker processes under measurement: started together, let go together, heard by their output.

Each prints lines that begin with BENCH (`processes/python/report.py`, `processes/node/report.js`):
`ready` when it has loaded its code; then, after a line on its input, `handled N` every 20 ms, and
`started ID NS` for a job whose start matters, where NS is the machine's monotonic clock.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers import BenchError


@dataclass
class Worker:
    """One process."""

    process: subprocess.Popen[str]
    handled: int = 0
    ready: threading.Event = field(default_factory=threading.Event)
    started: queue.SimpleQueue[tuple[int, int]] = field(default_factory=queue.SimpleQueue)
    other: list[str] = field(default_factory=list)

    def listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            match line.split():
                case ["BENCH", "ready"]:
                    self.ready.set()
                case ["BENCH", "handled", n]:
                    self.handled = int(n)
                case ["BENCH", "started", job, ns]:
                    self.started.put((int(job), int(ns)))
                case _:
                    self.other = [*self.other[-20:], line.rstrip()]

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def check(self) -> None:
        if self.process.poll() is not None:
            raise BenchError(
                f"a worker ended with status {self.process.returncode}: " + "\n".join(self.other)
            )


@contextlib.contextmanager
def workers(
    command: Sequence[str], count: int, environment: dict[str, str], directory: Path
) -> Iterator[list[Worker]]:
    """That many processes, loaded but not begun; stopped at the end."""
    started = [
        Worker(
            subprocess.Popen(
                command,
                cwd=directory,
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        )
        for _ in range(count)
    ]
    try:
        for worker in started:
            threading.Thread(target=worker.listen, daemon=True).start()
        for worker in started:
            if not worker.ready.wait(30):
                worker.check()
                raise BenchError("a worker did not get ready within 30 s")
        yield started
    finally:
        for worker in started:
            _stop(worker.process)


def _stop(process: subprocess.Popen[str]) -> None:
    for kill in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, kill)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)


def await_handled(running: Sequence[Worker], jobs: int, seconds: float) -> None:
    """Waits until the workers together have handled that many jobs."""
    deadline = time.monotonic() + seconds
    while sum(worker.handled for worker in running) < jobs:
        for worker in running:
            worker.check()
        if time.monotonic() > deadline:
            handled = sum(worker.handled for worker in running)
            said = "\n".join(line for worker in running for line in worker.other)
            raise BenchError(
                f"after {seconds:.0f} s only {handled} of {jobs} jobs were handled\n{said}"
            )
        time.sleep(0.005)
