"""Limits under accidents: whatever happens to the claimers, no limit is ever exceeded.

`pytest tests/faults --stress-seconds 600` for longer.
"""

import time
from collections import Counter
from collections.abc import Callable

import pytest

from faults.actors import Actor, Record
from faults.sessions import Connect, Session, problems, rows, threads, value
from waiting import until

# Two are shared out by halves, one is counted by each claim.
QUEUES: dict[str, int] = {"wide": 256, "medium": 64, "narrow": 7}
KINDS: dict[str, int | None] = {"slow": 3, "free": None}
PER_KEY = 2


def configure(conn: Session) -> None:
    """The limits, short delays, and more claims than a job can use up here."""
    for queue, limit in QUEUES.items():
        conn.execute(
            "select jobs.configure_queue(%s, max_running => %s, max_running_per_key => %s)",
            (queue, limit, PER_KEY),
        )
    for kind, most in KINDS.items():
        conn.execute(
            """select jobs.configure_kind(%s, max_running => %s, max_claims => 30000,
            max_attempts => 30000, backoff => '{"strategy": "constant", "base": 0.05}')""",
            (kind, most),
        )


class Producer(Actor):
    """Enqueues jobs of either kind, with and without keys."""

    pause = 0.05

    def step(self) -> None:
        """Up to 40 jobs that share a queue, a kind and a key."""
        if value(self.session, "select sum(cardinality(ids)) from jobs.ready") or 0 > 2000:
            time.sleep(0.05)
        gate = self.chance.choice(["concurrency_key", "ordering_key", "nothing"])
        key = f"{gate[0]}{self.chance.randrange(6)}"
        with self.transaction():
            self.session.execute(
                """select count(*) from jobs.enqueue_many(%s, array_fill('{}'::jsonb, array[%s]),
                  queue => %s, concurrency_key => %s, ordering_key => %s)""",
                (
                    self.chance.choice(list(KINDS)),
                    self.chance.randint(1, 40) if gate != "ordering_key" else 2,
                    self.chance.choice(list(QUEUES)),
                    key if gate == "concurrency_key" else None,
                    key if gate == "ordering_key" else None,
                ),
            )


class Claimer(Actor):
    """Claims, holds its jobs for a moment, and ends them in any way, or dies."""

    def __init__(self, record: Record, seed: int) -> None:
        super().__init__(record, seed)
        self.held: list[int] = []

    def step(self) -> None:
        """A claim, or the end of some of what is held."""
        if not self.held or self.chance.random() < 0.4:
            queues = self.chance.sample([*QUEUES], self.chance.randint(1, len(QUEUES)))
            with self.transaction():
                found = rows(
                    self.session,
                    "select token from jobs.claim(%s, null, %s, lease => '1 s')",
                    queues,
                    self.chance.choice([1, 1, 5, 50]),
                )
            self.held += [token for (token,) in found]
            self.record.count("claims")
            if not found:
                time.sleep(0.005)
            return
        tokens, self.held = self.held[:20], self.held[20:]
        match self.chance.randrange(6):
            case 0:
                self.session.execute("select jobs.release_many(%s)", (tokens,))
            case 1:
                self.session.execute("select jobs.fail_many(%s)", (tokens,))
            case 2:
                return  # forgotten: their lease ends
            case _:
                with self.transaction():
                    self.session.execute("select jobs.complete_many(%s)", (tokens,))


class Sweeper(Actor):
    """What workers do now and then."""

    pause = 0.1

    def step(self) -> None:
        """Stale claims, keys that were missed."""
        self.session.execute("select jobs.maintain()")


class Looker(Actor):
    """Counts what runs, in one snapshot at a time."""

    pause = 0.002

    def step(self) -> None:
        """Compare it with the limits."""
        self.record.count("looks")
        running = rows(
            self.session,
            """select q.name, k.name, j.options ->> 'concurrency_key', j.options ->> 'ordering_key'
            from jobs.lease l
            cross join lateral unnest(l.ids) with ordinality as s(id, slot)
            join jobs.job j on j.id = s.id
            join jobs.queue q on q.id = j.queue_id join jobs.kind k on k.id = j.kind_id
            where l.unfinished & (1::bigint << (s.slot - 1)::int) <> 0""",
        )
        for queue, count in Counter(row[0] for row in running).items():
            self._check(f"queue {queue}", count, QUEUES[queue])
        slow = [row for row in running if row[1] == "slow"]
        self._check("kind slow", len(slow), KINDS["slow"])
        for place in Counter((row[0], row[2]) for row in running if row[2]).items():
            self._check(f"key {place[0]}", place[1], PER_KEY)
        for place in Counter((row[0], row[3]) for row in running if row[3]).items():
            self._check(f"order {place[0]}", place[1], 1)

    def _check(self, what: str, count: int, limit: int | None) -> None:
        if limit is not None and count > limit:
            self.record.failures.append(f"{what}: {count} run, {limit} may")
        elif limit == count:
            self.record.count(f"{what.split()[0]} full")


def drain(conn: Session) -> None:
    """Run whatever is left to its end."""

    def is_empty() -> bool:
        conn.execute("select jobs.maintain()")
        while found := rows(conn, "select token from jobs.claim(max_jobs => 1000)"):
            conn.execute("select jobs.complete_many(%s)", ([token for (token,) in found],))
        return bool(
            value(
                conn,
                """select not exists (select from jobs.ready)
                and not exists (select from jobs.scheduled)
                and not exists (select from jobs.lease)""",
            )
        )

    until(is_empty, "nothing is ready, scheduled, blocked or running", seconds=120)


def overlaps(conn: Session) -> list[tuple[object, ...]]:
    """Jobs of an ordering key that started before another one of it had ended."""
    return rows(
        conn,
        """with life as (
          select j.id, j.queue_id, j.options ->> 'ordering_key' as key,
            min(e.pos) filter (where e.type = 'claimed') as started, max(e.pos) as ended
          from jobs.job j
          join jobs.event e on e.ids[1] between j.id - 1023 and j.id and j.id = any(e.ids)
          where j.options ? 'ordering_key' group by 1, 2, 3)
        select * from (
          select *, lag(ended) over (partition by queue_id, key order by started) as before
          from life) as l
        where started < before""",
    )


@pytest.mark.timeout(7200)
def test_no_limit_is_exceeded_and_nothing_is_left_behind(
    dsn: str, conn: Session, connect: Connect, stress_seconds: float
) -> None:
    configure(conn)
    record = Record(dsn, time.monotonic() + stress_seconds)
    actors: list[Actor] = [
        *(Producer(record, seed) for seed in range(2)),
        *(Claimer(record, 10 + seed) for seed in range(5)),
        Sweeper(record, 20),
        Looker(record, 30),
    ]
    runs: list[Callable[[], None]] = [actor.run for actor in actors]
    with threads(len(runs)) as pool:
        for run in [pool.submit(run) for run in runs]:
            run.result()
    assert record.failures == []
    drain(conn)
    assert problems(conn) == []
    assert overlaps(conn) == []
    assert rows(conn, "select * from jobs.line") == [], "nobody waits for an end"
    for full in ("queue full", "kind full", "key full", "order full"):
        assert record.counts.get(full, 0) > 0, (f"never: {full}", record.counts)
    until(
        lambda: (
            value(conn, "select count(*) from pg_stat_activity where datname = current_database()")
            == 1
        ),
        "the actors' sessions have ended, and with them their statistics are in",
    )
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    assert value(connect(), deadlocks) == 0, "there was a deadlock"
