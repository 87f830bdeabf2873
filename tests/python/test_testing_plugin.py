"""The pytest plugin, in test runs of its own."""

import inspect
import re
import sys
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any

import psycopg
import pytest

from txjobs import embedded, testing
from txjobs.testing import plugin

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "testing.md"
SHOP = """
import psycopg
import pytest
from txjobs import Client, Context, Jobs
from txjobs.testing import assert_enqueued, drain, enqueued_jobs, travel

app = Jobs()


@app.task
def charge(ctx: Context, user: int) -> None:
    with ctx.transaction() as conn:
        conn.execute("create table if not exists charged (id int)")
        conn.execute("insert into charged values (%s)", (user,))


def tables(conn):
    names = conn.execute(
        "select c.oid::regclass::text from pg_class c "
        "where c.relnamespace = 'jobs'::regnamespace and c.relkind in ('r', 'p') order by 1"
    ).fetchall()
    return {
        name: conn.execute(f"select count(*), md5(string_agg(t::text, '' order by t::text))"
                           f" from {name} t").fetchone()
        for (name,) in names
    }


def flags(conn):
    return conn.execute(
        "select sequencename, last_value from pg_sequences "
        "where schemaname = 'jobs' and sequencename like 'idle_flag%' order by 1"
    ).fetchall()
"""


@pytest.fixture
def run(pytester: pytest.Pytester, server: embedded.Server) -> Any:
    """Runs a test file as a user's project would, on the server under test."""

    def run_file(text: str, *options: str, conftest: str = "") -> pytest.RunResult:
        pytester.makeini(
            "[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function"
        )
        pytester.makeconftest(conftest)
        pytester.makepyfile(shop=SHOP, test_shop="from shop import *\n\n" + dedent(text))
        # By its name, so that it is the same where the package is not installed.
        found = ["-p", "no:txjobs", "-p", "txjobs.testing.plugin", "-p", "no:cacheprovider"]
        return pytester.runpytest_subprocess(*found, f"--txjobs-dsn={server.dsn}", *options)

    return run_file


def databases(server: embedded.Server) -> list[str]:
    with psycopg.connect(server.dsn) as conn:
        found = conn.execute(
            "select datname from pg_database where datname ~ '^txjobs_(template_|rolled|test_)'"
        )
        return [name for (name,) in found if name not in ("txjobs_template", "txjobs_test")]


def test_a_test_leaves_nothing_to_the_next_one(run: Any, server: embedded.Server) -> None:
    result = run(
        """
        import pytest

        SEEN = {}

        @pytest.fixture(scope="module", autouse=True)
        def before(txjobs_dsn):
            with psycopg.connect(txjobs_dsn) as other:
                SEEN.update(tables=tables(other), flags=flags(other))

        @pytest.mark.parametrize("nth", [1, 2])
        def test_one(txjobs_conn, txjobs_dsn, nth):
            assert enqueued_jobs(txjobs_conn, state="any") == []
            charge.enqueue(txjobs_conn, 7)
            charge.using(delay=60).enqueue(txjobs_conn, 8)
            txjobs_conn.execute("select jobs.append_event('order-1', 'order.placed', '{}')")
            travel(txjobs_conn, by=60)
            assert len(drain(app, txjobs_conn)) == 2
            charge.enqueue(txjobs_conn, 9)
            with psycopg.connect(txjobs_dsn) as other:
                assert tables(other) == SEEN["tables"]

        def test_last(txjobs_conn, txjobs_dsn):
            with psycopg.connect(txjobs_dsn) as other:
                assert tables(other) == SEEN["tables"]
                assert flags(other) == SEEN["flags"]
                assert other.execute("select * from jobs.verify()").fetchall() == []
        """
    )
    result.assert_outcomes(passed=3)
    assert databases(server) == []


def test_the_async_connection_shares_the_transaction_of_the_other(run: Any) -> None:
    result = run(
        """
        async def test_both(txjobs_conn, txjobs_aconn):
            charge.enqueue(txjobs_conn, 7)
            await charge.enqueue(txjobs_aconn, 8)
            async with txjobs_aconn.transaction():
                await charge.enqueue(txjobs_aconn, 9)
            assert (await drain(app, txjobs_aconn)).counts == {"completed": 3}
            assert len(txjobs_conn.execute("select * from charged").fetchall()) == 3

        async def test_nothing_is_left(txjobs_aconn):
            assert enqueued_jobs(txjobs_aconn, state="any") == []
        """,
        "-o",
        "asyncio_mode=auto",
    )
    result.assert_outcomes(passed=2)


