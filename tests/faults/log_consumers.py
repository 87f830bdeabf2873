"""The consumers of the log's stress: each notes what it saw in the transaction that acknowledges.

Several actors may be one consumer, as several processes would.
"""

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from faults.actors import Accident, Actor, Record
from faults.log_actors import note
from faults.log_process import NOTE
from faults.sessions import Session, rows, value

SEEN_UP_TO = "select coalesce(max(pos), 0) from seen where consumer = %s"

SIZES = (1, 10, 1000, 1000)

Event = tuple[int, str, str, str | None]  # pos, stream, type, n


@dataclass
class Interest:
    """A consumer: what it asks for, and the same as SQL over `written` and jobs.job_event."""

    name: str
    start: str  # beginning, now, or somewhere
    matches: str = "true"
    matches_jobs: str = "false"
    types: list[str] | None = None
    category: str | None = None
    job_events: bool | None = None
    after: float = 0.0  # seconds from the start of the stress to its own
    started_at: int | None = None  # its first position, exclusive
    made: threading.Lock = field(default_factory=threading.Lock)

    def position(self, conn: Session) -> str:
        """Where to begin."""
        if self.start != "somewhere":
            return self.start
        return str(value(conn, "select coalesce(min(pos), 0) from written where random() < 0.01"))


class Nothing(Exception):
    """There is nothing to do, and no reason for an accident."""


