"""The result as a table for people, as Markdown and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from bench.figures import Budget, Cell, Figures, Table, number

BUDGET_COLUMNS = ["budget", "promised", "measured", "verdict"]


@dataclass(frozen=True)
class Result:
    """One benchmark: where and how it was measured, and what was found."""

    at: str
    commit: str
    quick: bool
    rounds: int
    postgres: str
    machine: dict[str, str]
    settings: dict[str, str]
    versions: dict[str, str]
    figures: list[Figures]

    @property
    def budgets(self) -> list[Budget]:
        return [budget for found in self.figures for budget in found.budgets]

    @property
    def tables(self) -> list[Table]:
        return [table for found in self.figures for table in found.tables]


def show(result: Result, console: Console) -> None:
    for table in result.tables:
        _print(console, table.title, table.columns, table.rows)
        for note in table.notes:
            console.print(f"[dim]{escape(note)}[/dim]")
        console.print()
    rows: list[list[Cell]] = [_budget_row(budget) for budget in result.budgets]
    _print(console, "Budgets", BUDGET_COLUMNS, rows)
    console.print(f"[dim]{escape(_how(result))}[/dim]")


def _print(console: Console, title: str, columns: list[str], rows: list[list[Cell]]) -> None:
    drawn = RichTable(title=title, title_justify="left", title_style="bold")
    for n, column in enumerate(columns):
        numeric = any(isinstance(row[n], int | float) for row in rows)
        drawn.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        drawn.add_row(*(_coloured(number(cell)) for cell in row))
    console.print(drawn)


def _coloured(text: str) -> str:
    if text == "met":
        return "[green]met[/green]"
    if text.startswith("missed"):
        return f"[red]{escape(text)}[/red]"
    return escape(text)


def _budget_row(budget: Budget) -> list[Cell]:
    bound = "at most" if budget.at_most else "at least"
    unit = budget.unit if budget.unit == "×" else f" {budget.unit}".rstrip()
    measured = "–" if budget.measured is None else number(budget.measured) + unit
    what = f"{budget.what} ({budget.note})" if budget.note else budget.what
    return [what, f"{bound} {budget.limit:g}{unit}", measured, budget.verdict]


def _how(result: Result) -> str:
    each = "one round (--quick)" if result.rounds == 1 else f"medians of {result.rounds} rounds"
    return f"PostgreSQL {result.postgres}, {each}, commit {result.commit}, {result.at}."


def markdown(result: Result) -> str:
    """The same as a page of Markdown, with what it was measured on."""
    machine = f"{result.machine['cores']} cores of {result.machine['processor']}"
    parts = [_how(result), "", f"Machine: {machine}, {result.machine['system']}.", ""]
    parts += _grid(BUDGET_COLUMNS, [_budget_row(budget) for budget in result.budgets])
    for table in result.tables:
        parts += ["", f"### {table.title}", "", *_grid(table.columns, table.rows), ""]
        parts += [f"- {note}" for note in table.notes]
    settings = ", ".join(f"`{name} = {value}`" for name, value in result.settings.items())
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    parts += ["", "### Settings and versions", "", f"Server: {settings}.", "", f"{versions}."]
    return "\n".join(parts) + "\n"


def _grid(columns: list[str], rows: list[list[Cell]]) -> list[str]:
    numeric = [any(isinstance(row[n], int | float) for row in rows) for n in range(len(columns))]
    lines = [columns, ["---:" if right else "---" for right in numeric]]
    lines += [[number(cell).replace("|", "\\|") for cell in row] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def save(result: Result, directory: Path) -> Path:
    """Writes JSON and Markdown named after the time; returns the path of the JSON."""
    directory.mkdir(exist_ok=True)
    path = directory / f"{result.at.replace(':', '').replace(' ', '-')}.json"
    contents = asdict(result)
    contents["budgets"] = [asdict(b) | {"met": b.met} for b in result.budgets]
    path.write_text(json.dumps(contents, indent=2) + "\n")
    path.with_suffix(".md").write_text(markdown(result))
    return path


def into_page(result: Result, page: Path) -> None:
    """Replaces the measured part of the page, which lies between two comments."""
    begin, end = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
    before, _, rest = page.read_text().partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{markdown(result)}\n{end}{after}")
