"""The writers and operators of the log's stress, and what they write down beside their events.

A writer notes each event in `written` in the transaction that appends it, so that the table and the
log can only differ by a fault of the log.
"""

import random
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
from psycopg.types.json import Jsonb

from faults.actors import Actor, Record
from faults.sessions import Session, rows, value

CATEGORIES = ["order", "invoice", "pick-up"]
TYPES = ["order.placed", "order.paid", "orders_done", "invoice.sent", "refund.made", "note"]
NOTES = """
create table written (
  pos bigint primary key, stream text not null, version bigint, type text not null, n text unique);
create table enqueued (id bigint primary key);
create table subscribed (name text primary key, start bigint not null);
create table seen (
  nth bigint generated always as identity primary key,
  consumer text not null, pos bigint not null, stream text not null, type text not null, n text);
"""


@dataclass(frozen=True)
class Append:
    """One call: so many events of a stream, and what the caller expects of it."""

    stream: str
    types: tuple[str, ...]
    expects: str  # any, none, exact
    ids: tuple[uuid.UUID | None, ...]
    numbers: tuple[str, ...]

    @property
    def is_safe_to_repeat(self) -> bool:
        """Whether event ids tell that it was done before."""
        return None not in self.ids


@dataclass
class Undone:
    """Positions that were rolled back, for certain."""

    positions: set[int] = field(default_factory=set)


def note(actor: Actor, error: psycopg.Error, harmless: dict[str, str]) -> None:
    """Count what may happen to this actor; all else is a failure, unless it was killed."""
    if error.sqlstate in harmless:
        actor.record.count(harmless[error.sqlstate])
    elif not (actor.session.closed or actor.session.broken):
        actor.record.failures.append(f"{type(actor).__name__}: {error.sqlstate} {error}")


