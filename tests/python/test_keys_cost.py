"""What keys cost, and that jobs without them do not pay."""

from typing import LiteralString

import pytest

from faults.sessions import Connect, Session, rows, value

LIFE: tuple[LiteralString, ...] = (
    "select count(*) from jobs.claim(max_jobs => 60)",
    """select count(*) from jobs.complete_many(array(select (l.claim << 6) | (n - 1)
    from jobs.lease l, generate_series(1, cardinality(l.ids)) as n))""",
)


@pytest.fixture
def touched(conn: Session, connect: Connect) -> Session:
    """A session whose counts begin when the first names and settings are there."""
    conn.execute("select jobs.enqueue('work')")
    conn.execute("select jobs.complete(token) from jobs.claim()")
    return connect()


def changes(session: Session) -> dict[str, int]:
    """Rows written, and index entries looked up, in tables of keys, by this transaction."""
    return dict(
        rows(
            session,
            "select relname, n_tup_ins + n_tup_upd + n_tup_del + coalesce(idx_scan, 0) + seq_scan"
            " from pg_stat_xact_all_tables where relname = 'unique_key'",
        )
    )


@pytest.mark.parametrize(
    "enqueue",
    [
        "select jobs.enqueue('work')",
        "select jobs.enqueue('work', priority => 1, delay => '0')",
        "select count(*) from jobs.enqueue_many('work', array_fill('{}'::jsonb, array[50]))",
        'select count(*) from jobs.enqueue_many(\'[{"kind": "work"}, {"kind": "work"}]\')',
    ],
)
def test_the_life_of_a_job_without_keys_does_not_touch_their_table(
    enqueue: LiteralString, touched: Session
) -> None:
    with touched.transaction():
        touched.execute(enqueue)
        for step in LIFE:
            touched.execute(step)
        assert set(changes(touched).values()) <= {0}


def test_the_rows_of_a_job_without_keys_are_as_large_as_ever(touched: Session) -> None:
    touched.execute("select jobs.enqueue('work', '{}')")
    ((options, size),) = rows(
        touched, "select options, pg_column_size(j.*) from jobs.job j order by id desc limit 1"
    )
    assert (options, size) == (None, 24 + 8 + 8 + 4 + 4 + 2 + 5)
    assert value(touched, "select flags from jobs.ready order by ord desc limit 1") == 0


def test_a_key_is_found_by_its_index_however_many_there_are(
    conn: Session, connect: Connect
) -> None:
    conn.execute(
        "insert into jobs.unique_key select t.type, 'key ' || n, 1, n, now(), null"
        " from generate_series(1, 20000) as n, (values ('unique'::jobs.key_type),"
        " ('idempotency')) as t(type)"
    )
    session = connect()
    calls: tuple[LiteralString, ...] = (
        "select jobs.enqueue('work', unique_key => 'mine', idempotency_key => 'mine')",
        "select jobs.enqueue('work', unique_key => 'mine', idempotency_key => 'mine')",
        "select jobs.get(unique_key => 'mine')",
        "select jobs.has_in_flight(unique_key => 'mine')",
        "select jobs.cancel(unique_key => 'mine')",
        "select jobs._sweep_keys()",
    )
    for call in calls:
        with session.transaction():
            session.execute(call)
            ((walked,),) = rows(
                session,
                "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_all_tables"
                " where relname = 'unique_key'",
            )
        assert walked <= (2100 if "sweep" in call else 20), call


@pytest.mark.parametrize("analyzed", [False, True])
def test_the_keys_of_what_ends_and_is_pruned_are_found_by_their_index(
    analyzed: bool, conn: Session, connect: Connect
) -> None:
    conn.execute(
        "insert into jobs.unique_key select t.type, 'key ' || n, 1, n, null, null"
        " from generate_series(1, 20000) as n, (values ('unique'::jobs.key_type),"
        " ('idempotency')) as t(type)"
    )
    conn.execute("select jobs.configure_queue('default', keep => '0', keep_dead => '0')")
    conn.execute(
        "select jobs.enqueue('k', idempotency_key => 'i ' || n, unique_key => 'u ' || n)"
        " from generate_series(1, 50) as n"
    )
    conn.execute("select count(*) from jobs.enqueue_many('k', array_fill('{}'::jsonb, array[50]))")
    if analyzed:
        conn.execute("analyze jobs.unique_key, jobs.job, jobs.event")
    session = connect()
    counts = """select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::int
      from pg_stat_xact_all_tables where relname = 'unique_key'"""
    with session.transaction():
        session.execute(
            "select count(*) from jobs.complete_many(array("
            "select token from jobs.claim(max_jobs => 100)))"
        )
        assert value(session, counts) <= 400
    left = "select count(*) from jobs.unique_key where key ~ '^[ui] '"
    assert value(conn, left) == 50
    session = connect()
    with session.transaction():
        session.execute("select count(*) from jobs.prune()")
        assert value(session, counts) <= 600
    assert value(conn, left) == 0
