"""Jobs in memory: which wait, which run, and what became of them. No I/O, no event loop."""

import datetime as dt
import heapq
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from ._claimed import Claimed
from ._clock import Clock
from ._memory_job import Entry, Placed
from ._memory_outcomes import Outcomes
from ._verdict import Verdict
from .errors import NotFound, QueueFull, RunnerClosed
from .info import EventInfo, JobInfo
from .task import NewJob

__all__ = ["Memory", "Reserved"]

Reserved = tuple[int, Placed]
"""A job that has an id, and room, but does not exist yet."""


class Memory(Outcomes):
    """From any thread. What is said here of outcomes is what sql/README.md says of them.

    Arguments:
        kinds: which there are handlers for; jobs of others wait
        clock: what time it is
        max_pending: how many jobs there may be that have not ended, those included that open
            transactions are about to enqueue; None is any number
        keep: how many of the jobs that have ended are remembered; None is all of them
    """

    def __init__(
        self,
        kinds: Collection[str],
        clock: Clock,
        max_pending: int | None = None,
        keep: int | None = None,
    ) -> None:
        super().__init__(clock)
        self.lock = threading.RLock()
        self.room = threading.Condition(self.lock)
        self.paused = False  # nothing is due, and nothing is taken
        self.on_change: Callable[[], None] = lambda: None
        self._waiters: list[Callable[[], object]] = []
        self.kinds = kinds
        self._max_pending = max_pending
        self._keep = keep
        self._entries: dict[int, Entry] = {}
        self._ended: OrderedDict[int, None] = OrderedDict()
        self._reserved = 0
        self._closed = False

    # In

    def enqueue(self, jobs: Sequence[NewJob[Any]]) -> list[int]:
        """All of them wait, or none."""
        with self.lock:
            reserved = self.reserve(jobs)
            self.place(reserved)
        return [job for job, _ in reserved]

    def reserve(self, jobs: Sequence[NewJob[Any]]) -> list[Reserved]:
        """There is room for these, and they have their ids; they exist once they are placed."""
        with self.lock:
            now = self.clock.now()
            placed = [Placed.of(job, now) for job in jobs]
            self._check_room(len(placed))
            self._reserved += len(placed)
            return [(self._next(), one) for one in placed]

    def place(self, reserved: Sequence[Reserved]) -> None:
        """All of them wait."""
        with self.lock:
            self._check_open()
            self._reserved -= len(reserved)
            for job, placed in reserved:
                self._add(job, placed)
        self.on_change()

    def unreserve(self, count: int) -> None:
        """Their transaction was rolled back."""
        with self.lock:
            self._reserved -= count
            self._tell_of_room()

    def has_room(self, count: int) -> bool:
        """Whether so many more would be no more than max_pending."""
        return self._max_pending is None or self._pending + count <= self._max_pending

    @property
    def _pending(self) -> int:
        return self._waiting + self._running + self._reserved

    @property
    def closed(self) -> bool:
        """Whether nothing is taken any more."""
        return self._closed

    @contextmanager
    def told_of_room(self, tell: Callable[[], object]) -> Iterator[None]:
        """Within the block, `tell` is called whenever there are fewer jobs."""
        with self.lock:
            self._waiters.append(tell)
        try:
            yield
        finally:
            with self.lock:
                self._waiters.remove(tell)

    def _tell_of_room(self) -> None:
        self.room.notify_all()
        for tell in self._waiters:
            tell()

    def can_ever_hold(self, count: int) -> bool:
        """Whether waiting for room may help."""
        return self._max_pending is None or count <= self._max_pending

    def _check_room(self, count: int) -> None:
        self._check_open()
        if not self.has_room(count):
            raise QueueFull(
                f"{count} more jobs are too many",
                detail=f"{self._pending} jobs have not ended, max_pending is {self._max_pending}",
                hint="Try again later, raise max_pending, or say when_full='wait'.",
            )

    def _check_open(self) -> None:
        if self._closed:
            raise RunnerClosed("this runner is closed and takes no more jobs: open another")

    def _add(self, job: int, placed: Placed) -> None:
        entry = Entry(job, placed, self.clock.now())
        self._entries[entry.id] = entry
        self._note(entry, "enqueued", entry.state)
        self._put(entry, placed.run_at)

    # Out

    def promote(self) -> None:
        """What is due is ready."""
        with self.lock:
            now = self.clock.now()
            while self._scheduled and self._scheduled[0][0] <= now:
                entry = heapq.heappop(self._scheduled)[2]
                self._waiting -= 1
                entry.reason = entry.error = None
                self._note(entry, "promoted", "ready")
                self._put(entry, None)

    def next_due(self) -> dt.datetime | None:
        """When the next job with a handler is due."""
        with self.lock:
            if self.paused or not self._scheduled:
                return None
            if self._scheduled[0][2].placed.kind in self.kinds:
                return self._scheduled[0][0]
            due = (at for at, _, entry in self._scheduled if entry.placed.kind in self.kinds)
            return min(due, default=None)

    def scheduled(self) -> list[Entry]:
        """The jobs that wait for their time."""
        with self.lock:
            return [entry for _, _, entry in self._scheduled]

    def take(self, limit: int, kind: str | None = None) -> list[Claimed]:
        """Up to so many jobs run from now on: the highest priority first, then the oldest."""
        taken: list[Claimed] = []
        with self.lock:
            kinds = self.kinds if kind is None else (kind,)
            while len(taken) < limit and not self.paused:
                queues = [self._ready[one] for one in kinds if self._ready.get(one)]
                if not queues:
                    break
                entry = heapq.heappop(min(queues, key=lambda queue: queue[0][0]))[1]
                taken.append(self._start(entry))
        return taken

    def _start(self, entry: Entry) -> Claimed:
        self._waiting -= 1
        self._running += 1
        entry.attempt += 1
        entry.state = "running"
        entry.claimed = entry.as_claimed(self._next(), monotonic())
        self._note(entry, "claimed", "running")
        return entry.claimed

    @property
    def busy(self) -> int:
        """How many jobs run, or could."""
        with self.lock:
            ready = 0 if self.paused else sum(len(self._ready.get(one, ())) for one in self.kinds)
            return self._running + ready

    # Outcomes

    def settle(self, job: Claimed, verdict: Verdict) -> str:
        """The job's state after that outcome; raises what the database would raise."""
        with self.lock:
            entry = self._entries[job.id]
            if entry.claimed is not job:
                return "stale"
            status = self._apply(entry, verdict)
            watchers = []
            if entry.ended:
                watchers, entry.watchers = entry.watchers, []
                self._remember(entry)
        for watcher in watchers:
            watcher()
        return status

    def _remember(self, entry: Entry) -> None:
        self._ended[entry.id] = None
        self._tell_of_room()
        while self._keep is not None and len(self._ended) > self._keep:
            del self._entries[self._ended.popitem(last=False)[0]]

    # Asking

    def get(self, job: int) -> JobInfo | None:
        """The job, whole; None if it is not known, or not any more."""
        with self.lock:
            entry = self._entries.get(job)
            return None if entry is None else entry.as_info()

    def history(self, job: int) -> list[EventInfo]:
        """The last hundred transitions of a job."""
        with self.lock:
            entry = self._entries.get(job)
            return [] if entry is None else list(entry.events)

    def jobs(self) -> list[JobInfo]:
        """All that are known, in the order in which they were enqueued."""
        with self.lock:
            return [entry.as_info() for entry in self._entries.values()]

    @contextmanager
    def watched(self, job: int, watcher: Callable[[], None]) -> Iterator[Callable[[], JobInfo]]:
        """Within the block, `watcher` is called when the job ends, or at once if it has.

        What the block gets tells how the job is by then, even if it is forgotten meanwhile.
        """
        with self.lock:
            entry = self._entries.get(job)
            if entry is None:
                raise NotFound(
                    f"there is no job {job}",
                    hint="It was never enqueued here, or ended so long ago that it is forgotten: "
                    "keep= says how many are remembered.",
                )
            ended = entry.ended
            if not ended:
                entry.watchers.append(watcher)
        if ended:
            watcher()
        try:
            yield entry.as_info
        finally:
            with self.lock:
                if watcher in entry.watchers:
                    entry.watchers.remove(watcher)

    def cancel(self, job: int, reason: str | None) -> tuple[str, Claimed | None]:
        """The state that the job is in then, or `cancel_requested` and what is to be told so."""
        watchers: list[Callable[[], None]] = []
        with self.lock:
            entry = self._entries.get(job)
            if entry is None:
                raise NotFound(f"there is no job {job}", hint="It may be forgotten by now.")
            if entry.ended:
                return entry.state, None
            if entry.state == "running":
                entry.cancel_requested = True
                data = None if reason is None else {"reason": reason}
                self._note(entry, "cancel_requested", "running", data)
                return "cancel_requested", entry.claimed
            self._withdraw(entry)
            self._end(entry, "cancelled", reason=reason)
            self._remember(entry)
            watchers, entry.watchers = entry.watchers, []
        for watcher in watchers:
            watcher()
        return "cancelled", None

    def _withdraw(self, entry: Entry) -> None:
        self._waiting -= 1
        if entry.state == "ready":
            queue = self._ready[entry.placed.kind]
            queue.remove((entry.key, entry))
            heapq.heapify(queue)
        elif entry.run_at is not None:
            self._scheduled.remove((entry.run_at, entry.order, entry))
            heapq.heapify(self._scheduled)

    def close(self) -> list[JobInfo]:
        """Nothing more is taken; the jobs that have not ended."""
        with self.lock:
            self._closed = True
            self._tell_of_room()
            return [one.as_info() for one in self._entries.values() if not one.ended]
