"""The examples of docs/batches.md run as they are printed."""

from pathlib import Path
from typing import Any

import psycopg

from guides import examples, run_in_psql
from txjobs import embedded

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
