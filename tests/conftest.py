"""What every test may use: one server per run, and per test a database of its own, with the schema.

Fixtures: `dsn` (a fresh database), `conn` (a session on it), `connect` (as many more as a race
needs), `empty_dsn` (a database without the schema), `server` and `binaries`.
The server is chosen by --pg=15, --pg=18, --pg=all … (TXJOBS_TEST_PG), else the first one found.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from databases import database
from sql import build
from txjobs import embedded
from txjobs.migrate import migrate

Connect = Callable[..., psycopg.Connection[Any]]

# Nobody's data is at stake: the server need not survive a power cut, and a database is copied from
# a template in 20 ms in memory against 200 ms on disk.
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
def server(binaries: embedded.Binaries, fast_directory: Path | None) -> Iterator[embedded.Server]:
    """The server under test."""
    with embedded.start(
        binaries=binaries, within=fast_directory, fsync=False, settings=SETTINGS
    ) as running:
        yield running


@pytest.fixture(scope="session")
def template(server: embedded.Server) -> Iterator[str]:
    """The name of a template database in which the schema is installed."""
    with database(server.dsn, "txjobs_template", as_template=True) as dsn:
        migrate(dsn)
        yield "txjobs_template"


@pytest.fixture
def empty_dsn(server: embedded.Server) -> Iterator[str]:
    """A fresh database without the schema."""
    with database(server.dsn, "txjobs_empty") as dsn:
        yield dsn


@pytest.fixture
def dsn(server: embedded.Server, template: str) -> Iterator[str]:
    """A fresh database with the schema."""
    with database(server.dsn, "txjobs_test", template=template) as dsn:
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
