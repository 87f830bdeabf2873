"""What every test may use: one server per run, and a database of its own, with the schema, per test.

Fixtures: `dsn` (a fresh database), `conn` (a session on it), `connect` (as many more as a race needs).
The server is chosen by --pg=15, --pg=18, --pg=all … (TXJOBS_TEST_PG), else the first one found.
"""

import contextlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pytest_postgresql.janitor import DatabaseJanitor

from sql import build
from txjobs import embedded
from txjobs.migrate import migrate

Connect = Callable[..., psycopg.Connection[Any]]
Database = Callable[..., AbstractContextManager[str]]

# Nobody's data is at stake: the server need not survive a power cut, and a database is copied from a
# template in 20 ms in memory against 200 ms on disk.
SETTINGS = {
    "full_page_writes": "off",
    "max_connections": "200",
    "max_prepared_transactions": "20",
}
MEMORY = Path("/dev/shm")  # noqa: S108
ENOUGH_MEMORY = 4 << 30
OLDEST = 15


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --pg."""
    parser.addoption(
        "--pg",
        default=os.environ.get("TXJOBS_TEST_PG"),
        help="which PostgreSQL to test on: major versions (15,18), embedded, or all from 15 up; "
        "the first one found if not given",
    )


def pytest_configure() -> None:
    """Build the install script from the sources as they are now."""
    build.write_package_data()


def installations(config: pytest.Config) -> list[embedded.Binaries]:
    """What --pg chooses, one of each major version."""
    wanted = config.getoption("pg")
    if wanted == "all":
        found = {b.major: b for b in reversed([*embedded.installed()]) if b.major >= OLDEST}
        return [found[major] for major in sorted(found)]
    return [embedded.find(prefer) for prefer in (wanted.split(",") if wanted else [None])]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which PostgreSQL is under test."""
    return [f"server: {binaries}" for binaries in installations(config)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever needs a server once on each."""
    if "binaries" in metafunc.fixturenames:
        chosen = installations(metafunc.config)
        names = [f"pg{binaries.major}" for binaries in chosen]
        metafunc.parametrize("binaries", chosen, ids=names, scope="session")


@pytest.fixture(scope="session")
def fast_directory() -> Path | None:
    """Where a server's data is fast: memory, if there is plenty, else None for the default."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY:
        return MEMORY
    return None


@pytest.fixture(scope="session")
def server(
    binaries: embedded.Binaries, fast_directory: Path | None
) -> Iterator[embedded.Server]:
    """The server under test."""
    with embedded.start(
        binaries=binaries, within=fast_directory, fsync=False, settings=SETTINGS
    ) as running:
        yield running


@pytest.fixture(scope="session")
def database(server: embedded.Server) -> Database:
    """`with database(name, template=None, as_template=False) as dsn`: a database for that long."""
    parameters = conninfo_to_dict(server.dsn)

    @contextlib.contextmanager
    def make(
        name: str, *, template: str | None = None, as_template: bool = False
    ) -> Iterator[str]:
        with DatabaseJanitor(
            host=str(parameters["host"]),
            port=5432,
            user=str(parameters["user"]),
            dbname=name,
            template_dbname=template,
            as_template=as_template,
        ):
            yield make_conninfo(server.dsn, dbname=name)

    return make


@pytest.fixture(scope="session")
def template(database: Database) -> Iterator[str]:
    """The name of a template database in which the schema is installed."""
    with database("txjobs_template", as_template=True) as dsn:
        migrate(dsn)
        yield "txjobs_template"


@pytest.fixture(scope="session")
def database_number() -> Iterator[int]:
    """Numbers the tests' databases."""
    return itertools.count(1)


@pytest.fixture
def empty_dsn(database: Database, database_number: Iterator[int]) -> Iterator[str]:
    """A fresh database without the schema."""
    with database(f"txjobs_{next(database_number)}") as dsn:
        yield dsn


@pytest.fixture
def dsn(database: Database, template: str, database_number: Iterator[int]) -> Iterator[str]:
    """A fresh database with the schema."""
    with database(f"txjobs_{next(database_number)}", template=template) as dsn:
        yield dsn


@pytest.fixture
def connect(dsn: str) -> Iterator[Connect]:
    """Opens sessions on the test's database, in autocommit; they are closed at its end."""
    with ExitStack() as sessions:

        def open_session(**options: Any) -> psycopg.Connection[Any]:
            connection = psycopg.connect(dsn, **{"autocommit": True, **options})
            sessions.callback(connection.close)
            return connection

        yield open_session


@pytest.fixture
def conn(connect: Connect) -> psycopg.Connection[Any]:
    """A session on the test's database, in autocommit."""
    return connect()
