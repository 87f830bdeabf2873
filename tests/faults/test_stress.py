"""Everybody at once, with accidents; at the end every job has had exactly one end.

`pytest tests/faults --stress-seconds 600` for longer.
"""

import time
from collections.abc import Callable

import pytest

from faults.actors import QUEUES, Actor, Enqueuer, Housekeeper, Operator, Record, Worker
from faults.sessions import (
    Connect,
    Session,
    claim,
    complete_many,
    problems,
    rows,
    threads,
    value,
)
from waiting import until

ENDS = "('completed', 'dead', 'cancelled', 'skipped', 'discarded')"


def configure(conn: Session) -> None:
    """Short delays, and one queue whose ended jobs may be pruned at once."""
    for queue in QUEUES:
        conn.execute("select jobs.configure_queue(%s, max_attempts => 3)", (queue,))
    conn.execute("select jobs.configure_queue('mail', keep => '0', keep_dead => '0')")
    for kind in ("work", "send", "count"):
        conn.execute(
            """select jobs.configure_kind(%s,
            backoff => '{"strategy": "constant", "base": 0.2}')""",
            (kind,),
        )


def drain(conn: Session) -> None:
    """Run whatever is left to its end."""

    def is_empty() -> bool:
        conn.execute("select jobs.maintain()")
        while tokens := claim(conn, 1000):
            assert complete_many(conn, tokens.values()) == {}
        return bool(
            value(
                conn,
                """select not exists (select from jobs.ready)
                and not exists (select from jobs.scheduled)
                and not exists (select from jobs.lease)""",
            )
        )

    until(is_empty, "nothing is ready, scheduled or running")


def check_outcomes(conn: Session, record: Record) -> None:
    """What must hold of the log, once nothing is left to do."""
    assert (
        rows(
            conn,
            """with happened as (
          select i.id, e.claim, e.type::text as type
          from jobs.event e cross join lateral unnest(e.ids) as i(id))
        select id, claim, array_agg(type) from happened
        where claim is not null and type <> 'cancel_requested' group by 1, 2
        having count(*) filter (where type = 'claimed') <> 1 or count(*) <> 2""",
        )
        == []
    ), "each claim of a job has one accepted outcome"
    ended: dict[int, int] = dict(
        rows(
            conn,
            f"""select i.id, count(*) filter (where e.type in {ENDS})
              - count(*) filter (where e.type = 'retried')
            from jobs.event e cross join lateral unnest(e.ids) as i(id) group by 1""",
        )
    )
    assert record.committed - ended.keys() == set(), "every committed job has ended"
    assert ended.keys() - record.unknown == set(), "no other job has run"
    assert {job: n for job, n in ended.items() if n != 1} == {}, "and ended once"
    kept = {row[0] for row in rows(conn, "select id from jobs.job")}
    assert kept <= record.unknown


@pytest.mark.timeout(7200)  # a minute without an answer is an error of the actor's
def test_every_committed_job_ends_once_whatever_happens_to_the_clients(
    dsn: str, conn: Session, connect: Connect, stress_seconds: float
) -> None:
    configure(conn)
    record = Record(dsn, time.monotonic() + stress_seconds)
    actors: list[Actor] = [
        *(Enqueuer(record, seed, slow=seed > 1) for seed in range(4)),
        *(Worker(record, 10 + seed) for seed in range(4)),
        Housekeeper(record, 20),
        Operator(record, 30),
    ]
    runs: list[Callable[[], None]] = [actor.run for actor in actors]
    with threads(len(runs)) as pool:
        for run in [pool.submit(run) for run in runs]:
            run.result()
    assert record.failures == []
    drain(conn)
    assert problems(conn) == []
    check_outcomes(conn, record)
    assert len(record.committed) > 100 * min(stress_seconds, 10), record.counts
    until(
        lambda: (
            value(conn, "select count(*) from pg_stat_activity where datname = current_database()")
            == 1
        ),
        "the actors' sessions have ended, and with them their statistics are in",
    )
    assert (
        value(
            connect(), "select deadlocks from pg_stat_database where datname = current_database()"
        )
        == 0
    ), "there was a deadlock"
