"""The examples of docs/keys.md run as they are printed."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mypy import api

from guides import examples, run_in_psql
from txjobs import embedded

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


def test_the_guide_runs_in_psql(
    conn: psycopg.Connection[Any], dsn: str, binaries: embedded.Binaries
) -> None:
    printed = run_in_psql("\n".join(examples(PAGE, "sql")), dsn, binaries)
    assert re.search(r'replaced *\| \{"run_at": .*"replaced": \{"args": \{"page": 1\}', printed)
    args = [conn.execute("select jobs.get(unique_key => 'shop 9') -> 'args'").fetchone()]
    assert args == [({"page": 2},)]
    states = conn.execute("select state, count(*) from jobs.job_state group by 1 order by 1")
    assert states.fetchall() == [("cancelled", 1), ("ready", 2), ("scheduled", 1)]


def test_the_python_guide_is_a_program_that_works(
    conn: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    page: dict[str, Any] = {"__name__": "keys"}
    exec("\n".join(examples(PAGE, "python")), page)  # noqa: S102
    first = page["webhook"](conn, 7, "order 7")
    assert page["webhook"](conn, 7, "order 7") == first
    with pytest.raises(ValueError, match=f"belongs to job {first}"):
        page["webhook"](conn, 8, "order 7")
    assert page["what_became_of"](conn, "order 7") == "ready"
    assert page["what_became_of"](conn, "order 8") == "unknown"
    assert capsys.readouterr().out == f"new {first}\nknown {first}\n"


def test_the_python_guide_is_typed(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("\n".join(examples(PAGE, "python")))
    report, errors, status = api.run(["--strict", str(tmp_path / "shop.py")])
    assert status == 0, report + errors


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE.read_text()):
        assert (PAGE.parent / target).exists(), target
