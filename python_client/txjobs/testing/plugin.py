"""The fixtures for pytest; nothing else in the package imports pytest.

`txjobs_conn` and `txjobs_aconn` are a connection in a transaction that is rolled back after each
test. What they are made of may be overridden in a conftest.py: `txjobs_dsn` for a database of your
own, `txjobs_conn` for a connection of your own.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from .._drivers import AsyncConn, Conn
from .._local_jobs import LocalJobs
from ..app import Jobs
from ..errors import ConfigurationError
from . import _databases
from ._faces import new_async_face

__all__ = [
    "txjobs_aconn",
    "txjobs_conn",
    "txjobs_database",
    "txjobs_dsn",
    "txjobs_inline",
    "txjobs_server",
    "txjobs_template",
]

_HELP = (
    "a PostgreSQL server on which databases for tests may be made; without it one is started, from "
    "what is installed here or from the wheel of txjobs[testing]"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --txjobs-dsn, and the ini option txjobs_dsn."""
    parser.getgroup("txjobs").addoption("--txjobs-dsn", default=None, metavar="DSN", help=_HELP)
    parser.addini("txjobs_dsn", _HELP, default=None)


@pytest.fixture(scope="session")
def txjobs_server(pytestconfig: pytest.Config) -> Iterator[str]:
    """The DSN of a server on which databases may be made."""
    given = pytestconfig.getoption("txjobs_dsn") or pytestconfig.getini("txjobs_dsn") or None
    with _databases.server(given) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def txjobs_template(txjobs_server: str) -> Iterator[str]:
    """The name of a database with the schema, to copy from."""
    with _databases.template(txjobs_server) as name:
        yield name


@pytest.fixture(scope="session")
def txjobs_dsn(txjobs_server: str, txjobs_template: str) -> Iterator[str]:
    """A database for all tests of this process whose writes are rolled back."""
    with _databases.database(txjobs_server, "rolled_back", txjobs_template) as dsn:
        yield dsn


@pytest.fixture
def txjobs_database(txjobs_server: str, txjobs_template: str) -> Iterator[str]:
    """A database of this test's own, for one that commits: with a worker, or several sessions."""
    with _databases.database(txjobs_server, "test", txjobs_template) as dsn:
        yield dsn


@pytest.fixture
def txjobs_conn(txjobs_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection in a transaction that is rolled back after the test."""
    with (
        psycopg.connect(txjobs_dsn, autocommit=True) as conn,
        conn.transaction(force_rollback=True),
    ):
        # A claim that is the first statement of its transaction may tick, a later one never does.
        conn.execute("select pg_current_xact_id()")
        yield conn


@pytest.fixture
def txjobs_aconn(txjobs_conn: Conn) -> AsyncConn:
    """The same transaction, of the same session, as an async connection."""
    if txjobs_conn.info.transaction_status != TransactionStatus.INTRANS:
        raise ConfigurationError(
            "txjobs_aconn shares the transaction of txjobs_conn, which is not in one: begin it in "
            "the fixture"
        )
    return new_async_face(txjobs_conn)


@pytest.fixture
def txjobs_inline() -> Iterator[Callable[..., LocalJobs]]:
    """`jobs = txjobs_inline(app)`: until the test ends, the app's jobs run as they are enqueued.

    The other arguments are those of `app.inline`.
    """
    with ExitStack() as opened:

        def open_inline(
            app: Jobs, conn: Conn | AsyncConn | None = None, **options: Any
        ) -> LocalJobs:
            return opened.enter_context(app.inline(conn, **options))

        yield open_inline
