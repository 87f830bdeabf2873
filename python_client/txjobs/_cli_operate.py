"""The commands that look after an installation and its queues."""

import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import typer
from rich.text import Text

from ._cli_errors import ExitCode, Usage
from ._cli_insight import show_kinds
from ._cli_options import AsJson, DryRun, Dsn, Kind, Queue, client, connection, seconds
from ._cli_output import console, print_json, say, table
from ._cli_subscriptions import described, say_changes
from ._cli_text import ago, clean, duration
from ._cli_worker import load_app
from ._reconcile import Change, reconcile
from .info import QueueStats
from .migrate import Migration, install_sql
from .migrate import migrate as migrate_schema

__all__ = ["migrate", "pause", "pauses", "resume", "stats", "version"]


def migrate(
    dsn: Dsn = None,
    check: DryRun = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the install script, for psql or another tool.")
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(
            "--app",
            metavar="MODULE:APP",
            help="And what it declares: subscriptions, consumers, schedules.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Install the schema `jobs`, or bring it up to date; safe from many places at once."""
    if sql:
        if check or target is not None:
            other = "--check" if check else "--app"
            raise Usage(f"{other} and --sql exclude each other: choose one")
        script = install_sql()
        if as_json:
            print_json({"sql": script})
        else:
            sys.stdout.write(script)
        return ExitCode.OK
    app = None if target is None else load_app(target)  # before anything is changed
    changes: list[Change] | None = None
    with connection(dsn) as conn:
        found = migrate_schema(conn, check=check)
        if not as_json:
            _say_migration(found, check)
        if app is not None and not (check and found.pending):
            changes = reconcile(conn, app, dry_run=check)
    pending = found.pending or any(change.pending for change in changes or [])
    if as_json:
        more = {} if app is None else {"changes": None if changes is None else described(changes)}
        print_json({**vars(found), "pending": pending, "changed": pending and not check, **more})
    elif changes is not None:
        say_changes(changes, check)
    elif app is not None:
        say(f"pending: what {target} declares, which is compared once the schema is there")
    return ExitCode.NO if check and pending else ExitCode.OK


def _say_migration(found: Migration, check: bool) -> None:
    if not found.pending:
        say(f"up to date: {found.installed}")
    for step in found.steps:
        say(f"{'pending' if check else 'done'}: {step}")
    for warning in found.warnings:
        say(f"note: {warning}")


def stats(
    dsn: Dsn = None,
    window: Annotated[
        str, typer.Option(metavar="TIME", help="How far back to count what has ended.")
    ] = "1h",
    by_kind: Annotated[bool, typer.Option("--by-kind", help="A line per kind instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """A line per queue: what waits and runs now, and what ended within the window."""
    back = seconds(window) or 0.0
    if by_kind:
        show_kinds(dsn, back, as_json)
        return
    with client(dsn) as found:
        queues = found.stats(back)
    if as_json:
        print_json({"window": back, "queues": queues})
    elif not queues:
        say("no queue yet: the first enqueue makes one")
    else:
        columns = [*_NOW, *_ENDED, "oldest ready", "next due"]
        console().print(table(columns, map(_stats_row, queues), right=columns[1:]))
        say(Text(f"what ended: in the last {duration(back)}", style="dim"))


_NOW = ("queue", "ready", "scheduled", "blocked", "running")
_ENDED = ("completed", "failed", "dead", "cancelled", "skipped", "discarded")


def _stats_row(queue: QueueStats) -> list[object]:
    name = Text(queue.queue)
    if queue.paused:
        why = f": {clean(queue.pause_reason)}" if queue.pause_reason else ""
        name.append(f" (paused{why})", style="yellow")
    numbers = (getattr(queue, column) for column in (*_NOW[1:], *_ENDED))
    oldest, due = queue.oldest_ready_age, queue.next_run_at
    return [
        name,
        *(Text(f"{number:,}", style="" if number else "dim") for number in numbers),
        "–" if oldest is None else duration(oldest.total_seconds()),
        "–" if due is None else ago(due),
    ]


def pause(
    dsn: Dsn = None,
    queue: Queue = None,
    kind: Kind = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why, for people: explain shows it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Claim nothing more of a queue or a kind: enqueuing goes on, running jobs finish."""
    with client(dsn) as found:
        found.pause(queue=queue, kind=kind, reason=reason)
    _say_paused(queue, kind, True, as_json)


def resume(
    dsn: Dsn = None,
    queue: Queue = None,
    kind: Kind = None,
    as_json: AsJson = False,
) -> None:
    """End a pause."""
    with client(dsn) as found:
        found.resume(queue=queue, kind=kind)
    _say_paused(queue, kind, False, as_json)


def pauses(dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Queues and kinds that are paused: since when, by whom or by which death, and why."""
    with client(dsn) as found:
        paused = found.pauses()
    if as_json:
        print_json({"pauses": paused})
    elif not paused:
        say("nothing is paused")
    else:
        rows = [
            [
                "queue" if one.kind is None else "kind",
                one.queue or one.kind,
                ago(one.at),
                one.paused_by or f"job {one.job}",
                one.reason or "",
            ]
            for one in paused
        ]
        console().print(table(("what", "name", "since", "by", "why"), rows))


def _say_paused(queue: str | None, kind: str | None, paused: bool, as_json: bool) -> None:
    if as_json:
        print_json({"queue": queue, "kind": kind, "paused": paused})
        return
    for what, name in (("queue", queue), ("kind", kind)):
        if name is not None:
            say(f"{'paused' if paused else 'resumed'}: {what} {name}")


def version(dsn: Dsn = None, as_json: AsJson = False) -> None:
    """The version of this package, and of the schema if a database is given."""
    versions = {"txjobs": installed_version("txjobs")}
    if dsn:
        with client(dsn) as found:
            versions["schema"] = found.version()
    if as_json:
        print_json(versions)
        return
    for what, number in versions.items():
        say(f"{what} {number}")
