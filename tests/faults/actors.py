"""The actors of the stress: each a thread with a session of its own, a random plan, and accidents.

An accident happens where a client can be hit: it fails before its commit, its backend is killed
before the commit, or after the commit was sent and before the answer (outcome unknown).
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from faults.sessions import Session, begin, column, problems, rows, value

QUEUES = ["default", "mail", "bulk"]
KINDS = ["work", "send", "count"]
AFFORDABLE = 20_000  # jobs: verify reads all of them
TRANSIENT = {
    "JB001": "the claim was reset meanwhile",
    "JB004": "the job was pruned meanwhile",
    "JB005": "the job has not ended",
    "40001": "a REPEATABLE READ or SERIALIZABLE transaction has to run again",
}


class Accident(Exception):
    """The client fails here."""


@dataclass
class Record:
    """What all actors know together."""

    dsn: str
    deadline: float
    committed: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        """One more of that."""
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1


class Actor:
    """A session that does `step` over and over, and survives what may happen to a client."""

    pause = 0.0

    def __init__(self, record: Record, seed: int) -> None:
        self.record = record
        self.chance = random.Random(seed)
        self.watcher = psycopg.connect(record.dsn, autocommit=True)
        self.session = self._connect()

    def _connect(self) -> Session:
        return psycopg.connect(self.record.dsn, autocommit=True, options="-c statement_timeout=60s")

    def run(self) -> None:
        """Step until the deadline."""
        while time.monotonic() < self.record.deadline:
            try:
                self.step()
            except Accident:
                pass
            except psycopg.Error as error:
                self._note(error)
            if self.session.closed or self.session.broken:
                self.session.close()
                self.session = self._connect()
            time.sleep(self.pause)
        self.session.close()
        self.watcher.close()

    def _note(self, error: psycopg.Error) -> None:
        if error.sqlstate in TRANSIENT:
            self.record.count(TRANSIENT[error.sqlstate])
        elif not (self.session.closed or self.session.broken):
            self.record.failures.append(f"{type(self).__name__}: {error.sqlstate} {error}")

    def step(self) -> None:
        """One round."""
        raise NotImplementedError

    def kill(self) -> None:
        """Kill this actor's backend."""
        self.watcher.execute("select pg_terminate_backend(%s)", (self.session.info.backend_pid,))

    @contextmanager
    def transaction(self, *, isolation: str = "read committed") -> Iterator[None]:
        """A transaction that ends with its commit or with an accident; leaves no open one behind.

        Leaving the block normally means that it was committed.
        """
        if isolation == "read committed":
            begin(self.session)
        else:
            self.session.execute(f"begin isolation level {isolation}".encode())
        try:
            yield
            fate = self.chance.random()
            if fate < 0.13:
                self.record.count("fails before its commit")
                raise Accident
            if fate < 0.17:
                self.record.count("killed before its commit")
                self.kill()
                self.session.execute("commit")
            elif fate < 0.21:
                self.record.count("killed after its commit was sent")
                self.session.pgconn.send_query(b"commit")
                self.kill()
                self.session.close()
                raise Accident
            else:
                self.session.execute("commit")
        finally:
            if not (self.session.closed or self.session.broken):
                self.session.execute("rollback" if self._is_open() else "select 1")

    def _is_open(self) -> bool:
        return self.session.info.transaction_status != psycopg.pq.TransactionStatus.IDLE


class Enqueuer(Actor):
    """Enqueues up to 130 jobs a transaction; a slow one stays open for up to two seconds."""

    def __init__(self, record: Record, seed: int, *, slow: bool) -> None:
        super().__init__(record, seed)
        self.pause = 0.03
        self.slow = slow

    def step(self) -> None:
        """One transaction."""
        ids: list[int] = []
        isolation = self.chance.choice(["read committed"] * 4 + ["repeatable read", "serializable"])
        try:
            with self.transaction(isolation=isolation):
                for _ in range(self.chance.choice((1, 1, 2))):
                    ids += self.enqueue()
                if self.chance.random() < 0.15:
                    self.session.execute("savepoint s")
                    self.enqueue()
                    self.session.execute("rollback to s")
                if self.slow:
                    time.sleep(self.chance.uniform(0, 2))
                with self.record.lock:
                    self.record.unknown.update(ids)
            with self.record.lock:
                self.record.committed.update(ids)
        finally:
            self.record.count("enqueues")

    def enqueue(self) -> list[int]:
        """One call."""
        chance = self.chance
        options = (
            chance.choice(KINDS),
            chance.choice((1, 1, 2, 10, 60, 61, 130)),
            chance.choice(QUEUES),
            chance.choice((0, 0, 0, 5, -5)),
            chance.choice((None, None, None, 0.1, 1.0)),
            chance.choice((None, 2, 5)),
        )
        return column(
            self.session,
            """select id from jobs.enqueue_many(%s, array_fill('{}'::jsonb, array[%s::int]), %s, %s,
            delay => %s * interval '1 second', max_attempts => %s)""",
            *options,
        )


