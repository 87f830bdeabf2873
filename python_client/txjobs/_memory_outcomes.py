"""What an outcome makes of a job that is in memory; the rules are those of sql/README.md."""

import datetime as dt
import heapq
import random
from typing import Any

from . import _json
from ._clock import Clock
from ._memory_job import LONGEST_WAIT, Entry
from ._options import seconds_of
from ._verdict import Verdict
from .errors import InvalidArgument
from .info import EventInfo
from .outcomes import Snooze

__all__ = ["Outcomes"]


class Outcomes:
    """Where jobs wait, and how they come to do so. Not locked: that is the caller's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._ready: dict[str, list[tuple[tuple[int, int], Entry]]] = {}
        self._scheduled: list[tuple[dt.datetime, int, Entry]] = []
        self._waiting = 0
        self._running = 0
        self._last = 0

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _put(self, entry: Entry, run_at: dt.datetime | None) -> None:
        entry.order = self._next()
        entry.run_at = run_at
        self._waiting += 1
        if run_at is None:
            entry.state = "ready"
            queue = self._ready.setdefault(entry.placed.kind, [])
            heapq.heappush(queue, (entry.key, entry))
        else:
            entry.state = "scheduled"
            heapq.heappush(self._scheduled, (run_at, entry.order, entry))

    def _apply(self, entry: Entry, verdict: Verdict) -> str:
        name = verdict.name
        if name == "completed":
            self._end(entry, name, result=verdict.result)
            entry.result = verdict.result
        elif name in ("skipped", "discarded"):
            self._end(entry, name, reason=verdict.reason)
        elif name == "released":
            self._release(entry)
        elif verdict.snooze is not None:
            self._snooze(entry, verdict.snooze)
        else:
            self._fail(entry, verdict)
        return entry.state

    def _leave(self, entry: Entry) -> None:
        entry.claimed = None
        self._running -= 1

    def _end(
        self,
        entry: Entry,
        state: str,
        *,
        reason: str | None = None,
        error: dict[str, Any] | None = None,
        result: str | None = None,
    ) -> None:
        if entry.state == "running":
            self._leave(entry)
        entry.reason, entry.error = reason, error
        data: Any = {
            name: value
            for name, value in (("reason", reason), ("error", error))
            if value is not None
        }
        if state == "completed":
            data = None if result is None else _json.loads(result)
        self._note(entry, state, state, data or None if state != "completed" else data)
        if state == "dead":
            self._note_error(entry, "dead")

    def _release(self, entry: Entry) -> None:
        entry.attempt -= 1
        if entry.cancel_requested:
            self._end(entry, "cancelled")
            return
        self._leave(entry)
        self._note(entry, "released", "ready")
        self._put(entry, None)

    def _snooze(self, entry: Entry, snooze: Snooze) -> None:
        now = self.clock.now()
        delay = None if snooze.delay is None else seconds_of(snooze.delay)
        if delay is not None:
            _check_wait("snooze", delay)
        until = snooze.until if delay is None else now + dt.timedelta(seconds=delay)
        entry.attempt -= 1
        if entry.cancel_requested:
            self._end(entry, "cancelled")
        elif snooze.max_snoozes is not None and entry.snoozes >= snooze.max_snoozes:
            message = f"snoozed {entry.snoozes} times"
            error = {"type": "TooManySnoozes", "message": message}
            self._end(entry, "dead", reason="rejected", error=error)
        else:
            entry.snoozes += 1
            self._later(entry, "snoozed", until, None, None)

    def _fail(self, entry: Entry, verdict: Verdict) -> None:
        error = None if verdict.error is None else _json.loads(verdict.error)
        retry_in = _seconds(verdict.retry_in)
        if not verdict.charge:
            entry.attempt -= 1
        if entry.cancel_requested:
            self._end(entry, "cancelled", error=error)
        elif verdict.reason in ("aborted", "undecodable", "rejected"):
            self._end(entry, "dead", reason=verdict.reason, error=error)
        elif entry.attempt >= entry.placed.max_attempts:
            self._end(entry, "dead", reason=verdict.reason or "exhausted", error=error)
        else:
            delay = retry_in
            if delay is None:
                delay = entry.placed.backoff.delay(max(1, entry.attempt), random.random())
            run_at = self.clock.now() + dt.timedelta(seconds=delay)
            self._later(entry, "failed", run_at, verdict.reason, error)
            self._note_error(entry, "failed")

    def _later(
        self,
        entry: Entry,
        type_: str,
        until: dt.datetime | None,
        reason: str | None,
        error: dict[str, Any] | None,
    ) -> None:
        self._leave(entry)
        entry.reason, entry.error = reason, error
        now = self.clock.now()
        run_at = None if until is None or until <= now else until
        given = (("run_at", run_at and run_at.isoformat()), ("reason", reason), ("error", error))
        data = {name: value for name, value in given if value is not None}
        self._note(entry, type_, "ready" if run_at is None else "scheduled", data)
        self._put(entry, run_at)

    def _note(self, entry: Entry, type_: str, state: str, data: Any = None) -> None:
        entry.state = state
        entry.since = self.clock.now()
        entry.events.append(
            EventInfo(
                pos=self._next() if entry.events else entry.id,
                at=entry.since,
                type=type_,
                queue=entry.placed.queue,
                attempt=entry.attempt,
                claim=None,
                worker=None,
                data=data,
            )
        )

    def _note_error(self, entry: Entry, type_: str) -> None:
        entry.errors.append(
            {
                "attempt": entry.attempt,
                "at": self.clock.now().isoformat(),
                "type": type_,
                "reason": entry.reason,
                "error": entry.error,
            }
        )


def _seconds(interval: str | None) -> float | None:
    """Of what `_options.interval` made."""
    if interval is None:
        return None
    seconds = float(interval.split()[0])
    _check_wait("retry_in", seconds)
    return seconds


def _check_wait(what: str, seconds: float) -> None:
    if not 0 <= seconds <= LONGEST_WAIT:
        raise InvalidArgument(
            f"{what} is {seconds:g} s", hint=f"{what} is not negative and at most 1000 years."
        )
