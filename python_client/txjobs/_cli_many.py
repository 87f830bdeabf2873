"""What the commands have in common that change many jobs: by their ids, or by filter."""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.text import Text

from ._cli_errors import ExitCode, Usage, explain
from ._cli_output import print_json, say, state_text
from ._cli_text import count
from .errors import NotFound, WrongState

__all__ = ["BATCH", "Limit", "check_which", "each", "say_many", "until_none"]

BATCH = 1000
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after so many jobs.")]


def check_which(jobs: list[int] | None, many: bool, choices: str) -> None:
    """Either ids are given, or filters."""
    if not jobs and not many:
        raise Usage(f"which jobs? give {choices}")
    if jobs and many:
        raise Usage("job ids and filters exclude each other: give one or the other")


def each(
    jobs: list[int], change: Callable[[int], str], accepted: tuple[str, ...], as_json: bool
) -> int:
    """One line per job; the exit code says whether all of them were accepted."""
    answers: list[dict[str, object]] = []
    for job in jobs:
        try:
            state = change(job)
            ok = state in accepted
            answers.append({"id": job, "ok": ok, "state": state})
            line = Text(f"job {job}: ").append_text(state_text(state))
            if not ok:
                line.append(" already, so nothing was changed")
        except (NotFound, WrongState) as error:
            answers.append({"id": job, "ok": False, "error": explain(error)[0]})
            line = Text(explain(error)[0])
        if not as_json:
            say(line)
    if as_json:
        print_json({"jobs": answers})
    return ExitCode.OK if all(answer["ok"] for answer in answers) else ExitCode.NO


def until_none(step: Callable[[int], int], limit: int | None) -> int:
    """Repeats a verb until it has found nothing more, or the limit is reached."""
    done = 0
    while limit is None or done < limit:
        size = BATCH if limit is None else min(BATCH, limit - done)
        found = step(size)
        if not found:
            break
        done += found
    return done


def say_many(verb: str, done: int, as_json: bool) -> int:
    """How many it were."""
    if as_json:
        print_json({verb: done})
    else:
        say(f"{verb} {count(done, 'job')}")
    return ExitCode.OK
