"""The commands about batches: list, show, close, cancel."""

from typing import Annotated

import typer

from ._cli_options import AsJson, Dsn, client
from ._cli_output import console, facts, print_json, say, state_text, table
from ._cli_text import ago, clean
from .batches import BatchInfo, BatchJob

__all__ = ["cancel", "close", "list_all", "show"]

Batch = Annotated[int, typer.Argument(metavar="ID")]


def list_all(
    dsn: Dsn = None,
    state: Annotated[
        str | None, typer.Option(metavar="WORD", help="Only these: open, running, finished.")
    ] = None,
    after: Annotated[
        int | None, typer.Option(metavar="ID", help="The last one of the page before.")
    ] = None,
    max_batches: Annotated[int, typer.Option(metavar="N", help="Rows at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Batches, newest first: how far each one is."""
    with client(dsn) as found:
        batches = found.batches(state, after=after, max_batches=max_batches)
    if as_json:
        print_json({"batches": batches})
    elif not batches:
        say("no batch")
    else:
        columns = ("id", "name", "state", "jobs", "pending", "well", "failed", "made")
        right = ("id", "jobs", "pending", "well", "failed")
        console().print(table(columns, [_row(one) for one in batches], right=right))


def _row(one: BatchInfo) -> list[object]:
    well = one.completed + one.skipped
    failed = one.dead + one.cancelled + one.discarded
    name = clean(one.name or "")
    return [one.id, name, one.state, one.jobs, one.pending, well, failed, ago(one.created_at)]


def show(
    batch: Batch,
    dsn: Dsn = None,
    after: Annotated[
        int | None, typer.Option(metavar="ID", help="The last job of the page before.")
    ] = None,
    max_jobs: Annotated[int, typer.Option(metavar="N", help="Jobs at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """One batch, and its jobs with what became of them."""
    with client(dsn) as found:
        one = found.batch(batch)
        jobs = found.batch_jobs(batch, after=after, max_jobs=max_jobs)
    if as_json:
        print_json({"batch": one, "jobs": jobs})
        return
    ended = [
        f"{count} {state}"
        for state in ("completed", "skipped", "dead", "cancelled", "discarded")
        if (count := getattr(one, state))
    ]
    made = [f"{name}: job {job}" for name, job in (one.callbacks or {}).items()]
    told: list[tuple[str, object]] = [
        ("batch", one.id),
        ("name", one.name),
        ("state", one.state),
        ("jobs", one.jobs),
        ("pending", one.pending),
        ("ended", ", ".join(ended) or None),
        ("callbacks", ", ".join(made) or None),
        ("made", ago(one.created_at)),
        ("finished", None if one.finished_at is None else ago(one.finished_at)),
    ]
    console().print(facts((name, value) for name, value in told if value is not None))
    if jobs:
        columns = ("id", "kind", "state", "since", "reason")
        console().print(table(columns, [_job_row(job) for job in jobs], right=("id",)))


def _job_row(job: BatchJob) -> list[object]:
    return [job.id, job.kind, state_text(job.state), ago(job.at), clean(job.reason or "")]


def close(batch: Batch, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Let it be finished as soon as its jobs have ended."""
    with client(dsn) as found:
        state = found.close_batch(batch)
    if as_json:
        print_json({"batch": batch, "state": state})
    else:
        say(f"{state}: batch {batch}")


def cancel(
    batch: Batch,
    dsn: Dsn = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Kept with the jobs, for people to read.")
    ] = None,
    max_jobs: Annotated[int, typer.Option(metavar="N", help="Jobs at most.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Cancel its jobs that wait, tell those that run, and close it."""
    with client(dsn) as found:
        cancelled = found.cancel_batch(batch, reason, max_jobs=max_jobs)
    if as_json:
        print_json({"batch": batch, "cancelled": cancelled})
    else:
        say(f"{cancelled} jobs of batch {batch} cancelled, or told to stop")
