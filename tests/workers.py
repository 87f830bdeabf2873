"""Running a worker beside a test: in a thread, or as a process of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from txjobs import Jobs, Worker, WorkerStats
from waiting import until

QUICK: dict[str, Any] = {"poll_cap": 0.1, "drain_timeout": 20.0}
SHORT_LEASE: dict[str, Any] = {**QUICK, "lease": 1.5, "heartbeat": 0.3}

ROOT = Path(__file__).parent.parent


class Running:
    """A worker in a thread."""

    def __init__(self, app: Jobs, dsn: str, **options: Any) -> None:
        self.worker = Worker(app, dsn, **{**QUICK, **options})
        self.code: int | None = None
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.code = asyncio.run(self.worker.run())
        except BaseException as error:
            self.failure = error

    @property
    def stats(self) -> WorkerStats:
        """Its counters."""
        return self.worker.stats()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def stop(self) -> int:
        """Stop it, and return its exit code."""
        self.worker.stop()
        return self.join()

    def join(self) -> int:
        """Wait for its end, and return its exit code."""
        self._thread.join(30)
        assert not self._thread.is_alive(), "the worker does not end"
        if self.failure is not None:
            raise self.failure
        assert self.code is not None
        return self.code


@contextmanager
def running(app: Jobs, dsn: str, **options: Any) -> Iterator[Running]:
    """A worker that runs during the block, and is stopped at its end."""
    one = Running(app, dsn, **options)
    try:
        yield one
    finally:
        if one.alive:
            one.worker.stop()
            one.worker.stop()
        one.join()


def drain(app: Jobs, dsn: str, **options: Any) -> WorkerStats:
    """Run a worker until there is nothing to do, and return its counters."""
    one = Running(app, dsn, drain=True, **{"drain_horizon": 30.0, **options})
    one.join()
    return one.stats


class Process:
    """A worker in a process of its own, running the tasks of `tests/worker_app.py`."""

    def __init__(self, dsn: str, **options: Any) -> None:
        path = os.pathsep.join([str(ROOT / "python_client"), str(ROOT / "tests")])
        self.popen = subprocess.Popen(
            [sys.executable, "-c", "import worker_app; worker_app.main()", dsn, repr(options)],
            env={**os.environ, "PYTHONPATH": path},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.log = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stderr is not None
        for line in self.popen.stderr:
            self.log += line

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.popen.send_signal(number)

    def kill(self) -> None:
        """End it without a chance to clean up."""
        self.popen.kill()
        self.popen.wait(10)

    def wait(self, seconds: float = 30) -> int:
        """Wait for its end, and return its exit code."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker does not end; its log:\n{self.log}") from None

    def until_logged(self, text: str) -> None:
        """Wait until its log says that."""
        until(lambda: text in self.log, f"in the worker's log: {text}")


@contextmanager
def process(dsn: str, **options: Any) -> Iterator[Process]:
    """A worker process that is killed at the end of the block, if it still runs."""
    one = Process(dsn, **{**QUICK, **options})
    try:
        yield one
    finally:
        if one.popen.poll() is None:
            one.signal(signal.SIGKILL)
        one.popen.wait(10)
        one._reader.join(5)
        assert one.popen.stderr is not None
        one.popen.stderr.close()
