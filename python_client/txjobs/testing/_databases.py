"""Databases for tests: on a server that is given, or on one that is started for them."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from .. import embedded
from ..migrate import migrate

__all__ = ["database", "server", "template"]

# A test that waits for a lock of its own other session would wait for ever.
_SETTINGS = {"max_connections": "200", "lock_timeout": "30s", "full_page_writes": "off"}


@contextmanager
def server(dsn: str | None) -> Iterator[str]:
    """The DSN of a server: the one that is given, or one that ends with the block."""
    with embedded.start(dsn=dsn, fsync=False, settings=_SETTINGS) as running:
        yield running.dsn


@contextmanager
def database(server_dsn: str, label: str, template_name: str | None = None) -> Iterator[str]:
    """The DSN of a new database, a copy of a template if one is named; it is dropped in the end."""
    name = f"txjobs_{label}_{secrets.token_hex(4)}"
    create = sql.SQL("create database {}").format(sql.Identifier(name))
    if template_name is not None:
        create += sql.SQL(" template {}").format(sql.Identifier(template_name))
    _execute(server_dsn, create)
    try:
        yield make_conninfo(server_dsn, dbname=name)
    finally:
        drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        _execute(server_dsn, drop)


@contextmanager
def template(server_dsn: str) -> Iterator[str]:
    """The name of a database with the schema, in which sessions may set their own clock."""
    with database(server_dsn, "template") as dsn:
        migrate(dsn)
        _execute(dsn, sql.SQL("update jobs.setting set test_clock = true"))
        with psycopg.connect(dsn) as conn:
            name = conn.info.dbname
        yield name


def _execute(dsn: str, statement: sql.Composed | sql.SQL) -> None:
    conn: psycopg.Connection[Any]
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(statement)
