"""A job for people: what it is, its timeline, the errors of its attempts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ._cli_output import facts, state_text
from ._cli_text import ago, clean, duration, parse_time
from .info import EventInfo, JobInfo

__all__ = ["event_note", "show_job", "timeline"]

_LONG = 100  # characters of JSON that fit on a line


def show_job(out: Console, job: JobInfo, events: list[EventInfo]) -> None:
    """Prints it."""
    title = Text(f"job {job.id}  ", style="bold")
    title.append(clean(job.kind)).append("  ").append_text(state_text(job.state))
    if job.reason:
        title.append(f" ({clean(job.reason)})", style="not bold")
    out.print(title)
    out.print(facts(_facts(job)))
    out.print(Text("\ntimeline", style="bold"))
    out.print(timeline(events))
    for error in job.errors:
        _print_error(out, error)


def _facts(job: JobInfo) -> Iterator[tuple[str, Text]]:
    yield "queue", Text(clean(job.queue))
    yield "priority", Text(str(job.priority))
    yield "attempts", Text(f"{job.attempt} of {job.max_attempts}")
    yield "enqueued", Text(f"{job.created_at:%Y-%m-%d %H:%M:%S %Z} ({ago(job.created_at)})")
    if job.run_at is not None:
        yield "due", Text(f"{job.run_at:%Y-%m-%d %H:%M:%S %Z} ({ago(job.run_at)})")
    yield "args", _json_text(job.args)
    if job.headers:
        yield "headers", _json_text(job.headers)
    if job.state == "completed":
        yield "result", _json_text(job.result)
    if job.cancel_requested:
        yield "cancel", Text("requested: its worker is told at the next heartbeat")


def _json_text(value: Any) -> Text:
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LONG:
        text = json.dumps(value, ensure_ascii=False, indent=2)
    return Text(clean(text))


def timeline(events: list[EventInfo]) -> Table:
    """The job's transitions, with times relative to the first."""
    found = Table.grid(padding=(0, 2))
    found.add_column(justify="right", no_wrap=True)
    found.add_column(no_wrap=True)
    found.add_column(no_wrap=True, style="dim")
    found.add_column(overflow="fold")
    for event in events:
        seconds = (event.at - events[0].at).total_seconds()
        attempt = f"attempt {event.attempt}" if event.attempt else ""
        found.add_row(f"  +{seconds:.3f} s", state_text(event.type), attempt, event_note(event))
    return found


def event_note(event: EventInfo) -> Text:
    """What a transition has to say besides its type."""
    data = event.data
    if event.type == "completed":
        return Text("" if data is None else clean(f"result {json.dumps(data, ensure_ascii=False)}"))
    if not isinstance(data, Mapping):
        return Text("")
    parts = []
    if data.get("reason"):
        parts.append(str(data["reason"]))
    if isinstance(data.get("error"), Mapping):
        parts.append(_summary(data["error"]))
    if data.get("run_at"):
        parts.append(_due(event, str(data["run_at"])))
    if event.type == "retried" and "args" in data:
        parts.append(f"args were {json.dumps(data['args'], ensure_ascii=False)}")
    return Text(clean(" · ".join(parts)))


def _due(event: EventInfo, run_at: str) -> str:
    return f"due {duration((parse_time(run_at) - event.at).total_seconds())} later"


def _summary(error: Mapping[str, Any]) -> str:
    message = " ".join(str(error.get("message") or "").split())
    name = str(error.get("type") or "error").rpartition(".")[2]
    return f"{name}: {message}" if message else name


def _print_error(out: Console, found: Mapping[str, Any]) -> None:
    error = found.get("error")
    if not isinstance(error, Mapping):
        return
    title = Text(f"\nattempt {found.get('attempt')}: ", style="bold")
    title.append(clean(_summary(error)), style="red not bold")
    out.print(title)
    if error.get("traceback"):
        out.print(Text(clean(str(error["traceback"]).rstrip()), style="dim"), soft_wrap=True)
