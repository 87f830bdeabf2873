"""The commands about consumers: add, list, lag, stuck, reset, remove."""

import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.text import Text

from . import _drivers, _json, _log_calls
from ._cli_errors import ExitCode
from ._cli_log import Beginning, Category, JobEvents, Types
from ._cli_options import AsJson, Dsn, connection, seconds
from ._cli_output import console, print_json, say, table
from ._cli_subscriptions import counted, named, wanted
from ._cli_text import ago, clean, duration
from ._drivers import Conn
from .errors import NotFound

__all__ = ["add", "lag", "list_all", "remove", "reset", "stuck"]

_COLUMNS = [one.removesuffix("::text") for one in _log_calls.CONSUMER_COLUMNS.split(", ")]
_LAG = ("name", "pos", "behind", "behind_for", "moved_at", "stuck")

Name = Annotated[str, typer.Argument(metavar="NAME")]
StuckFor = Annotated[
    str,
    typer.Option(
        "--stuck-for",
        metavar="TIME",
        help="Stuck is who has failed, or has something to read and has not moved for so long.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, on a terminal.")]


def add(
    name: Name,
    after: Beginning,
    dsn: Dsn = None,
    types: Types = None,
    category: Category = None,
    job_events: JobEvents = None,
    unknown_types: Annotated[
        str,
        typer.Option(metavar="WORD", help="stop, or skip events of a type its program lacks."),
    ] = "stop",
    as_json: AsJson = False,
) -> None:
    """Keep a place in the log; one of this name keeps its own, and reads what is given."""
    call = _log_calls.create_consumer(
        name, after, types or None, category, job_events, unknown_types
    )
    with connection(dsn) as conn:
        answer = _drivers.run(conn, call)
    if as_json:
        print_json({"consumer": name, "answer": answer})
    else:
        say(f"{answer}: consumer {name}")


def list_all(dsn: Dsn = None, stuck_for: StuckFor = "1m", as_json: AsJson = False) -> None:
    """Consumers: what they read, where they stand, and what keeps them."""
    with connection(dsn) as conn:
        found = _listed(conn, None, stuck_for)
    if as_json:
        print_json({"consumers": found})
    else:
        _print(found, "no consumer yet")


def lag(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only this one.", show_default="all")
    ] = None,
    dsn: Dsn = None,
    stuck_for: StuckFor = "1m",
    as_json: AsJson = False,
) -> None:
    """How many events a consumer has yet to do, and how long the oldest of them waits."""
    with connection(dsn) as conn:
        found = _listed(conn, name, stuck_for)
    if as_json:
        print_json({"consumers": [{key: one[key] for key in _LAG} for one in found]})
    elif not found:
        say("no consumer yet")
    else:
        columns = ("name", "position", "behind", "oldest waits", "moved")
        rows = [_place(one) for one in found]
        console().print(table(columns, rows, right=columns[1:4]))


def stuck(dsn: Dsn = None, stuck_for: StuckFor = "1m", as_json: AsJson = False) -> int:
    """Those that do not get on, and why: exit code 1 if there is one, for a health check."""
    with connection(dsn) as conn:
        found = [one for one in _listed(conn, None, stuck_for) if one["stuck"]]
    if as_json:
        print_json({"stuck": found})
    else:
        _print(found, "no consumer is stuck")
    return ExitCode.NO if found else ExitCode.OK


def _listed(conn: Conn, name: str | None, stuck_for: str) -> list[dict[str, Any]]:
    call = _log_calls.list_consumers(name, seconds(stuck_for) or 0.0)
    found = named(_COLUMNS, _drivers.run(conn, call))
    for one in found:
        one["error"] = None if one["error"] is None else _json.loads(one["error"])
    return found


def _print(found: Iterable[dict[str, Any]], none: str) -> None:
    rows = [[one["name"], _events(one), *_place(one)[1:], _state(one)] for one in found]
    if not rows:
        say(none)
        return
    columns = ("name", "events", "position", "behind", "oldest waits", "moved", "state")
    console().print(table(columns, rows, right=columns[2:5]))


def _events(one: dict[str, Any]) -> str:
    what = wanted(one["types"], one["category"])
    if one["job_events"] is None:
        return what
    return f"{what}, only jobs'" if one["job_events"] else f"{what}, none of jobs'"


def _place(one: dict[str, Any]) -> list[object]:
    waits = one["behind_for"]
    return [
        one["name"],
        one["pos"],
        Text(counted(one["behind"]), style="" if one["behind"] else "dim"),
        "–" if waits is None else duration(waits.total_seconds()),
        ago(one["moved_at"]),
    ]


def _state(one: dict[str, Any]) -> Text:
    if one["stuck"]:
        found = Text("stuck: ", style="bold red").append(clean(one["why"]), style="not bold")
        if one["failed_pos"] is not None:
            found.append(f" (at position {one['failed_pos']})")
        if one["retry_at"] is not None and (when := ago(one["retry_at"])).startswith("in "):
            found.append(f", tried again {when}")
        return found
    if one["leased_until"] is not None:
        return Text("handling a batch", style="yellow")
    return Text("behind", style="yellow") if one["behind"] else Text("up to date", style="green")


def reset(
    name: Name,
    position: Annotated[
        str,
        typer.Argument(metavar="POSITION", help="Go on after it: beginning, now, or a number."),
    ],
    dsn: Dsn = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> int:
    """Let a consumer go on elsewhere: events are done again, or never."""
    with connection(dsn) as conn:
        (one,) = _listed(conn, name, "1m")
        asked = (
            f"{name} stands at {one['pos']}, {counted(one['behind'])} behind. Events that it goes "
            f"back over are done again, those that it passes over never. Go on after {position}?"
        )
        if not (yes or _agreed(asked)):
            return _unchanged(name, as_json)
        pos = _drivers.run(conn, _log_calls.reset_consumer(name, position))
    if as_json:
        print_json({"consumer": name, "pos": pos, "before": one["pos"]})
    else:
        say(f"consumer {name} goes on after position {pos} (it stood at {one['pos']})")
    return ExitCode.OK


def remove(name: Name, dsn: Dsn = None, yes: Yes = False, as_json: AsJson = False) -> int:
    """Forget a consumer and its position; events that it held back may be pruned."""
    with connection(dsn) as conn:
        (one,) = _listed(conn, name, "1m")
        if not (yes or _agreed(f"{name} stands at {one['pos']}. Forget it, and this position?")):
            return _unchanged(name, as_json)
        if not _drivers.run(conn, _log_calls.delete_consumer(name)):
            raise NotFound(f"there is no consumer {name}: it was removed a moment ago")
    if as_json:
        print_json({"consumer": name, "removed": True, "pos": one["pos"]})
    else:
        say(f"removed: consumer {name} (it stood at {one['pos']})")
    return ExitCode.OK


def _agreed(question: str) -> bool:
    """What a person says; who is not there is not asked."""
    if not sys.stdin.isatty():
        return True
    # Not typer's: it writes a part of its prompt to standard output, where the answer goes.
    print(f"{clean(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:
        raise typer.Abort
    return answer.strip().lower() in ("y", "yes")


def _unchanged(name: str, as_json: bool) -> int:
    if as_json:
        print_json({"consumer": name, "changed": False})
    else:
        say(f"consumer {name} is left as it is")
    return ExitCode.NO
