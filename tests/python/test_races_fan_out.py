"""Every event becomes exactly one job of each subscription, whatever happens at the same time.

Threads append, subscribe, pause, resume, change, fill, tick and work at random, and roll back at
random. A failure names its seed; TXJOBS_SEED=<seed> plays the same plans again, though threads
never meet in the same way twice.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import psycopg
import pytest

from faults.sessions import Connect, Session, at_once, begin, claim, complete_many, rollback, rows
from faults.streams import ISOLATIONS, append, delivered, settle

SECONDS = 5.0
# what a caller has to do again: old snapshots, and two writers of the same two streams
AGAIN = {"40001", "40P01"}

# by name: types and category
SUBSCRIPTIONS: dict[str, tuple[list[str] | None, str | None]] = {
    "everything": (None, None),
    "some types": (["a.*"], None),
    "a category": (None, "x"),
    "both": (["b.2", "c*"], "y"),
}


def is_for(name: str, of: str, stream: str) -> bool:
    """Whether the subscription gets an event of this type and stream."""
    types, category = SUBSCRIPTIONS[name]
    return category in (None, stream.split("-")[0]) and (
        types is None or any(fnmatchcase(of, pattern) for pattern in types)
    )


class Scene:
    """What all threads know together."""

    def __init__(self, connect: Connect, seed: int) -> None:
        self.connect = connect
        self.seed = seed
        self.deadline = time.monotonic() + SECONDS
        self.starts: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()

    def act(self, step: Callable[[Session, random.Random], None], nth: int) -> None:
        """Step until the deadline, in a session of its own."""
        session = self.connect(options="-c statement_timeout=20s")
        chance = random.Random(f"{self.seed} {step.__name__} {nth}")
        while time.monotonic() < self.deadline:
            try:
                step(session, chance)
            except psycopg.Error as error:
                if error.sqlstate not in AGAIN:
                    raise AssertionError(f"seed {self.seed}: {step.__name__}: {error}") from error
                self.count(f"{step.__name__} {error.sqlstate}")
            finally:
                rollback(session)
            self.count(step.__name__)
            time.sleep(chance.uniform(0, 0.01))

    def count(self, what: str) -> None:
        """One more of that."""
        with self.lock:
            self.counts[what] += 1

    def append(self, session: Session, chance: random.Random) -> None:
        """A transaction with some appends, of which some are undone, and perhaps all."""
        begin(session, chance.choice([ISOLATIONS[0], ISOLATIONS[0], *ISOLATIONS]))
        if chance.random() < 0.3:
            session.execute("select count(*) from jobs.fan_out")  # the snapshot is of now
            time.sleep(chance.choice((0.01, 0.1, 0.3)))
        for _ in range(chance.choice((1, 1, 2, 4))):
            undone = chance.random() < 0.2
            if undone:
                session.execute("savepoint s")
            own = session.info.backend_pid
            append(
                session,
                chance.choice((1, 1, 3)),
                of=chance.choice(("a.1", "a.2", "b.1", "b.2")),
                stream=chance.choice(("x", "y")) + f"-{chance.choice((own, own, own, 1))}",
            )
            if undone:
                session.execute("rollback to s")
            time.sleep(chance.choice((0, 0, 0.002, 0.04)))
        fate = chance.random()
        if fate < 0.15:
            name = f"{session.info.backend_pid}"
            session.execute(f"prepare transaction '{name}'".encode())
            time.sleep(chance.uniform(0, 0.05))
            end = "commit" if fate < 0.12 else "rollback"
            session.execute(f"{end} prepared '{name}'".encode())
        else:
            session.execute("rollback" if fate < 0.3 else "commit")

    @contextmanager
    def change(self, session: Session, chance: random.Random) -> Iterator[list[bool]]:
        """A transaction, which says at its end whether it was committed."""
        done: list[bool] = []
        begin(session, chance.choice([ISOLATIONS[0], *ISOLATIONS]))
        yield done
        time.sleep(chance.choice((0, 0.005, 0.05)))
        done.append(chance.random() < 0.75)
        session.execute("commit" if done[0] else "rollback")

    def operate(self, session: Session, chance: random.Random) -> None:
        """A change of one subscription: it is made, or paused, resumed or moved elsewhere."""
        name = chance.choice(list(SUBSCRIPTIONS))
        with self.lock:
            is_new = name not in self.starts
        if is_new:
            self.subscribe(session, chance, name)
            return
        with self.change(session, chance):
            match chance.randrange(3):
                case 0:
                    session.execute("select jobs.pause(subscription => %s)", (name,))
                case 1:
                    session.execute("select jobs.resume(subscription => %s)", (name,))
                case _:
                    self.call(session, name, "now", chance.choice((None, "eu", "us")))

    def subscribe(self, session: Session, chance: random.Random, name: str) -> None:
        """A new subscription, from anywhere in the log."""
        with self.change(session, chance) as done:
            (last,) = rows(session, "select last_value from jobs.pos_seq")[0]
            start = chance.choice(("now", "beginning", str(chance.randrange(last + 1))))
            if self.call(session, name, start) != "created":
                return
            if start == "now":
                query = "select backfill_pos from jobs.subscription where name = %s"
                ((start,),) = rows(session, query, name)
        if done[0]:
            with self.lock:
                self.starts[name] = 0 if start == "beginning" else int(start)

    def call(self, session: Session, name: str, start: str, routing_key: str | None = None) -> str:
        """Subscribe, as this name always does."""
        types, category = SUBSCRIPTIONS[name]
        query = """select jobs.subscribe(
          %s, %s, %s, routing_key => %s, from_position => %s::text)"""
        return str(rows(session, query, name, types, category, routing_key, start)[0][0])

    def fill(self, session: Session, chance: random.Random) -> None:
        """A step of filling, perhaps undone."""
        with self.change(session, chance):
            query = "select * from jobs.backfill(max_events => %s)"
            session.execute(query, (chance.choice((1, 2, 5, 20, 500)),))

    def tick(self, session: Session, _chance: random.Random) -> None:
        """A tick."""
        session.execute("select jobs.tick()")

    def work(self, session: Session, chance: random.Random) -> None:
        """Some jobs are done."""
        complete_many(session, claim(session, chance.choice((1, 60, 100))).values())


@pytest.mark.parametrize("nth", range(2))
def test_every_event_is_one_job_of_each_subscription(
    nth: int, conn: Session, connect: Connect
) -> None:
    seed = int(os.environ.get("TXJOBS_SEED", random.randrange(1 << 30)))
    scene = Scene(connect, seed)
    plan = [scene.append] * 5 + [scene.operate] * 2 + [scene.fill] * 2 + [scene.tick, scene.work]
    at_once([partial(scene.act, step, place) for place, step in enumerate(plan)])
    assert scene.starts.keys() == SUBSCRIPTIONS.keys(), f"seed {seed}: too slow, {scene.counts}"
    for name in SUBSCRIPTIONS:
        conn.execute("select jobs.resume(subscription => %s)", (name,))
    settle(conn)
    events = rows(conn, "select pos, type, stream from jobs.stream_event order by pos")
    for name in SUBSCRIPTIONS:
        found: Any = Counter(delivered(conn, name))
        wanted = Counter(
            pos
            for pos, of, stream in events
            if pos > scene.starts[name] and is_for(name, of, stream)
        )
        assert (wanted - found, found - wanted) == (Counter(), Counter()), (
            f"seed {seed}: of {name}, from {scene.starts[name]}: {dict(wanted - found)} are "
            f"missing, {dict(found - wanted)} are there too often; {scene.counts}"
        )
