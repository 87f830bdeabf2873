"""What the log does, in some pages of Python: a list of events, and who has got how far in it.

Positions are the database's own; nothing else is taken from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

FAR = 10_000  # positions
LONG_AGO = 60.0  # seconds


class Refused(Exception):
    """A verb raises this SQLSTATE, with this DETAIL where that matters."""

    def __init__(self, sqlstate: str, detail: str | None = None) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate
        self.detail = detail


@dataclass(frozen=True)
class New:
    """An event that is to be appended."""

    type: str
    data: dict[str, int]
    event_id: UUID | None = None
    schema_version: int = 1
    headers: dict[str, str] | None = None


@dataclass(frozen=True)
class Event:
    """An event of a stream."""

    pos: int
    stream: str
    version: int
    at: float
    new: New

    @property
    def row(self) -> tuple[Any, ...]:
        """As the reading functions return it."""
        new = self.new
        return (
            self.pos,
            self.at,
            self.stream,
            self.version,
            new.type,
            new.schema_version,
            new.event_id,
            new.headers,
            new.data,
        )


@dataclass(frozen=True)
class Filter:
    """What a reader reads."""

    types: tuple[str, ...] | None = None
    category: str | None = None

    def fits(self, event: Event) -> bool:
        """Whether the event is among it."""
        if self.category not in (None, event.stream.split("-")[0]):
            return False
        return self.types is None or any(
            event.new.type.startswith(t[:-1]) if t.endswith("*") else event.new.type == t
            for t in self.types
        )


@dataclass
class Subscription:
    """What is served by appends if live, and by backfill if not."""

    filter: Filter
    live: bool
    paused: bool = False
    unserved: list[Event] = field(default_factory=list)

    @property
    def behind(self) -> list[Event]:
        """Events that will become jobs."""
        return [event for event in self.unserved if self.filter.fits(event)]

    @property
    def state(self) -> str:
        """As list_subscriptions has it."""
        return "paused" if self.paused else "live" if self.live else "catching_up"


@dataclass
class Consumer:
    """A cursor, and the batch that is out."""

    filter: Filter
    pos: int
    at: float  # when it was moved
    acked: int | None = None
    polled: int | None = None
    scanned: int = 0
    token: int | None = None
    until: float | None = None
    failures: int = 0
    retry_at: float | None = None

    def is_leased(self, now: float) -> bool:
        """Whether somebody has a batch."""
        return self.until is not None and self.until > now

    def is_waiting(self, now: float) -> bool:
        """Whether it has failed and its time has not come."""
        return self.retry_at is not None and self.retry_at > now


@dataclass(frozen=True)
class Snapshot:
    """A stream's state as of a version."""

    version: int
    schema_version: int
    data: int