def test_no_test_ticks_in_its_transaction(run: Any) -> None:
    # Its ticks would keep all others out until it ends, and differ with how quick it is.
    result = run(
        """
        def test_tick(txjobs_conn):
            assert txjobs_conn.execute("select jobs.tick()").fetchone() == (False,)
        """
    )
    result.assert_outcomes(passed=1)


def test_code_under_test_may_open_transactions_of_its_own(run: Any) -> None:
    result = run(
        """
        def place(conn, user):
            with conn.transaction():
                charge.enqueue(conn, user)
                if user < 0:
                    raise ValueError(user)

        def test_them(txjobs_conn):
            place(txjobs_conn, 7)
            with pytest.raises(ValueError):
                place(txjobs_conn, -7)
            assert_enqueued(txjobs_conn, charge, count=1)

        def test_a_commit(txjobs_conn):
            with pytest.raises(psycopg.ProgrammingError):
                txjobs_conn.commit()
        """
    )
    result.assert_outcomes(passed=2)


def test_a_failure_shows_the_handler_and_the_line_of_the_test(run: Any) -> None:
    result = run(
        """
        @app.task
        def broken(n: int) -> None:
            raise ValueError(f"no {n}")

        def test_drain(txjobs_conn):
            broken.enqueue(txjobs_conn, 7)
            drain(app, txjobs_conn)

        def test_assert(txjobs_conn):
            charge.enqueue(txjobs_conn, 7)
            assert_enqueued(txjobs_conn, charge, args={"user": 8})
        """
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            ">*raise ValueError(f*",
            "E *ValueError: no 7",
            "E *while drain ran job * (broken), attempt 1 of 20, with {*7}*",
            ">*assert_enqueued(txjobs_conn, charge, args=*",
            "E*AssertionError: no job waits: charge, args with {'user': 8}",
            "E*the nearest of 1 that wait*:",
            "E*args.user is 7, not 8",
        ]
    )
    result.stdout.no_fnmatch_line("*testing/_*.py*")


def test_inline_mode_lasts_until_the_test_ends(run: Any) -> None:
    result = run(
        """
        @app.task
        def double(number: int) -> int:
            return 2 * number

        @pytest.fixture
        def inline(txjobs_inline):
            return txjobs_inline(app)

        def test_at_once(inline):
            assert inline.result(double.enqueue(inline, 21)) == 42

        def test_its_writes(txjobs_inline, txjobs_conn):
            jobs = txjobs_inline(app, txjobs_conn, skip_delays=False)
            charge.using(delay=60).enqueue(txjobs_conn, 7)
            jobs.advance(60)
            assert txjobs_conn.execute("select * from charged").fetchall() == [(7,)]

        def test_not_any_more(txjobs_conn):
            charge.enqueue(txjobs_conn, 7)
            assert_enqueued(txjobs_conn, charge)
        """
    )
    result.assert_outcomes(passed=3)


def test_a_database_of_its_own_is_for_a_test_that_commits(run: Any) -> None:
    result = run(
        """
        from txjobs import Worker

        @pytest.mark.parametrize("nth", [1, 2])
        def test_worker(txjobs_database, nth):
            with psycopg.connect(txjobs_database) as conn:
                charge.enqueue(conn, 7)
            assert Worker(app, txjobs_database, drain=True).main() == 0
            with psycopg.connect(txjobs_database) as conn:
                assert conn.execute("select id from charged").fetchall() == [(7,)]
        """
    )
    result.assert_outcomes(passed=2)


def test_a_projects_own_database_and_connection_may_be_used(run: Any, dsn: str) -> None:
    # As with SQLAlchemy: an outer transaction that a fixture of the project begins and rolls back.
    result = run(
        """
        def test_one(txjobs_conn, txjobs_dsn):
            charge.enqueue(txjobs_conn, 7)
            assert_enqueued(txjobs_conn, charge)
            assert len(drain(app, txjobs_conn)) == 1
            with psycopg.connect(txjobs_dsn) as other:
                assert enqueued_jobs(other, state="any") == []

        async def test_two(txjobs_aconn):
            await charge.enqueue(txjobs_aconn, 7)
            assert len(await drain(app, txjobs_aconn)) == 1
        """,
        "-o",
        "asyncio_mode=auto",
        conftest=f"""
import psycopg, pytest
from psycopg.rows import dict_row

@pytest.fixture(scope="session")
def txjobs_dsn():
    return {dsn!r}

@pytest.fixture
def txjobs_conn(txjobs_dsn):
    conn = psycopg.connect(txjobs_dsn, row_factory=dict_row)
    conn.execute("select 1")
    yield conn
    conn.rollback()
    conn.close()
""",
    )
    result.assert_outcomes(passed=2)
    with psycopg.connect(dsn) as conn:
        assert conn.execute("select count(*) from jobs.job").fetchone() == (0,)


