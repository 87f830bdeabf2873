"""The database has what the application declares: settings, subscriptions, consumers, schedules.

Nothing is ever deleted: what is in the database only may be another application's, and is reported.
"""

from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import psycopg

from . import _log_calls, _schedule_calls
from ._calls import Call, Row
from ._drivers import AsyncConn, Conn, run, run_async_told, unknown_connection
from ._reconcile_settings import differing
from .consumer import Consumer
from .subscription import Subscription

if TYPE_CHECKING:
    from .app import Jobs

__all__ = ["Change", "reconcile"]

_STUCK_FOR = 60  # the question needs one; the answer to it is not looked at
What = Literal["queue", "kind", "subscription", "consumer", "schedule"]
Listed = Literal["subscription", "consumer", "schedule"]
_ACTIONS: dict[str, Literal["create", "change", "keep"]] = {
    "created": "create",
    "changed": "change",
    "unchanged": "keep",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What was done, or with a dry run would be, about one of the things that are declared.

    Attributes:
        what: `queue`, `kind`, `subscription`, `consumer` or `schedule`
        name: its name
        action: `create`, `change`, `keep`, or `undeclared`: only the database has it
        differences: of a change, each as `category: None -> 'order'`; none if what was left to
            the kind is named now and is the same
    """

    what: What
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
    """The database has the subscriptions, consumers and schedules that the application declares.

    Queues and kinds have the settings that it declares, and keep the others. A new subscription or
    consumer begins at its `from_position`; one that exists keeps its place, and what it reads from
    now on is what is declared. A schedule that exists goes on at the declared times, and stays
    paused if it is. What only the database has is left alone, and reported. Any number
    of processes may do it at once, and again.

    dry_run: nothing is changed, but what would be is returned.

    Returns a `Change` for each, queues first, schedules last. Raises what `jobs.subscribe`,
    `jobs.create_consumer` and `jobs.schedule` raise.
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
    changes: list[Change] = []
    for (what, name), settings in sorted(
        app.settings.items(), key=lambda one: (one[0][0] != "queue", one[0][1])
    ):
        was_there, differences = yield from differing(what, name, settings)
        action = _action(was_there, differences)
        changes.append(Change(what, name, action, differences if was_there else ()))
    wanted = {one.name: _subscribe(one) for one in app.subscriptions.values()}
    changes += yield from _compare("subscription", wanted, dry_run)
    wanted = {one.name: _create(one) for one in app.consumers.values()}
    changes += yield from _compare("consumer", wanted, dry_run)
    wanted = {one.name: _schedule_calls.schedule(one) for one in app.schedules.values()}
    changes += yield from _compare("schedule", wanted, dry_run)
    return changes


def _action(was_there: bool, differences: tuple[str, ...]) -> Literal["create", "change", "keep"]:
    if not was_there:
        return "create"
    return "change" if differences else "keep"


def _compare(what: Listed, wanted: Mapping[str, Call[str]], dry_run: bool) -> Steps:
    listing, compared = _LISTINGS[what]
    there = {row[0]: row for row in (yield listing(None))}
    changes = []
    for name, call in wanted.items():
        old = there.pop(name, None)
        if old is None and dry_run and what != "schedule":  # only the database can read its cron
            changes.append(Change(what, name, "create"))
            continue
        # Also in a dry run the database is asked, in what is rolled back: only it knows, for
        # example, whether a queue was named or is the kind's.
        action = _ACTIONS[(yield call)]
        new = (yield listing(name))[0] if action == "change" else None
        changes.append(Change(what, name, action, tuple(_differences(compared, old, new))))
    return changes + [Change(what, name, "undeclared") for name in there]


def _differences(compared: Sequence[str], old: Row | None, new: Row | None) -> Iterator[str]:
    if old is not None and new is not None:
        for name, was, becomes in zip(compared, old[1:], new[1:], strict=False):
            if was != becomes:
                yield f"{name}: {was!r} -> {becomes!r}"


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


def _create(declared: Consumer) -> Call[str]:
    return _log_calls.create_consumer(
        declared.name,
        declared.from_position,
        declared.types,
        declared.category,
        declared.job_events,
        declared.unknown_types,
    )


def _list_consumers(name: str | None) -> Call[Sequence[Row]]:
    return _log_calls.list_consumers(name, _STUCK_FOR)


# How each is listed, and the columns after the name that are declared.
_LISTINGS: Mapping[Listed, tuple[Callable[[str | None], Call[Sequence[Row]]], Sequence[str]]] = {
    "subscription": (
        _log_calls.list_subscriptions,
        ("types", "category", "kind", "queue", "routing_key", "delay"),
    ),
    "consumer": (_list_consumers, ("types", "category", "job_events", "unknown_types")),
    "schedule": (
        _schedule_calls.list_schedules,
        _schedule_calls.DECLARED_COLUMNS.replace("::text", "").split(", "),
    ),
}
