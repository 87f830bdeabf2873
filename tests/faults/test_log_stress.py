"""Writers and consumers at once, with accidents; at the end each consumer has seen what it should.

`pytest tests/faults --stress-seconds 600` for longer, `-s` for the figures, TXJOBS_STRESS_SEED=N
for the random plans of a run before (which threads meet is not repeated).
"""

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from faults.actors import Actor, Housekeeper, Record, Worker
from faults.log_actors import (
    NOTES,
    IdleWriter,
    Killer,
    Subscriber,
    Subscription,
    Undone,
    Writer,
    subscribe,
)
from faults.log_consumers import (
    Consumer,
    Interest,
    KilledProcess,
    LeasedConsumer,
    Reader,
    RepeatablePages,
    RepeatableReader,
)
from faults.sessions import Connect, Session, problems, rows, threads, value
from waiting import until

LEAVER = Subscription("leaver", None, None, "now", "true")
BEFORE = [
    Subscription("all", None, None, "beginning", "true"),
    Subscription("orders", ["order.*"], None, "now", "type like 'order.%'"),
]
DURING = [
    Subscription("late", ["note", "*.sent"], None, "now", "type in ('note', 'invoice.sent')"),
    Subscription("back", ["orders_done"], None, "beginning", "type = 'orders_done'"),
    Subscription("middle", None, "pick", "somewhere", "stream like 'pick-%'"),
    LEAVER,
]


def interests(seconds: float) -> list[tuple[type[Consumer], int, Interest]]:
    """Each consumer, what it is, and how many sessions it has."""
    paid = "type in ('order.placed', 'order.paid')"
    return [
        (Consumer, 2, Interest("users", "beginning", job_events=False)),
        (Consumer, 1, Interest("all", "beginning", matches_jobs="true")),
        (Consumer, 1, Interest("jobs", "now", "false", "true", job_events=True, after=seconds / 4)),
        (
            Consumer,
            1,
            Interest("types", "now", paid, "type = 'completed'", ["order.p*", "job.completed"]),
        ),
        (Consumer, 1, Interest("late", "now", after=seconds / 3, job_events=False)),
        (Consumer, 1, Interest("middle", "somewhere", after=seconds / 2, job_events=False)),
        (LeasedConsumer, 2, Interest("leased", "beginning", job_events=False)),
        (
            LeasedConsumer,
            2,
            Interest("pick", "beginning", "stream like 'pick-%'", category="pick"),
        ),
        (RepeatableReader, 2, Interest("repeatable", "beginning", job_events=False)),
        (Reader, 1, Interest("read_all", "beginning", matches_jobs="true")),
        (Reader, 1, Interest("category", "beginning", "stream like 'order-%'", category="order")),
        (RepeatablePages, 1, Interest("pages", "beginning", job_events=False)),
    ]


