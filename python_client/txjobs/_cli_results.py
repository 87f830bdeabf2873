"""The commands that wait for jobs, or ask whether there is one to wait for."""

from typing import Annotated, Any

import typer
from rich.text import Text

from ._cli_errors import ExitCode, Usage
from ._cli_options import AsJson, Dsn, Kind, Queue, client, json_value, seconds
from ._cli_output import print_json, say, state_text
from .results import JobResult

__all__ = ["has_in_flight", "wait"]


def wait(
    jobs: Annotated[list[int], typer.Argument(metavar="ID...")],
    dsn: Dsn = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help="Not longer than this, such as 30s.")
    ] = None,
    notify: Annotated[
        bool, typer.Option("--notify/--no-notify", help="Listen for notifications.")
    ] = True,
    as_json: AsJson = False,
) -> int:
    """Wait until jobs have ended: a line for each when it does. Exit 1 if one is not completed."""
    left = dict.fromkeys(jobs)
    failed = False
    with client(dsn, notify=notify) as found:
        try:
            for ended in found.as_ended(jobs, seconds(timeout)):
                left.pop(ended.id, None)
                failed |= ended.state != "completed"
                _tell(ended, as_json)
        except TimeoutError:
            for one in found.results(left):
                _tell(one, as_json)
            return ExitCode.NO
    return ExitCode.NO if failed else ExitCode.OK


def _tell(one: JobResult[Any], as_json: bool) -> None:
    if as_json:
        said = {"id": one.id, "state": one.state, "result": one.result, "reason": one.reason}
        print_json({**said, "error": one.error, "result_pruned": one.result_pruned})
        return
    line = Text(f"job {one.id}: ").append_text(state_text(one.state or "gone"))
    if one.reason:
        line.append(f" ({one.reason})")
    say(line)


def has_in_flight(
    dsn: Dsn = None,
    kind: Kind = None,
    queue: Queue = None,
    args: Annotated[
        str | None, typer.Option(metavar="JSON", help="Whose arguments contain these.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Is there a job that has not ended, of a kind, a queue or both? Exit 1 if there is none."""
    if kind is None and queue is None:
        raise Usage("which jobs? give --kind, --queue or both")
    with client(dsn) as asked:
        found = asked.has_in_flight(
            kind=kind, queue=queue, args=None if args is None else json_value(args, "--args")
        )
    if as_json:
        print_json({"in_flight": found})
    else:
        say("yes" if found else "no")
    return ExitCode.OK if found else ExitCode.NO
