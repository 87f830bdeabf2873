"""The commands about jobs: enqueue, list, show, cancel."""

import dataclasses
from typing import Annotated

import typer
from rich.text import Text

from . import _calls, _drivers
from ._cli_errors import Usage
from ._cli_many import Limit, check_which, each, say_many, until_none
from ._cli_options import (
    AsJson,
    Dsn,
    Kind,
    Queue,
    client,
    connection,
    json_object,
    json_value,
    read_stdin,
    seconds,
    time_of,
)
from ._cli_output import console, print_json, say, state_text, table
from ._cli_show import show_job
from ._cli_text import ago
from ._options import Options
from ._requests import change
from ._waiting import run_steps, until_there_is_room
from .backoff import Backoff
from .errors import NotFound
from .info import ListedJob
from .task import Job

__all__ = ["cancel", "enqueue", "list_jobs", "show"]

_TIME = "TIME"


def enqueue(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="What handler runs it.")],
    args: Annotated[
        str, typer.Argument(metavar="[JSON]", help="Its arguments; - reads them from stdin.")
    ] = "{}",
    dsn: Dsn = None,
    queue: Annotated[str | None, typer.Option("--queue", "-q", metavar="NAME")] = None,
    priority: Annotated[
        int | None, typer.Option(metavar="N", help="-100 to 100, higher first.")
    ] = None,
    delay: Annotated[
        str | None, typer.Option(metavar=_TIME, help="Not before then: 30s, 5m, 1h30m.")
    ] = None,
    run_at: Annotated[
        str | None, typer.Option(metavar="TIMESTAMP", help="Not before then: ISO 8601 with zone.")
    ] = None,
    max_attempts: Annotated[
        int | None, typer.Option(metavar="N", help="How often the handler is started at most.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar=_TIME, help="How long one attempt may take.")
    ] = None,
    lease: Annotated[
        str | None, typer.Option(metavar=_TIME, help="How long a claim lasts unless renewed.")
    ] = None,
    backoff: Annotated[
        str | None,
        typer.Option(metavar="JSON", help='Such as {"strategy": "linear", "base": 5, "cap": 60}.'),
    ] = None,
    routing_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Only for workers that take this key, or any.")
    ] = None,
    headers: Annotated[
        str | None, typer.Option(metavar="JSON", help="An object that travels with the job.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="One job for it, until that is pruned.")
    ] = None,
    idempotency_ttl: Annotated[
        str | None, typer.Option(metavar=_TIME, help="That key is free again after this.")
    ] = None,
    unique_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="One job for it that has not ended.")
    ] = None,
    unique_options: Annotated[
        str | None, typer.Option(metavar="JSON", help='Such as {"replace": ["args"]}.')
    ] = None,
    on_conflict: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="If a key has a job: existing, match or error."),
    ] = None,
    concurrency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Few jobs of it run at a time.")
    ] = None,
    ordering_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Its jobs run one after the other.")
    ] = None,
    fair_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Its jobs take turns with other keys'.")
    ] = None,
    batch: Annotated[int | None, typer.Option(metavar="ID", help="The batch it joins.")] = None,
    depends_on: Annotated[
        list[int] | None, typer.Option(metavar="ID", help="Not before that job; may be repeated.")
    ] = None,
    on_dependency_failure: Annotated[
        str | None, typer.Option(metavar="WORD", help="If one of those dies: fail, cancel, ignore.")
    ] = None,
    wait: Annotated[
        str | None, typer.Option(metavar=_TIME, help="If the queue is full, try again so long.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Enqueue one job."""
    options = Options(
        queue=queue,
        priority=priority,
        run_at=time_of(run_at),
        delay=seconds(delay),
        max_attempts=max_attempts,
        routing_key=routing_key,
        timeout=seconds(timeout),
        lease=seconds(lease),
        retry=_backoff(backoff),
        headers=None if headers is None else json_object(headers, "--headers"),
        idempotency_key=idempotency_key,
        idempotency_ttl=seconds(idempotency_ttl),
        unique_key=unique_key,
        unique_options=None
        if unique_options is None
        else json_object(unique_options, "--unique-options"),
        on_conflict=on_conflict,
        concurrency_key=concurrency_key,
        ordering_key=ordering_key,
        fair_key=fair_key,
        batch=batch,
        depends_on=depends_on or None,
        on_dependency_failure=on_dependency_failure,
    )
    text = read_stdin() if args == "-" else args
    json_value(text, "the arguments")
    # The text as it was given, so that every digit of a number arrives.
    call = change(
        _calls.enqueue(kind, text, options.as_texts()), lambda found: Job[object].of(found, kind)
    )
    steps = until_there_is_room(call, seconds(wait) or 0)
    with connection(dsn) as conn:
        job = run_steps(lambda call: _drivers.run(conn, call), steps)
    if as_json:
        answer = {"id": job.id or None, "kind": kind, "created": job.created}
        print_json({**answer, "mismatch": job.mismatch, "dropped": job.dropped})
    elif job.dropped:
        say(f"dropped, since the queue is full ({kind})")
    elif not job.created:
        other = ", of another kind or with other arguments" if job.mismatch else ""
        say(f"job {job.id} exists already{other} ({kind})")
    else:
        say(f"enqueued job {job.id} ({kind})")


def _backoff(text: str | None) -> Backoff | None:
    if text is None:
        return None
    known = [field.name for field in dataclasses.fields(Backoff) if field.name != "max_attempts"]
    given = json_object(text, "--backoff")
    if unknown := sorted(given.keys() - set(known)):
        raise Usage(f"--backoff knows no {', '.join(unknown)}: it takes {', '.join(known)}")
    return Backoff(**given)


def list_jobs(
    dsn: Dsn = None,
    state: Annotated[
        str | None, typer.Option("--state", "-s", metavar="STATE", help="Such as ready or dead.")
    ] = None,
    queue: Queue = None,
    kind: Kind = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, metavar="N")] = 50,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="The next page of an earlier list.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Jobs, newest first; of live states, next first."""
    with client(dsn) as found:
        jobs = found.list(state, queue=queue, kind=kind, after=after, max_jobs=limit)
    following = jobs[-1].cursor if len(jobs) == limit else None
    if as_json:
        print_json({"jobs": jobs, "next": following})
    elif not jobs:
        say("no such job")
    else:
        columns = ("job", "kind", "queue", "state", "attempt", "priority", "since", "due, or why")
        rows = map(_list_row, jobs)
        console().print(table(columns, rows, right=("job", "attempt", "priority")))
        if following:
            say(Text(f"more: --after {following}", style="dim"))


def _list_row(job: ListedJob) -> list[object]:
    due = ago(job.run_at) if job.run_at is not None else job.reason or ""
    state = state_text(job.state)
    return [job.id, job.kind, job.queue, state, job.attempt, job.priority, ago(job.at), due]


def show(
    job: Annotated[int | None, typer.Argument(metavar="[ID]")] = None,
    dsn: Dsn = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The job of this key, instead of an ID.")
    ] = None,
    unique_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The job that has this key now.")
    ] = None,
    queue: Annotated[
        str | None, typer.Option("--queue", "-q", metavar="NAME", help="The queue of that key.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One job, whole: its arguments, its timeline, the errors of its attempts."""
    keys = (idempotency_key, unique_key, queue)
    if job is None and not any(keys):
        raise Usage("which job? give its ID, or an --idempotency-key or --unique-key")
    with client(dsn) as found:
        info = found.get(job, idempotency_key=idempotency_key, unique_key=unique_key, queue=queue)
        events = [] if info is None else found.history(info.id)
    if info is None:
        what = f"job {job}" if job is not None else "job of that key"
        raise NotFound(f"there is no {what}: it was never committed, or it has been pruned")
    if as_json:
        print_json({**dataclasses.asdict(info), "history": events})
    else:
        show_job(console(), info, events)


def cancel(
    jobs: Annotated[list[int] | None, typer.Argument(metavar="[ID]...")] = None,
    dsn: Dsn = None,
    queue: Queue = None,
    kind: Kind = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Kept with the job, for people.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The job of this key, instead of an ID.")
    ] = None,
    unique_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The job that has this key now.")
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> int:
    """Cancel jobs: those named (a running one is told), or waiting ones by filter."""
    by_key = idempotency_key is not None or unique_key is not None
    many = queue is not None or kind is not None or by_key
    check_which(jobs, many, "job ids, a key, --queue or --kind")
    if by_key and kind is not None:
        raise Usage("a key and --kind exclude each other: a key is of one job")
    with client(dsn) as found:
        if by_key:
            info = found.get(idempotency_key=idempotency_key, unique_key=unique_key, queue=queue)
            if info is None:
                raise NotFound("there is no job of that key: it has ended, or is of another queue")
            jobs = [info.id]
        if jobs:
            accepted = ("cancelled", "cancel_requested")
            return each(jobs, lambda job: found.cancel(job, reason), accepted, as_json)
        done = until_none(
            lambda size: found.cancel_many(queue=queue, kind=kind, reason=reason, max_jobs=size),
            limit,
        )
    return say_many("cancelled", done, as_json)
