"""What the database says of jobs and queues, as values."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["EventInfo", "JobInfo", "ListedJob", "QueueStats"]


def _time(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    """One job, whole.

    `state` is ready, scheduled, running, completed, dead, cancelled, skipped or discarded; `errors`
    has one entry for each attempt that failed: attempt, at, type, reason, error.
    """

    id: int
    kind: str
    queue: str
    state: str
    priority: int
    attempt: int
    max_attempts: int
    args: Any
    headers: Mapping[str, Any]
    created_at: dt.datetime
    since: dt.datetime
    run_at: dt.datetime | None
    result: Any
    reason: str | None
    error: Mapping[str, Any] | None
    errors: tuple[Mapping[str, Any], ...]
    cancel_requested: bool

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it, unless someone asks for it."""
        return self.state not in ("ready", "scheduled", "running")

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """From what `jobs.get` returns."""
        return cls(
            id=found["id"],
            kind=found["kind"],
            queue=found["queue"],
            state=found["state"],
            priority=found["priority"],
            attempt=found["attempt"],
            max_attempts=found["max_attempts"],
            args=found["args"],
            headers=found.get("headers") or {},
            created_at=dt.datetime.fromisoformat(found["created_at"]),
            since=dt.datetime.fromisoformat(found["since"]),
            run_at=_time(found.get("run_at")),
            result=found.get("result"),
            reason=found.get("reason"),
            error=found.get("error"),
            errors=tuple(found.get("errors") or ()),
            cancel_requested=found.get("cancel_requested", False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventInfo:
    """One transition of a job: a line of its history."""

    pos: int
    at: dt.datetime
    type: str
    queue: str
    attempt: int
    claim: int | None
    worker: str | None
    data: Any

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """From a row of `jobs.history`."""
        return cls(
            pos=found["pos"],
            at=dt.datetime.fromisoformat(found["at"]),
            type=found["type"],
            queue=found["queue"],
            attempt=found["attempt"] or 0,
            claim=found.get("claim"),
            worker=found.get("worker"),
            data=found.get("data"),
        )


@dataclass(frozen=True, slots=True)
class ListedJob:
    """A line of a list of jobs; `cursor` of the last one gets the next page."""

    id: int
    kind: str
    queue: str
    state: str
    priority: int
    attempt: int
    run_at: dt.datetime | None
    created_at: dt.datetime
    at: dt.datetime
    reason: str | None
    cursor: str


@dataclass(frozen=True, slots=True)
class QueueStats:
    """A queue now, and what ended in it within the window; `failed` are attempts to be retried."""

    queue: str
    paused: bool
    ready: int
    scheduled: int
    running: int
    completed: int
    failed: int
    dead: int
    cancelled: int
    skipped: int
    discarded: int
    oldest_ready_age: dt.timedelta | None
    next_run_at: dt.datetime | None
