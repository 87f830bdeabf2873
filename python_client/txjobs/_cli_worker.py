"""The command that runs jobs."""

import importlib
import logging
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.logging import RichHandler

from . import _cli_progress as progress
from ._cli_errors import ExitCode, Usage, one_line
from ._cli_metrics import observers, serving
from ._cli_options import AsJson, Dsn, client, dsn_of, seconds
from ._cli_output import console, is_terminal, print_json, say
from ._cli_text import count
from ._state import EXIT_CUT, EXIT_FAILED, EXIT_OK
from .app import Jobs
from .worker import Worker

__all__ = ["load_app", "worker"]

_TIME = "TIME"
_TUNING = "Tuning"
_WATCHING = "Metrics and tracing"
_CODES = {EXIT_OK: ExitCode.OK, EXIT_FAILED: ExitCode.REFUSED, EXIT_CUT: ExitCode.CUT}
_LEVELS = ("debug", "info", "warning", "error")


def worker(
    target: Annotated[
        str, typer.Argument(metavar="MODULE:APP", help="The module, and its Jobs object.")
    ],
    dsn: Dsn = None,
    queues: Annotated[
        list[str] | None,
        typer.Option("--queue", "-q", metavar="NAME", help="Only this queue; repeatable."),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", "-k", metavar="NAME", help="Only this task; repeatable."),
    ] = None,
    routing: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Only this routing key ('' is none); repeatable."),
    ] = None,
    consumers: Annotated[
        list[str] | None,
        typer.Option(
            "--consumers", metavar="NAME", help="Only this consumer, not all; repeatable."
        ),
    ] = None,
    no_consumers: Annotated[bool, typer.Option("--no-consumers", help="No consumer.")] = False,
    reconcile: Annotated[
        bool,
        typer.Option(
            "--reconcile/--no-reconcile",
            help="At the start, create or change what the app declares.",
        ),
    ] = True,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, metavar="N", help="Handlers at once.")
    ] = 10,
    processes: Annotated[
        int, typer.Option("--processes", "-p", min=1, metavar="N", help="Such workers.")
    ] = 1,
    drain: Annotated[
        bool, typer.Option("--drain", help="Stop once nothing is ready, running or due.")
    ] = False,
    drain_horizon: Annotated[
        str, typer.Option(metavar=_TIME, help="With --drain: wait for what is due within this.")
    ] = "0s",
    drain_timeout: Annotated[
        str, typer.Option(metavar=_TIME, help="On SIGTERM: how long running handlers may go on.")
    ] = "20s",
    lease: Annotated[
        str,
        typer.Option(
            metavar=_TIME, help="Without a sign of life for so long, its jobs run elsewhere."
        ),
    ] = "30s",
    heartbeat: Annotated[
        str | None,
        typer.Option(
            metavar=_TIME,
            help="How often leases are renewed.",
            show_default="10s, or a third of the lease",
            rich_help_panel=_TUNING,
        ),
    ] = None,
    prefetch: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Jobs claimed ahead.", rich_help_panel=_TUNING),
    ] = 1000,
    poll_interval: Annotated[
        str,
        typer.Option(metavar=_TIME, help="Shortest wait after no job.", rich_help_panel=_TUNING),
    ] = "50ms",
    poll_cap: Annotated[
        str,
        typer.Option(metavar=_TIME, help="Longest wait after no job.", rich_help_panel=_TUNING),
    ] = "1s",
    notify: Annotated[
        bool,
        typer.Option(
            "--notify/--no-notify", help="Listen for notifications.", rich_help_panel=_TUNING
        ),
    ] = True,
    prepare: Annotated[
        bool,
        typer.Option("--prepare/--no-prepare", help="Prepare statements.", rich_help_panel=_TUNING),
    ] = True,
    prune: Annotated[
        bool,
        typer.Option("--prune/--no-prune", help="Remove what is old.", rich_help_panel=_TUNING),
    ] = True,
    prune_interval: Annotated[
        str,
        typer.Option(metavar=_TIME, help="About how often it does.", rich_help_panel=_TUNING),
    ] = "1m",
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="N",
            help="Serve /metrics, /livez and /readyz here (0: any port).",
            show_default="none",
            rich_help_panel=_WATCHING,
        ),
    ] = None,
    metrics_host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="At this address.", rich_help_panel=_WATCHING)
    ] = "0.0.0.0",  # noqa: S104 - a scraper is on another machine
    otel: Annotated[
        bool,
        typer.Option(
            "--otel", help="A span of OpenTelemetry for each job.", rich_help_panel=_WATCHING
        ),
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A label.", show_default="host and process"),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help="debug, info, warning or error.", show_default="info"),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Run jobs and consumers until SIGTERM or Ctrl-C: what runs ends first; a second time cuts."""
    app = load_app(target)
    if consumers and no_consumers:
        raise Usage("--consumers and --no-consumers exclude each other")
    if metrics_port is not None and processes > 1:
        raise Usage("--metrics-port is of one process: start each worker by itself, with its own")
    chosen = [] if no_consumers else consumers or None
    checked = dsn_of(dsn)
    with client(dsn) as found:
        found.version()  # better one line here than a log of failed attempts
    view = _view(drain, processes, as_json, checked, queues)
    _log_to_output(log_level, view, as_json)
    lease_seconds = seconds(lease) or 0.0
    runner = Worker(
        app,
        checked,
        queues=queues or None,
        kinds=kinds or None,
        routing=[key or None for key in routing] if routing else None,
        consumers=chosen,
        reconcile=reconcile,
        concurrency=concurrency,
        prefetch=prefetch,
        lease=lease_seconds,
        heartbeat=seconds(heartbeat) or min(10.0, lease_seconds / 3),
        poll_interval=seconds(poll_interval) or 0.0,
        poll_cap=seconds(poll_cap) or 0.0,
        notify=notify,
        prepare=prepare,
        drain=drain,
        drain_horizon=seconds(drain_horizon) or 0.0,
        drain_timeout=seconds(drain_timeout) or 0.0,
        prune_interval=(seconds(prune_interval) or 0.0) if prune else None,
        processes=processes,
        observers=observers(metrics_port, otel),
        on_progress=view,
        name=name,
    )
    tasks = sorted(kinds or app.tasks)
    running = sorted(app.consumers if chosen is None else chosen)
    _announce(target, tasks, running, queues, concurrency, processes, as_json)
    with (
        view if isinstance(view, AbstractContextManager) else nullcontext(),
        serving(runner, metrics_port, metrics_host, as_json),
    ):
        code = _CODES.get(runner.main(), ExitCode.REFUSED)
    view.ended(code)
    return code


def load_app(target: str) -> Jobs:
    """The `Jobs` object that `module:name` names; without a name, `app`."""
    module_name, _, name = target.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise Usage(
                one_line(f"{module_name} needs a module that is not here: {error}")
            ) from error
        raise Usage(
            f"there is no module {module_name!r}: write MODULE:APP, and start the worker in the "
            "directory that holds the module"
        ) from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise Usage(
            one_line(f"{module_name} cannot be imported ({what}): --debug shows where")
        ) from error
    found = getattr(module, name or "app", None)
    if isinstance(found, Jobs):
        return found
    there = sorted(key for key, value in vars(module).items() if isinstance(value, Jobs))
    instead = (
        f"write {' or '.join(f'{module_name}:{one}' for one in there)}"
        if there
        else "it has none; make one with app = Jobs()"
    )
    raise Usage(f"{module_name}:{name or 'app'} is not a Jobs object: {instead}")


View = progress.Lines | progress.JsonLines | progress.LiveView


def _view(drain: bool, processes: int, as_json: bool, dsn: str, queues: list[str] | None) -> View:
    if as_json:
        return progress.JsonLines(drain)
    if drain and processes == 1 and is_terminal():
        return progress.LiveView(console(), dsn, queues)
    return progress.Lines(drain, processes)


def _log_to_output(level: str | None, view: View, as_json: bool) -> None:
    """Logs go where the view does not suffer from them; an app that logs already is left alone."""
    live = isinstance(view, progress.LiveView)
    chosen = level or ("warning" if live else "info")
    if chosen not in _LEVELS:
        raise Usage(f"--log-level is one of {', '.join(_LEVELS)}, not {chosen!r}")
    root = logging.getLogger()
    if root.handlers:
        return
    handler: logging.Handler
    if as_json:
        handler = progress.JsonLog()
    elif isinstance(view, progress.LiveView):
        handler = RichHandler(console=view.console, show_path=False, markup=False)
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    root.addHandler(handler)
    root.setLevel(chosen.upper())


def _announce(
    target: str,
    tasks: list[str],
    consumers: list[str],
    queues: list[str] | None,
    concurrency: int,
    processes: int,
    as_json: bool,
) -> None:
    facts: dict[str, Any] = {
        "app": target,
        "tasks": tasks,
        "consumers": consumers,
        "queues": queues or None,
        "concurrency": concurrency,
        "processes": processes,
    }
    if as_json:
        print_json({"event": "started", **facts})
        return
    where = f"queue {', '.join(queues)}" if queues else "all queues"
    parts = [(tasks, "task"), (consumers, "consumer")]
    what = ", ".join(f"{count(len(n), kind)} ({', '.join(n)})" for n, kind in parts if n)
    many = f", {processes} processes" if processes > 1 else ""
    say(f"{target}: {what}, {where}, {concurrency} at once{many}")
