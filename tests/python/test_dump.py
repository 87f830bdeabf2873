"""A dump carries every job to a new database, installed by the script or as an extension."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import psycopg
import pytest

from databases import database
from private_install import copy_installation, install_extension
from txjobs import embedded
from txjobs.embedded import Binaries
from txjobs.migrate import CannotMigrate, migrate

Connection = psycopg.Connection[Any]
Install = Callable[[str], object]

# A position for which maintain has to make a partition.
BEYOND_THE_FIRST_PARTITIONS = 40_000_000
# The watermarks are made anew; the numbers of the tables' changes come with the installation.
NOT_CARRIED = {"register", "lane", "migration"}


@pytest.fixture(scope="module")
def extension_server(binaries: Binaries, fast_directory: Path | None) -> Iterator[embedded.Server]:
    """A server into which the extension is installed."""
    with tempfile.TemporaryDirectory(dir=fast_directory) as directory:
        Path(directory).chmod(0o711)
        private = copy_installation(binaries, Path(directory))
        install_extension(private)
        with embedded.start(binaries=private, within=fast_directory, fsync=False) as server:
            yield server


def create_extension(dsn: str) -> None:
    """Install as an extension."""
    with psycopg.connect(dsn) as conn:
        conn.execute("create extension txjobs")


def fill(conn: Connection) -> None:
    """Bring jobs into every state, and settings and sequences away from their defaults."""
    conn.execute("update jobs.setting set max_args_bytes = 5000")
    conn.execute("select jobs.configure_queue('default', max_attempts => 7)")
    for number in range(5):
        conn.execute("select jobs.enqueue('work', jsonb_build_object('n', %s::int))", (number,))
    for (token,), verb in zip(
        conn.execute("select token from jobs.claim(max_jobs => 3)").fetchall(),
        ("complete(%s, '\"done\"')", "fail(%s, reason => 'aborted')", "assert_claim(%s)"),
        strict=True,
    ):
        conn.execute(f"select jobs.{verb}", (token,))
    conn.execute("select jobs.enqueue('later', '{}', queue => 'other', delay => '1 hour')")
    conn.execute(f"select setval('jobs.pos_seq', {BEYOND_THE_FIRST_PARTITIONS})")
    conn.execute("select jobs.maintain()")
    conn.execute("select jobs.enqueue('work', '{}', priority => 10)")


def contents(conn: Connection) -> dict[str, list[Any]]:
    """The rows of every table, and where every sequence stands."""
    names = conn.execute(
        "select c.relname from pg_class as c where c.relnamespace = 'jobs'::regnamespace"
        " and c.relkind in ('r', 'S') and c.relname <> all (%s) order by c.relname",
        (list(NOT_CARRIED),),
    ).fetchall()
    return {
        name: conn.execute(
            f"select (to_jsonb(t) - 'log_cnt')::text from (table jobs.{name}) as t order by 1"
        ).fetchall()
        for (name,) in names
    }


def restore(binaries: Binaries, source: str, target: str) -> None:
    """Dump one database and restore the dump into another, which is empty."""
    dump = subprocess.run([binaries.bindir / "pg_dump", "-Fc", source], check=True, stdout=PIPE)
    command = [str(binaries.bindir / "pg_restore"), "--exit-on-error", "--dbname", target]
    subprocess.run(command, input=dump.stdout, check=True, stdout=PIPE)


def check_that_jobs_survive(binaries: Binaries, admin: str, install: Install) -> None:
    """Fill a database, carry it to another one, and work the jobs there."""
    with database(admin, "source") as source, database(admin, "target") as target:
        install(source)
        with psycopg.connect(source, autocommit=True) as conn:
            fill(conn)
            before = contents(conn)
        restore(binaries, source, target)
        with psycopg.connect(target, autocommit=True) as conn:
            assert contents(conn) == before
            assert conn.execute("select * from jobs.verify()").fetchall() == []
            work_what_is_left(conn)


def work_what_is_left(conn: Connection) -> None:
    """The waiting jobs are claimed and completed, and a new one gets an id of its own."""
    jobs = conn.execute("select token, args from jobs.claim(max_jobs => 10)").fetchall()
    assert [args for _, args in jobs] == [{}, {"n": 3}, {"n": 4}]
    for token, _ in jobs:
        conn.execute("select jobs.complete(%s)", (token,))
    conn.execute("select jobs.enqueue('work', '{}')")
    assert conn.execute("select count(*) from jobs.job").fetchone() == (8,)


def test_jobs_survive_a_dump_of_what_the_script_installed(
    binaries: Binaries, server: embedded.Server
) -> None:
    check_that_jobs_survive(binaries, server.dsn, migrate)


def test_jobs_survive_a_dump_of_the_extension(
    binaries: Binaries, extension_server: embedded.Server
) -> None:
    check_that_jobs_survive(binaries, extension_server.dsn, create_extension)


def test_pruning_goes_on_where_a_partition_belongs_to_the_extension(
    extension_server: embedded.Server,
) -> None:
    with database(extension_server.dsn, "pruned") as dsn:
        create_extension(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("select jobs.enqueue('work', '{}')")
            conn.execute("select jobs.complete(token) from jobs.claim()")
            conn.execute("select jobs.configure_queue('default', keep => '0')")
            conn.execute(f"select setval('jobs.pos_seq', {BEYOND_THE_FIRST_PARTITIONS})")
            conn.execute("select jobs.maintain()")
            conn.execute("select jobs.enqueue('work', '{}')")
            assert conn.execute("select * from jobs.prune()").fetchall() == [("completed", 1)]
            assert conn.execute("select count(*) from jobs.event").fetchone() == (0,)


def test_dropping_the_extension_leaves_nothing(extension_server: embedded.Server) -> None:
    with database(extension_server.dsn, "dropped") as dsn, psycopg.connect(dsn) as conn:
        conn.execute("create extension txjobs")
        conn.execute("drop extension txjobs")
        assert conn.execute("select to_regnamespace('jobs')").fetchone() == (None,)


def test_migrate_leaves_an_extension_alone(extension_server: embedded.Server) -> None:
    with database(extension_server.dsn, "extended") as dsn:
        create_extension(dsn)
        with pytest.raises(CannotMigrate, match="alter extension txjobs update"):
            migrate(dsn)
