"""The jobs that this process holds, from claim to acknowledged outcome."""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._slots import Slot
    from .context import Context

__all__ = ["Buffer", "Claimed"]


class Claimed:
    """One claimed job: the columns of CLAIM_COLUMNS, and how far it has got."""

    __slots__ = (
        "alive_until",
        "args",
        "attempt",
        "cancel_requested",
        "claimed_at",
        "context",
        "created_at",
        "done",
        "headers",
        "id",
        "kind",
        "lease",
        "lost",
        "max_attempts",
        "priority",
        "queue",
        "slot",
        "timeout",
        "token",
        "unknown",
    )

    def __init__(self, columns: tuple[Any, ...], at: float) -> None:
        self.token: int
        self.id: int
        self.kind: str
        self.args: str
        self.attempt: int
        self.max_attempts: int
        self.timeout: float | None
        self.queue: str
        self.priority: int
        self.headers: str | None
        self.created_at: dt.datetime
        self.lease: float  # seconds: the job's own, or the worker's
        (
            self.token,
            self.id,
            self.kind,
            self.args,
            self.attempt,
            self.max_attempts,
            self.timeout,
            self.queue,
            self.priority,
            self.headers,
            self.created_at,
            self.lease,
        ) = columns
        self.claimed_at = at
        self.alive_until = at + self.lease
        self.slot: Slot | None = None
        self.context: Context | None = None
        self.cancel_requested = False
        self.lost = False
        self.unknown = False  # a commit of its outcome was cut off
        self.done = False  # its outcome is decided, perhaps not yet acknowledged

    def signal(self) -> None:
        """Sets the flag that the handler may look at; from any thread."""
        context = self.context
        if context is not None:
            context.cancelled.set()


class Buffer:
    """Claimed jobs that no slot has started, first in, first out.

    Only one waiting slot is woken at a time: it wakes the next when its own handler suspends. So
    handlers that never suspend are run by one slot, without a switch in between.
    """

    def __init__(self) -> None:
        self.jobs: deque[Claimed] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self.jobs)

    def put(self, jobs: Iterable[Claimed]) -> None:
        """Adds jobs, and wakes a slot."""
        self.jobs.extend(jobs)
        self.wake()

    def wake(self) -> None:
        """Wakes one slot if there is work for it."""
        while self.jobs and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def wait(self) -> None:
        """Returns when there may be a job."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.wake()  # the call was for a slot that is going away
            raise

    def take_older_than(self, at: float) -> list[Claimed]:
        """Removes and returns the jobs claimed before that time."""
        taken = []
        while self.jobs and self.jobs[0].claimed_at < at:
            taken.append(self.jobs.popleft())
        return taken

    def take_all(self) -> list[Claimed]:
        """Removes and returns everything."""
        taken = list(self.jobs)
        self.jobs.clear()
        return taken

    def remove(self, job: Claimed) -> bool:
        """Removes a job; False if it is not waiting here."""
        try:
            self.jobs.remove(job)
        except ValueError:
            return False
        return True
