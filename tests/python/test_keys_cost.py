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
