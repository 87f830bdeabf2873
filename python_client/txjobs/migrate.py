"""Installs the schema, and brings it up to date.

The rules are all in the install script, which `psql -f` may run as well: it makes what is missing,
applies the migrations that the database lacks and replaces functions, views and grants. What this
module adds is to see that nothing is left to do, and to wait for whoever is doing it.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from txjobs.errors import TxjobsError

__all__ = ["CannotMigrate", "Migration", "install_sql", "migrate"]

# A snapshot taken before the wait for the lock would not show what the other installer has done.
_LOCK = """
set transaction isolation level read committed;
select pg_advisory_xact_lock(hashtextextended('txjobs.install', 0))
"""
_INSTALLED = """
select (select obj_description(to_regnamespace('jobs'), 'pg_namespace')),
  exists (select from pg_extension where extname = 'txjobs')
"""


class CannotMigrate(TxjobsError):
    """The schema cannot be installed this way; the message says what to do instead."""


@dataclass(frozen=True)
class Migration:
    """What `migrate` did, or with `check` would do.

    installed: what the database had, as "txjobs 0.1.0, migration 0, build 0123456789ab", or None.
    available: what this package installs.
    steps: in words, in order; empty if there is nothing to do.
    warnings: what the server remarked, such as roles that it could not create.
    """

    installed: str | None
    available: str
    steps: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.steps)


def install_sql() -> str:
    """The install script, for `psql -f` or another tool; it brings its own transaction."""
    try:
        script = resources.files("txjobs") / "_sql" / "txjobs.sql"
        return script.read_text("utf-8")
    except FileNotFoundError:
        raise CannotMigrate("this checkout has no install script yet; run: make sql") from None


def migrate(conn_or_dsn: psycopg.Connection[Any] | str, *, check: bool = False) -> Migration:
    """The database's schema is that of this package, or with `check` nothing has changed.

    Any number of processes may call it at once: one does the work, in one transaction, and the
    others wait and find it done. The role needs `create` on the database, and need not be a
    superuser.

    conn_or_dsn: a connection outside a transaction, or a conninfo string or URL.
    check: only say what would be done.

    Raises CannotMigrate, and psycopg.Error as the server reports it.

        for step in migrate("postgresql://localhost/app").steps:
            print(step)
    """
    if isinstance(conn_or_dsn, str):
        with psycopg.connect(conn_or_dsn, autocommit=True) as conn:
            return migrate(conn, check=check)
    conn = conn_or_dsn
    if conn.info.transaction_status != TransactionStatus.IDLE:
        raise CannotMigrate("migrate needs a connection that is not in a transaction")
    script = install_sql()
    with conn.transaction():
        migration = _plan(conn, script)
    if check or not migration.pending:
        return migration
    with conn.transaction(), _warnings(conn) as warnings:
        conn.execute(_LOCK)
        migration = _plan(conn, script)
        if migration.pending:
            conn.execute(_without_transaction(script).encode())
    return replace(migration, warnings=tuple(warnings))


def _plan(conn: psycopg.Connection[Any], script: str) -> Migration:
    """Compare what is installed with the script."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        installed, is_extension = cursor.execute(_INSTALLED).fetchone() or (None, False)
    if is_extension:
        raise CannotMigrate(
            "txjobs is installed here as an extension; run: alter extension txjobs update"
        )
    available = script.partition("\n")[0].removeprefix("-- ")
    return Migration(installed, available, tuple(_steps(installed, available, script)))


def _steps(installed: str | None, available: str, script: str) -> Iterator[str]:
    """Say what the script will do to a database that has `installed`."""
    if installed == available:
        return
    number = re.search(r"migration (\d+)", installed or "")
    if not number:
        yield f"install {available}"
        return
    for name in re.findall(r"^-- migration (\d{4}_\w+)$", script, re.MULTILINE):
        if int(name[:4]) > int(number[1]):
            yield f"apply migration {name}"
    yield f"replace functions, views and grants: {installed} by {available}"


def _without_transaction(script: str) -> str:
    """The script's statements between its own begin and commit, to run inside our transaction."""
    _, body, _ = re.split(r"^(?:begin.*|commit);\n", script, flags=re.MULTILINE)
    return body


@contextlib.contextmanager
def _warnings(conn: psycopg.Connection[Any]) -> Iterator[list[str]]:
    """What the server remarks during the block."""
    remarks: list[str] = []

    def note(diagnostic: psycopg.errors.Diagnostic) -> None:
        parts = (diagnostic.message_primary, diagnostic.message_hint)
        remarks.append(". ".join(part for part in parts if part))

    conn.add_notice_handler(note)
    try:
        yield remarks
    finally:
        conn.remove_notice_handler(note)
