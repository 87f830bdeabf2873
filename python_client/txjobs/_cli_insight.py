"""The commands that say why: explain."""

from typing import Annotated

import typer
from rich.text import Text

from ._cli_options import AsJson, Dsn, client
from ._cli_output import console, print_json, say
from ._cli_text import clean
from .insight import Gate

__all__ = ["explain"]


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
