"""The build: which sources it takes, and what its one script does to databases of every age."""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sql import build
from txjobs.migrate import install_sql

Tree = Callable[..., Path]

SMALL = {
    "tables/migration.sql": (build.SQL / "tables" / "migration.sql").read_text(),
    "private/_one.sql": "-- One.\ncreate or replace function jobs._one() returns int\n"
    "language sql set search_path = pg_catalog, pg_temp as 'select 1';\n",
    "functions/greet.sql": "-- A greeting.\n-- It's polite.\n\n-- Not this.\n"
    "create or replace function jobs.greet(name text) returns text\n"
    "language sql set search_path = pg_catalog, pg_temp as $$ select 'hello ' || name $$;\n",
    "extension.sql": "",
    "order.txt": "tables/*\nprivate/*\nviews/*\nfunctions/*\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Writes a small sql/ with some files changed, or left out where the text is None."""

    def write(changes: dict[str, str | None] | None = None) -> Path:
        for path, text in (SMALL | (changes or {})).items():
            file = tmp_path / path
            file.unlink(missing_ok=True)
            if text is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        return tmp_path

    return write


@pytest.fixture
def empty(empty_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A session on a database without the schema."""
    with psycopg.connect(empty_dsn, autocommit=True) as session:
        yield session


def script(sql: Path, version: str = "1.0.0") -> bytes:
    """The install script of a small tree."""
    return build.install_script(build.read_schema(sql, version=version)).encode()


def test_a_source_that_the_order_forgets_is_refused(tree: Tree) -> None:
    with pytest.raises(build.BuildError, match="does not name"):
        build.read_schema(tree({"order.txt": "tables/*\nprivate/*\n"}), version="1")


def test_a_line_of_the_order_without_a_file_is_refused(tree: Tree) -> None:
    order = SMALL["order.txt"] + "functions/nothing.sql\n"
    with pytest.raises(build.BuildError, match=r"functions/nothing\.sql, which does not exist"):
        build.read_schema(tree({"order.txt": order}), version="1")


def test_a_star_stands_for_the_files_that_no_line_names(tree: Tree) -> None:
    order = "tables/*\nfunctions/greet.sql # first\nprivate/*\nviews/*\nfunctions/*\n"
    sql = tree({"order.txt": order, "functions/ask.sql": "select 1;\n"})
    paths = [source.path for source in build.read_schema(sql, version="1").sources]
    assert paths == [
        "tables/migration.sql",
        "functions/greet.sql",
        "private/_one.sql",
        "functions/ask.sql",
    ]


def test_tables_come_before_everything_else(tree: Tree) -> None:
    order = "private/*\ntables/*\nviews/*\nfunctions/*\n"
    with pytest.raises(build.BuildError, match="tables/ come before"):
        build.read_schema(tree({"order.txt": order}), version="1")


def test_migrations_are_numbered_without_gaps(tree: Tree) -> None:
    with pytest.raises(build.BuildError, match="without gaps"):
        build.read_schema(tree({"migrations/0002_late.sql": "select 1;\n"}), version="1")


def test_the_label_changes_with_every_source(tree: Tree) -> None:
    before = build.read_schema(tree(), version="1").label
    after = build.read_schema(tree({"private/_one.sql": "select 2;\n"}), version="1").label
    assert before != after


def test_a_header_becomes_the_functions_comment(tree: Tree, empty: psycopg.Connection[Any]) -> None:
    empty.execute(script(tree()))
    comment = empty.execute("select obj_description('jobs.greet'::regproc, 'pg_proc')").fetchone()
    assert comment == ("A greeting.\nIt's polite.",)


def test_an_upgrade_applies_the_migrations_that_are_new(
    tree: Tree, empty: psycopg.Connection[Any]
) -> None:
    empty.execute(script(tree()))
    first = {"migrations/0001_first.sql": "create table jobs.first (n int);\n"}
    second = {"migrations/0002_second.sql": "create table jobs.second (n int);\n"}
    empty.execute(script(tree(first), "1.1.0"))
    empty.execute(script(tree(first | second), "1.2.0"))
    applied = empty.execute("select number, name from jobs.migration order by number").fetchall()
    assert applied == [(0, "installed 1.0.0"), (1, "0001_first"), (2, "0002_second")]


def test_a_fresh_installation_runs_no_migration(tree: Tree, empty: psycopg.Connection[Any]) -> None:
    empty.execute(script(tree({"migrations/0001_first.sql": "select 1 / 0;\n"})))
    applied = empty.execute("select number, name from jobs.migration").fetchall()
    assert applied == [(1, "installed 1.0.0")]


def test_a_migration_that_fails_leaves_the_old_installation(
    tree: Tree, empty: psycopg.Connection[Any]
) -> None:
    empty.execute(script(tree()))
    broken = tree({"migrations/0001_first.sql": "create table jobs.t (n int); select 1 / 0;\n"})
    with pytest.raises(psycopg.errors.DivisionByZero):
        empty.execute(script(broken, "1.1.0"))
    empty.execute("rollback")
    left = empty.execute("select to_regclass('jobs.t'), max(number) from jobs.migration")
    assert left.fetchone() == (None, 0)


def test_an_older_script_is_refused(tree: Tree, empty: psycopg.Connection[Any]) -> None:
    empty.execute(script(tree({"migrations/0001_first.sql": "select 1;\n"}), "1.1.0"))
    with pytest.raises(psycopg.errors.RaiseException, match="newer than this script"):
        empty.execute(script(tree({"migrations/0001_first.sql": None})))


def test_a_new_argument_leaves_no_ambiguous_call(
    tree: Tree, empty: psycopg.Connection[Any]
) -> None:
    empty.execute(script(tree()))
    greet = SMALL["functions/greet.sql"].replace("name text", "name text, mood text = 'merry'")
    empty.execute(script(tree({"functions/greet.sql": greet}), "1.1.0"))
    assert empty.execute("select jobs.greet('you')").fetchone() == ("hello you",)


def test_a_function_of_the_users_own_survives_an_upgrade(
    tree: Tree, empty: psycopg.Connection[Any]
) -> None:
    empty.execute(script(tree()))
    empty.execute("create function jobs.mine() returns int language sql as 'select 7'")
    empty.execute(script(tree(), "1.1.0"))
    assert empty.execute("select jobs.mine()").fetchone() == (7,)


def test_two_schemas_of_different_names_live_side_by_side(empty: psycopg.Connection[Any]) -> None:
    usual = build.install_script(build.read_schema())
    empty.execute(usual.encode())
    empty.execute(build.rename_schema(usual, "other").encode())
    empty.execute("select other.enqueue('greet', '{}')")
    count = "select (select count(*) from other.job), (select count(*) from jobs.job)"
    assert empty.execute(count).fetchone() == (1, 0)
    claimed = empty.execute("select token, kind from other.claim()").fetchall()
    assert [kind for _, kind in claimed] == ["greet"]
    assert empty.execute("select other.complete(%s)", claimed[0][:1]).fetchone() == ("completed",)


def test_another_schema_holds_no_reference_to_the_usual_one(
    empty: psycopg.Connection[Any],
) -> None:
    renamed = build.rename_schema(build.install_script(build.read_schema()), "other")
    empty.execute(renamed.encode())
    strays = empty.execute(
        r"select proname, prosrc from pg_proc where pronamespace = 'other'::regnamespace"
        r" and (prosrc ~ '\mjobs\.[a-z]' or prosrc ~ '''jobs''')"
    ).fetchall()
    assert strays == []


@pytest.mark.parametrize("name", ["Jobs", "a-b", "", 'a"b', "a" * 64])
def test_a_schema_name_is_a_plain_identifier(name: str) -> None:
    with pytest.raises(build.BuildError, match="plain lower-case"):
        build.rename_schema("", name)


@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_a_distribution_carries_the_install_script(target: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(tmp_path)]
    subprocess.run(command, cwd=build.ROOT, check=True, capture_output=True)
    (made,) = tmp_path.iterdir()
    if target == "wheel":
        with zipfile.ZipFile(made) as wheel:
            carried = wheel.read("txjobs/_sql/txjobs.sql")
    else:
        with tarfile.open(made) as sdist:
            root = made.name.removesuffix(".tar.gz")
            member = sdist.extractfile(f"{root}/python_client/txjobs/_sql/txjobs.sql")
            assert member
            carried = member.read()
    assert carried.decode() == install_sql()
