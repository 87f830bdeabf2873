"""The commands about subscriptions: add, list, show, pause, resume, remove, backfill, sync."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from . import _drivers, _log_calls
from ._calls import Row
from ._cli_errors import ExitCode
from ._cli_log import Beginning, Category, Types
from ._cli_options import AsJson, DryRun, Dsn, connection, seconds
from ._cli_output import console, facts, print_json, say, table
from ._cli_text import ago, clean, count, duration
from ._cli_worker import load_app
from ._drivers import Conn
from ._reconcile import Change, reconcile
from .errors import NotFound

__all__ = [
    "add",
    "backfill",
    "counted",
    "described",
    "list_all",
    "named",
    "pause",
    "remove",
    "resume",
    "say_changes",
    "show",
    "sync",
    "wanted",
]

_COUNTED = 10_000  # the verbs count no further
_STEP = 1000
_COLUMNS = _log_calls.SUBSCRIPTION_COLUMNS.split(", ")
_STYLES = {"live": "green", "catching_up": "yellow", "paused": "magenta"}

Name = Annotated[str, typer.Argument(metavar="NAME")]


def add(
    name: Name,
    dsn: Dsn = None,
    types: Types = None,
    category: Category = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", "-k", metavar="NAME", help="Of its jobs.", show_default="NAME"),
    ] = None,
    queue: Annotated[
        str | None,
        typer.Option("--queue", "-q", metavar="NAME", help="Theirs.", show_default="the kind's"),
    ] = None,
    routing_key: Annotated[str | None, typer.Option(metavar="KEY", help="Theirs.")] = None,
    delay: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long after its event each may run.")
    ] = None,
    after: Beginning = "now",
    as_json: AsJson = False,
) -> None:
    """Make a job of each matching event; one of this name is changed to what is given."""
    call = _log_calls.subscribe(
        name, types or None, category, kind, queue, routing_key, after, seconds(delay)
    )
    with connection(dsn) as conn:
        answer = _drivers.run(conn, call)
    if as_json:
        print_json({"subscription": name, "answer": answer})
    else:
        say(f"{answer}: subscription {name}")


def list_all(dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Subscriptions: what they match, what they make of it, how far they are."""
    with connection(dsn) as conn:
        found = _listed(conn, None)
    if as_json:
        print_json({"subscriptions": found})
    elif not found:
        say("no subscription yet")
    else:
        columns = ("name", "events", "kind", "queue", "state", "behind", "waiting")
        rows = ([_cell(one, column) for column in columns] for one in found)
        console().print(table(columns, rows, right=("behind", "waiting")))


