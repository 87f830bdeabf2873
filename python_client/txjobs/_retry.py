"""Waiting before a connection is made again."""

import asyncio
import logging
import random

from ._state import WorkerStats

__all__ = ["Reconnect", "delay_after", "jitter"]

_log = logging.getLogger("txjobs.worker")

_BASE = 0.1
_CAP = 5.0


def delay_after(failures: int) -> float:
    """Seconds, doubling from 0.1 to 5; half is random, so that a fleet does not return at once."""
    return min(_CAP, _BASE * 2.0 ** min(failures - 1, 10)) * jitter(0.5, 1.0)


def jitter(least: float, most: float) -> float:
    """A random factor, so that what many workers do is spread out."""
    return random.uniform(least, most)


class Reconnect:
    """Counts the failures in a row of one of a worker's connections."""

    def __init__(self, what: str, stats: WorkerStats) -> None:
        self._what = what
        self._stats = stats
        self.failures = 0

    def succeeded(self) -> None:
        """The connection works."""
        if self.failures:
            _log.info("the connection for %s is back", self._what)
            self.failures = 0

    async def wait(self, error: BaseException) -> None:
        """Says what happened, and sleeps."""
        self.failures += 1
        self._stats.reconnects += 1
        delay = delay_after(self.failures)
        _log.warning(
            "the connection for %s failed (%s time in a row): %s; trying again in %.1f s",
            self._what,
            self.failures,
            str(error).strip() or type(error).__name__,
            delay,
        )
        await asyncio.sleep(delay)
