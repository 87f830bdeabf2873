"""`python -m bench`: txjobs beside its budgets and its alternatives, measured, in one table."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from bench import backlog, before, drain, idle, latency, lifecycle, limits, log, output, snapshot
from bench.figures import Figures
from bench.plan import Plan
from bench.servers import ROOT, BenchError, Server, machine, server

Scenario = Callable[[Server, Plan, Callable[[str], None]], Figures]

SCENARIOS: dict[str, tuple[str, Scenario]] = {
    "a": ("life cycle in SQL", lifecycle.measure),
    "b": ("workers draining", drain.measure),
    "c": ("latency", latency.measure),
    "d": ("held snapshot", snapshot.measure),
    "e": ("backlog", backlog.measure),
    "f": ("idle worker", idle.measure),
    "g": ("log", log.measure),
    "h": ("engine before the log and since", before.measure),
    "i": ("limits that do not bind", limits.measure),
}
RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    if options.docs and options.quick:
        parser.error("--quick measures too little to publish: leave out --docs or --quick")
    # Cells are not folded where nobody looks at a terminal.
    console = Console() if sys.stdout.isatty() else Console(width=160)
    progress = Console(stderr=True)
    plan = Plan(
        quick=options.quick,
        hold=options.hold,
        pgmq=options.pgmq,
        without=frozenset(filter(None, options.without.split(","))),
    )
    try:
        with server(options.pg) as running:
            found = _measure(running, plan, options.only, progress)
            result = output.Result(
                at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
                commit=_commit(),
                quick=plan.quick,
                rounds=plan.rounds,
                postgres=running.version(),
                machine=machine(),
                settings=running.settings(),
                versions={name: version(name) for name in ("psycopg", "psycopg-binary")},
                figures=found,
            )
    except BenchError as error:
        progress.print(f"bench: {error}", style="red", markup=False)
        return 1
    output.show(result, console)
    progress.print(f"written: {output.save(result, RESULTS).relative_to(ROOT)} and .md")
    if options.docs:
        output.into_page(result, PAGE)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    listed = ", ".join(f"{key} {name}" for key, (name, _) in SCENARIOS.items())
    parser.add_argument(
        "--only", type=_keys, default=list(SCENARIOS), metavar="a,b", help=f"some of: {listed}"
    )
    parser.add_argument("--quick", action="store_true", help="small and once: to try, not to quote")
    parser.add_argument("--pg", metavar="15", help="PostgreSQL of that major version")
    parser.add_argument(
        "--hold", type=int, default=60, metavar="S", help="seconds of a held snapshot (600 is all)"
    )
    parser.add_argument("--pgmq", type=Path, metavar="PATH", help="pgmq's SQL, to compare with it")
    parser.add_argument("--without", default="", metavar="NAMES", help="leave out these workers")
    parser.add_argument(
        "--docs", action="store_true", help=f"write the result into {PAGE.relative_to(ROOT)} too"
    )
    return parser


def _keys(text: str) -> list[str]:
    keys = text.split(",")
    if unknown := set(keys) - set(SCENARIOS):
        raise argparse.ArgumentTypeError(
            f"no scenario {', '.join(sorted(unknown))}: choose among {','.join(SCENARIOS)}"
        )
    return keys


def _measure(running: Server, plan: Plan, keys: list[str], progress: Console) -> list[Figures]:
    found = []
    for key in keys:
        name, scenario = SCENARIOS[key]
        progress.print(f"({key}) {name}", style="bold")
        found.append(scenario(running, plan, lambda text: progress.print(f"    {text}")))
    return found


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
