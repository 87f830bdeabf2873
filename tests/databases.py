"""A database for the length of a block."""

import contextlib
from collections.abc import Iterator

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pytest_postgresql.janitor import DatabaseJanitor


@contextlib.contextmanager
def database(
    server_dsn: str, name: str, *, template: str | None = None, as_template: bool = False
) -> Iterator[str]:
    """The DSN of a new database, a copy of `template` if that is given."""
    parameters = conninfo_to_dict(server_dsn)
    with DatabaseJanitor(
        host=str(parameters["host"]),
        port=5432,
        user=str(parameters["user"]),
        dbname=name,
        template_dbname=template,
        as_template=as_template,
    ):
        yield make_conninfo(server_dsn, dbname=name)
