"""The command that shows all of it."""

from typing import Annotated

import typer

from ._cli_options import AsJson, dsn_of
from .demo import demo as run_demo

__all__ = ["demo"]


def demo(
    dsn: Annotated[
        str | None,
        typer.Option(
            metavar="DSN",
            help="A server to run on, in a database that is made for it and dropped afterwards.",
            show_default="a PostgreSQL of its own",
        ),
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines of text, also on a terminal.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Run a small application: orders, their jobs, what can go wrong, and each job's timeline."""
    return run_demo(dsn_of(dsn) if dsn else None, plain=plain, as_json=as_json)
