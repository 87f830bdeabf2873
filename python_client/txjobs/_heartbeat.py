"""The heartbeat: a thread with a connection of its own, so that no handler can hold it up.

It renews the leases of all jobs held, passes on what the database says of them, and watches the
event loop: a handler that blocks it is named in the log, with the line that it is at.
"""

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from time import monotonic

import psycopg

from . import _worker_calls as calls
from ._claimed import Claimed
from ._config import Config
from ._drivers import Conn, run
from ._pulse import Pulse
from ._retry import delay_after
from ._slots import Slots
from .errors import TxjobsError

__all__ = ["Heartbeat"]

_log = logging.getLogger("txjobs.worker")

_LOOK = 0.5  # seconds between two looks at the event loop
_BLOCKED = 2.0  # seconds without a sign of life of the loop that are worth a warning
_REPEAT = 10.0  # seconds until the warning is repeated


class Heartbeat:
    """Started and stopped by the event loop's thread; everything else here runs in its own."""

    def __init__(
        self,
        config: Config,
        slots: Slots,
        worker: str,
        on_change: Callable[[Claimed], None],
        pulse: Pulse,
    ) -> None:
        self._config = config
        self._slots = slots
        self._worker = worker
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._stop = threading.Event()
        self._conn: Conn | None = None
        self._failures = 0
        self._warned_at = 0.0
        self._pulse = pulse
        self._thread = threading.Thread(target=self._run, name="txjobs-heartbeat", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    async def keep_alive(self) -> None:
        """Shows the thread that the event loop runs; until cancelled."""
        while True:
            self._pulse.turned()
            await asyncio.sleep(_LOOK)

    async def stop(self) -> None:
        """Ends the thread, and waits a moment for it."""
        self._stop.set()
        await asyncio.to_thread(self._thread.join, 2.0)

    def _run(self) -> None:
        next_at = monotonic() + self._config.heartbeat
        try:
            while not self._stop.wait(min(_LOOK, max(0.0, next_at - monotonic()))):
                now = monotonic()
                self._watch_loop(now)
                if now >= next_at or self._is_urgent(now):
                    next_at = now + self._renew(now)
        finally:
            if self._conn is not None:
                self._conn.close()

    def _is_urgent(self, now: float) -> bool:
        """A job whose own lease is shorter than the worker's has used up a third of it."""
        usual = self._config.lease
        return any(
            job.lease < usual and job.alive_until - now <= job.lease * 2 / 3
            for job in list(self._slots.held.values())
        )

    def _renew(self, now: float) -> float:
        """Renews all leases; returns the seconds until the next time."""
        held = list(self._slots.held.values())
        try:
            if self._conn is None or self._conn.closed:
                self._conn = psycopg.connect(
                    self._config.dsn, autocommit=True, **self._config.connect
                )
            rows = run(self._conn, calls.heartbeat([job.token for job in held], self._worker))
        except (psycopg.Error, TxjobsError) as error:
            self._failures += 1
            self._slots.stats.reconnects += 1
            _log.warning("the heartbeat failed: %s", str(error).strip())
            if self._conn is not None:
                self._conn.close()
                self._conn = None
            self._give_up_expired(held)
            return min(delay_after(self._failures), self._config.heartbeat)
        self._failures = 0
        said: dict[int, str] = dict(rows)
        for job in held:
            status = said.get(job.token)
            if status is None:
                job.alive_until = now + job.lease
            elif not job.done:
                self._change(job, status)
        return self._config.heartbeat

    def _give_up_expired(self, held: list[Claimed]) -> None:
        # Nobody answers: once a lease is over, another worker may have the job.
        now = monotonic()
        for job in held:
            if job.alive_until < now and not job.done:
                self._change(job, "lost")

    def _change(self, job: Claimed, status: str) -> None:
        if status == "lost":
            if job.lost:
                return
            job.lost = True
        else:
            if job.cancel_requested:
                return
            job.cancel_requested = True
        job.signal()
        try:
            self._loop.call_soon_threadsafe(self._on_change, job)
        except RuntimeError:  # the loop is closed, and with it every handler
            self._stop.set()

    def _watch_loop(self, now: float) -> None:
        blocked = now - self._pulse.turned_at
        if blocked < _BLOCKED:
            self._warned_at = 0.0
            return
        if self._warned_at and now - self._warned_at < _REPEAT:
            return
        self._warned_at = now
        unit = self._slots.on_loop
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - there is no other way
        stack = "".join(traceback.format_stack(frame)[-6:]) if frame is not None else ""
        if unit is None:
            _log.warning("the event loop has been blocked for %.1f s; it is at\n%s", blocked, stack)
        else:
            _log.warning(
                "%s has blocked the event loop for %.1f s: await what it waits for, or "
                "make the handler a plain function, which gets a thread; it is at\n%s",
                unit,
                blocked,
                stack,
            )