def show(name: Name, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """One subscription."""
    with connection(dsn) as conn:
        (one,) = _listed(conn, name)
    if as_json:
        print_json(one)
        return
    title = Text(f"subscription {clean(name)}  ", style="bold")
    console().print(title.append_text(_state(one["state"])))
    console().print(facts(_facts(one)))


def _facts(one: dict[str, Any]) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [
        ("events", wanted(one["types"], one["category"])),
        ("kind", one["kind"]),
        ("queue", one["queue"]),
        ("routing key", one["routing_key"]),
        ("delay", None if one["delay"] is None else duration(one["delay"].total_seconds())),
        ("behind", f"{counted(one['behind'])} events that are not jobs yet"),
        ("waiting", count(one["waiting"], "job")),
        ("created", ago(one["created_at"])),
    ]
    return [(name, value) for name, value in found if value is not None]


def _listed(conn: Conn, name: str | None) -> list[dict[str, Any]]:
    return named(_COLUMNS, _drivers.run(conn, _log_calls.list_subscriptions(name)))


def named(columns: Sequence[str], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as objects."""
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _cell(one: dict[str, Any], column: str) -> object:
    if column == "events":
        return wanted(one["types"], one["category"])
    if column == "state":
        return _state(one["state"])
    if column == "behind":
        return Text(counted(one["behind"]), style="" if one["behind"] else "dim")
    return one[column]


def _state(state: str) -> Text:
    return Text(state.replace("_", " "), style=_STYLES.get(state, ""))


def wanted(types: Sequence[str] | None, category: str | None) -> str:
    """Which events, in words."""
    what = ", ".join(types) if types else "all"
    return what if category is None else f"{what} of category {category}"


def counted(number: int) -> str:
    """A number of events that was counted only so far."""
    return f"{number:,}" if number < _COUNTED else f"{_COUNTED:,} or more"


def pause(name: Name, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Make no more jobs of what is appended, until it is resumed."""
    with connection(dsn) as conn:
        _drivers.run(conn, _log_calls.pause_subscription(name))
    _say_state(name, {"paused": True}, f"paused: subscription {name}", as_json)


def resume(name: Name, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """End a pause: what was appended meanwhile becomes jobs first, then it is live again."""
    with connection(dsn) as conn:
        _drivers.run(conn, _log_calls.resume_subscription(name))
    _say_state(name, {"paused": False}, f"resumed: subscription {name}", as_json)


def remove(name: Name, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Make no more jobs, for ever; those that it has made stay."""
    with connection(dsn) as conn:
        if not _drivers.run(conn, _log_calls.unsubscribe(name)):
            raise NotFound(f"there is no subscription {name}: names are case-sensitive")
    _say_state(name, {"removed": True}, f"removed: subscription {name}", as_json)


def _say_state(name: str, state: dict[str, bool], line: str, as_json: bool) -> None:
    if as_json:
        print_json({"subscription": name, **state})
    else:
        say(line)


def backfill(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only this one.", show_default="all")
    ] = None,
    dsn: Dsn = None,
    as_json: AsJson = False,
) -> int:
    """Make jobs of the events that lie before a subscription's present, at once."""
    made: dict[str, int] = {}
    with connection(dsn) as conn:
        _listed(conn, name)  # raises if there is no such subscription
        more = True
        while more:
            rows = _drivers.run(conn, _log_calls.backfill(name, _STEP))
            for one, jobs, _ in rows:
                made[one] = made.get(one, 0) + jobs
            more = any(again for _, _, again in rows)
        listed = _listed(conn, name)
    done = [
        {"name": one["name"], "made": made.get(one["name"], 0), "state": one["state"]}
        for one in listed
    ]
    paused = [one["name"] for one in done if one["state"] == "paused"]
    if as_json:
        print_json({"subscriptions": done})
    else:
        for one in done:
            line = Text(clean(f"{one['name']}: {count(one['made'], 'job')} made, "))
            say(line.append_text(_state(one["state"])))
        if not done:
            say("no subscription yet")
    return ExitCode.NO if name in paused else ExitCode.OK


def sync(
    target: Annotated[
        str, typer.Argument(metavar="MODULE:APP", help="The module, and its Jobs object.")
    ],
    dsn: Dsn = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Make the subscriptions, consumers and schedules that an application declares."""
    app = load_app(target)
    with connection(dsn) as conn:
        changes = reconcile(conn, app, dry_run=dry_run)
    pending = any(change.pending for change in changes)
    if as_json:
        print_json(
            {
                "changes": described(changes),
                "pending": pending,
                "changed": pending and not dry_run,
            }
        )
    else:
        say_changes(changes, dry_run)
        if not pending:
            say(f"up to date: what {target} declares")
    return ExitCode.NO if dry_run and pending else ExitCode.OK


def described(changes: Sequence[Change]) -> list[dict[str, object]]:
    """For programs."""
    return [dataclasses.asdict(change) for change in changes]


def say_changes(changes: Sequence[Change], dry_run: bool) -> None:
    """For people: what is as it was declared goes without saying."""
    for change in changes:
        if change.pending:
            done = "pending" if dry_run else "done"
            how = f": {', '.join(change.differences)}" if change.differences else ""
            say(f"{done}: {change.action} {change.what} {change.name}{how}")
        elif change.action == "undeclared":
            say(f"note: {change.what} {change.name} is not declared there, and left alone")
