"""The linter for SQL finds what it is there to find."""

from pathlib import Path

import pytest

import lint_sql

GOOD = """-- The job is greeted.
create or replace function jobs.greet(name text)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return $re$SELECT$re$ || 'SELECT';   -- SELECT
end $$;
"""


def findings(tmp_path: Path, text: str, path: str = "functions/greet.sql") -> list[str]:
    """What is said about this text."""
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return [message for _, message in lint_sql.check(file)]


def test_a_good_file_is_left_alone(tmp_path: Path) -> None:
    assert findings(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("begin\n", "BEGIN\n", "keyword in capitals: BEGIN"),
        ("begin\n", "begin \n", "blanks at the end"),
        ("begin\n", "\tbegin\n", "a tab"),
        ("begin\n", f"begin -- {'long ' * 30}end\n", "columns"),
        ("end $$;\n", "end $$;", "exactly one newline"),
        ("end $$;\n", "end $$;" + "\n;" * 150 + "\n", "more than 150"),
        ("-- The job is greeted.\n", "", "no header"),
        ("jobs.greet(", "jobs.welcome(", "named after"),
        ("create or replace", "create", "create or replace"),
        ("set search_path = pg_catalog, pg_temp\n", "", "search_path"),
        ("pg_catalog, pg_temp\n", "pg_temp, pg_catalog\n", "search_path"),
    ],
)
def test_what_breaks_a_rule_is_found(tmp_path: Path, good: str, bad: str, message: str) -> None:
    assert good in GOOD
    assert any(message in found for found in findings(tmp_path, GOOD.replace(good, bad, 1)))


def test_a_helper_is_named_with_an_underscore(tmp_path: Path) -> None:
    assert findings(tmp_path, GOOD, "private/greet.sql") == [
        "helpers are in private/ and are named _like_this, verbs are not"
    ]


def test_a_parsed_body_needs_no_search_path(tmp_path: Path) -> None:
    parsed = (
        "-- One.\ncreate or replace function jobs.greet() returns int\nlanguage sql\nreturn 1;\n"
    )
    assert findings(tmp_path, parsed) == []
