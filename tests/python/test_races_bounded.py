"""A bounded queue never holds more than its bound, whatever happens at the same time.

Threads enqueue, claim and end jobs at random, in transactions of any isolation that are rolled
back, prepared and undone in part at random, while another one counts what is committed. A failure
names its seed; TXJOBS_SEED=<seed> plays the same plans again, though threads never meet in the same
way twice.
"""

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import LiteralString

import psycopg
import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    claim,
    problems,
    rollback,
    rows,
    until_waiting,
    value,
)
from faults.streams import ISOLATIONS
from waiting import until

SECONDS = 5.0
BOUNDS = {"errors": 7, "drops": 5}
LIVE = """select queue, ready + scheduled + running from jobs.stats('0') where queue = any(%s)"""
FULL = "JB030"
OLD_SNAPSHOT = "40001"


def live(session: Session) -> dict[str, int]:
    """How many jobs of each queue have not ended."""
    return dict(rows(session, LIVE, list(BOUNDS)))


class Scene:
    """What all threads know together."""

    def __init__(self, connect: Connect, seed: int, scale: int) -> None:
        self.connect = connect
        self.scale = scale
        self.seed = seed
        self.deadline = time.monotonic() + SECONDS
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()

    def act(self, step: Callable[[Session, random.Random], None], nth: int) -> None:
        """Step until the deadline, in a session of its own; a deadlock is an error."""
        session = self.connect(options="-c statement_timeout=20s")
        chance = random.Random(f"{self.seed} {step.__name__} {nth}")
        while time.monotonic() < self.deadline:
            what = step.__name__
            try:
                step(session, chance)
            except psycopg.Error as error:
                if error.sqlstate not in (FULL, OLD_SNAPSHOT):
                    raise AssertionError(f"seed {self.seed}: {what}: {error}") from error
                what += f" {error.sqlstate}"
            finally:
                rollback(session)
            with self.lock:
                self.counts[what] += 1
            time.sleep(chance.uniform(0, 0.01))

    def enqueue(self, session: Session, chance: random.Random) -> None:
        """A transaction that fills the queues, in one order, of which some parts are undone."""
        begin(session, chance.choice([ISOLATIONS[0], ISOLATIONS[0], *ISOLATIONS]))
        for queue in BOUNDS:
            if chance.random() < 0.3:
                continue
            undone = chance.random() < 0.2
            if undone:
                session.execute("savepoint s")
            for _ in range(chance.choice((1, 1, 2))):
                self.call(session, chance, queue)
            if undone:
                session.execute("rollback to s")
            time.sleep(chance.choice((0, 0, 0.002, 0.02)))
        fate = chance.random()
        if fate < 0.15:
            name = f"{session.info.backend_pid}"
            session.execute(f"prepare transaction '{name}'".encode())
            time.sleep(chance.uniform(0, 0.03))
            end = "commit" if fate < 0.1 else "rollback"
            session.execute(f"{end} prepared '{name}'".encode())
        else:
            session.execute("rollback" if fate < 0.25 else "commit")

    def call(self, session: Session, chance: random.Random, queue: str) -> None:
        """One of the ways to enqueue."""
        delay = chance.choice((None, None, "10 ms"))
        many = chance.choice((1, 1, 2, 9) if self.scale == 1 else (1, 1, 9, 60, 300))
        match chance.randrange(5):
            case 0:
                key = f"unique {chance.randrange(3)}"
                session.execute(
                    "select jobs.enqueue('work', queue => %s, unique_key => %s)", (queue, key)
                )
            case 1:
                keys = [f"unique {nth}" for nth in chance.sample(range(3), 2)]
                jobs = [{"kind": "work", "queue": queue, "unique_key": key} for key in keys]
                session.execute("select id from jobs.enqueue_many(%s)", (json.dumps(jobs),))
            case 2:
                session.execute(
                    "select jobs.enqueue('work', queue => %s, delay => %s)", (queue, delay)
                )
            case 3:
                session.execute(
                    "select id from jobs.enqueue_many('work', array_fill('{}'::jsonb, array[%s]), "
                    "queue => %s, delay => %s)",
                    (many, queue, delay),
                )
            case _:
                jobs = [
                    {"kind": chance.choice(("work", "other")), "queue": queue}
                    for _ in range(chance.choice((1, 2, 3)))
                ]
                session.execute("select id from jobs.enqueue_many(%s)", (json.dumps(jobs),))

    def work(self, session: Session, chance: random.Random) -> None:
        """Some jobs run, and end or go back."""
        time.sleep(0.02 if self.scale == 1 else 0.2)
        most = chance.choice((1, 2, 8)) * (1 + self.scale // 20)
        for token in claim(session, most, chance.sample(list(BOUNDS), 2)).values():
            match chance.randrange(6):
                case 0:
                    verb = "fail(%s, retry_in => '5 ms')"
                case 1:
                    verb = "snooze(%s, '5 ms')"
                case 2:
                    verb = "release(%s)"
                case _:
                    verb = "complete(%s)"
            session.execute(f"select jobs.{verb}".encode(), (token,))

    def cancel(self, session: Session, _chance: random.Random) -> None:
        """Some jobs wait no more."""
        session.execute(
            "select jobs.cancel_many('errors', max_jobs => %s)", (1 + self.scale // 50,)
        )
        time.sleep(0.1)

    def count(self, session: Session, _chance: random.Random) -> None:
        """What is committed is counted."""
        found = live(session)
        over = {
            queue: number for queue, number in found.items() if number > BOUNDS[queue] * self.scale
        }
        assert not over, f"seed {self.seed}: {over}"
        with self.lock:
            for queue, number in found.items():
                self.counts[f"{queue} full"] += number >= BOUNDS[queue] * self.scale * 0.9


def bound(session: Session, scale: int = 1) -> None:
    """Both queues have their bounds, one refuses and one drops what is too much."""
    for queue, number in BOUNDS.items():
        session.execute(
            "select jobs.configure_queue(%s, max_pending => %s, overflow => %s)",
            (queue, number * scale, "drop" if queue == "drops" else "error"),
        )


def forget(session: Session) -> None:
    """What a count has found holds no more, which takes longer the slower the machine is."""
    session.execute("select setval(jobs._full_note(id), 1) from jobs.queue")


def fill(session: Session, queue: str) -> int:
    """How many jobs go in, one at a time."""
    for nth in range(2000):
        try:
            if value(session, "select jobs.enqueue('work', queue => %s)", queue) is None:
                return nth
        except psycopg.Error as error:
            if error.sqlstate != FULL:
                raise
            return nth
    return 2000


@pytest.mark.parametrize("scale", [1, 200], ids=["one gate", "many gates"])
def test_a_bounded_queue_never_holds_more_than_its_bound(
    scale: int, conn: Session, connect: Connect
) -> None:
    seed = int(os.environ.get("TXJOBS_SEED", random.randrange(1 << 30)))
    bound(conn, scale)
    for kind in ("work", "other"):
        conn.execute("select jobs.configure_kind(%s, max_attempts => 1000)", (kind,))
    for queue, number in BOUNDS.items():
        value(conn, "select jobs.enqueue('work', queue => %s)", queue)  # fills the gates
        fill_many(conn, number * scale * 7 // 10 - 1, queue)
    scene = Scene(connect, seed, scale)
    plan = [scene.enqueue] * 6 + [scene.work, scene.cancel] + [scene.count] * 2
    at_once([partial(scene.act, step, place) for place, step in enumerate(plan)])
    for queue in BOUNDS:
        assert scene.counts[f"{queue} full"] > 3, f"seed {seed}: never full, {scene.counts}"

    def drained() -> bool:
        conn.execute("select jobs.tick()")
        for token in claim(conn, 1000, list(BOUNDS)).values():
            conn.execute("select jobs.complete(%s)", (token,))
        return not any(live(conn).values())

    until(drained, "the queues are empty")
    forget(conn)
    for queue, number in BOUNDS.items():
        assert fill(conn, queue) == number * scale, f"seed {seed}: {queue} leaks, {scene.counts}"
    assert problems(conn) == []


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_producer_waits_for_the_one_before_it_and_then_sees_its_jobs(
    conn: Session, connect: Connect, isolation: LiteralString
) -> None:
    bound(conn)
    first, second = connect(), connect()
    begin(second, isolation)
    second.execute("select count(*) from jobs.queue")  # its snapshot is of now
    begin(first)
    assert fill_many(first, 4) == 4
    outcome: list[str | None] = []

    def enqueue() -> None:
        try:
            fill_many(second, 4)
            outcome.append(None)
        except psycopg.Error as error:
            outcome.append(error.sqlstate)

    thread = threading.Thread(target=enqueue)
    thread.start()
    until_waiting(conn, second)
    first.execute("commit")
    thread.join(20)
    # 4 and 4 are more than 7, and an older snapshot cannot tell
    assert outcome == [FULL if isolation == "read committed" else OLD_SNAPSHOT]


def fill_many(session: Session, many: int, queue: str = "errors") -> int:
    """So many jobs in one call."""
    query = "select id from jobs.enqueue_many('work', array_fill('{}'::jsonb, array[%s]), %s)"
    return len(rows(session, query, many, queue))


def test_a_full_queue_refuses_without_waiting_for_a_producer(
    conn: Session, connect: Connect
) -> None:
    bound(conn)
    fill(conn, "errors")
    conn.execute(
        "select jobs._note_full(id, 0, jobs.now() + '9 s') from jobs.queue where name = 'errors'"
    )
    first, second = connect(), connect(options="-c lock_timeout=100ms")
    begin(first)
    first.execute("select from jobs.queue_gate for no key update")
    assert fill(second, "errors") == 0


def test_nobody_who_pauses_or_configures_a_queue_waits_for_its_producers(
    conn: Session, connect: Connect
) -> None:
    bound(conn)
    begin(conn)
    fill_many(conn, 1)
    other = connect(options="-c lock_timeout=100ms")
    other.execute("select jobs.pause(queue => 'errors')")
    other.execute("select jobs.resume(queue => 'errors')")
    other.execute("select jobs.configure_queue('errors', max_attempts => 3)")
    conn.execute("commit")


def test_a_full_queue_is_not_counted_at_each_refusal(conn: Session) -> None:
    bound(conn)
    fill(conn, "errors")
    scans = "select pg_stat_get_xact_numscans('jobs.lease'::regclass)"
    refusals, before, began = 50, value(conn, scans), time.monotonic()
    conn.execute("begin")
    for _ in range(refusals):
        conn.execute("savepoint s")
        with pytest.raises(psycopg.Error):
            conn.execute("select jobs.enqueue('work', queue => 'errors')")
        conn.execute("rollback to s")
    counts = value(conn, scans) - before
    at_most = 1 + (time.monotonic() - began) / 0.1
    conn.execute("rollback")
    assert counts <= at_most < refusals


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_room_that_a_producer_under_way_may_still_take_is_left_to_it(
    end: LiteralString, conn: Session, connect: Connect
) -> None:
    bound(conn, 200)
    fill_many(conn, 1)  # a 64th of the room lies behind each of the other gates
    first = connect()
    begin(first)
    fill_many(first, 1)
    fill_many(conn, 1300)
    left = fill(conn, "errors")
    share = 1399 // 64
    assert 1301 + left + share == 1400
    fill_many(first, share - 1)
    first.execute(end)
    assert live(conn)["errors"] == (1400 if end == "commit" else 1400 - share)
    forget(conn)
    assert fill(conn, "errors") == (0 if end == "commit" else share)


def test_a_lowered_bound_holds_at_every_gate(conn: Session) -> None:
    bound(conn, 200)
    fill_many(conn, 1)
    fill_many(conn, 799)
    conn.execute("select jobs.configure_queue('errors', max_pending => 700)")
    assert fill(conn, "errors") == 0
    conn.execute("select jobs.configure_queue('errors', max_pending => 900)")
    assert fill(conn, "errors") == 100
