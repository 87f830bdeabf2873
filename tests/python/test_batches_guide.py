"""The examples of docs/batches.md run as they are printed."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from mypy import api

from guides import examples, run_in_psql
from txjobs import Worker, embedded

GUIDE = Path(__file__).parents[2] / "docs" / "batches.md"


def test_the_sql_examples_do_what_their_comments_say(
    conn: psycopg.Connection[Any], dsn: str, binaries: embedded.Binaries
) -> None:
    printed = run_in_psql("\n".join(examples(GUIDE, "sql")), dsn, binaries)
    assert "blocked" in printed
    assert '"report": 7' in printed
    found = conn.execute(
        """select state, jobs, completed, cancelled, callbacks::text
        from jobs.list_batches() order by id"""
    ).fetchall()
    assert [row[:4] for row in found] == [("finished", 2, 2, 0), ("finished", 2, 0, 2)]
    assert ["on_success" in row[4] for row in found] == [True, False]
    assert conn.execute("select * from jobs.verify()").fetchall() == []


def test_the_python_example_fills_a_batch_and_tells_of_it(
    conn: psycopg.Connection[Any], dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page: dict[str, Any] = {"__name__": "report"}
    exec("\n".join(examples(GUIDE, "python")), page)  # noqa: S102
    batch = page["order"](conn, 7)
    page["in_order"](conn)
    assert page["how_far"](conn, batch) == "running: 0 of 3"
    assert Worker(page["app"], dsn, drain=True).main() == 0
    assert page["how_far"](conn, batch) == "finished: 6 of 6"
    assert page["results"](conn, batch) == [1, 4, None, 0, 1, 4]
    assert "report 7: 6 of 6 pages" in capsys.readouterr().out


def test_the_python_example_is_typed(tmp_path: Path) -> None:
    (tmp_path / "report.py").write_text("\n".join(examples(GUIDE, "python")))
    report, errors, status = api.run(["--strict", str(tmp_path / "report.py")])
    assert status == 0, report + errors
