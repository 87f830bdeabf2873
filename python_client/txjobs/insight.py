"""What the database says of why things are as they are, as values."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Gate", "HealthCheck", "KindStats", "WorkerInfo"]


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition that a job must pass to be run.

    `why` is what was seen, `remedy` what can be done if it is not `open`, `detail` the same in
    figures.
    """

    gate: str
    open: bool
    why: str
    remedy: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check of the installation.

    `status` is ok, warning or critical; `saw` is what was seen, `why` it matters, `remedy` what can
    be done if it is not ok, `detail` the same in figures.
    """

    name: str
    status: str
    saw: str
    why: str
    remedy: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KindStats:
    """A kind now, and what ended otherwise than well within the window.

    `failed` are attempts to be retried; `oldest_due_age` is how long the job that is due longest
    has been due.
    """

    kind: str
    paused: bool
    ready: int
    scheduled: int
    blocked: int
    running: int
    failed: int
    dead: int
    cancelled: int
    skipped: int
    discarded: int
    oldest_due_age: dt.timedelta | None
    next_run_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker: what it asks for (None: any), whether it lives, and how many jobs it runs.

    Without `name` it holds jobs and is not registered, without `id` its claims named no worker.
    `claimed_at` is since when it holds the oldest of its jobs.
    """

    id: str | None
    name: str | None
    queues: list[str] | None
    kinds: list[str] | None
    routing: list[str | None] | None
    live: bool
    running: int
    claimed_at: dt.datetime | None
    started_at: dt.datetime | None
    seen_at: dt.datetime | None
    info: Any
