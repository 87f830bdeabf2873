"""What a tick reads of schedules does not depend on how many there are."""

from typing import Any

import psycopg
import pytest

from conftest import Connect

Connection = psycopg.Connection[Any]
SCHEDULES = 3000


def rows_walked(connect: Connect) -> tuple[bool, int]:
    """Whether a tick was one, and how many rows it has walked through."""
    conn = connect()  # a session's counts are also of what it did before
    with conn.transaction():
        (ticked,) = conn.execute("select jobs.tick()").fetchone() or (False,)
        (walked,) = conn.execute(
            "select sum(seq_tup_read + idx_tup_fetch) from pg_stat_xact_all_tables"
            " where schemaname = 'jobs' and relname in ('schedule', 'schedule_run')"
        ).fetchone() or (0,)
    return ticked, int(walked)


@pytest.mark.parametrize("analyzed", [False, True])
def test_a_tick_finds_what_is_due_by_its_time(
    conn: Connection, connect: Connect, analyzed: bool
) -> None:
    conn.execute(
        "select count(jobs.schedule('s' || n, '0 0 1 1 *', overlap => 'queue'))"
        " from generate_series(1, %s) as n",
        (SCHEDULES,),
    )
    if analyzed:
        conn.execute("analyze jobs.schedule")
    ticked, walked = rows_walked(connect)
    assert ticked
    assert walked == 0
    conn.execute("update jobs.schedule set next_at = now() - interval '1 s' where id % 1000 = 0")
    ticked, walked = rows_walked(connect)
    assert ticked
    assert walked < SCHEDULES / 20
    (made,) = conn.execute("select count(*) from jobs.job").fetchone() or (0,)
    assert made == SCHEDULES // 1000
