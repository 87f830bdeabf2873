"""`txjobs demo`: a small application on a PostgreSQL of its own, and what becomes of its jobs.

It says what it expects of each job, and whether that is what happened.
"""

import asyncio
import contextlib
import datetime as dt
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from . import _demo_orders as orders
from . import embedded
from ._cli_output import console, is_terminal
from ._cli_text import duration
from ._demo_checks import Check, checks
from ._demo_view import JsonView, LinesView, LiveTable, View, Watched, watch
from .errors import TxjobsError
from .migrate import migrate
from .worker import Worker

__all__ = ["DemoCannotRun", "demo"]

_DEADLINE = 50.0  # seconds for the worker to be done
_HORIZON = 30.0  # seconds ahead that it waits for what is scheduled

Connection = psycopg.Connection[Any]
T = TypeVar("T")


class DemoCannotRun(TxjobsError):
    """The server that was given does not allow what the demo needs; the message says what to do."""


def demo(dsn: str | None = None, *, plain: bool = False, as_json: bool = False) -> int:
    """Runs it; 0 if everything that it expects has happened, else 1.

    dsn: a server to run on, in a database that is made for it and dropped afterwards; without it,
        a server is started, and ends with the demo.
    plain: lines of text, also on a terminal.
    as_json: a JSON object a line.

    Raises `ServerUnavailable` and `DemoCannotRun`, and what psycopg raises.
    """
    began = monotonic()
    view = _view(plain, as_json)
    found: list[Check] = []
    with _database(dsn, view) as (server, scratch):
        story = _Story(server, scratch, view)
        story.install()
        story.place_orders()
        story.work()
        found = story.look_back()
    seconds = monotonic() - began
    failed = [check for check in found if not check.ok]
    if failed:
        text = f"FAILED: {len(failed)} of {len(found)} expectations were not met"
    else:
        text = f"OK: all {len(found)} expectations were met"
    view.verdict(f"{text}, in {duration(seconds)}", not failed, seconds)
    return 1 if failed else 0


def _view(plain: bool, as_json: bool) -> View:
    if as_json:
        return JsonView()
    out = console()
    return LinesView(out) if plain or not is_terminal() else LiveTable(out)


@contextlib.contextmanager
def _database(dsn: str | None, view: View) -> Iterator[tuple[embedded.Server, str]]:
    """A server, and the DSN of a database on it that nobody else uses."""
    began = monotonic()
    # The data is gone at the end, so it need not reach the disk.
    with embedded.start(dsn=dsn, fsync=False) as server:
        if dsn is None:
            view.step(f"{server}, started in {duration(monotonic() - began)}", server=str(server))
            yield server, server.dsn
            return
        with _scratch_database(dsn) as (name, scratch):
            view.step(
                f"the given server, in database {name} for the time being", server=str(server)
            )
            yield server, scratch


@contextlib.contextmanager
def _scratch_database(dsn: str) -> Iterator[tuple[str, str]]:
    name = f"txjobs_demo_{secrets.token_hex(4)}"
    quoted = sql.Identifier(name)
    with psycopg.connect(dsn, autocommit=True) as conn:
        try:
            conn.execute(sql.SQL("create database {}").format(quoted))
        except psycopg.errors.InsufficientPrivilege as error:
            raise DemoCannotRun(
                f"{conn.info.user} may not create a database for the demo: run "
                f"`alter role {conn.info.user} createdb`, or leave out --dsn"
            ) from error
    try:
        yield name, make_conninfo(dsn, dbname=name)
    finally:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(sql.SQL("drop database {} with (force)").format(quoted))


