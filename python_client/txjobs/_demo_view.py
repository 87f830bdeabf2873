"""Watching the demo's jobs: a table that changes on a terminal, a line per transition elsewhere."""

import asyncio
import datetime as dt
from types import TracebackType
from typing import Any, Protocol, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ._cli_output import print_json, say, state_text
from ._cli_show import event_note, timeline
from .client import AsyncClient
from .info import EventInfo, JobInfo

__all__ = ["JsonView", "LinesView", "LiveTable", "View", "Watched", "watch"]

_LOOK_EVERY = 0.1  # seconds
_UNTOLD = ("enqueued", "promoted")  # for want of room in the table; the timelines have them


class Watched:
    """A job of the demo, as it was last seen."""

    def __init__(self, job: int, kind: str, what: str) -> None:
        self.id = job
        self.kind = kind
        self.what = what
        self.info: JobInfo | None = None
        self.events: list[EventInfo] = []

    @property
    def ended(self) -> bool:
        return self.info is not None and self.info.ended

    def types(self) -> list[str]:
        """The types of its transitions."""
        return [event.type for event in self.events]

    def at(self, kind: str) -> dt.datetime:
        """When it first had a transition of this type."""
        return next(event.at for event in self.events if event.type == kind)


class View(Protocol):
    """Where the demo is told."""

    def step(self, text: str, **facts: Any) -> None: ...
    def heading(self, text: str) -> None: ...
    def working(self, jobs: list[Watched], start: dt.datetime, /) -> "Working": ...
    def timeline(self, job: Watched) -> None: ...
    def check(self, what: str, ok: bool, detail: str) -> None: ...
    def verdict(self, text: str, ok: bool, seconds: float, /) -> None: ...


class Working(Protocol):
    """The jobs while they are worked."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...
    def seen(self, job: Watched, event: EventInfo) -> None: ...


async def watch(dsn: str, jobs: list[Watched], working: Working, done: asyncio.Event) -> None:
    """Follows the jobs' histories until `done`, and then once more."""
    async with AsyncClient(dsn) as client:
        last_look = False
        while True:
            fresh: list[tuple[Watched, EventInfo]] = []
            for job in jobs:
                if job.ended:
                    continue
                info = await client.get(job.id)
                events = await client.history(job.id)  # second, so that an end is in it
                fresh += [(job, event) for event in events[len(job.events) :]]
                job.info, job.events = info, events
            for job, event in sorted(fresh, key=lambda pair: pair[1].pos):
                working.seen(job, event)
            if last_look:
                return
            last_look = done.is_set()
            if not last_look:
                await _wait(done)


async def _wait(done: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_LOOK_EVERY):
            await done.wait()
    except TimeoutError:
        pass


def _mark(ok: bool) -> Text:
    return Text("✓ ", style="bold green") if ok else Text("✗ ", style="bold red")


class _Told:
    """What both views for people share."""

    def step(self, text: str, **_facts: Any) -> None:
        say(_mark(True).append(text, style="not bold default"))

    def heading(self, text: str) -> None:
        say(Text("\n" + text, style="bold"))

    def timeline(self, job: Watched) -> None:
        line = Text("\n")
        line.append(f"job {job.id}", style="bold").append(f"  {job.kind}  {job.what}  ")
        if job.info is not None:
            line.append_text(state_text(job.info.state))
        say(line)
        self._console().print(timeline(job.events))
        for error in (job.info.errors if job.info and job.info.state == "dead" else ())[-1:]:
            trace = str((error.get("error") or {}).get("traceback") or "").rstrip()
            for text in trace.splitlines():
                say(Text("      " + text, style="dim"))

    def check(self, what: str, ok: bool, detail: str) -> None:
        line = _mark(ok).append(what, style="not bold default")
        if detail:
            line.append(f": {detail}", style="not bold dim" if ok else "red")
        say(line)

    def verdict(self, text: str, ok: bool, _seconds: float) -> None:
        say(Text("\n" + text, style="bold green" if ok else "bold red"))

    def _console(self) -> Console:
        raise NotImplementedError