class LogModel:
    """All of it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events: list[Event] = []
        self.jobs: dict[str, list[int]] = {}  # positions, by the subscription's name
        self.subscriptions: dict[str, Subscription] = {}
        self.consumers: dict[str, Consumer] = {}
        self.snapshots: dict[str, Snapshot] = {}

    def stream(self, name: str) -> list[Event]:
        """Its events by version."""
        return [event for event in self.events if event.stream == name]

    def read(self, what: Filter, after: int = 0) -> list[Event]:
        """The events after a position that fit."""
        return [event for event in self.events if event.pos > after and what.fits(event)]

    # streams

    def before(self, stream: str, new: Sequence[New], expected: int | None) -> list[Event] | None:
        """The events of an append that was done before; None if it is to be done."""
        ids = [each.event_id for each in new]
        known = [e for e in self.events if e.new.event_id is not None and e.new.event_id in ids]
        if known:
            if any(event.stream != stream for event in known) or len(known) < len(new):
                raise Refused("JB020")
            return sorted(known, key=lambda event: ids.index(event.new.event_id))
        actual = len(self.stream(stream))
        if expected not in (None, actual):
            raise Refused("JB010", f"expected {expected}, actual {actual}")
        return None

    def append(self, stream: str, new: Sequence[New], positions: Sequence[int]) -> None:
        """They are there; live subscriptions have made their jobs."""
        version = len(self.stream(stream))
        for nth, (each, pos) in enumerate(zip(new, positions, strict=True), 1):
            event = Event(pos, stream, version + nth, self.now, each)
            self.events.append(event)
            for name, subscription in self.subscriptions.items():
                if not subscription.live:
                    subscription.unserved.append(event)
                elif subscription.filter.fits(event):
                    self.jobs[name].append(pos)

    def latest(
        self, stream: str | None, event_type: str | None, contains: dict[str, int]
    ) -> list[Event]:
        """The newest that fits, or none."""
        return [
            event
            for event in self.events
            if stream in (None, event.stream)
            and event_type in (None, event.new.type)
            and contains.items() <= event.new.data.items()
        ][-1:]

    def streams(self, category: str | None, after: str, most: int) -> list[Event]:
        """The last event of each stream, by name."""
        names = sorted({event.stream for event in self.read(Filter(category=category))})
        return [self.stream(name)[-1] for name in names if name > after][:most]

    # snapshots

    def save(self, stream: str, new: Snapshot, expected: int | None) -> bool:
        """Whether it is kept."""
        if not 1 <= new.version <= len(self.stream(stream)):
            raise Refused("JB005")
        old = self.snapshots.get(stream, Snapshot(0, 0, 0))
        if expected not in (None, old.version):
            raise Refused("JB010", f"expected {expected}, actual {old.version}")
        if new.schema_version < old.schema_version or (
            new.schema_version == old.schema_version and new.version <= old.version
        ):
            return False
        self.snapshots[stream] = new
        return True

    # subscriptions

    def subscribe(self, name: str, what: Filter, after: int | None) -> str:
        """`after` is None for `now`."""
        old = self.subscriptions.get(name)
        if old is not None:
            changed = old.filter != what
            old.filter = what
            return "changed" if changed else "unchanged"
        new = Subscription(what, live=after is None)
        self.subscriptions[name] = new
        self.jobs.setdefault(name, [])
        if after is not None:
            new.unserved = [event for event in self.events if event.pos > after]
            self.backfill(name, 1000)
        return "created"

    def backfill(self, name: str, most: int) -> int:
        """One step; returns how many jobs it makes."""
        subscription = self.subscriptions[name]
        if subscription.paused:
            return 0
        some = subscription.behind[:most]
        self.jobs[name] += [event.pos for event in some]
        if len(some) == most:
            last = some[-1].pos
            subscription.unserved = [e for e in subscription.unserved if e.pos > last]
        else:
            subscription.unserved = []
            subscription.live = True
        return len(some)

    def pause(self, name: str) -> None:
        """Appends do not serve it."""
        self.subscriptions[name].paused = True
        self.subscriptions[name].live = False

    def resume(self, name: str) -> None:
        """Appends serve it, after what came meanwhile."""
        self.subscriptions[name].paused = False
        if not self.subscriptions[name].live:
            self.backfill(name, 1000)

    # consumers

    def candidates(self, consumer: Consumer, most: int) -> list[Event]:
        """What a poll returns."""
        if consumer.is_leased(self.now) or consumer.is_waiting(self.now):
            return []
        return self.read(consumer.filter, consumer.pos)[:most]

    def look(self, consumer: Consumer, last: int) -> None:
        """A poll that has found nothing notes how far it has looked, if that is far or long ago."""
        if consumer.is_leased(self.now) or consumer.is_waiting(self.now) or last <= consumer.pos:
            return
        if last - consumer.pos >= FAR or consumer.at <= self.now - LONG_AGO:
            consumer.pos, consumer.at = last, self.now

    def poll(
        self, consumer: Consumer, got: list[Event], most: int, last: int, token: int, lease: float
    ) -> None:
        """That batch is out; `last` was the last position of the log before."""
        consumer.polled = got[-1].pos
        consumer.scanned = last if len(got) < most else consumer.polled
        consumer.token = token
        consumer.until = self.now + lease

    def ack(self, consumer: Consumer, pos: int, token: int | None, *, here: bool) -> int:
        """`here`: in the transaction that has polled."""
        if (token is None and not here) or (token is not None and token != consumer.token):
            raise Refused("JB001")
        if pos == consumer.acked:
            return pos
        if consumer.polled is None or not consumer.pos < pos <= consumer.polled:
            raise Refused("JB005")
        consumer.acked, consumer.at = pos, self.now
        consumer.pos = consumer.scanned if pos == consumer.polled else pos
        if here or pos == consumer.polled:
            consumer.until = None
        consumer.failures, consumer.retry_at = 0, None
        return pos

    def nack(self, consumer: Consumer, token: int | None, retry_in: float) -> float:
        """It waits for so many seconds."""
        if (token is None and consumer.is_leased(self.now)) or token not in (None, consumer.token):
            raise Refused("JB001")
        consumer.until = consumer.token = None
        consumer.failures += 1
        consumer.retry_at = self.now + retry_in
        return retry_in