class Worker(Actor):
    """Claims with leases of a second, and ends, gives back, forgets or cancels what it holds."""

    pause = 0.005

    def step(self) -> None:
        """One claim and the end of its jobs."""
        tokens = self.claim()
        self.chance.shuffle(tokens)
        while tokens:
            some, tokens = tokens[:25], tokens[25:]
            if self.chance.random() < 0.05:
                continue  # forgotten: the lease ends
            self.finish([token for token, _ in some], [job for _, job in some])

    def claim(self) -> list[tuple[int, int]]:
        """Claim; the tokens and ids, if that was committed."""
        chance = self.chance
        queues = chance.choice((None, ["default"], ["mail", "bulk"], QUEUES))
        query = """select token, id from jobs.claim(
          queues => %s, max_jobs => %s, lease => '1 s') where token is not null"""
        parameters = (queues, chance.choice((1, 5, 60, 100, 130)))
        self.record.count("claims")
        if chance.random() < 0.5:
            return [(t, i) for t, i in rows(self.session, query, *parameters)]
        isolation = chance.choice(["read committed"] * 4 + ["repeatable read"])
        with self.transaction(isolation=isolation):
            got = [(t, i) for t, i in rows(self.session, query, *parameters)]
            time.sleep(chance.choice((0, 0, 0.02, 0.3)))
        return got

    def finish(self, tokens: list[int], jobs: list[int]) -> None:
        """End these jobs, one way or another, in one transaction or several."""
        several: list[Callable[[], object]] = [
            lambda: rows(self.session, "select * from jobs.complete_many(%s)", tokens),
            lambda: rows(self.session, "select * from jobs.complete_many(%s)", tokens),
            lambda: rows(
                self.session,
                "select * from jobs.work(%s, max_jobs => 0, completed => %s)",
                self.chance.sample(QUEUES, 1),
                tokens,
            ),
            lambda: rows(
                self.session,
                """select * from jobs.fail_many(%s,
                  retry_in => array_fill(interval '0.1 s', array[cardinality(%s)]))""",
                tokens,
                tokens,
            ),
            lambda: rows(self.session, "select * from jobs.release_many(%s)", tokens),
            lambda: rows(self.session, "select * from jobs.heartbeat(%s)", tokens),
        ]
        single = [
            "select jobs.complete(%s, '\"done\"')",
            "select jobs.fail(%s, retry_in => '0')",
            "select jobs.fail(%s, reason => 'aborted')",
            "select jobs.snooze(%s, delay => '0.2 s')",
            "select jobs.skip(%s)",
            "select jobs.discard(%s)",
            "select jobs.assert_claim(%s)",
        ]
        with self.transaction():
            if self.chance.random() < 0.7:
                self.chance.choice(several)()
            else:
                self.session.execute(self.chance.choice(single).encode(), (tokens[0],))
        if self.chance.random() < 0.2:
            value(self.session, "select jobs.cancel(%s)", self.chance.choice(jobs))


class Housekeeper(Actor):
    """Ticks, maintains, resets."""

    pause = 0.05

    def step(self) -> None:
        """One of them."""
        verb = self.chance.choice(("tick", "tick", "tick", "maintain", "reset_stale_claims"))
        self.session.execute(f"select jobs.{verb}()".encode())
        self.record.count(verb)


class Operator(Actor):
    """Cancels, retries, prunes and verifies while all that goes on."""

    pause = 0.1

    def step(self) -> None:
        """One of them."""
        chance = self.chance
        with self.record.lock:
            known = chance.sample(sorted(self.record.committed)[-5000:] or [0], 1)[0]
        match chance.randrange(7):
            case 0 | 1:
                self.session.execute("select jobs.cancel(%s)", (known,))
            case 2:
                self.session.execute("select jobs.retry(%s)", (known,))
            case 3:
                self.session.execute("select jobs.retry_many(max_jobs => 5)")
            case 4:
                self.session.execute("select jobs.cancel_many(queue => 'bulk', max_jobs => 7)")
            case 5:
                self.session.execute("select * from jobs.prune(100)")
            case _ if len(self.record.unknown) < AFFORDABLE:
                found = problems(self.session)
                if found:
                    self.record.failures.append(f"verify, while it runs: {found[:3]}")
        self.record.count("operations")
