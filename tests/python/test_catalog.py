"""What the catalog must say of every object in the schema."""

from typing import Any

import psycopg
import pytest

Connection = psycopg.Connection[Any]

OURS = "pronamespace = 'jobs'::regnamespace"


def names(conn: Connection, query: str) -> list[str]:
    """The first column."""
    return [row[0] for row in conn.execute(query.encode()).fetchall()]


def test_every_function_pins_its_search_path_with_pg_temp_last(conn: Connection) -> None:
    # A body in the SQL standard's form is parsed when it is made: nothing is looked up later.
    unpinned = f"""
    select oid::regprocedure::text from pg_proc
    where {OURS} and prosqlbody is null and not exists (
      select from unnest(proconfig) as setting where setting ~ '^search_path=.*pg_temp"?$')
    """
    assert names(conn, unpinned) == []


def test_every_function_has_a_comment(conn: Connection) -> None:
    silent = f"""
    select oid::regprocedure::text from pg_proc
    where {OURS} and coalesce(obj_description(oid, 'pg_proc'), '') = ''
    """
    assert names(conn, silent) == []


def test_no_function_may_be_run_by_everyone(conn: Connection) -> None:
    public = f"""
    select oid::regprocedure::text
    from pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) as a
    where {OURS} and a.grantee = 0
    """
    assert names(conn, public) == []


def test_no_table_is_granted_to_everyone(conn: Connection) -> None:
    public = """
    select c.oid::regclass::text
    from pg_class as c, aclexplode(c.relacl) as a
    where c.relnamespace = 'jobs'::regnamespace and a.grantee = 0
    """
    assert names(conn, public) == []


def test_the_schema_is_not_open_to_everyone(conn: Connection) -> None:
    public = """
    select nspname from pg_namespace, aclexplode(nspacl) as a
    where nspname = 'jobs' and a.grantee = 0
    """
    assert names(conn, public) == []


def test_every_type_is_in_the_schema_and_nothing_is_elsewhere(conn: Connection) -> None:
    strays = """
    select relname::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname not in ('jobs', 'pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
    union all
    select proname::text from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname not in ('jobs', 'pg_catalog', 'information_schema')
    """
    assert names(conn, strays) == []


def test_plpgsql_check_finds_nothing(conn: Connection) -> None:
    if not names(conn, "select name from pg_available_extensions where name = 'plpgsql_check'"):
        pytest.skip("plpgsql_check is not installed for this PostgreSQL")
    conn.execute("create extension plpgsql_check")
    complaints = conn.execute(
        """
        select p.oid::regprocedure::text, c.lineno, c.level, c.message, c.query
        from pg_proc as p, plpgsql_check_function_tb(p.oid, extra_warnings => false) as c
        where p.pronamespace = 'jobs'::regnamespace
          and p.prolang = (select oid from pg_language where lanname = 'plpgsql')
          and p.prorettype <> 'trigger'::regtype
          and c.message <> 'name of parameter "window" is reserved keyword'
        """
    ).fetchall()
    assert complaints == []
