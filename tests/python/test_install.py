"""Installing and upgrading: from anywhere, any number of times, by whoever may."""

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from databases import database
from txjobs import embedded
from txjobs.embedded import Binaries
from txjobs.migrate import CannotMigrate, Migration, install_sql, migrate

Connection = psycopg.Connection[Any]


@contextlib.contextmanager
def role(admin: str, name: str, options: str = "") -> Iterator[str]:
    """The DSN of a role that may create schemas in the admin's database."""
    with psycopg.connect(admin, autocommit=True) as conn:
        conn.execute(f"create role {name} login {options}".encode())
        conn.execute(f"grant create on database {conn.info.dbname} to {name}".encode())
        try:
            yield make_conninfo(admin, user=name)
        finally:
            conn.execute(f"drop owned by {name} cascade".encode())
            conn.execute(f"drop role {name}".encode())


@pytest.fixture
def pristine_dsn(binaries: Binaries, fast_directory: Path | None) -> Iterator[str]:
    """A server of its own, on which no role of txjobs exists."""
    with embedded.start(binaries=binaries, within=fast_directory, fsync=False) as server:
        yield server.dsn


def work_a_job(conn: Connection) -> None:
    """A job is enqueued, claimed and completed."""
    conn.execute("select jobs.enqueue('greet', '{}')")
    row = conn.execute("select token from jobs.claim()").fetchone()
    assert row
    assert conn.execute("select jobs.complete(%s)", row).fetchone() == ("completed",)


def written_functions(conn: Connection) -> list[Any]:
    """Which transaction wrote each function."""
    return conn.execute(
        "select oid, xmin from pg_proc where pronamespace = 'jobs'::regnamespace order by oid"
    ).fetchall()


def test_a_fresh_installation_works(empty_dsn: str) -> None:
    done = migrate(empty_dsn)
    assert done.installed is None
    assert done.steps == (f"install {done.available}",)
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        work_a_job(conn)


def test_a_second_installation_does_nothing(dsn: str, conn: Connection) -> None:
    before = written_functions(conn)
    done = migrate(dsn)
    assert not done.pending
    assert done.installed == done.available
    assert written_functions(conn) == before


def test_functions_of_another_build_are_replaced(dsn: str, conn: Connection) -> None:
    conn.execute("comment on schema jobs is 'txjobs 0.0.1, migration 0, build 000000000000'")
    before = written_functions(conn)
    done = migrate(dsn)
    assert [step.partition(":")[0] for step in done.steps] == [
        "replace functions, views and grants"
    ]
    assert not {xmin for _, xmin in before} & {xmin for _, xmin in written_functions(conn)}
    work_a_job(conn)


def test_an_upgrade_keeps_the_jobs(dsn: str, conn: Connection) -> None:
    conn.execute("select jobs.enqueue('greet', '{}')")
    conn.execute("comment on schema jobs is 'txjobs 0.0.1, migration 0, build 000000000000'")
    migrate(dsn)
    assert conn.execute("select kind from jobs.claim()").fetchall() == [("greet",)]


def test_check_says_what_is_pending_and_changes_nothing(empty_dsn: str) -> None:
    assert migrate(empty_dsn, check=True).pending
    with psycopg.connect(empty_dsn) as conn:
        assert conn.execute("select to_regnamespace('jobs')").fetchone() == (None,)
    migrate(empty_dsn)
    assert not migrate(empty_dsn, check=True).pending


def test_ten_installers_at_once_install_it_once(empty_dsn: str) -> None:
    barrier = threading.Barrier(10)

    def install(_: int) -> Migration:
        barrier.wait()
        return migrate(empty_dsn)

    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(install, range(10)))
    assert sum(migration.pending for migration in done) == 1
    with psycopg.connect(empty_dsn) as conn:
        assert conn.execute("select count(*) from jobs.migration").fetchone() == (1,)


def test_several_databases_of_one_server_are_installed_at_once(server: embedded.Server) -> None:
    with contextlib.ExitStack() as stack:
        dsns = [stack.enter_context(database(server.dsn, f"neighbour_{n}")) for n in range(4)]
        with ThreadPoolExecutor(4) as pool:
            assert all(done.pending for done in pool.map(migrate, dsns))


def test_serializable_by_default_is_no_obstacle(empty_dsn: str) -> None:
    dsn = make_conninfo(empty_dsn, options="-c default_transaction_isolation=serializable")
    barrier = threading.Barrier(3)

    def install(_: int) -> Migration:
        barrier.wait()
        return migrate(dsn)

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(install, range(3)))
    assert sum(migration.pending for migration in done) == 1


def test_a_connection_in_a_transaction_is_refused(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn) as conn:
        conn.execute("select 1")
        with pytest.raises(CannotMigrate, match="not in a transaction"):
            migrate(conn)


@pytest.mark.parametrize("autocommit", [True, False])
def test_the_callers_connection_is_left_idle(empty_dsn: str, autocommit: bool) -> None:
    with psycopg.connect(empty_dsn, autocommit=autocommit) as conn:
        migrate(conn)
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert not migrate(empty_dsn, check=True).pending


def test_psql_runs_the_script_twice_without_a_word(binaries: Binaries, empty_dsn: str) -> None:
    command = [str(binaries.bindir / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", empty_dsn]
    for _ in range(2):
        ran = subprocess.run(
            command, input=install_sql(), text=True, capture_output=True, check=False
        )
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not migrate(empty_dsn, check=True).pending


def test_an_installation_that_fails_leaves_nothing(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        conn.execute("create schema jobs create table jobs.job (mine int)")
        with pytest.raises(psycopg.errors.DuplicateTable):
            migrate(conn)
        assert conn.execute("select to_regclass('jobs.ready')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("options", "owner"), [("nocreaterole", "installer"), ("createrole", "jobs_owner")]
)
def test_a_role_that_is_no_superuser_installs_upgrades_and_works(
    pristine_dsn: str, options: str, owner: str
) -> None:
    with role(pristine_dsn, "installer", options) as dsn:
        migrate(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            work_a_job(conn)
            conn.execute("comment on schema jobs is 'txjobs 0.0.1, migration 0, build 0'")
            assert migrate(conn).pending
            work_a_job(conn)
            owners = conn.execute(
                "select distinct pg_get_userbyid(relowner) from pg_class"
                " where relnamespace = 'jobs'::regnamespace"
            ).fetchall()
            assert owners == [(owner,)]


def test_an_installer_that_may_not_create_roles_is_told_so(pristine_dsn: str) -> None:
    with role(pristine_dsn, "installer", "nocreaterole") as dsn:
        (warning,) = migrate(dsn).warnings
        assert "installer may not create roles" in warning


def test_roles_that_exist_are_no_obstacle_for_an_installer_without_rights_on_them(
    empty_dsn: str, template: str
) -> None:
    assert template
    with role(empty_dsn, "stranger") as dsn:
        migrate(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            work_a_job(conn)


def test_any_role_may_ask_whether_something_is_pending(dsn: str) -> None:
    with role(dsn, "visitor") as visitor:
        assert not migrate(visitor, check=True).pending
