"""How far a worker has got: a picture on a terminal, lines elsewhere."""

import contextlib
import dataclasses
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Self

import psycopg
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ._cli_output import print_json, say, state_text
from ._cli_text import duration
from .client import Client
from .errors import TxjobsError
from .worker import State, WorkerStats

__all__ = ["JsonLines", "JsonLog", "Lines", "LiveView", "summary"]

_LINE_EVERY = 2.0  # seconds
_QUIET_EVERY = 10.0  # seconds, of a worker that is to run for ever
_LOOK_EVERY = 0.5  # seconds between two looks at what is left
_RATE_OVER = 5.0  # seconds
_ENDED = (State.STOPPED, State.FAILED)
_OUTCOMES = ("completed", "skipped", "discarded", "cancelled", "dead")
_OTHER = (
    "retried",
    "snoozed",
    "released",
    "stale",
    "lost",
    "timed_out",
    "consumed",
    "consumer_failures",
    "reconnects",
)


def summary(stats: WorkerStats) -> str:
    """What happened, in words: `12 completed, 1 dead, 3 retried`."""
    names = (*_OUTCOMES, *_OTHER)
    parts = [(getattr(stats, name), name.replace("_", " ")) for name in names]
    return ", ".join(f"{number:,} {name}" for number, name in parts if number) or "no job"


_STYLES = {"retried": "failed", "consumed": "completed"}


class _Pace:
    """Says when it is time for another line."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._at = monotonic()
        self._last: tuple[int, ...] = ()

    def due(self, stats: WorkerStats) -> bool:
        now = monotonic()
        if now - self._at < self._every:
            return False
        counts = (
            stats.claimed,
            stats.finished,
            stats.retried,
            stats.running,
            stats.consumed,
            stats.consumer_failures,
        )
        if counts == self._last:
            return False
        self._at, self._last = now, counts
        return True


class Lines:
    """Lines of text; of a worker that is to run for ever, only the last one."""

    def __init__(self, drain: bool, processes: int) -> None:
        self._drain = drain
        self._many = processes > 1
        self._pace = _Pace(_LINE_EVERY)
        self._began = monotonic()

    def __call__(self, stats: WorkerStats) -> None:
        prefix = f"[{os.getpid()}] " if self._many else ""
        if stats.state in _ENDED:
            seconds = monotonic() - self._began
            say(f"{prefix}{_verdict(stats, self._drain, seconds)}")
        elif self._drain and self._pace.due(stats):
            say(f"{prefix}{summary(stats)}; {stats.running} running")

    def ended(self, _code: int) -> None:
        """Nothing more will come."""


def _verdict(stats: WorkerStats, drain: bool, seconds: float) -> str:
    if stats.state is State.FAILED:
        return f"failed after {duration(seconds)}: {summary(stats)}"
    if stats.cut or stats.cut_consumers:
        cut = ", ".join([*map(str, stats.cut), *(f"consumer {n}" for n in stats.cut_consumers)])
        return f"stopped after {duration(seconds)}: {summary(stats)}; cut off and given back: {cut}"
    ended = "drained" if drain else "stopped"
    return f"{ended} after {duration(seconds)}: {summary(stats)}"


class JsonLines:
    """An event a line."""

    def __init__(self, drain: bool) -> None:
        self._pace = _Pace(1.0 if drain else _QUIET_EVERY)

    def __call__(self, stats: WorkerStats) -> None:
        if stats.state in _ENDED:
            print_json({"event": "stopped", "pid": os.getpid(), **dataclasses.asdict(stats)})
        elif self._pace.due(stats):
            print_json({"event": "progress", "pid": os.getpid(), **dataclasses.asdict(stats)})

    def ended(self, code: int) -> None:
        """The last line."""
        print_json({"event": "exit", "exit_code": int(code)})


class JsonLog(logging.Handler):
    """The log, a record a line among the other events."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints it."""
        try:
            found: dict[str, Any] = {
                "event": "log",
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": record.getMessage(),
            }
            for name in ("job", "kind", "consumer", "position"):
                if hasattr(record, name):
                    found[name] = getattr(record, name)
            if record.exc_info:
                found["traceback"] = logging.Formatter().formatException(record.exc_info)
            print_json(found)
        except Exception:
            self.handleError(record)


class LiveView:
    """A picture of a draining worker: how much is done, how fast, and what became of it."""

    def __init__(self, console: Console, dsn: str, queues: Sequence[str] | None) -> None:
        self.console = console
        self._left = _Left(dsn, queues)
        self._stats = WorkerStats()
        self._began = monotonic()
        self._done: deque[tuple[float, int]] = deque()
        self._live = Live(
            get_renderable=self._render, console=console, refresh_per_second=8, transient=True
        )

    def __enter__(self) -> Self:
        self._left.start()
        self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        self._left.stop()

    def __call__(self, stats: WorkerStats) -> None:
        self._stats = stats

    def ended(self, _code: int) -> None:
        """The line that stays."""
        stats = self._stats
        say(_verdict(stats, True, monotonic() - self._began))
        if stats.dead:
            say(Text("see: txjobs list --state dead", style="dim"))

    def _render(self) -> RenderableType:
        stats, left = self._stats, self._left
        done = stats.finished
        facts = Text()
        for name in (*_OUTCOMES, "retried", "snoozed", "consumed"):
            if number := getattr(stats, name):
                style = _STYLES.get(name, name)
                facts.append_text(Text(f"{number:,} ", style=state_text(style).style))
                facts.append(f"{name}   ")
        facts.append(f"{stats.running:,} running", style="dim")
        view = Table.grid(padding=(0, 2))
        rate = self._rate(done)
        parts: list[RenderableType] = [Text(str(stats.state), style="bold")]
        if left.known:
            total = done + left.waiting + left.running
            parts.append(ProgressBar(total=max(total, 1), completed=done, width=30))
            parts.append(f"{done:,} of {total:,}")
            if left.scheduled:
                facts.append(f"   {left.scheduled:,} scheduled", style="dim")
            remaining = total - done
        else:
            parts.append(f"{done:,} done")
            remaining = 0
        parts.append(Text(f"{rate:,.0f}/s" if rate >= 1 else "", style="dim"))
        eta = f"{duration(remaining / rate)} left" if rate >= 1 and remaining else ""
        parts.append(Text(eta, style="dim"))
        view.add_row(*parts)
        whole = Table.grid()
        whole.add_row(view)
        whole.add_row(facts)
        return whole

    def _rate(self, done: int) -> float:
        now = monotonic()
        self._done.append((now, done))
        while now - self._done[0][0] > _RATE_OVER:
            self._done.popleft()
        since, before = self._done[0]
        return (done - before) / (now - since) if now > since else 0.0


class _Left:
    """A thread that asks the database now and then what is left; a guess, for people."""

    def __init__(self, dsn: str, queues: Sequence[str] | None) -> None:
        self._dsn = dsn
        self._queues = queues
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="txjobs-progress", daemon=True)
        self.known = False
        self.waiting = self.running = self.scheduled = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        # Without the right to look, or without a connection, the view does without.
        with contextlib.suppress(psycopg.Error, TxjobsError), Client(self._dsn) as client:
            while not self._stop.is_set():
                self._look(client)
                self._stop.wait(_LOOK_EVERY)

    def _look(self, client: Client) -> None:
        mine = [q for q in client.stats(0) if self._queues is None or q.queue in self._queues]
        self.waiting = sum(queue.ready for queue in mine)
        self.running = sum(queue.running for queue in mine)
        self.scheduled = sum(queue.scheduled for queue in mine)
        self.known = True
