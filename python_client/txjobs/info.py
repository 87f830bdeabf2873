"""What the database says of jobs, queues and the log, as values."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

__all__ = [
    "Backfilled",
    "ConsumerInfo",
    "EventInfo",
    "JobInfo",
    "ListedJob",
    "Pruned",
    "QueueStats",
    "ScheduleInfo",
    "ScheduleRun",
    "Snapshot",
    "StreamInfo",
    "SubscriptionInfo",
]


def _time(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    """One job, whole.

    `state` is ready, scheduled, blocked, running, completed, dead, cancelled, skipped or discarded;
    `errors` has one entry for each attempt that failed: attempt, at, type, reason, error; `blocked`
    says what a blocked job waits for.
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
    result_pruned: bool = False
    blocked: str | None = None

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it, unless someone asks for it."""
        return self.state not in ("ready", "scheduled", "blocked", "running")

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
            result_pruned=found.get("result_pruned", False),
            reason=found.get("reason"),
            error=found.get("error"),
            errors=tuple(found.get("errors") or ()),
            cancel_requested=found.get("cancel_requested", False),
            blocked=found.get("blocked"),
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
class Pruned:
    """A line of what prune has removed, or would.

    `state` is that of the jobs, and `name` their queue; `result` are their results; `event` are
    users' events, and `name` their category; `batch` are batches; `partition` is one, by name.
    `oldest` and `newest` say when the first and the last of them ended.
    """

    state: str
    jobs: int
    name: str | None
    oldest: dt.datetime | None
    newest: dt.datetime | None


@dataclass(frozen=True, slots=True)
class QueueStats:
    """A queue now, and what ended in it within the window; `failed` are attempts to be retried.

    `oldest_due_age` is how long the job that is due longest has been due, `oldest_ready_age` the
    same of those that a tick has seen.
    """

    queue: str
    paused: bool
    ready: int
    scheduled: int
    blocked: int
    running: int
    completed: int
    failed: int
    dead: int
    cancelled: int
    skipped: int
    discarded: int
    oldest_ready_age: dt.timedelta | None
    next_run_at: dt.datetime | None
    pause_reason: str | None = None
    oldest_due_age: dt.timedelta | None = None


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """A stream and its last event; `stream` of the last line gets the next page."""

    stream: str
    version: int
    type: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class SubscriptionInfo:
    """A subscription now.

    `state` is live, catching_up or paused; `behind` counts the events that are not jobs yet, up to
    10,000, `waiting` its jobs that have not ended.
    """

    name: str
    types: list[str] | None
    category: str | None
    kind: str
    queue: str
    routing_key: str | None
    delay: dt.timedelta | None
    state: str
    behind: int
    waiting: int
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ConsumerInfo:
    """A consumer now: events up to `pos` are done.

    `behind` counts the events that are not, up to 10,000, and `behind_for` is the age of the
    oldest of them; `failures` are since it last moved, at the event at `failed_pos` if that is
    known; `why` says what keeps it if it is `stuck`.
    """

    name: str
    types: list[str] | None
    category: str | None
    job_events: bool | None
    unknown_types: str
    pos: int
    behind: int
    behind_for: dt.timedelta | None
    moved_at: dt.datetime
    leased_until: dt.datetime | None
    failures: int
    error: Mapping[str, Any] | None
    failed_pos: int | None
    retry_at: dt.datetime | None
    stuck: bool
    why: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A stream's state as of a version: read on from the next one."""

    version: int
    data: Any


@dataclass(frozen=True, slots=True)
class Backfilled:
    """How many jobs were made of a subscription's older events, and whether there may be more."""

    name: str
    made: int
    more: bool


@dataclass(frozen=True, slots=True)
class ScheduleInfo:
    """A schedule now.

    `next_runs` are its next five times, none if it is paused or over; `last_job` is its last job
    and `last_state` that job's state; `error` says why its last time made none, if it failed:
    message, sqlstate, at.
    """

    name: str
    cron: str
    timezone: str
    kind: str
    args: Any
    queue: str | None
    priority: int | None
    catch_up: str
    overlap: str
    jitter: dt.timedelta | None
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    paused: bool
    next_runs: list[dt.datetime]
    last_job: int | None
    last_state: str | None
    error: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ScheduleRun:
    """What became of one time of a schedule: a job, in a state while it is kept, or none.

    `skipped` says why there is none: `missed`, `overlap`, or `queued`: not yet.
    """

    due_at: dt.datetime
    at: dt.datetime
    job: int | None
    state: str | None
    skipped: str | None


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """A queue and its settings.

    `settings` are all of them by name, as in force, durations in seconds; `changed` names those
    that are not at their default.
    """

    name: str
    paused: bool
    settings: Mapping[str, Any]
    changed: list[str]
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class KindInfo:
    """A kind and its settings.

    `settings` are all of them by name, as in force, durations in seconds: the kind's own, which
    `changed` names, else those of its queue, else the defaults.
    """

    name: str
    paused: bool
    settings: Mapping[str, Any]
    changed: list[str]
    created_at: dt.datetime