class Writer(Actor):
    """Appends to some of few streams, so that writers meet; enqueues beside; rolls back at times.

    Streams are taken by name within a transaction, as an application must that does not want to
    run into deadlocks. An append whose commit had no answer is repeated with its event ids.
    """

    pause = 0.01

    def __init__(
        self, record: Record, seed: int, undone: Undone, *, isolation: str, longest: float
    ) -> None:
        super().__init__(record, seed)
        self.name = f"w{seed}"
        self.undone = undone
        self.isolation = isolation
        if isolation == "repeatable read":
            self.pause = 0.1
        self.longest = longest
        self.unsure: list[Append] = []
        self.done: list[Append] = []
        self.count = 0

    def _note(self, error: psycopg.Error) -> None:
        note(self, error, {"JB010": "version conflicts", "40001": "serialization failures"})

    def step(self) -> None:
        """One transaction, again with new versions if another writer was first."""
        plan = self._plan()
        for _ in range(4):
            try:
                return self._write(plan)
            except psycopg.Error as error:
                if error.sqlstate not in ("JB010", "40001"):
                    raise
                self._note(error)
        return None

    def _plan(self) -> list[Append]:
        chance = self.chance
        plan = [self._append() for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        plan += self.unsure
        if self.done and chance.random() < 0.2:
            plan.append(chance.choice(self.done))
        return sorted(plan, key=lambda append: append.stream)

    def _append(self) -> Append:
        chance = self.chance
        size = chance.choice((1, 1, 1, 1, 2, 5, 40))
        stream = f"{chance.choice(CATEGORIES)}-{chance.randrange(6)}"
        expects = chance.choice(("any", "any", "exact", "none"))
        if expects == "none":
            self.count += 1
            stream = f"{stream}-{self.name}-{self.count}"
        with_ids = chance.random() < 0.5
        self.count += 1
        return Append(
            stream,
            tuple(chance.choices(TYPES, k=size)),
            expects,
            tuple(
                uuid.UUID(int=chance.getrandbits(128)) if with_ids else None for _ in range(size)
            ),
            tuple(f"{self.name}-{self.count}-{nth}" for nth in range(size)),
        )

    def _write(self, plan: list[Append]) -> None:
        positions: list[int] = []
        is_rolled_back = True
        try:
            with self.transaction(isolation=self.isolation):
                for append in plan:
                    if self.chance.random() < 0.1:
                        self._take_back(append)
                    positions += self._do(append)
                if self.chance.random() < 0.3:
                    self._enqueue()
                self._linger()
            is_rolled_back = False
            self.unsure = []
            self.done = [*self.done, *(a for a in plan if a.is_safe_to_repeat)][-50:]
        finally:
            if is_rolled_back and (self.session.closed or self.session.broken):
                self.unsure = [append for append in plan if append.is_safe_to_repeat]
            elif is_rolled_back:
                self.undone.positions.update(positions)
            self.record.count("transactions that append")

    def _linger(self) -> None:
        if self.chance.random() < 0.15:
            time.sleep(self.chance.uniform(0, self.longest))

    def _do(self, append: Append) -> list[int]:
        """Append and note it; returns the positions that are new."""
        expected = {"any": None, "none": 0}.get(append.expects)
        if append.expects == "exact":
            expected = value(
                self.session, "select coalesce(max(version), 0) from jobs.latest(%s)", append.stream
            )
        if append in self.unsure or append in self.done:
            expected = None
        if len(append.types) == 1 and self.chance.random() < 0.7:
            places = self._append_event(append, expected)
        else:
            places = self._append_events(append, expected)
        return self._note_events(append, places)

    def _append_event(self, append: Append, expected: int | None) -> list[tuple[int, int | None]]:
        pos = value(
            self.session,
            """select jobs.append_event(%s, %s, %s, expected_version => %s::bigint,
            event_id => %s::uuid)""",
            append.stream,
            append.types[0],
            Jsonb({"n": append.numbers[0]}),
            expected,
            append.ids[0],
        )
        return [(pos, None)]

    def _append_events(self, append: Append, expected: int | None) -> list[tuple[int, int | None]]:
        events = [
            {"type": kind, "data": {"n": n}} | ({"event_id": str(event_id)} if event_id else {})
            for kind, n, event_id in zip(append.types, append.numbers, append.ids, strict=True)
        ]
        return [
            (pos, version)
            for pos, version in rows(
                self.session,
                "select pos, version from jobs.append_events(%s, %s, %s::bigint) order by ord",
                append.stream,
                Jsonb(events),
                expected,
            )
        ]

    def _note_events(self, append: Append, places: list[tuple[int, int | None]]) -> list[int]:
        """An event that was there before must be at the place that was noted then."""
        new = []
        for (pos, version), kind, n in zip(places, append.types, append.numbers, strict=True):
            noted = value(
                self.session,
                """insert into written (pos, stream, version, type, n) values (%s, %s, %s, %s, %s)
                on conflict (n) do update set version = coalesce(written.version, excluded.version)
                returning case when xmax = 0 then 0 else pos end""",
                pos,
                append.stream,
                version,
                kind,
                n,
            )
            if noted == 0:
                new.append(pos)
            elif noted != pos:
                self.record.failures.append(f"{n} was at {noted}, and when repeated at {pos}")
        return new

    def _take_back(self, append: Append) -> None:
        """Append to that stream, and roll back to before."""
        self.session.execute("savepoint s")
        self.undone.positions.add(
            value(self.session, "select jobs.append_event(%s, 'note')", append.stream)
        )
        self.session.execute("rollback to s")

    def _enqueue(self) -> None:
        self.session.execute(
            """insert into enqueued select id from jobs.enqueue_many(
              'work', array_fill('{}'::jsonb, array[%s::int]))""",
            (self.chance.choice((1, 3, 60)),),
        )


class IdleWriter(Writer):
    """Appends, and then sits idle in its transaction for seconds."""

    pause = 0.5

    def _linger(self) -> None:
        time.sleep(self.chance.uniform(0.5, self.longest))


@dataclass(frozen=True)
class Subscription:
    """What a subscription asks for, and the same as SQL over `written`."""

    name: str
    types: list[str] | None
    category: str | None
    start: str  # beginning, now, or somewhere
    matches: str


class Subscriber(Actor):
    """Makes subscriptions while events come, pauses and resumes them; removes one in the end."""

    pause = 0.15
    leaving = "leaver"

    def __init__(self, record: Record, seed: int, some: list[Subscription], seconds: float) -> None:
        super().__init__(record, seed)
        began = time.monotonic()
        self.waiting = [(began + self.chance.uniform(0, 0.7) * seconds, each) for each in some]
        self.made: list[str] = []

    def step(self) -> None:
        """Make what is due, else pause or resume one."""
        for due, each in self.waiting:
            if due < time.monotonic():
                self._subscribe(each)
                self.waiting.remove((due, each))
                return
        if not self.made:
            return
        name = self.chance.choice(self.made)
        if name == self.leaving and self.chance.random() < 0.3:
            self.session.execute("select jobs.unsubscribe(%s)", (name,))
            self.made.remove(name)
            return
        verb = self.chance.choice(("pause", "resume", "resume"))
        with self.transaction():
            self.session.execute(f"select jobs.{verb}(subscription => %s)".encode(), (name,))
            time.sleep(self.chance.choice((0, 0, 0.2)))
        self.record.count(verb)

    def _subscribe(self, each: Subscription) -> None:
        subscribe(self.session, each, self.chance)
        self.made.append(each.name)

    def resume_all(self, conn: Session) -> None:
        """Nothing stays paused."""
        for name in self.made:
            conn.execute("select jobs.resume(subscription => %s)", (name,))


def subscribe(conn: Session, each: Subscription, chance: random.Random) -> None:
    """Make it, and note from where on."""
    start = each.start
    if start == "somewhere":
        start = str(value(conn, "select coalesce(min(pos), 0) from written where random() < 0.01"))
    with conn.transaction():
        conn.execute(
            "select jobs.subscribe(%s, %s, %s, from_position => %s, routing_key => %s)",
            (each.name, each.types, each.category, start, chance.choice((None, "eu"))),
        )
        if start == "now":  # what that was is known to nobody else
            start = value(
                conn, "select backfill_pos from jobs.subscription where name = %s", each.name
            )
        conn.execute(
            "insert into subscribed values (%s, %s)",
            (each.name, 0 if start == "beginning" else start),
        )


class Killer(Actor):
    """Kills the sessions of others at random moments."""

    pause = 0.15

    def __init__(self, record: Record, seed: int, victims: list[Actor]) -> None:
        super().__init__(record, seed)
        self.victims = victims

    def step(self) -> None:
        """Kill one, unless it is just dying."""
        with suppress(psycopg.OperationalError):
            self.chance.choice(self.victims).kill()
            self.record.count("sessions killed")
