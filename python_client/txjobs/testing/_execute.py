"""Running a claimed job as a worker does, on the session of a test."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from .._claimed import Claimed, Unit
from .._drivers import AsyncConn, Conn
from .._outbox import Outbox
from .._pool import BorrowedAsync, BorrowedSync
from .._reports import RolledBack
from .._slots import Slot, Slots
from .._state import WorkerStats
from .._threads import SlotThread
from .._transaction import AsyncTransactions, SyncTransactions
from ..task import Task

__all__ = ["DrainSlot", "DrainSlots"]

_ENDED = ("completed", "skipped", "discarded", "dead", "cancelled")


class DrainSlots(Slots):
    """Notes what became of each claim, by its token."""

    def __init__(
        self, tasks: Mapping[str, Task[Any, Any]], deps: Any, sync: Conn, async_: AsyncConn
    ) -> None:
        super().__init__(
            tasks,
            deps,
            partial(SyncTransactions, BorrowedSync(sync)),  # savepoints, if it is in a transaction
            partial(AsyncTransactions, BorrowedAsync(async_)),
            WorkerStats(),
            Outbox(),
            0,
        )
        self.outcomes: dict[int, str] = {}

    def accepted(self, job: Claimed, verdict: str, status: str) -> None:
        super().accepted(job, verdict, status)
        if status == "already_done":
            status = verdict
        if status not in _ENDED:
            status = verdict if verdict in ("snoozed", "released") else "failed"
        self.outcomes[job.token] = status

    def stale(self, job: Claimed, verdict: str) -> None:
        super().stale(job, verdict)
        self.outcomes[job.token] = "stale"


class DrainSlot(Slot):
    """Runs one unit at a time, a sync handler in the thread of whoever asks, and keeps errors.

    `in_thread`: a sync handler runs in a thread of its own, as it must where an event loop runs.
    """

    def __init__(self, shared: DrainSlots, *, in_thread: bool) -> None:
        super().__init__(shared, 0)
        self._apart = in_thread
        self.errors: dict[int, BaseException] = {}

    async def execute(self, unit: Unit) -> None:
        """The unit's outcomes are in the outbox, or were accepted in its handler's transaction."""
        if self._apart or self._shared.tasks[unit.kind].is_async:
            self._task = asyncio.current_task()
        await self._run(unit)

    async def _call(self, unit: Unit, function: Callable[[], Any]) -> Any:
        if not self._apart:
            return function()
        # Without the time limit: a handler that was left behind would go on using the session.
        thread = SlotThread(f"txjobs-drain-{unit.kind}")
        try:
            return await thread.submit(function)
        finally:
            thread.retire()

    def _handler(self, unit: Unit, task: Task[Any, Any]) -> Callable[..., Any]:
        handler = super()._handler(unit, task)
        if isinstance(unit, Claimed):
            return handler

        def noted(*context: Any) -> Any:
            return self._note_items(unit.members, handler(*context))

        async def noted_async(*context: Any) -> Any:
            return self._note_items(unit.members, await handler(*context))

        return noted_async if task.is_async else noted

    def _note_items(self, members: list[Claimed], outcomes: list[Any] | None) -> list[Any] | None:
        for job, outcome in zip(members, outcomes or (), strict=False):
            if isinstance(outcome, BaseException):
                self._note([job], outcome)
        return outcomes

    def _note(self, members: Iterable[Claimed], error: BaseException) -> None:
        self.errors.update((job.token, error) for job in members)

    def _failed(self, unit: Unit, error: BaseException) -> None:
        if not isinstance(error, RolledBack):
            self._note(unit.members, error)
        super()._failed(unit, error)

    def _refused(self, job: Claimed, error: Exception) -> None:
        self._note([job], error)
        super()._refused(job, error)

    def _rolled_back(self, unit: Unit, refusals: RolledBack) -> None:
        if refusals.__cause__ is not None:
            refused = [job for job in unit.members if job.token in refusals.failed]
            self._note(refused, refusals.__cause__)
        super()._rolled_back(unit, refusals)

    def _cut(self, unit: Unit, error: asyncio.CancelledError) -> None:
        if self._task is None:  # a sync handler's own doing: there is no task that is cancelled
            self._failed(unit, error)
        else:
            super()._cut(unit, error)
