"""The commands about schedules: add, list, show, history, run, pause, resume, remove, next."""

import datetime as dt
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.text import Text

from . import _drivers, _json, _schedule_calls
from ._cli_errors import ExitCode
from ._cli_options import (
    AsJson,
    Dsn,
    client,
    connection,
    json_value,
    read_stdin,
    seconds,
    time_of,
)
from ._cli_output import console, facts, print_json, say, state_text, table
from ._cli_text import ago, clean, duration
from .client import Client
from .errors import NotFound
from .info import ScheduleInfo, ScheduleRun
from .schedule import Schedule

__all__ = [
    "add",
    "history",
    "list_all",
    "next_runs",
    "pause",
    "remove",
    "resume",
    "run",
    "show",
]

Name = Annotated[str, typer.Argument(metavar="NAME")]
Cron = Annotated[
    str,
    typer.Argument(
        metavar="CRON", help="Five or six fields, @daily and the like, or '15 minutes'; quoted."
    ),
]
Timezone = Annotated[
    str, typer.Option(metavar="ZONE", help="Whose clock it is read from, as Europe/Rome.")
]


def add(
    name: Name,
    cron: Cron,
    dsn: Dsn = None,
    timezone: Timezone = "UTC",
    kind: Annotated[
        str | None,
        typer.Option("--kind", "-k", metavar="NAME", help="Of its jobs.", show_default="NAME"),
    ] = None,
    args: Annotated[
        str, typer.Option(metavar="JSON", help="Their arguments; - reads them from stdin.")
    ] = "{}",
    queue: Annotated[
        str | None,
        typer.Option("--queue", "-q", metavar="NAME", help="Theirs.", show_default="the kind's"),
    ] = None,
    priority: Annotated[
        int | None, typer.Option(metavar="N", help="-100 to 100, higher first.")
    ] = None,
    catch_up: Annotated[
        str, typer.Option(metavar="WORD", help="Of times nobody ticked at: skip, once, or all.")
    ] = "skip",
    overlap: Annotated[
        str,
        typer.Option(metavar="WORD", help="While the job before runs: allow, skip, or queue."),
    ] = "allow",
    jitter: Annotated[
        str | None, typer.Option(metavar="TIME", help="Each waits a random part of it.")
    ] = None,
    starts_at: Annotated[
        str | None, typer.Option(metavar="TIMESTAMP", help="Not before: ISO 8601 with zone.")
    ] = None,
    ends_at: Annotated[
        str | None, typer.Option(metavar="TIMESTAMP", help="Not after: ISO 8601 with zone.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Enqueue a job at certain times; one of this name is changed to what is given."""
    text = read_stdin() if args == "-" else args
    json_value(text, "the arguments")
    wanted = Schedule(
        name=name,
        cron=cron,
        kind=kind or name,
        args=text,
        queue=queue,
        priority=priority,
        timezone=timezone,
        catch_up=catch_up,  # type: ignore[arg-type]  # the database says which there are
        overlap=overlap,  # type: ignore[arg-type]
        jitter=seconds(jitter),
        starts_at=time_of(starts_at),
        ends_at=time_of(ends_at),
    )
    with connection(dsn) as conn:
        answer = _drivers.run(conn, _schedule_calls.schedule(wanted))
    if as_json:
        print_json({"schedule": name, "answer": answer})
    else:
        say(f"{answer}: schedule {name}")


def list_all(dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Schedules: when they run next, and what became of the last time."""
    with client(dsn) as found:
        schedules = found.schedules()
    if as_json:
        print_json({"schedules": schedules})
    elif not schedules:
        say("no schedule yet")
    else:
        columns = ("name", "cron", "timezone", "kind", "next", "last job", "state")
        rows = [_row(one) for one in schedules]
        console().print(table(columns, rows, right=("last job",)))


def _row(one: ScheduleInfo) -> list[object]:
    last = "–" if one.last_job is None else one.last_job
    return [one.name, one.cron, one.timezone, one.kind, _next(one), last, _last_state(one)]


def _next(one: ScheduleInfo) -> Text:
    if one.paused:
        return Text("paused", style="magenta")
    return Text(ago(one.next_runs[0])) if one.next_runs else Text("over", style="dim")


def _last_state(one: ScheduleInfo) -> Text:
    if one.error is not None:
        return Text(clean(f"failed: {one.error.get('message')}"), style="bold red")
    return state_text(one.last_state or "")


def show(name: Name, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """One schedule, and its next five times."""
    with client(dsn) as found:
        (one,) = found.schedules(name)
    if as_json:
        print_json(one)
        return
    title = Text(f"schedule {clean(name)}  ", style="bold")
    console().print(title.append_text(_next(one)))
    console().print(facts(_facts(one)))


def _facts(one: ScheduleInfo) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [
        ("cron", f"{one.cron} ({one.timezone})"),
        ("kind", one.kind),
        ("args", _json.dumps(one.args) if one.args != {} else None),
        ("queue", one.queue),
        ("priority", one.priority),
        ("catch up", one.catch_up),
        ("overlap", one.overlap),
        ("jitter", None if one.jitter is None else duration(one.jitter.total_seconds())),
        ("starts", None if one.starts_at is None else _at(one.starts_at, one.timezone)),
        ("ends", None if one.ends_at is None else _at(one.ends_at, one.timezone)),
        *(("next", _at(at, one.timezone)) for at in one.next_runs),
        ("last job", one.last_job),
        ("state", _last_state(one) if one.last_job is not None or one.error else None),
    ]
    return [(name, value) for name, value in found if value is not None]


def _at(at: dt.datetime, timezone: str) -> str:
    try:
        at = at.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        at = at.astimezone(dt.UTC)  # a zone that only the database knows
    return f"{at:%a %Y-%m-%d %H:%M:%S %z} ({ago(at)})"


def history(
    name: Name,
    dsn: Dsn = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, metavar="N")] = 20,
    as_json: AsJson = False,
) -> None:
    """What became of its last times, newest first: a job, or why there is none."""
    with client(dsn) as found:
        runs = found.schedule_history(name, max_runs=limit)
    if as_json:
        print_json({"schedule": name, "runs": runs})
    elif not runs:
        say(f"schedule {name} has not run yet")
    else:
        rows = [_run_row(one) for one in runs]
        console().print(table(("due", "late by", "job", "state"), rows, right=("late by", "job")))


def _run_row(one: ScheduleRun) -> list[object]:
    late = duration((one.at - one.due_at).total_seconds())
    if one.job is None:
        return [f"{one.due_at:%Y-%m-%d %H:%M:%S %Z}", late, "–", Text(one.skipped or "")]
    gone = Text("pruned", style="dim")
    state = gone if one.state is None else state_text(one.state)
    return [f"{one.due_at:%Y-%m-%d %H:%M:%S %Z}", late, one.job, state]


def run(name: Name, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Enqueue a job of it now, besides those of its times."""
    with client(dsn) as found:
        job = found.run_schedule(name)
    if as_json:
        print_json({"schedule": name, "id": job})
    else:
        say(f"enqueued job {job} of schedule {name}")


def pause(name: Name, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Make no more jobs until it is resumed; its times meanwhile are left out."""
    with client(dsn) as found:
        found.pause(schedule=name)
    _say_state(name, {"paused": True}, f"paused: schedule {name}", as_json)


def resume(name: Name, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """End a pause: it goes on with its next time."""
    with client(dsn) as found:
        found.resume(schedule=name)
    _say_state(name, {"paused": False}, f"resumed: schedule {name}", as_json)


def remove(name: Name, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Forget it and its history; the jobs that it has made stay."""
    with client(dsn) as found:
        if not found.unschedule(name):
            raise NotFound(f"there is no schedule {name}: names are case-sensitive")
    _say_state(name, {"removed": True}, f"removed: schedule {name}", as_json)


def _say_state(name: str, state: dict[str, Any], line: str, as_json: bool) -> None:
    if as_json:
        print_json({"schedule": name, **state})
    else:
        say(line)


def next_runs(
    cron: Cron,
    dsn: Dsn = None,
    timezone: Timezone = "UTC",
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1000, metavar="N")] = 5,
    after: Annotated[
        str | None,
        typer.Option(metavar="TIMESTAMP", help="ISO 8601 with zone.", show_default="now"),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """When an expression fits next: exit code 1 if never. Nothing is changed."""
    with client(dsn) as found:
        runs = _next_runs(found, cron, timezone, time_of(after), count)
    if as_json:
        print_json({"cron": cron, "timezone": timezone, "next_runs": runs})
    for at in [] if as_json else runs:
        say(_at(at, timezone))
    if not runs and not as_json:
        say("never")
    return ExitCode.OK if runs else ExitCode.NO


def _next_runs(
    found: Client, cron: str, timezone: str, after: dt.datetime | None, count: int
) -> list[dt.datetime]:
    runs: list[dt.datetime] = []
    while len(runs) < count:
        at = found.next_run(cron, timezone=timezone, after=runs[-1] if runs else after)
        if at is None:
            break
        runs.append(at)
    return runs
