"""Several worker processes under one parent, which passes signals on and restarts what crashed."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from ._retry import delay_after
from ._state import EXIT_CUT, EXIT_FAILED, EXIT_OK
from .errors import ConfigurationError

__all__ = ["supervise"]

_log = logging.getLogger("txjobs.supervisor")

_STABLE = 30.0  # seconds that a process must live for its earlier crashes to be forgotten
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_DECIDED = (EXIT_OK, EXIT_CUT)


class _Child:
    def __init__(self) -> None:
        self.pid = 0
        self.started = 0.0
        self.failures = 0
        self.start_at = 0.0


def supervise(main: Callable[[], int], processes: int) -> int:
    """Runs `main` in so many forked processes until all have ended; the worst exit code."""
    if not hasattr(os, "fork"):
        raise ConfigurationError("this system cannot fork: start that many workers yourself")
    return _Supervisor(main, processes).run()


class _Supervisor:
    def __init__(self, main: Callable[[], int], processes: int) -> None:
        self._main = main
        self._children = [_Child() for _ in range(processes)]
        self._stopping = False
        self._codes: list[int] = []
        self._alive = os.pipe()  # its writing end is open for as long as this process lives

    def run(self) -> int:
        previous = {number: signal.signal(number, self._forward) for number in _SIGNALS}
        try:
            waiting = list(self._children)
            while waiting:
                self._start(waiting)
                self._reap(waiting)
                time.sleep(0.05)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            for end in self._alive:
                os.close(end)
        return max(self._codes, default=EXIT_OK)

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        for child in self._children:
            if child.pid:
                os.kill(child.pid, number)

    def _start(self, waiting: list[_Child]) -> None:
        for child in list(waiting):
            if child.pid or time.monotonic() < child.start_at:
                continue
            if self._stopping:
                waiting.remove(child)
                continue
            child.pid, child.started = self._fork(), time.monotonic()

    def _fork(self) -> int:
        # A signal between the fork and the child's own handlers must not be taken for its parent's.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            pid = os.fork()
            if pid:
                return pid
            os.setpgid(0, 0)  # Ctrl-C at the terminal is for the parent, which passes it on once
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        code = EXIT_FAILED
        try:
            os.close(self._alive[1])
            threading.Thread(target=_outlive_nobody, args=[self._alive[0]], daemon=True).start()
            code = self._main()
        finally:
            logging.shutdown()
            os._exit(code)

    def _reap(self, waiting: list[_Child]) -> None:
        for child in list(waiting):
            if not child.pid:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if not pid:
                continue
            child.pid = 0
            code = os.waitstatus_to_exitcode(status)
            if code in _DECIDED or self._stopping:
                self._codes.append(code if code >= 0 else EXIT_CUT)
                waiting.remove(child)
                continue
            if time.monotonic() - child.started > _STABLE:
                child.failures = 0
            child.failures += 1
            delay = delay_after(child.failures)
            child.start_at = time.monotonic() + delay
            _log.error("worker process %s ended with %s: another in %.1f s", pid, code, delay)


def _outlive_nobody(alive: int) -> None:
    """Asks this process to stop when its parent has died."""
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGTERM)
