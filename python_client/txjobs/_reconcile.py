"""Subscriptions and consumers: the database has what the application declares.

Nothing is ever deleted: what is in the database only may be another application's, and is reported.
"""

import datetime as dt
from collections.abc import Coroutine, Generator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, overload

import psycopg

from . import _log_calls
from ._calls import Call, Row
from ._drivers import AsyncConn, Conn, run, run_async_told, unknown_connection
from ._options import seconds_of
from .consumer import Consumer
from .subscription import Subscription

if TYPE_CHECKING:
    from .app import Jobs

__all__ = ["Change", "reconcile"]

_STUCK_FOR = 60  # the question needs one; the answer to it is not looked at
_ACTIONS: dict[str, Literal["create", "change", "keep"]] = {
    "created": "create",
    "changed": "change",
    "unchanged": "keep",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What was done, or with a dry run would be, about one subscription or consumer.

    Attributes:
        what: `subscription` or `consumer`
        name: its name
        action: `create`, `change`, `keep`, or `undeclared`: only the database has it
        differences: of a change, each as `category: None -> 'order'`
    """

    what: Literal["subscription", "consumer"]
    name: str
    action: Literal["create", "change", "keep", "undeclared"]
    differences: tuple[str, ...] = ()

    @property
    def pending(self) -> bool:
        """The database differed from the declaration."""
        return self.action in ("create", "change")


@overload
def reconcile(conn: Conn, app: "Jobs", /, *, dry_run: bool = False) -> list[Change]: ...
@overload
def reconcile(
    conn: AsyncConn, app: "Jobs", /, *, dry_run: bool = False
) -> Coroutine[Any, Any, list[Change]]: ...
def reconcile(
    conn: Conn | AsyncConn, app: "Jobs", /, *, dry_run: bool = False
) -> list[Change] | Coroutine[Any, Any, list[Change]]:
    """The database has the subscriptions and consumers that the application declares.

    A new one begins at its `from_position`; one that exists keeps its place, and what it reads from
    now on is what is declared. What only the database has is left alone, and reported. Any number
    of processes may do it at once, and again.

    dry_run: nothing is changed, but what would be is returned.

    Returns a `Change` for each, subscriptions first. Raises what `jobs.subscribe` and
    `jobs.create_consumer` raise.
    """
    if isinstance(conn, psycopg.AsyncConnection):
        return _run_async(conn, _steps(app, dry_run), dry_run)
    if isinstance(conn, psycopg.Connection):
        return _run(conn, _steps(app, dry_run), dry_run)
    raise unknown_connection(conn)


Steps = Generator[Call[Any], Any, list[Change]]


def _run(conn: Conn, steps: Steps, dry_run: bool) -> list[Change]:
    with conn.transaction(force_rollback=True) if dry_run else nullcontext():
        try:
            call = next(steps)
            while True:
                call = steps.send(run(conn, call))
        except StopIteration as stop:
            return list(stop.value)


async def _run_async(conn: AsyncConn, steps: Steps, dry_run: bool) -> list[Change]:
    async with conn.transaction(force_rollback=True) if dry_run else nullcontext():
        try:
            call = next(steps)
            while True:
                call = steps.send(await run_async_told(conn, call))
        except StopIteration as stop:
            return list(stop.value)


def _steps(app: "Jobs", dry_run: bool) -> Steps:
    """Yields calls, to be sent their values."""
    there = {row[0]: row for row in (yield _log_calls.list_subscriptions(None))}
    changes = []
    for subscription in app.subscriptions.values():
        change = yield from _declare(
            Change("subscription", subscription.name, "create"),
            _subscribe(subscription),
            _of_subscription(subscription),
            there.pop(subscription.name, None),
            dry_run,
        )
        changes.append(change)
    changes += [Change("subscription", name, "undeclared") for name in there]

    there = {row[0]: row for row in (yield _log_calls.list_consumers(None, _STUCK_FOR))}
    for consumer in app.consumers.values():
        change = yield from _declare(
            Change("consumer", consumer.name, "create"),
            _create(consumer),
            _of_consumer(consumer),
            there.pop(consumer.name, None),
            dry_run,
        )
        changes.append(change)
    changes += [Change("consumer", name, "undeclared") for name in there]
    return changes


def _declare(
    change: Change,
    call: Call[str],
    declared: Mapping[str, Any],
    found: Row | None,
    dry_run: bool,
) -> Generator[Call[Any], Any, Change]:
    if found is None and dry_run:
        return change
    # Also in a dry run the database is asked, in what is rolled back: only it knows, for example,
    # whether a queue was named or is the kind's.
    action = _ACTIONS[(yield call)]
    differences = []
    if action == "change" and found is not None:
        for name, value, old in zip(declared, declared.values(), found[1:], strict=False):
            if value != old:
                differences.append(f"{name}: {old!r} -> {value!r}")
    return replace(change, action=action, differences=tuple(differences))


def _of_subscription(declared: Subscription) -> Mapping[str, Any]:
    """What is compared, in the order of SUBSCRIPTION_COLUMNS."""
    delay = declared.delay
    return {
        "types": declared.types and list(declared.types),
        "category": declared.category,
        "kind": declared.name,
        "queue": declared.queue,
        "routing_key": declared.routing_key,
        "delay": None if delay is None else dt.timedelta(seconds=seconds_of(delay)),
    }


def _subscribe(declared: Subscription) -> Call[str]:
    return _log_calls.subscribe(
        declared.name,
        declared.types,
        declared.category,
        None,
        declared.queue,
        declared.routing_key,
        declared.from_position,
        declared.delay,
    )


def _of_consumer(declared: Consumer) -> Mapping[str, Any]:
    """What is compared, in the order of CONSUMER_COLUMNS."""
    return {
        "types": declared.types and list(declared.types),
        "category": declared.category,
        "job_events": declared.job_events,
        "unknown_types": declared.unknown_types,
    }


def _create(declared: Consumer) -> Call[str]:
    return _log_calls.create_consumer(
        declared.name,
        declared.from_position,
        declared.types,
        declared.category,
        declared.job_events,
        declared.unknown_types,
    )
