"""What a worker under measurement tells the harness, as lines of output (see bench/workers.py).

Standard library only: it runs in the peers' environment as well as in ours.
"""

from __future__ import annotations

import sys
import threading
import time

_handled = 0


def _tell(*words: object) -> None:
    sys.stdout.write("BENCH " + " ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def count() -> None:
    """A drained job: only counted, and the count is told every 20 ms."""
    global _handled
    _handled += 1


def started(job: int) -> None:
    """A job whose start matters: told at once."""
    _tell("started", job, time.monotonic_ns())


def _tell_counts() -> None:
    told = 0
    while True:
        time.sleep(0.02)
        if (handled := _handled) != told:
            _tell("handled", handled)
            told = handled


def go() -> None:
    """Returns when the harness says so: all processes are loaded, none has begun."""
    _tell("ready")
    sys.stdin.readline()
    threading.Thread(target=_tell_counts, daemon=True).start()
