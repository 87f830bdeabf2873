"""The calls that ask why: see `_calls`."""

from collections.abc import Mapping, Sequence

from . import _json
from ._calls import Call, Row
from ._options import Seconds, interval
from .insight import Gate, HealthCheck, KindStats, WorkerInfo

__all__ = ["explain", "health", "list_workers", "stats_by_kind"]


def explain(job: int) -> Call[list[Gate]]:
    """A row per gate."""

    def read(rows: Sequence[Row]) -> list[Gate]:
        return [
            Gate(gate, is_open, why, remedy, _json.loads(detail))
            for gate, is_open, why, remedy, detail in rows
        ]

    return Call(
        "select gate, open, why, remedy, detail::text from jobs.explain(%s::text::bigint)",
        (str(job),),
        read,
        writes=False,
    )


def health(
    lengths: Mapping[str, Seconds | None], numbers: Mapping[str, float | None]
) -> Call[list[HealthCheck]]:
    """A row per check; thresholds that are None are left to the database."""
    given = {name: interval(value) for name, value in lengths.items() if value is not None}
    named = [f"{name} => %s::text::interval" for name in given]
    for name, number in numbers.items():
        if number is not None:
            given[name] = str(number)
            named.append(f"{name} => %s::text::{_NUMBERS[name]}")

    def read(rows: Sequence[Row]) -> list[HealthCheck]:
        return [
            HealthCheck(name, status, saw, why, remedy, _json.loads(detail))
            for name, status, saw, why, remedy, detail in rows
        ]

    return Call(
        f"select name, status, saw, why, remedy, detail::text from jobs.health({', '.join(named)})",
        tuple(given.values()),
        read,
    )


_NUMBERS = {
    "held_xids": "bigint",
    "max_dead": "int",
    "max_dead_rows": "bigint",
    "used": "numeric",
}


def stats_by_kind(window: Seconds) -> Call[list[KindStats]]:
    """A row per kind."""
    return Call(
        "select kind, paused, ready, scheduled, blocked, running, failed, dead, cancelled, "
        "skipped, discarded, oldest_due_age, next_run_at "
        "from jobs.stats_by_kind(%s::text::interval)",
        (interval(window),),
        lambda rows: [KindStats(*row) for row in rows],
        writes=False,
    )


def list_workers() -> Call[list[WorkerInfo]]:
    """A row per worker."""

    def read(rows: Sequence[Row]) -> list[WorkerInfo]:
        decoded = ((*row[:-1], _json.loads(row[-1] or "null")) for row in rows)
        return [WorkerInfo(*columns) for columns in decoded]

    return Call(
        "select id::text, name, queues, kinds, routing, live, running, claimed_at, started_at, "
        "seen_at, info::text from jobs.list_workers()",
        (),
        read,
        writes=False,
    )