class LinesView(_Told):
    """Lines of text."""

    def __init__(self, console: Console) -> None:
        self._out = console

    def _console(self) -> Console:
        return self._out

    def working(self, _jobs: list[Watched], start: dt.datetime) -> "Working":
        return _Lines(start)


class _Lines:
    def __init__(self, start: dt.datetime) -> None:
        self._start = start

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        return None

    def seen(self, job: Watched, event: EventInfo) -> None:
        seconds = (event.at - self._start).total_seconds()
        attempt = f"attempt {event.attempt}" if event.attempt else ""
        line = f"  {seconds:+7.3f} s  job {job.id:<3} {job.kind:<15} {event.type:<10} {attempt:<10}"
        say(Text(f"{line} {event_note(event).plain}".rstrip()))


class LiveTable(_Told):
    """A table of the jobs, which changes while they are worked."""

    def __init__(self, console: Console) -> None:
        self._out = console

    def _console(self) -> Console:
        return self._out

    def working(self, jobs: list[Watched], start: dt.datetime) -> "Working":
        return _Live(self._out, jobs, start)


class _Live:
    def __init__(self, console: Console, jobs: list[Watched], start: dt.datetime) -> None:
        self._jobs = jobs
        self._start = start
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=10)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_ended: object) -> None:
        self._live.stop()

    def seen(self, job: Watched, event: EventInfo) -> None:
        """The next picture shows it."""

    def _render(self) -> Table:
        ended = sum(job.ended for job in self._jobs)
        seconds = (dt.datetime.now(dt.UTC) - self._start).total_seconds()
        view = Table(
            box=SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            header_style="bold",
            caption_justify="left",
        )
        view.caption = f"{ended} of {len(self._jobs)} jobs have ended, {seconds:.1f} s"
        view.add_column("job", justify="right")
        view.add_column("task", no_wrap=True)
        view.add_column("state", no_wrap=True, min_width=9)
        view.add_column("attempt", no_wrap=True)
        view.add_column("so far, in seconds since its order", min_width=30)
        for job in self._jobs:
            state = job.info.state if job.info else "…"
            attempt = f"{job.info.attempt} of {job.info.max_attempts}" if job.info else ""
            view.add_row(str(job.id), job.kind, state_text(state), attempt, self._strip(job))
        return view

    def _strip(self, job: Watched) -> Text:
        strip = Text()
        for event in job.events:
            if event.type in _UNTOLD:
                continue
            seconds = (event.at - self._start).total_seconds()
            strip.append_text(state_text(event.type)).append(f" {seconds:.1f}  ", style="dim")
        if job.info is not None and job.info.state == "scheduled" and job.info.run_at:
            left = (job.info.run_at - dt.datetime.now(dt.UTC)).total_seconds()
            strip.append(f"due in {max(left, 0):.1f} s", style="blue")
        return strip


class JsonView:
    """An event a line."""

    def step(self, text: str, **facts: Any) -> None:
        print_json({"event": "step", "text": text, **facts})

    def heading(self, text: str) -> None:
        """Nothing: it is for people."""

    def working(self, _jobs: list[Watched], _start: dt.datetime) -> "Working":
        return _JsonLines()

    def timeline(self, job: Watched) -> None:
        print_json({"event": "job", "what": job.what, "job": job.info, "history": job.events})

    def check(self, what: str, ok: bool, detail: str) -> None:
        print_json({"event": "check", "what": what, "ok": ok, "detail": detail})

    def verdict(self, text: str, ok: bool, seconds: float) -> None:
        print_json({"event": "verdict", "ok": ok, "seconds": round(seconds, 3), "text": text})


class _JsonLines(_Lines):
    def __init__(self) -> None:
        super().__init__(dt.datetime.now(dt.UTC))

    def seen(self, job: Watched, event: EventInfo) -> None:
        print_json({"event": "transition", "job": job.id, "kind": job.kind, "transition": event})
