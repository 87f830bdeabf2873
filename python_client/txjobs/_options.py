"""The options of a job, spelled once: for the decorator, `task.using(...)` and the SQL call."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from . import _json
from .backoff import Backoff
from .errors import ConfigurationError

__all__ = ["Options", "interval", "seconds_of", "timestamp"]

Seconds = float | dt.timedelta


def seconds_of(value: Seconds) -> float:
    """The length as a number."""
    return value.total_seconds() if isinstance(value, dt.timedelta) else float(value)


def interval(value: Seconds | None) -> str | None:
    """An interval as Postgres reads it, with microseconds."""
    return None if value is None else f"{seconds_of(value):.6f} seconds"


def timestamp(value: dt.datetime | None) -> str | None:
    """A point in time as Postgres reads it in any session."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ConfigurationError(
            f"{value!r} has no time zone: give it one, as datetime.now(UTC) has"
        )
    return value.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What may be said of a job besides kind and arguments; None leaves it to the database."""

    queue: str | None = None
    priority: int | None = None
    run_at: dt.datetime | None = None
    delay: Seconds | None = None
    max_attempts: int | None = None
    routing_key: str | None = None
    timeout: Seconds | None = None
    lease: Seconds | None = None
    retry: Backoff | None = None
    headers: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    idempotency_ttl: Seconds | None = None
    unique_key: str | None = None
    unique_options: Mapping[str, Any] | None = None
    on_conflict: str | None = None
    concurrency_key: str | None = None
    ordering_key: str | None = None
    fair_key: str | None = None
    batch: int | None = None
    depends_on: Sequence[int] | None = None
    on_dependency_failure: str | None = None

    def but(self, **changes: Any) -> Self:
        """These options with those changes that are not None."""
        given = {name: value for name, value in changes.items() if value is not None}
        if "delay" in given and "run_at" not in given:
            given["run_at"] = None
        elif "run_at" in given and "delay" not in given:
            given["delay"] = None
        return replace(self, **given) if given else self

    def as_texts(self) -> dict[str, str]:
        """The arguments of `jobs.enqueue` that are set, each as a text that SQL casts."""
        found: dict[str, str | None] = {
            "queue": self.queue,
            "priority": None if self.priority is None else str(self.priority),
            "run_at": timestamp(self.run_at),
            "delay": interval(self.delay),
            "max_attempts": self._attempts(),
            "routing_key": self.routing_key,
            "timeout": interval(self.timeout),
            "lease": interval(self.lease),
            "backoff": self._backoff(),
            "headers": None if self.headers is None else _json.dumps(self.headers, "headers"),
            "idempotency_key": self.idempotency_key,
            "idempotency_ttl": interval(self.idempotency_ttl),
            "unique_key": self.unique_key,
            "unique_options": None
            if self.unique_options is None
            else _json.dumps(self.unique_options, "unique_options"),
            "on_conflict": self.on_conflict,
            "concurrency_key": self.concurrency_key,
            "ordering_key": self.ordering_key,
            "fair_key": self.fair_key,
            "batch": None if self.batch is None else str(self.batch),
            "depends_on": None
            if self.depends_on is None
            else "{" + ",".join(map(str, self.depends_on)) + "}",
            "on_dependency_failure": self.on_dependency_failure,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _attempts(self) -> str | None:
        if self.max_attempts is not None:
            return str(self.max_attempts)
        if self.retry is not None and self.retry.max_attempts is not None:
            return str(self.retry.max_attempts)
        return None

    def _backoff(self) -> str | None:
        found = None if self.retry is None else self.retry.as_json()
        return _json.dumps(found) if found else None

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) is not None for field in fields(self))