class _Story:
    """The demo's steps, in order."""

    def __init__(self, server: embedded.Server, dsn: str, view: View) -> None:
        self._server = server
        self._dsn = dsn
        self._view = view
        self._jobs: list[Watched] = []
        self._start = dt.datetime.now(dt.UTC)
        self._counts: tuple[tuple[int, int], ...] = ()
        self._exit_code = -1

    def install(self) -> None:
        """The schema, and the application's own table."""
        took, done = _timed(lambda: migrate(self._dsn))
        self._view.step(
            f"schema jobs installed: {done.available}, in {duration(took)}", schema=done.available
        )
        with self._connect() as conn:
            conn.execute(orders.TABLE)

    def place_orders(self) -> None:
        """From Python, from psql, and one that is rolled back."""
        with self._connect() as conn:
            with conn.transaction():
                order, made = orders.place_order(conn, "ada@example.org", 1900)
            self._jobs = [
                Watched(job.id, job.kind, what) for job, what in zip(made, _EXPECTED, strict=True)
            ]
            row = conn.execute("select created_at from jobs.job_state where id = %s", (made[0].id,))
            self._start = (row.fetchone() or (self._start,))[0]
            self._view.step(
                f"order {order} and its {len(made)} jobs in one transaction, from Python",
                order=order,
                jobs=[job.id for job in made],
            )
            self._place_order_in_psql(conn)
            self._roll_back(conn)

    def _place_order_in_psql(self, conn: Connection) -> None:
        psql = _psql(self._server)
        if psql is None:
            self._view.step("there is no psql on this machine: plain SQL on a connection instead")
            job = _in_sql(conn)
            how = "in plain SQL"
        else:
            job = _in_psql(psql, self._dsn)
            how = f"from {psql}"
        self._jobs.append(Watched(job, "charge", "enqueued in plain SQL: succeeds"))
        self._view.step(f"order 2 and its job in one transaction, {how}", order=2, jobs=[job])

    def _roll_back(self, conn: Connection) -> None:
        before = _counts(conn)
        inside = before
        with conn.transaction(force_rollback=True):
            orders.place_order(conn, "mallory@example.org", 990)
            inside = _counts(conn)
        after = _counts(conn)
        self._counts = (before, inside, after)
        shown = [" → ".join(str(counts[which]) for counts in self._counts) for which in (0, 1)]
        self._view.step(
            f"order 3 rolled back: orders {shown[0]}, jobs {shown[1]} (before, inside, after)",
            counts=self._counts,
        )

    def work(self) -> None:
        """The real worker, until nothing is left to do."""
        self._view.heading("the worker runs them")
        self._exit_code = asyncio.run(self._work())

    async def _work(self) -> int:
        worker = Worker(
            orders.app, self._dsn, concurrency=4, drain=True, drain_horizon=_HORIZON, name="demo"
        )
        done = asyncio.Event()
        code = -1
        with self._view.working(self._jobs, self._start) as working:
            watching = asyncio.create_task(watch(self._dsn, self._jobs, working, done))
            try:
                async with asyncio.timeout(_DEADLINE):
                    code = await worker.run()
            except TimeoutError:
                pass  # the checks will say what is missing
            finally:
                done.set()
            await watching
        return code

    def look_back(self) -> list[Check]:
        """Every job's timeline, and whether it is what was expected."""
        self._view.heading("what the log says of each job, in seconds since it was enqueued")
        for job in self._jobs:
            self._view.timeline(job)
        with self._connect() as conn:
            paid = conn.execute("select id from orders where paid order by id").fetchall()
            problems = conn.execute("select problem, job_id, detail from jobs.verify()").fetchall()
        self._view.heading("what was expected")
        found = list(
            checks(
                self._jobs,
                counts=self._counts,
                paid=[row[0] for row in paid],
                problems=[" ".join(map(str, row)) for row in problems],
                exit_code=self._exit_code,
            )
        )
        for check in found:
            self._view.check(check.what, check.ok, check.detail)
        return found

    def _connect(self) -> Connection:
        return psycopg.connect(self._dsn, autocommit=True)


_EXPECTED = (
    "succeeds, with a result",
    "fails twice, succeeds on the third attempt",
    "fails for good",
    f"starts {orders.REVIEW_DELAY:g} s later",
)


def _timed(step: Callable[[], T]) -> tuple[float, T]:
    began = monotonic()
    found = step()
    return monotonic() - began, found


def _counts(conn: Connection) -> tuple[int, int]:
    """How many orders and how many jobs this transaction sees."""
    (found,) = conn.execute(
        "select (select count(*) from orders), (select count(*) from jobs.job_state)"
    ).fetchall()
    return found[0], found[1]


def _psql(server: embedded.Server) -> Path | None:
    """The server's own psql, else the one on PATH."""
    if server.binaries is not None and (server.binaries.bindir / "psql").is_file():
        return server.binaries.bindir / "psql"
    on_path = shutil.which("psql")
    return Path(on_path) if on_path else None


def _in_psql(psql: Path, dsn: str) -> int:
    environment = {name: value for name, value in os.environ.items() if name != "PGOPTIONS"}
    ran = subprocess.run(
        [psql, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
         "--set=ON_ERROR_STOP=1", f"--dbname={dsn}", "--file=-"],
        input=orders.PSQL_ORDER, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    if ran.returncode != 0:
        raise DemoCannotRun(f"psql failed: {ran.stderr.strip()}")
    return int(ran.stdout)


def _in_sql(conn: Connection) -> int:
    (found,) = conn.execute(orders.SQL_ORDER).fetchall()
    return int(found[0])
