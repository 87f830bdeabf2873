"""A batch whose workers are killed is finished all the same, and once."""

from functools import partial
from typing import Any

import psycopg

from faults.sessions import at_once, problems
from txjobs import Client
from waiting import until
from workers import process

Conn = psycopg.Connection[Any]


def test_a_batch_whose_worker_is_killed_in_its_last_job_is_finished_by_another(
    dsn: str, conn: Conn
) -> None:
    conn.execute(
        "create table trace (what text, job bigint, pid int, at timestamptz default now())"
    )
    client = Client(conn)
    batch = client.create_batch(on_complete="report")
    client.enqueue("sleep", {"seconds": 0.0}, batch=batch)
    last = client.enqueue("sleep", {"seconds": 60.0}, batch=batch, max_attempts=1)
    after = client.enqueue("sleep", {"seconds": 0.0}, depends_on=[last.id])
    with process(dsn, lease=1.5, heartbeat=0.3) as first:
        until(lambda: client.batch(batch).pending == 1, "one job is left")
        until(
            lambda: conn.execute("select job from trace where job = %s", (last.id,)).fetchone(),
            "its handler has started",
        )
        first.kill()
    assert client.batch(batch).state == "running"
    with process(dsn, lease=1.5, heartbeat=0.3):
        until(lambda: client.batch(batch).state == "finished", "the reset buries the last job")
    found = client.batch(batch)
    assert (found.completed, found.dead) == (1, 1)
    assert [client.state(last), client.state(after)] == ["dead", "dead"]
    reports = conn.execute("select count(*) from jobs.job_state where kind = 'report'").fetchone()
    assert reports == (1,)
    assert problems(conn) == []


def test_enqueues_that_depend_on_jobs_and_the_ends_of_those_do_not_wait_in_a_circle(
    dsn: str, conn: Conn
) -> None:
    first = [
        row[0]
        for row in conn.execute(
            "select id from jobs.enqueue_many('a', array_fill('{}'::jsonb, array[240]))"
        )
    ]

    def work() -> int:
        with psycopg.connect(dsn, autocommit=True) as session:
            session.execute("set deadlock_timeout = '100ms'")
            done = 0
            while tokens := [
                row[0] for row in session.execute("select token from jobs.claim(max_jobs => 7)")
            ]:
                session.execute("select jobs.complete_many(%s)", (tokens[::-1],))
                done += len(tokens)
            return done

    def depend(nth: int) -> int:
        made = 0
        with psycopg.connect(dsn, autocommit=True) as session:
            session.execute("set deadlock_timeout = '100ms'")
            for start in range(nth, 200, 8):
                jobs = [first[start + step] for step in (37, 0, 21, 5)]
                session.execute("select jobs.enqueue('b', depends_on => %s)", (jobs,))
                made += 1
        return made

    answers = at_once([work, work, *(partial(depend, nth) for nth in range(3))])
    work()
    assert sum(answers[2:]) == 75
    states = conn.execute("select state, count(*) from jobs.job_state group by 1").fetchall()
    assert states == [("completed", 240 + 75)]
    assert conn.execute("select count(*) from jobs.waiter").fetchone() == (0,)
    assert problems(conn) == []
