"""The commands that say how and why things are: explain, workers, stats by kind."""

from typing import Annotated

import typer
from rich.text import Text

from ._cli_options import AsJson, Dsn, client
from ._cli_output import console, print_json, say, table
from ._cli_text import ago, clean, duration
from .insight import Gate, KindStats, WorkerInfo

__all__ = ["explain", "show_kinds", "workers"]


def explain(
    job: Annotated[int, typer.Argument(metavar="ID")],
    dsn: Dsn = None,
    as_json: AsJson = False,
) -> None:
    """Why a job is not running: a line per condition, what holds it up first."""
    with client(dsn) as found:
        gates = found.explain(job)
    if as_json:
        print_json({"id": job, "gates": gates})
        return
    for gate in sorted(gates, key=lambda one: one.open):
        console().print(_gate(gate), soft_wrap=True)
    if all(gate.open for gate in gates):
        say(Text("nothing holds it up", style="dim"))


def _gate(gate: Gate) -> Text:
    line = Text("open    " if gate.open else "closed  ", style="green" if gate.open else "red")
    line.append(f"{clean(gate.gate)}: ", style="not bold default")
    line.append(clean(gate.why), style="default")
    if gate.remedy is not None:
        line.append(f"\n        {clean(gate.remedy)}", style="dim default")
    return line


_NOW = ("ready", "scheduled", "blocked", "running")
_ENDED = ("failed", "dead", "cancelled", "skipped", "discarded")


def show_kinds(dsn: str | None, window: float, as_json: bool) -> None:
    """`txjobs stats --by-kind`."""
    with client(dsn) as found:
        kinds = found.stats_by_kind(window)
    if as_json:
        print_json({"window": window, "kinds": kinds})
    elif not kinds:
        say("no kind yet: the first enqueue makes one")
    else:
        columns = ["kind", *_NOW, *_ENDED, "oldest due", "next due"]
        console().print(table(columns, map(_kind_row, kinds), right=columns[1:]))
        say(Text(f"what ended: in the last {duration(window)}", style="dim"))


def _kind_row(kind: KindStats) -> list[object]:
    name = Text(clean(kind.kind))
    if kind.paused:
        name.append(" (paused)", style="yellow")
    numbers = (getattr(kind, column) for column in (*_NOW, *_ENDED))
    oldest, due = kind.oldest_due_age, kind.next_run_at
    return [
        name,
        *(Text(f"{number:,}", style="" if number else "dim") for number in numbers),
        "–" if oldest is None else duration(oldest.total_seconds()),
        "–" if due is None else ago(due),
    ]


def workers(dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Workers: what each asks for, whether it lives, and how many jobs it runs."""
    with client(dsn) as found:
        there = found.list_workers()
    if as_json:
        print_json({"workers": there})
    elif not there:
        say("no worker is registered, and no job runs")
    else:
        columns = ("worker", "state", "running", "longest", "queues", "kinds", "routing", "seen")
        rows = map(_worker_row, there)
        console().print(table(columns, rows, right=("running", "longest")))


def _worker_row(worker: WorkerInfo) -> list[object]:
    name = worker.name or f"not registered: {worker.id or 'no id'}"
    state = "live" if worker.live else "not seen" if worker.name else "unknown"
    since = worker.claimed_at
    return [
        name,
        Text(state, style="green" if worker.live else "yellow"),
        worker.running,
        "–" if since is None else ago(since).removesuffix(" ago"),
        "all" if worker.queues is None else ", ".join(worker.queues),
        "all" if worker.kinds is None else ", ".join(worker.kinds),
        "any" if worker.routing is None else ", ".join(key or "none" for key in worker.routing),
        "–" if worker.seen_at is None else ago(worker.seen_at),
    ]
