"""The command line as a whole: its commands, and how an error ends it."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from . import (
    _cli_batches,
    _cli_consumers,
    _cli_dead,
    _cli_demo,
    _cli_doctor,
    _cli_events,
    _cli_insight,
    _cli_jobs,
    _cli_metrics,
    _cli_operate,
    _cli_prune,
    _cli_results,
    _cli_schedules,
    _cli_settings,
    _cli_subscriptions,
    _cli_tail,
    _cli_worker,
    _json,
)
from ._cli_errors import ExitCode, explain, one_line

__all__ = ["app", "run"]

_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]  # typer does not name it in public

app = typer.Typer(
    name="txjobs",
    epilog="\n".join(["Exit codes:", *(f"{code:>3}  {code.meaning}" for code in ExitCode)]),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    debug: Annotated[  # run() has taken it away, wherever it stood
        bool, typer.Option("--debug", help="Print the traceback of an error; after any command.")
    ] = False,
) -> None:
    """Background jobs and events in PostgreSQL: run them, look at them, change their fate."""


_commands: dict[str, Callable[..., int | None]] = {
    "migrate": _cli_operate.migrate,
    "worker": _cli_worker.worker,
    "enqueue": _cli_jobs.enqueue,
    "list": _cli_jobs.list_jobs,
    "show": _cli_jobs.show,
    "explain": _cli_insight.explain,
    "errors": _cli_dead.errors,
    "retry": _cli_dead.retry,
    "cancel": _cli_jobs.cancel,
    "wait": _cli_results.wait,
    "has-in-flight": _cli_results.has_in_flight,
    "pause": _cli_operate.pause,
    "resume": _cli_operate.resume,
    "pauses": _cli_operate.pauses,
    "stats": _cli_operate.stats,
    "workers": _cli_insight.workers,
    "doctor": _cli_doctor.doctor,
    "metrics": _cli_metrics.metrics,
    "queues": _cli_settings.queues,
    "kinds": _cli_settings.kinds,
    "prune": _cli_prune.prune,
    "demo": _cli_demo.demo,
    "version": _cli_operate.version,
}
_groups: dict[str, tuple[str, dict[str, Callable[..., int | None]]]] = {
    "configure": (
        "The settings of a queue or a kind.",
        {"queue": _cli_settings.configure_queue, "kind": _cli_settings.configure_kind},
    ),
    "events": (
        "The log: append events, read them, follow them.",
        {
            "append": _cli_events.append,
            "read": _cli_events.read,
            "tail": _cli_tail.tail,
            "latest": _cli_events.latest,
            "streams": _cli_events.streams,
        },
    ),
    "subscriptions": (
        "What makes jobs of events.",
        {
            "add": _cli_subscriptions.add,
            "list": _cli_subscriptions.list_all,
            "show": _cli_subscriptions.show,
            "pause": _cli_subscriptions.pause,
            "resume": _cli_subscriptions.resume,
            "remove": _cli_subscriptions.remove,
            "backfill": _cli_subscriptions.backfill,
            "sync": _cli_subscriptions.sync,
        },
    ),
    "consumers": (
        "Those who read the log: where they stand, and what keeps them.",
        {
            "add": _cli_consumers.add,
            "list": _cli_consumers.list_all,
            "lag": _cli_consumers.lag,
            "stuck": _cli_consumers.stuck,
            "reset": _cli_consumers.reset,
            "remove": _cli_consumers.remove,
        },
    ),
    "batches": (
        "Batches of jobs: how far they are.",
        {
            "list": _cli_batches.list_all,
            "show": _cli_batches.show,
            "close": _cli_batches.close,
            "cancel": _cli_batches.cancel,
        },
    ),
    "schedules": (
        "What makes jobs at certain times.",
        {
            "add": _cli_schedules.add,
            "list": _cli_schedules.list_all,
            "show": _cli_schedules.show,
            "history": _cli_schedules.history,
            "run": _cli_schedules.run,
            "pause": _cli_schedules.pause,
            "resume": _cli_schedules.resume,
            "remove": _cli_schedules.remove,
            "next": _cli_schedules.next_runs,
        },
    ),
}
for _name, _command in _commands.items():
    app.command(_name)(_command)
for _group, (_help, _members) in _groups.items():
    _typer = typer.Typer(help=_help, no_args_is_help=True)
    for _name, _command in _members.items():
        _typer.command(_name)(_command)
    app.add_typer(_typer, name=_group)


def run(argv: Sequence[str]) -> int:
    """The exit code; an error is one line on standard error, or one JSON object with --json."""
    debug = "--debug" in argv
    argv = [word for word in argv if word != "--debug"]
    try:
        found = app(args=argv, prog_name="txjobs", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `txjobs list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except _USAGE_ERROR as error:
        if not str(error):  # no arguments: the help has been printed
            return ExitCode.USAGE
        return _fail(argv, _usage(error), ExitCode.USAGE, error if debug else None)
    except Exception as error:
        line, code = explain(error)
        return _fail(argv, line, code, error if debug else None)
    return ExitCode(found or 0)


def _usage(error: Exception) -> str:
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "txjobs"
    return one_line(f"{message.rstrip('.')} (see {command} --help)")


def _fail(argv: Sequence[str], line: str, code: ExitCode, error: Exception | None) -> int:
    if error is not None:
        traceback.print_exception(error)
    if "--json" in argv:
        line = _json.dumps({"error": line, "exit_code": int(code)})
    else:
        line = f"txjobs: {line}"
    print(line, file=sys.stderr)
    return code
