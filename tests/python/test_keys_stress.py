"""Many sessions at once on few keys: no two live jobs of one, no deadlock, nothing left behind."""

import random
import time
from collections.abc import Callable, Sequence

from faults.sessions import Connect, Session, at_once, problems, rows, value

SECONDS = 4.0
NAMES = ["a", "b", "c", "d"]


def producer(session: Session, seed: int, until: float, also: str = "") -> None:
    """Enqueues by key, alone and together, and sometimes changes its mind."""
    chance = random.Random(seed)
    while time.monotonic() < until:
        names = chance.sample(NAMES, 3)
        many = ", ".join(
            f'{{"kind": "k", "unique_key": "{name}", "idempotency_key": "{chance.random()}",'
            f' "args": {chance.randint(1, 3)}{also}}}'
            for name in names
        )
        session.execute("begin")
        session.execute("select count(*) from jobs.enqueue_many(%s::jsonb)", (f"[{many}]",))
        session.execute("commit" if chance.random() < 0.8 else "rollback")
        session.execute(
            "select jobs.enqueue('k', %s::text::jsonb, unique_key => %s,"
            """ unique_options => '{"replace": ["args", "run_at"]}')""",
            (str(chance.randint(1, 9)), names[0]),
        )


def overtaking(session: Session, seed: int, until: float) -> None:
    """As producer, but a job that runs does not count."""
    producer(session, seed, until, ', "unique_options": {"states": ["ready", "scheduled"]}')


def worker(session: Session, seed: int, until: float) -> None:
    """Claims, and ends what it has claimed, together."""
    chance = random.Random(seed)
    while time.monotonic() < until:
        tokens = [row[0] for row in rows(session, "select token from jobs.claim(max_jobs => 3)")]
        if chance.random() < 0.3:
            session.execute("select count(*) from jobs.release_many(%s::bigint[])", (tokens,))
        elif chance.random() < 0.3:
            session.execute(
                "select count(*) from jobs.fail_many(%s::bigint[], reasons => array_fill("
                "'aborted'::text, array[cardinality(%s::bigint[])]))",
                (tokens, tokens),
            )
        else:
            session.execute("select count(*) from jobs.complete_many(%s::bigint[])", (tokens,))


def operator(session: Session, seed: int, until: float) -> None:
    """Cancels, retries, tidies up."""
    chance = random.Random(seed)
    while time.monotonic() < until:
        session.execute("select jobs.cancel_many(kind => 'k', max_jobs => 2)")
        session.execute("select count(*) from jobs.retry_many(kind => 'k', max_jobs => 1)")
        session.execute("select jobs.maintain()")
        time.sleep(chance.random() / 50)


def run(connect: Connect, actors: Sequence[Callable[[Session, int, float], None]]) -> None:
    """All of them at once, each in a session."""
    until = time.monotonic() + SECONDS
    sessions = [connect() for _ in actors]

    def act(
        actor: Callable[[Session, int, float], None], session: Session, seed: int
    ) -> Callable[[], None]:
        return lambda: actor(session, seed, until)

    at_once([act(actor, sessions[seed], seed) for seed, actor in enumerate(actors)])


def test_producers_that_overtake_running_jobs_and_workers_do_not_lock_each_other_out(
    conn: Session, connect: Connect
) -> None:
    run(connect, [overtaking, overtaking, overtaking, worker, worker, operator])
    assert problems(conn) == []
    assert value(conn, "select count(*) from jobs.unique_key where job_id is null") == 0


def test_no_two_jobs_of_one_unique_key_are_live_at_once(conn: Session, connect: Connect) -> None:
    run(connect, [producer, producer, producer, worker, worker, operator])
    assert problems(conn) == []
    assert value(conn, "select count(*) from jobs.unique_key where job_id is null") == 0
    # A job lives from its id, or from a retry, to its end: positions of one order.
    overlaps = rows(
        conn,
        """
        with lives as (
          select j.options ->> 'unique_key' as key, j.id,
            case e.type when 'enqueued' then j.id else e.pos end as first,
            (select min(x.pos) from jobs.job_event x where x.job_id = j.id and x.pos > e.pos
              and x.type in ('completed', 'dead', 'cancelled')) as last
          from jobs.job j join jobs.job_event e on e.job_id = j.id
            and e.type in ('enqueued', 'retried')
          where j.options ? 'unique_key')
        select * from lives a join lives b on a.key = b.key and a.id <> b.id
          and a.first < b.first and coalesce(a.last, 9e18) > b.first
        """,
    )
    assert overlaps == []
    assert value(conn, "select count(*) from jobs.job") > 50
