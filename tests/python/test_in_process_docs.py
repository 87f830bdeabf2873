"""The examples of docs/in-process.md run as they are printed."""

import re
from pathlib import Path
from typing import Any

import pytest

from txjobs import Jobs
from workers import running

GUIDE = Path(__file__).parents[2] / "docs" / "in-process.md"


def examples() -> list[str]:
    found = re.findall(
        r"<!-- runs as a test -->\n```python\n(.*?)```", GUIDE.read_text(), re.DOTALL
    )
    assert len(found) == 3
    return found


def execute(source: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "shop"}
    exec(compile(source, GUIDE.name, "exec"), space)  # noqa: S102
    return space


@pytest.mark.parametrize("where", ["in-process:", "inline:", "postgres"])
def test_the_application_runs_with_every_setting(
    where: str, dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    application = examples()[0]
    if where == "postgres":
        tasks, _, _ = application.partition("async def main()")
        app: Jobs = execute(tasks)["app"]
        monkeypatch.setenv("JOBS", dsn)
        with running(app, dsn):
            execute(application)
    else:
        monkeypatch.setenv("JOBS", where)
        execute(application)
    assert capsys.readouterr().out == "[1, 6]\n"


def test_the_runner_runs_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    execute(examples()[1])
    full, result, leftover = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"[12] of 100", full)
    assert result == "7.png"
    assert leftover == "[True]"


def test_inline_mode_runs_where_it_is_called() -> None:
    execute(examples()[2])
