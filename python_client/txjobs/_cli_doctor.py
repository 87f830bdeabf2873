"""The command that says whether all is well."""

from typing import Annotated

import typer
from rich.text import Text

from ._cli_errors import ExitCode
from ._cli_options import AsJson, Dsn, connection, dsn_of, seconds
from ._cli_output import console, print_json
from ._cli_text import clean
from ._doctor import check_connection
from .client import Client
from .insight import HealthCheck

__all__ = ["doctor"]

_THRESHOLDS = "Thresholds"
_ORDER = {"critical": 0, "warning": 1, "ok": 2}
_STYLES = {"critical": "bold red", "warning": "yellow", "ok": "green"}
_CODES = {"critical": ExitCode.CRITICAL, "warning": ExitCode.NO, "ok": ExitCode.OK}


def _length(text: str, default: str) -> object:
    return typer.Option(
        metavar="TIME", help=text, show_default=default, rich_help_panel=_THRESHOLDS
    )


def _number(text: str, default: str) -> object:
    return typer.Option(metavar="N", help=text, show_default=default, rich_help_panel=_THRESHOLDS)


def doctor(
    dsn: Dsn = None,
    due_for: Annotated[str | None, _length("How long a due job may wait.", "5m")] = None,
    stuck_for: Annotated[str | None, _length("A queue or consumer not get on.", "10m")] = None,
    lag_for: Annotated[
        str | None, _length("Events wait for jobs, or a transaction hold locks.", "1m")
    ] = None,
    tick_for: Annotated[str | None, _length("Nobody tick, or reset leases.", "30s")] = None,
    held_for: Annotated[str | None, _length("Vacuum be held back.", "10m")] = None,
    held_xids: Annotated[
        int | None, _number("The same in transactions, for slots and standbys.", "1000000")
    ] = None,
    paused_for: Annotated[str | None, _length("A queue or kind be paused.", "1d")] = None,
    dead_within: Annotated[str | None, _length("The window of --max-dead.", "1h")] = None,
    max_dead: Annotated[int | None, _number("Jobs that died.", "1")] = None,
    max_dead_rows: Annotated[int | None, _number("Dead rows of a table.", "100000")] = None,
    used: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="The share of a limit that is used.",
            show_default="0.5",
            rich_help_panel=_THRESHOLDS,
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Is all well? Checks the way to the database and the installation; with a remedy for each.

    From a threshold on there is a warning (exit code 1), from ten times of it on it is critical
    (exit code 7).
    """
    address = dsn_of(dsn)
    with connection(dsn) as conn:
        checks = Client(conn).health(
            due_for=seconds(due_for),
            stuck_for=seconds(stuck_for),
            lag_for=seconds(lag_for),
            tick_for=seconds(tick_for),
            held_for=seconds(held_for),
            held_xids=held_xids,
            paused_for=seconds(paused_for),
            dead_within=seconds(dead_within),
            max_dead=max_dead,
            max_dead_rows=max_dead_rows,
            used=used,
        )
        checks = [*check_connection(conn, address), *checks]
    worst = min((check.status for check in checks), key=_ORDER.__getitem__)
    if as_json:
        print_json({"status": worst, "checks": checks})
    else:
        for check in sorted(checks, key=lambda one: _ORDER[one.status]):
            console().print(_line(check), soft_wrap=True)
    return _CODES[worst]


def _line(check: HealthCheck) -> Text:
    line = Text(f"{check.status:<10}", style=_STYLES[check.status])
    line.append(f"{clean(check.name)}: {clean(check.saw)}", style="not bold default")
    if check.remedy is not None:
        line.append(f"\n          {clean(check.why)} {clean(check.remedy)}", style="dim default")
    return line
