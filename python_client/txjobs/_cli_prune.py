"""The command that removes what is older than it is kept."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from ._cli_options import AsJson, Dsn, client
from ._cli_output import console, print_json, say, state_text, table
from ._cli_text import ago, count
from .client import Client
from .info import Pruned

__all__ = ["prune"]

_BATCH = 10_000
_MANY = {"batch": "batches"}
_OTHERS = (
    "result",
    "batch",
    "event",
    "partition",
)  # what the verb names besides the states of jobs


def prune(
    dsn: Dsn = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop after so many jobs, and events.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing: say what would go.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete jobs that ended, and events, longer ago than their queue or category keeps them."""
    with client(dsn) as found:
        gone = found.prune(dry_run=True) if dry_run else list(_steps(found, limit))
    if as_json:
        print_json(_as_json(gone, dry_run))
        return
    if dry_run and gone:
        columns = ("what", "of", "count", "oldest", "newest")
        console().print(table(columns, map(_row, gone), right=("count",)))
    states = {line.state: _total(gone, line.state) for line in gone if line.state not in _OTHERS}
    parts = [count(sum(states.values()), "job")]
    parts += [
        count(_total(gone, what), what, _MANY.get(what))
        for what in _OTHERS[:-1]
        if _total(gone, what)
    ]
    partitions = sum(line.state == "partition" for line in gone)
    parts += [count(partitions, "partition")] if partitions else []
    some = ", ".join(f"{number:,} {state}" for state, number in sorted(states.items()) if number)
    said = ", and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
    say(f"{'would prune' if dry_run else 'pruned'} {said}" + (f": {some}" if some else ""))


def _steps(found: Client, limit: int | None) -> Iterator[Pruned]:
    """What goes, step by step, until nothing does or the limit is reached."""
    gone: list[Pruned] = []
    while True:
        # The verb takes as many of each.
        jobs = sum(line.jobs for line in gone if line.state not in _OTHERS)
        done = max(jobs, *(_total(gone, what) for what in _OTHERS[:-1]))
        left = _BATCH if limit is None else min(_BATCH, limit - done)
        step = found.prune(left) if left > 0 else []
        if not step:
            return
        gone += step
        yield from step


def _total(gone: list[Pruned], what: str) -> int:
    return sum(line.jobs for line in gone if line.state == what)


def _as_json(gone: list[Pruned], dry_run: bool) -> dict[str, object]:
    states = sorted({line.state for line in gone} - {*_OTHERS})
    said: dict[str, object] = {
        "pruned": sum(_total(gone, state) for state in states),
        "states": {state: _total(gone, state) for state in states},
        "results": _total(gone, "result"),
        "batches": _total(gone, "batch"),
        "events": _total(gone, "event"),
        "partitions": [line.name for line in gone if line.state == "partition"],
    }
    return {"dry_run": True, **said, "lines": gone} if dry_run else said


def _row(line: Pruned) -> list[object]:
    what = Text(line.state) if line.state in _OTHERS else state_text(line.state)
    ends = ("–" if at is None else ago(at) for at in (line.oldest, line.newest))
    return [what, line.name or "–", f"{line.jobs:,}", *ends]
