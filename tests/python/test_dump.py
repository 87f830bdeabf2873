"""A dump carries every job to a new database, installed by the script or as an extension."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any
from uuid import UUID

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
FIRST = 1 << 24  # where the second one begins
EVENT_ID = UUID(int=1)
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
    fill_the_log(conn)
    fill_the_schedules(conn)


def fill_the_log(conn: Connection) -> None:
    """Streams, subscriptions in every state, consumers, a snapshot and policies."""
    for statement in (
        "select jobs.subscribe('live', '{order.*}', 'order', 'deliver', 'mail', delay => '1 day')",
        "select jobs.append_event('order-1', 'order.placed', '{\"n\": 1}', 0, %(event_id)s)",
        'select jobs.append_events(\'order-1\', \'[{"type": "order.paid"}, {"type": "x"}]\')',
        "select jobs.subscribe('filling', delay => '1 day', from_position => 'beginning')",
        "select jobs.subscribe('paused', '{order.*}', delay => '1 day')",
        "select jobs.pause(subscription => 'paused')",
        "select jobs.append_event('order-1', 'order.sent')",
        "select jobs.save_snapshot('order-1', 3, '{\"n\": 3}', 2)",
        "select jobs.create_consumer('reader', 'beginning', '{order.*}', unknown_types => 'skip')",
        "select jobs.ack('reader', min(pos), min(token)) from jobs.poll('reader')",
        "select jobs.create_consumer('failing', 'beginning')",
        "select jobs.nack('failing', '{\"message\": \"why\"}', '1 hour')",
        "select jobs.configure_category('order', keep => '1 year', keep_last => false)",
    ):
        conn.execute(statement.encode(), {"event_id": EVENT_ID})


def fill_the_schedules(conn: Connection) -> None:
    """One that goes on, one that is paused, and history."""
    for statement in (
        "select jobs.schedule('hourly', '1 hour', args => '{\"n\": 1}', jitter => '1 min')",
        "select jobs.schedule('nightly', '30 2 * * *', timezone => 'Europe/Rome')",
        "select jobs.pause(schedule => 'nightly')",
        "update jobs.schedule set next_at = next_at - interval '1 day' where name = 'hourly'",
        "select jobs.tick()",
    ):
        conn.execute(statement.encode())
    (told,) = conn.execute("select skipped from jobs.schedule_history('hourly')").fetchall()
    assert told == ("missed",)


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
            go_on_with_the_log(conn)
            go_on_with_the_schedules(conn)


def work_what_is_left(conn: Connection) -> None:
    """The waiting jobs are claimed and completed, and a new one gets an id of its own."""
    jobs = conn.execute("select token, args from jobs.claim(max_jobs => 10)").fetchall()
    assert [args for _, args in jobs] == [{}, {"n": 3}, {"n": 4}]
    for token, _ in jobs:
        conn.execute("select jobs.complete(%s)", (token,))
    conn.execute("select jobs.enqueue('work', '{}')")
    alone = "select count(*) from jobs.job where not args ? 'event'"
    assert conn.execute(alone).fetchone() == (8,)


def go_on_with_the_schedules(conn: Connection) -> None:
    """Their next times are what they were, and new ones do not get in their way."""
    conn.execute("select jobs.resume(schedule => 'nightly')")
    conn.execute("select jobs.schedule('another', '@daily')")
    listed = conn.execute(
        "select name, cardinality(next_runs) from jobs.list_schedules()"
    ).fetchall()
    assert listed == [("another", 5), ("hourly", 5), ("nightly", 5)]
    conn.execute("update jobs.schedule set next_at = now() where name = 'hourly'")
    conn.execute("select jobs.tick()")
    told = conn.execute("select skipped from jobs.schedule_history('hourly')").fetchall()
    assert told == [(None,), ("missed",)]


def go_on_with_the_log(conn: Connection) -> None:
    """Appends, subscriptions and consumers go on where they were."""
    (generation,) = conn.execute("select generation from jobs.fan_out").fetchone() or (0,)
    assert generation > 0
    again = "select jobs.append_event('order-1', 'order.placed', event_id => %s)"
    assert (
        conn.execute(again, (EVENT_ID,)).fetchone()
        == conn.execute("select pos from jobs.read_stream('order-1', 1, 1)").fetchone()
    )
    before = delivered(conn)
    conn.execute("select jobs.append_event('order-1', 'order.closed', expected_version => 4)")
    conn.execute("select jobs.subscribe('another', '{order.closed}')")
    conn.execute("select jobs.resume(subscription => 'paused')")
    for _ in range(5):
        conn.execute("select * from jobs.backfill()")
    versions = [1, 2, 3, 4, 5]
    assert before == {"deliver": [1, 2, 4], "filling": versions[:4]}
    assert delivered(conn) == {
        "deliver": [1, 2, 4, 5],
        "filling": versions,
        "paused": [4, 5],
    }
    polled = conn.execute("select version from jobs.poll('reader')").fetchall()
    assert polled == [(2,), (4,), (5,)]
    stuck = "select error, failures from jobs.list_consumers('failing')"
    assert conn.execute(stuck).fetchall() == [({"message": "why"}, 1)]
    assert conn.execute(
        "select version, data from jobs.load_snapshot('order-1', 2)"
    ).fetchall() == [(3, {"n": 3})]
    assert conn.execute("select * from jobs.verify()").fetchall() == []


def delivered(conn: Connection) -> dict[str, list[int]]:
    """The versions of the events that have become jobs, by kind."""
    rows = conn.execute(
        """select k.name,
          array_agg((j.args #>> '{event,version}')::int order by j.args #> '{event,pos}')
        from jobs.job as j join jobs.kind as k on k.id = j.kind_id
        where j.args ? 'event' group by 1"""
    ).fetchall()
    return dict(rows)


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
            assert conn.execute("select state, jobs from jobs.prune()").fetchall() == [
                ("completed", 1),
                ("partition", 0),
                ("partition", 0),
            ]
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


def one_far_future_job_in_each_partition(conn: Connection) -> None:
    conn.execute("select jobs.configure_queue('default', keep => '0')")
    for steps in ((), (FIRST // 2, FIRST + 5), (2 * FIRST, 3 * FIRST + 5)):
        for step in steps:
            conn.execute(f"select setval('jobs.pos_seq', {step})")
            conn.execute("select jobs.maintain()")
        conn.execute("select jobs.enqueue('later', delay => '1 year')")
        conn.execute("select jobs.complete(token) from jobs.claim_job(jobs.enqueue('now'))")
    conn.execute("select jobs.tick()")


@pytest.mark.parametrize("steps", [2, 6], ids=["on the way", "at the end"])
@pytest.mark.parametrize("as_extension", [False, True], ids=["script", "extension"])
def test_jobs_that_were_moved_survive_a_dump(
    as_extension: bool, steps: int, binaries: Binaries, extension_server: embedded.Server
) -> None:
    install: Install = create_extension if as_extension else migrate
    admin = extension_server.dsn
    with database(admin, "source") as source, database(admin, "target") as target:
        install(source)
        with psycopg.connect(source, autocommit=True) as conn:
            one_far_future_job_in_each_partition(conn)
            for _ in range(steps):
                conn.execute("select from jobs.prune()")
            before = contents(conn)
        restore(binaries, source, target)
        with psycopg.connect(target, autocommit=True) as conn:
            assert contents(conn) == before
            for _ in range(6):
                conn.execute("select from jobs.prune()")
            names = [row[0] for row in conn.execute("select name from jobs._partitions()")]
            assert any("job_upto_" in str(name) for name in names)
            # what belongs to the extension stays
            assert ("jobs.job_from_0" in names) == as_extension
            assert conn.execute("select * from jobs.verify()").fetchall() == []
            found = conn.execute("select count(*) from jobs.job_state where state = 'scheduled'")
            assert found.fetchone() == (3,)
