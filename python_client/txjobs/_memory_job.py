"""A job that is only in memory: what it was enqueued with, and what became of it."""

import datetime as dt
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from . import _json
from ._claimed import Claimed
from ._options import Options, seconds_of, timestamp
from .backoff import Backoff
from .errors import ConfigurationError, InvalidArgument
from .info import EventInfo, JobInfo
from .task import NewJob, inheriting

__all__ = ["LONGEST_WAIT", "Entry", "Placed"]

_TAKEN = frozenset(
    ("queue", "priority", "run_at", "delay", "max_attempts", "timeout", "retry", "headers")
)
_WITHOUT_MEANING = frozenset(("routing_key", "lease"))  # there is one worker, and it is this one
_MAX_ATTEMPTS = 20
LONGEST_WAIT = 1000 * 365.25 * 86400  # seconds
_LONGEST_TIMEOUT = 20 * 86400.0
_REMEMBERED = 100  # transitions, and errors, of one job


@dataclass(frozen=True, slots=True)
class Placed:
    """The options of a job, checked as `jobs.enqueue` checks them, with their defaults."""

    kind: str
    args: str
    queue: str
    priority: int
    run_at: dt.datetime | None
    max_attempts: int
    timeout: float | None
    backoff: Backoff
    headers: str | None

    @classmethod
    def of(cls, job: NewJob[Any], now: dt.datetime) -> "Placed":
        """The job as it is kept, or `InvalidArgument`."""
        options: Options = inheriting(job.options)
        _refuse_unknown(options)
        backoff = options.retry or Backoff()
        backoff.check()
        said = (options.max_attempts, backoff.max_attempts, _MAX_ATTEMPTS)
        attempts = next(one for one in said if one is not None)
        if not 1 <= attempts <= 32767:
            raise InvalidArgument(
                f"max_attempts is {attempts}",
                hint="max_attempts is between 1 and 32767: how many times the handler may start.",
            )
        priority = options.priority or 0
        if not -100 <= priority <= 100:
            raise InvalidArgument(
                f"priority is {priority}",
                hint="priority is between -100 and 100; higher runs first, default 0.",
            )
        headers = None if options.headers is None else _json.dumps(options.headers, "headers")
        return cls(
            kind=job.kind,
            args=job.args,
            queue=options.queue or "default",
            priority=priority,
            run_at=_run_at(options, now),
            max_attempts=attempts,
            timeout=_timeout(options),
            backoff=backoff,
            headers=headers,
        )


def _refuse_unknown(options: Options) -> None:
    given = {one.name for one in fields(options) if getattr(options, one.name) is not None}
    unknown = given - _TAKEN - _WITHOUT_MEANING
    if unknown:
        raise ConfigurationError(
            f"{', '.join(sorted(unknown))}: only the database knows of this: leave it out, or run "
            "these jobs on Postgres"
        )


def _run_at(options: Options, now: dt.datetime) -> dt.datetime | None:
    """None if that is now."""
    if options.run_at is not None and options.delay is not None:
        raise InvalidArgument("both run_at and delay are given", hint="Give one of them.")
    at = options.run_at
    timestamp(at)  # it has a time zone
    if options.delay is not None:
        seconds = seconds_of(options.delay)
        if not 0 <= seconds <= LONGEST_WAIT:
            raise InvalidArgument(
                f"the job would run in {seconds} s",
                hint="delay is not negative and at most 1000 years.",
            )
        at = now + dt.timedelta(seconds=seconds)
    return None if at is None or at <= now else at


def _timeout(options: Options) -> float | None:
    if options.timeout is None:
        return None
    seconds = seconds_of(options.timeout)
    if not 0.001 <= seconds <= _LONGEST_TIMEOUT:
        raise InvalidArgument(
            f"timeout is {seconds} s", hint="timeout is between 0.001 s and 20 days."
        )
    return seconds


@dataclass(slots=True, eq=False)
class Entry:
    """One job; `order` is its place among those that wait with it."""

    id: int
    placed: Placed
    created_at: dt.datetime
    state: str = "ready"
    attempt: int = 0
    order: int = 0
    run_at: dt.datetime | None = None
    since: dt.datetime | None = None
    snoozes: int = 0
    result: str | None = None
    reason: str | None = None
    error: dict[str, Any] | None = None
    cancel_requested: bool = False
    claimed: Claimed | None = None
    errors: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    events: deque[EventInfo] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    watchers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it."""
        return self.state not in ("ready", "scheduled", "running")

    @property
    def key(self) -> tuple[int, int]:
        """Smaller for what runs first."""
        return -self.placed.priority, self.order

    def as_claimed(self, token: int, at: float) -> Claimed:
        """What a slot runs."""
        placed = self.placed
        return Claimed(
            (
                token,
                self.id,
                placed.kind,
                placed.args,
                self.attempt,
                placed.max_attempts,
                placed.timeout,
                placed.queue,
                placed.priority,
                placed.headers,
                self.created_at,
                math.inf,  # nobody takes it away
            ),
            at,
        )

    def as_info(self) -> JobInfo:
        """The job as the clients show it."""
        placed = self.placed
        return JobInfo(
            id=self.id,
            kind=placed.kind,
            queue=placed.queue,
            state=self.state,
            priority=placed.priority,
            attempt=self.attempt,
            max_attempts=placed.max_attempts,
            args=_json.loads(placed.args),
            headers=_json.loads(placed.headers) if placed.headers else {},
            created_at=self.created_at,
            since=self.since or self.created_at,
            run_at=self.run_at if self.state == "scheduled" else None,
            result=None if self.result is None else _json.loads(self.result),
            reason=self.reason,
            error=self.error,
            errors=tuple(self.errors),
            cancel_requested=self.cancel_requested and self.state == "running",
        )