def test_an_async_face_needs_a_transaction_to_share(run: Any, dsn: str) -> None:
    result = run(
        "def test_one(txjobs_aconn): pass",
        conftest=f"""
import psycopg, pytest

@pytest.fixture
def txjobs_conn():
    with psycopg.connect({dsn!r}) as conn:
        yield conn
""",
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E*ConfigurationError: txjobs_aconn shares the transaction*"])


def test_processes_that_run_side_by_side_have_databases_of_their_own(
    run: Any, server: embedded.Server
) -> None:
    result = run(
        """
        @pytest.mark.parametrize("nth", range(6))
        def test_one(txjobs_conn, worker_id, nth, tmp_path_factory):
            name = txjobs_conn.info.dbname
            (tmp_path_factory.getbasetemp().parent / f"{name}.{worker_id}").touch()
            charge.enqueue(txjobs_conn, nth)
            assert len(drain(app, txjobs_conn)) == 1
        """,
        "-n2",
        "--dist=each",
        "--basetemp=runs",
    )
    result.assert_outcomes(passed=12)
    seen = {path.name for path in Path("runs").glob("txjobs_*")}
    assert {name.rpartition(".")[2] for name in seen} == {"gw0", "gw1"}
    assert len({name.partition(".")[0] for name in seen}) == 2
    assert databases(server) == []


def test_a_server_is_started_if_none_is_given(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "def test_one(txjobs_conn):\n"
        "    assert txjobs_conn.execute('select jobs.version()').fetchone()\n"
        "    assert txjobs_conn.execute('show lock_timeout').fetchone() == ('30s',)\n"
    )
    found = ["-p", "no:txjobs", "-p", "txjobs.testing.plugin", "-p", "no:cacheprovider"]
    pytester.runpytest_subprocess(*found).assert_outcomes(passed=1)


def test_the_ini_file_may_name_the_server(
    pytester: pytest.Pytester, server: embedded.Server
) -> None:
    pytester.makeini(f"[pytest]\ntxjobs_dsn = {server.dsn}")
    pytester.makepyfile(
        f"def test_one(txjobs_server):\n    assert txjobs_server == {server.dsn!r}\n"
    )
    found = ["-p", "no:txjobs", "-p", "txjobs.testing.plugin", "-p", "no:cacheprovider"]
    pytester.runpytest_subprocess(*found).assert_outcomes(passed=1)


def test_the_package_names_its_plugin_and_needs_pytest_for_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"txjobs": "txjobs.testing.plugin"}
    assert any(one.startswith("pytest") for one in project["optional-dependencies"]["testing"])


def test_the_examples_of_the_guide_run(run: Any) -> None:
    examples = re.findall(
        r"<!-- runs as a test -->\n```python\n(.*?)```", GUIDE.read_text(), re.DOTALL
    )
    for example in examples:
        outcomes = run(example).parseoutcomes()
        assert set(outcomes) == {"passed"}, outcomes
    assert len(examples) == 4


def test_the_guide_names_every_fixture_and_option_and_leads_somewhere() -> None:
    guide = GUIDE.read_text()
    options = list(inspect.signature(testing.drain).parameters)[2:]
    for name in [*plugin.__all__, *options, *testing.__all__]:
        assert re.search(rf"`{name}\b", guide), name
    for target in re.findall(r"\]\(([^)#]+)\)", guide):
        assert (GUIDE.parent / target).exists(), target


def test_the_helpers_work_without_pytest(pytester: pytest.Pytester) -> None:
    script = (
        "import sys, txjobs, txjobs.testing\n"
        "assert not [name for name in sys.modules if 'pytest' in name]\n"
    )
    assert pytester.run(sys.executable, "-c", script).ret == 0
