"""The commands about what failed: errors by their cause, and another try."""

import datetime as dt
import json
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer
from rich.text import Text

from . import _dead_calls, _drivers
from ._cli_errors import ExitCode, Usage
from ._cli_many import BATCH, Limit, check_which, each, say_many, until_none
from ._cli_options import (
    AsJson,
    Dsn,
    Kind,
    Queue,
    connection,
    json_object,
    read_stdin,
    seconds,
    time_of,
)
from ._cli_output import console, print_json, say, table
from ._cli_text import ago, clean, count, duration
from .client import Client
from .dead import ErrorGroup, RetriedJob

__all__ = ["errors", "retry"]

_SHOWN = 20  # jobs of a dry run
Fingerprint = Annotated[
    str | None, typer.Option(metavar="HEX", help="Only of this cause, as `txjobs errors` has it.")
]


def errors(
    dsn: Dsn = None,
    queue: Queue = None,
    kind: Kind = None,
    fingerprint: Fingerprint = None,
    window: Annotated[str, typer.Option(metavar="TIME", help="How far back.")] = "1d",
    max_events: Annotated[
        int, typer.Option(metavar="N", help="Look at so many failed attempts at most.")
    ] = 10_000,
    as_json: AsJson = False,
) -> None:
    """What failed, by its cause: how often, since when, and how many jobs are dead of it."""
    back = seconds(window) or 0.0
    with connection(dsn) as conn:
        found = Client(conn).errors(
            queue=queue, kind=kind, fingerprint=fingerprint, window=back, max_events=max_events
        )
    cut = any(one.cut for one in found)
    if as_json:
        print_json({"window": back, "cut": cut, "errors": found})
        return
    if found:
        columns = ("cause", "kind", "queue", "count", "dead", "first", "last", "job", "error")
        right = ("count", "dead", "job")
        console().print(table(columns, map(_error_row, found), right=right))
    else:
        say(f"no failed attempt in the last {duration(back)}")
    if cut:
        said = f"of the last {max_events:,} failed attempts; there are more: --max-events"
        say(Text(said, style="yellow"))


def _error_row(one: ErrorGroup) -> list[object]:
    name = (one.type or "").rpartition(".")[2]
    what = ": ".join(part for part in (name, one.message) if part)
    where = f" ({one.frame})" if one.frame else ""
    return [
        one.fingerprint,
        one.kind,
        one.queue,
        f"{one.count:,}",
        f"{one.dead:,}",
        ago(one.first_seen),
        ago(one.last_seen),
        one.job,
        clean(what + where),
    ]


def retry(
    jobs: Annotated[list[int] | None, typer.Argument(metavar="[ID]...")] = None,
    dsn: Dsn = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead jobs.")] = False,
    queue: Queue = None,
    kind: Kind = None,
    reason: Annotated[
        str | None, typer.Option(metavar="WORD", help="Dead for this reason, such as exhausted.")
    ] = None,
    fingerprint: Fingerprint = None,
    died_after: Annotated[
        str | None, typer.Option(metavar="TIMESTAMP", help="Dead since then: ISO 8601 with zone.")
    ] = None,
    died_before: Annotated[
        str | None, typer.Option(metavar="TIMESTAMP", help="Dead before then.")
    ] = None,
    run_at: Annotated[
        str | None, typer.Option(metavar="TIMESTAMP", help="Not before then.", show_default="now")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(metavar="N", help="So many of them begin per second.")
    ] = None,
    patch: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="Merged into their arguments; null removes; - is stdin."),
    ] = None,
    limit: Limit = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; tell what would be done.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Make jobs ready again that have ended: those named, or dead ones by filter."""
    filters = (queue, kind, reason, fingerprint, died_after, died_before)
    many = dead or any(one is not None for one in filters)
    check_which(jobs, many, "job ids, --dead, --queue, --kind, --reason or --fingerprint")
    if jobs and (rate is not None or dry_run or limit is not None):
        raise Usage("--rate, --limit and --dry-run are for filters: leave out the job ids")
    wanted = None if patch is None else _patch(patch)
    start: dt.datetime | None = time_of(run_at)
    before: dt.datetime | None = time_of(died_before)
    with connection(dsn) as conn:
        found = Client(conn)
        if jobs:
            return each(
                jobs,
                lambda job: found.retry(job, run_at=start, patch=wanted),
                ("ready", "scheduled"),
                as_json,
            )
        some = partial(
            found.retry_many,
            queue=queue,
            kind=kind,
            reason=reason,
            fingerprint=fingerprint,
            died_after=time_of(died_after),
            rate=rate,
            patch=wanted,
        )
        if dry_run:
            cap = limit or BATCH
            would = some(max_jobs=cap, died_before=before, run_at=start, dry_run=True)
            return _say_dry(would, limit is None and len(would) == cap, as_json)
        # One that dies again meanwhile is not taken again, and the next step goes on in time
        # where the one before has stopped.
        now = _drivers.run(conn, _dead_calls.now())
        begun = 0

        def step(size: int) -> int:
            nonlocal begun
            later = dt.timedelta(seconds=begun / rate if begun and rate else 0)
            done = some(max_jobs=size, died_before=before or now, run_at=(start or now) + later)
            begun += len(done)
            return len(done)

        done = until_none(step, limit)
    return say_many("retried", done, as_json)


def _patch(text: str) -> dict[str, Any]:
    return json_object(read_stdin() if text == "-" else text, "--patch")


def _say_dry(jobs: list[RetriedJob], may_be_more: bool, as_json: bool) -> int:
    if as_json:
        print_json({"would_retry": jobs, "more": may_be_more})
        return ExitCode.OK
    if jobs:
        columns = ("job", "kind", "queue", "dead since", "why", "runs", "args")
        console().print(table(columns, map(_dry_row, jobs[:_SHOWN]), right=("job",)))
        if len(jobs) > _SHOWN:
            say(Text(f"and {len(jobs) - _SHOWN:,} more", style="dim"))
    more = " or more (--limit looks at more)" if may_be_more else ""
    say(f"would retry {count(len(jobs), 'job')}{more}")
    return ExitCode.OK


def _dry_row(job: RetriedJob) -> list[object]:
    runs = "now" if job.run_at is None else ago(job.run_at)
    return [
        job.id,
        job.kind,
        job.queue,
        ago(job.died_at),
        f"{job.reason} {job.fingerprint}",
        runs,
        _short(job.args),
    ]


def _short(args: Mapping[str, Any]) -> str:
    text = json.dumps(args, ensure_ascii=False)
    return clean(text if len(text) <= 60 else text[:59] + "…")
