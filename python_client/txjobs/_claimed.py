"""The jobs that this process holds, from claim to acknowledged outcome."""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._slots import Slot
    from .context import BatchContext, Context

__all__ = ["Buffer", "Claimed", "Group", "Unit"]


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

    @property
    def members(self) -> "tuple[Claimed]":
        """The jobs of this execution: itself."""
        return (self,)

    @property
    def parent(self) -> "Claimed":
        """What follow-up jobs inherit from."""
        return self

    def signal(self) -> None:
        """Sets the flag that the handler may look at; from any thread."""
        context = self.context
        if context is not None:
            context.cancelled.set()

    def __str__(self) -> str:
        return f"job {self.id} ({self.kind})"


class Group:
    """Claimed jobs of one kind that one call of their handler takes together."""

    __slots__ = ("claimed_at", "context", "kind", "members")

    parent = None  # a follow-up job of many has no single one to inherit from

    def __init__(self, kind: str, members: list[Claimed], at: float) -> None:
        self.kind = kind
        self.members = members
        self.claimed_at = at  # when it was complete: its members have waited for each other
        self.context: BatchContext | None = None

    @property
    def timeout(self) -> float | None:
        """The shortest of its members': the one call must not outlast any of them."""
        return min((one.timeout for one in self.members if one.timeout is not None), default=None)

    @property
    def lost(self) -> bool:
        """Nobody is left to work for: each member is lost."""
        return all(one.lost for one in self.members)

    @property
    def cancel_requested(self) -> bool:
        """Nobody is left to work for: each member is lost, or is to be cancelled."""
        return all(one.lost or one.cancel_requested for one in self.members)

    @property
    def done(self) -> bool:
        """The outcome of each member is decided."""
        return all(one.done for one in self.members)

    def signal(self) -> None:
        """Sets the flag that the handler may look at; from any thread."""
        context = self.context
        if context is not None:
            context.cancelled.set()

    def __str__(self) -> str:
        others = len(self.members) - 1
        more = f" and {others} other{'s' * (others > 1)} in one batch" if others else ""
        return f"job {self.members[0].id} ({self.kind}){more}"


Unit = Claimed | Group
"""What a slot runs at once."""


class Buffer:
    """What is claimed and could start, but has no slot yet: first in, first out.

    Only one waiting slot is woken at a time: it wakes the next when its own handler suspends. So
    handlers that never suspend are run by one slot, without a switch in between.
    """

    def __init__(self) -> None:
        self.units: deque[Unit] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self.units)

    def put(self, units: Iterable[Unit]) -> None:
        """Adds units, and wakes a slot."""
        self.units.extend(units)
        self.wake()

    def wake(self) -> None:
        """Wakes one slot if there is work for it."""
        while self.units and self._waiting:
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
        """Removes and returns the jobs that have been waiting for a slot since before that time."""
        taken: list[Claimed] = []
        while self.units and self.units[0].claimed_at < at:
            taken.extend(self.units.popleft().members)
        return taken

    def take_all(self) -> list[Claimed]:
        """Removes and returns all jobs."""
        taken = [job for unit in self.units for job in unit.members]
        self.units.clear()
        return taken

    def remove(self, job: Claimed) -> bool:
        """Removes a job, also from a group; False if it is not waiting here."""
        for unit in self.units:
            if job in unit.members:
                if isinstance(unit, Group) and len(unit.members) > 1:
                    unit.members.remove(job)
                else:
                    self.units.remove(unit)
                return True
        return False