@dataclass
class Stress:
    """Who takes part, and until when."""

    dsn: str
    seconds: float
    seed: int
    writing: Record = field(init=False)
    reading: Record = field(init=False)
    undone: Undone = field(default_factory=Undone)
    consumers: list[Consumer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.writing = Record(self.dsn, time.monotonic() + self.seconds)
        self.reading = Record(
            self.dsn, float("inf"), failures=self.writing.failures, counts=self.writing.counts
        )
        self.subscriber = Subscriber(self.writing, self._seed(), DURING, self.seconds)
        self.subscriber.made = [each.name for each in BEFORE]

    def _seed(self) -> int:
        return self.chance.getrandbits(32)

    def writers(self) -> list[Actor]:
        """All who change something."""
        # those in older snapshots hold up whoever changes subscriptions: they are short
        plans = [("read committed", float(longest)) for longest in range(4)]
        plans += [("repeatable read", 0.1)] * 2
        return [
            *(
                Writer(
                    self.writing, self._seed(), self.undone, isolation=isolation, longest=longest
                )
                for isolation, longest in plans
            ),
            IdleWriter(
                self.writing, self._seed(), self.undone, isolation="read committed", longest=4
            ),
            Worker(self.writing, self._seed()),
            self.subscriber,
            Housekeeper(self.reading, self._seed()),
        ]

    def readers(self) -> list[Actor | KilledProcess]:
        """All who read, and who kills them."""
        for kind, count, interest in interests(self.seconds):
            self.consumers += [kind(self.reading, self._seed(), interest) for _ in range(count)]
        killed = KilledProcess(
            self.reading,
            self._seed(),
            Interest("killed", "beginning", job_events=False),
            killing=self.writing.deadline,
        )
        killer = Killer(self.writing, self._seed(), list(self.consumers))
        self.consumers.append(killed.consumer)
        return [*self.consumers[:-1], killed, killer]

    def run(self, conn: Session) -> None:
        """Let everybody go, stop the writers, let the consumers catch up."""
        runs: list[Callable[[], None]] = [each.run for each in [*self.writers(), *self.readers()]]
        with threads(len(runs)) as pool:
            running = [pool.submit(run) for run in runs]
            try:
                while time.monotonic() < self.writing.deadline and not self.writing.failures:
                    time.sleep(0.1)
                self.writing.deadline = 0
                if not self.writing.failures:
                    self.subscriber.resume_all(conn)
                    until(lambda: is_up_to_date(conn), "the consumers catch up", seconds=90)
            finally:
                self.writing.deadline = self.reading.deadline = 0
            for each in running:
                each.result()


def is_up_to_date(conn: Session) -> bool:
    """Whether nothing is left to do for subscriptions and consumers, for the moment."""
    time.sleep(0.2)
    return not value(
        conn,
        """select exists (select from jobs.list_subscriptions() where behind > 0 or state <> 'live')
        or exists (select from jobs.list_consumers() where behind > 0)""",
    )


def differences(conn: Session, name: str, expected: str, got: str) -> list[str]:
    """The first places where two lists of (pos, stream, type, n) differ."""
    counted = """(select pos, stream, type, coalesce(n, '') as n, count(*) as times
      from ({}) as a group by 1, 2, 3, 4)"""
    found = conn.execute(
        f"""select pos, stream, type, n, coalesce(e.times, 0), coalesce(g.times, 0)
        from {counted.format(expected)} as e full join {counted.format(got)} as g
        using (pos, stream, type, n)
        where e.times is distinct from g.times order by pos limit 5""".encode()
    )
    return [
        f"{name}: position {pos} ({stream}, {kind}, {n}) {times} times instead of {wanted}"
        for pos, stream, kind, n, wanted, times in found
    ]


def wrong_with_consumer(conn: Session, interest: Interest) -> list[str]:
    """Every committed event that it should see, once, in the order of positions."""
    start = interest.started_at
    assert start is not None, f"{interest.name} has not begun"
    name = interest.name
    wrong = differences(
        conn,
        f"consumer {name}, from {start}",
        f"""select pos, stream, type, n from written where pos > {start} and ({interest.matches})
        union all
        select pos, 'job-' || job_id, 'job.' || type, null from jobs.job_event
        where pos > {start} and ({interest.matches_jobs})""",
        f"select pos, stream, type, n from seen where consumer = '{name}'",
    )
    wrong += [
        f"consumer {name}: position {pos} after {before}"
        for before, pos in rows(
            conn,
            """select before, pos from (
              select pos, lag(pos) over (order by nth) as before from seen where consumer = %s) as s
            where pos < before limit 5""",
            name,
        )
    ]
    return wrong


def wrong_with_subscription(conn: Session, each: Subscription) -> list[str]:
    """One job for each event that matches and came after its start."""
    start = value(conn, "select start from subscribed where name = %s", each.name)
    assert start is not None, f"{each.name} was never made"
    got = f"""select (a.args -> 'event' ->> 'pos')::bigint as pos,
      a.args -> 'event' ->> 'stream' as stream, a.args -> 'event' ->> 'type' as type,
      a.args -> 'event' -> 'data' ->> 'n' as n
    from jobs.job a join jobs.kind k on k.id = a.kind_id where k.name = '{each.name}'"""
    expected = f"select pos, stream, type, n from written where pos > {start} and ({each.matches})"
    if each == LEAVER:  # it has left meanwhile
        expected += f" and pos in (select pos from ({got}) as g)"
    return differences(conn, f"subscription {each.name}, from {start}", expected, got)


def wrong_with_log(conn: Session, undone: set[int]) -> list[str]:
    """The log is what its writers have noted; versions follow one another as positions do."""
    wrong = differences(
        conn,
        "the log",
        "select pos, stream, type, n from written",
        "select pos, stream, type, data ->> 'n' as n from jobs.stream_event",
    )
    wrong += [
        f"{stream}: version {version} at {pos} is number {nth}"
        for stream, version, pos, nth in rows(
            conn,
            """select stream, version, pos, nth from (
              select e.stream, e.version, e.pos, w.version as noted,
                row_number() over (partition by e.stream order by e.pos) as nth
              from jobs.stream_event e left join written w using (pos)) as s
            where version <> nth or version <> noted order by pos limit 5""",
        )
    ]
    wrong += [
        f"consumer {name} has seen {pos}, which was rolled back"
        for name, pos in rows(
            conn, "select consumer, pos from seen where pos = any(%s) limit 5", list(undone)
        )
    ]
    wrong += [
        f"job {job} was enqueued, and consumer all does not know it"
        for (job,) in rows(
            conn,
            """select id from enqueued except
            select pos from seen where consumer = 'all' and type = 'job.enqueued' limit 5""",
        )
    ]
    return wrong + [f"verify: {problem}" for problem in problems(conn)[:5]]


@pytest.mark.timeout(7200)  # a minute without an answer is an error of the actor's
def test_every_consumer_sees_every_committed_event_once_and_in_order(
    dsn: str, conn: Session, connect: Connect, stress_seconds: float
) -> None:
    seed = int(os.environ.get("TXJOBS_STRESS_SEED", random.randrange(1 << 32)))
    conn.execute(NOTES)
    for each in BEFORE:
        subscribe(conn, each, random.Random(seed))
    bystander = connect()  # writes elsewhere, and holds nobody up
    bystander.execute("begin")
    bystander.execute("create table of_no_concern ()")

    stress = Stress(dsn, stress_seconds, seed)
    stress.run(conn)
    failures = stress.writing.failures
    if not failures:
        for consumer in stress.consumers:
            consumer.finish(conn)
        conn.execute("analyze")
        for interest in {id(c.interest): c.interest for c in stress.consumers}.values():
            failures += wrong_with_consumer(conn, interest)
        for each in [*BEFORE, *DURING]:
            failures += wrong_with_subscription(conn, each)
        failures += wrong_with_log(conn, stress.undone.positions)
    events = value(conn, "select count(*) from written")
    seen = value(conn, "select count(*) from seen")
    print(f"{events} events, {len(stress.undone.positions)} undone, {seen} seen;", end=" ")
    print(", ".join(f"{n} {what}" for what, n in sorted(stress.writing.counts.items())))
    assert failures == [], f"with TXJOBS_STRESS_SEED={seed}"
    assert events > 50 * min(stress_seconds, 10)
    bystander.execute("commit")
