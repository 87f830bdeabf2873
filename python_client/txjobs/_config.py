"""A worker's settings, checked."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from .errors import ConfigurationError

__all__ = ["Config"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All times in seconds; see `Worker` for what each of them means."""

    dsn: str
    queues: tuple[str, ...] | None
    kinds: tuple[str, ...]
    routing: tuple[str | None, ...] | None
    consumers: tuple[str, ...]
    reconcile: bool
    concurrency: int
    prefetch: int
    lease: float
    heartbeat: float
    poll_interval: float
    poll_cap: float
    notify: bool
    prepare: bool
    drain: bool
    drain_horizon: float
    drain_timeout: float
    prune_interval: float | None
    name: str

    def __post_init__(self) -> None:
        self._check(
            bool(self.kinds or self.consumers),
            "there is no task to work on, and no consumer to run: register one with @app.task or "
            "@app.consumer",
        )
        self._check(
            self.queues is None or bool(self.queues), "queues is empty: leave it out for all queues"
        )
        self._check(self.concurrency >= 1, "concurrency is at least 1")
        self._check(self.prefetch >= 0, "prefetch is 0 or more jobs")
        self._check(self.lease >= 1, "lease is at least 1 second")
        self._check(
            0 < self.heartbeat <= self.lease / 3,
            f"heartbeat is {self.heartbeat} s, and a lease of {self.lease} s must be renewed at "
            f"least three times: set heartbeat to {self.lease / 3:g} or less",
        )
        self._check(
            0 < self.poll_interval <= self.poll_cap, "poll_interval is over 0 and at most poll_cap"
        )
        self._check(self.drain_timeout >= 0, "drain_timeout is 0 or more")
        self._check(
            self.prune_interval is None or self.prune_interval > 0,
            "prune_interval is over 0 seconds, or None for a worker that does not prune",
        )

    @staticmethod
    def _check(holds: bool, fix: str) -> None:
        if not holds:
            raise ConfigurationError(fix)

    @property
    def connect(self) -> dict[str, Any]:
        """What every connection is opened with, so that a dead peer is noticed within the lease."""
        wanted = {
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": int(self.lease / 3 * 1000),
            "application_name": f"txjobs {self.name}"[:63],
        }
        given = conninfo_to_dict(self.dsn)
        settings = {key: value for key, value in wanted.items() if key not in given}
        return settings if self.prepare else {**settings, "prepare_threshold": None}

    @property
    def info(self) -> dict[str, Any]:
        """What the registry shows of this process."""
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "concurrency": self.concurrency,
            "heartbeat": self.heartbeat,
            "consumers": self.consumers,
        }


def default_name() -> str:
    """A label for people: the host and the process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def as_tuple(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """A tuple of names, or None; a bare text is a mistake that would be taken for its letters."""
    if isinstance(names, str):
        raise ConfigurationError(f"queues, kinds and consumers are lists: write [{names!r}]")
    return None if names is None else tuple(names)