class Consumer(Actor):
    """Polls, notes and acknowledges in one transaction, and fails now and then."""

    pause = 0.02
    isolation = "read committed"

    def __init__(self, record: Record, seed: int, interest: Interest) -> None:
        super().__init__(record, seed)
        self.interest = interest
        self.name = interest.name
        self.starts = time.monotonic() + interest.after

    def _note(self, error: psycopg.Error) -> None:
        note(self, error, {"JB001": "stale batches", "40001": "serialization failures"})

    def run(self) -> None:
        """Begin when it is time."""
        time.sleep(max(0.0, self.starts - time.monotonic()))
        super().run()

    def step(self) -> None:
        """One batch."""
        with self.interest.made:
            if self.interest.started_at is None:
                self.interest.started_at = self.create()
        self.consume()

    def finish(self, conn: Session) -> None:
        """See what is left, after all others have ended."""
        self.session.close()
        self.session = conn
        while not self.is_done():
            with conn.transaction():
                got = self.poll()
                if got:
                    self.note(got)
                    self.finish_batch(got)

    def is_done(self) -> bool:
        """Whether nothing is left to see."""
        return not value(self.session, "select behind from jobs.list_consumers(%s)", self.name)

    def finish_batch(self, got: list[Event]) -> None:
        """The cursor moves."""
        self.session.execute("select jobs.ack(%s, %s)", (self.name, got[-1][0]))

    def create(self) -> int:
        """The consumer exists; returns where it stands."""
        wanted = self.interest
        with self.session.transaction():
            self.session.execute(
                "select jobs.create_consumer(%s, %s, %s, %s, %s)",
                (
                    self.name,
                    wanted.position(self.session),
                    wanted.types,
                    wanted.category,
                    wanted.job_events,
                ),
            )
            return int(value(self.session, "select pos from jobs.list_consumers(%s)", self.name))

    def consume(self) -> None:
        """One transaction, and nack when it has failed."""
        got: list[Event] = []
        try:
            with self.transaction(isolation=self.isolation):
                got = self.poll_or_leave()
                if got:
                    done = self.some_of(got)
                    self.note(done)
                    time.sleep(self.chance.choice((0, 0, 0, 0.01, 0.1)))
                    self.finish_batch(done)
        except Nothing:
            return
        except Accident:
            if got and not self.session.closed and self.chance.random() < 0.5:
                self.session.execute(
                    "select jobs.nack(%s, '\"broken\"', retry_in => '50 ms')", (self.name,)
                )
                self.record.count("nacks")
            raise
        if got:
            self.record.count("batches")

    def poll(self) -> list[Event]:
        """The next batch."""
        return [
            (pos, stream, kind, n)
            for pos, stream, kind, n in rows(
                self.session,
                "select pos, stream, type, data ->> 'n' from jobs.poll(%s, %s)",
                self.name,
                self.chance.choice(SIZES),
            )
        ]

    def poll_or_leave(self) -> list[Event]:
        """The next batch; most of the empty ones end the transaction."""
        got = self.poll()
        if not got and self.chance.random() < 0.9:
            raise Nothing
        return got

    def some_of(self, got: list[Event]) -> list[Event]:
        """All of the batch, or its first half: whole positions."""
        if self.chance.random() < 0.8:
            return got
        last = got[len(got) // 2][0]
        return [event for event in got if event[0] <= last]

    def note(self, done: list[Event]) -> None:
        """Write down what was seen."""
        if not done:
            return
        self.session.execute(NOTE, (self.name, *map(list, zip(*done, strict=True))))


class RepeatableReader(Consumer):
    """The same in REPEATABLE READ transactions."""

    isolation = "repeatable read"


class LeasedConsumer(Consumer):
    """Polls in one transaction and acknowledges in another, sometimes after its lease has ended."""

    def consume(self) -> None:
        """One batch, done at once or in two halves."""
        polled = rows(
            self.session,
            """select token, pos, stream, type, data ->> 'n'
            from jobs.poll(%s, %s, lease => '1 s')""",
            self.name,
            self.chance.choice(SIZES),
        )
        if not polled:
            return
        token, got = polled[0][0], [(pos, stream, kind, n) for _, pos, stream, kind, n in polled]
        time.sleep(self.chance.choice((0, 0, 0, 0.05, 1.2, 1.2)))
        try:
            while got:
                done = self.some_of(got)
                with self.transaction():
                    self.note(done)
                    time.sleep(self.chance.choice((0, 0, 0.05, 0.3)))
                    self.session.execute(
                        "select jobs.ack(%s, %s, %s)", (self.name, done[-1][0], token)
                    )
                got = got[len(done) :]
                self.record.count("batches")
        except Accident:
            if not self.session.closed and self.chance.random() < 0.7:
                self.session.execute(
                    "select jobs.nack(%s, retry_in => '50 ms', token => %s)", (self.name, token)
                )
                self.record.count("nacks")
            raise


class Reader(Consumer):
    """Keeps its own cursor, in what it has noted, and reads with read_all or read_category."""

    def create(self) -> int:
        """It begins at the beginning."""
        return 0

    def consume(self) -> None:
        """One page."""
        with suppress(Nothing), self.transaction(isolation=self.isolation):
            got = self.poll_or_leave()
            self.note(got)
            self.record.count("batches")

    def is_done(self) -> bool:
        """Whether the next page is empty."""
        return not self.poll()

    def finish_batch(self, got: list[Event]) -> None:
        """What it has noted is its cursor."""

    def poll(self) -> list[Event]:
        """The next page."""
        after = value(self.session, SEEN_UP_TO, self.name)
        most = self.chance.choice(SIZES)
        if self.interest.category is not None:
            query = "select pos, stream, type, data ->> 'n' from jobs.read_category(%s, %s, %s)"
            parameters: tuple[object, ...] = (self.interest.category, after, most)
        else:
            query = "select pos, stream, type, data ->> 'n' from jobs.read_all(%s, %s, null, %s)"
            parameters = (after, most, self.interest.job_events)
        return [(a, b, c, d) for a, b, c, d in self.session.execute(query.encode(), parameters)]


class RepeatablePages(Reader):
    """The same in REPEATABLE READ transactions."""

    isolation = "repeatable read"


class KilledProcess:
    """A consumer in a process that is killed by SIGKILL over and over."""

    def __init__(self, record: Record, seed: int, interest: Interest, *, killing: float) -> None:
        self.consumer = Consumer(record, seed, interest)
        self.killing = killing
        self.record = record
        self.interest = interest

    def run(self) -> None:
        """Start it, kill it, start it again; let the last one go on until the record's deadline."""
        with self.consumer.session, self.consumer.watcher:
            self.interest.started_at = self.consumer.create()
        while time.monotonic() < self.record.deadline:
            with self._process() as process:
                self._let_run(process)
                process.send_signal(signal.SIGKILL)
            self.record.count("processes killed")

    def _process(self) -> "subprocess.Popen[bytes]":
        script = Path(__file__).with_name("log_process.py")
        return subprocess.Popen([sys.executable, script, self.record.dsn, self.interest.name])

    def _let_run(self, process: "subprocess.Popen[bytes]") -> None:
        kill_at = time.monotonic() + self.consumer.chance.uniform(0.5, 2)
        while time.monotonic() < self.record.deadline:
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(0.05)
                self.record.failures.append(f"the process of a consumer ended by itself: {code}")
                return
            if kill_at < min(time.monotonic(), self.killing):
                return
