"""Slots: long-lived coroutines, each of which runs one job after another."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextvars import copy_context
from functools import partial
from time import monotonic
from typing import Any

from . import _verdict
from ._batches import Batches, handler_of
from ._claimed import Buffer, Claimed, Unit
from ._drive import drive
from ._execution import TimedOut, call_sync, current_task
from ._observed import Observed
from ._outbox import Outbox
from ._reports import Committed, RolledBack, commit_async, judge
from ._running import current
from ._state import WorkerStats
from ._threads import SlotThread
from ._transaction import AsyncTransactions, SyncTransactions
from ._verdict import Verdict
from .context import BatchContext, Context
from .errors import UnknownOutcome
from .task import Task

__all__ = ["Slot", "Slots"]

_log = logging.getLogger("txjobs.worker")

_RELEASED = Verdict(name="released")
_TURN = 0.002  # seconds that handlers may keep the loop between two looks at the sockets


class Slots:
    """What all slots of a worker share."""

    def __init__(
        self,
        tasks: Mapping[str, Task[Any, Any]],
        deps: Any,
        new_sync: Callable[[], SyncTransactions],
        new_async: Callable[[], AsyncTransactions],
        stats: WorkerStats,
        outbox: Outbox,
        concurrency: int,
    ) -> None:
        self.tasks = tasks
        self.deps = deps
        self.new_sync = new_sync
        self.new_async = new_async
        self.stats = stats
        self.outbox = outbox
        self.observed = Observed()
        self.buffer = Buffer()
        self.batches = Batches(tasks, self.buffer, self.forget)
        self.held: dict[int, Claimed] = {}
        self.on_loop: Unit | None = None
        self.busy = 0
        self.average: float | None = None  # seconds that a job keeps a slot
        self.turn_ends = 0.0
        self.slots = [Slot(self, number) for number in range(concurrency)]

    def measured(self, seconds: float) -> None:
        """Notes how long one job took."""
        average = self.average
        self.average = seconds if average is None else average + (seconds - average) * 0.05

    @property
    def unstarted(self) -> int:
        """How many jobs are held and wait for company or for a slot."""
        units = list(self.buffer.units)  # at once: this may be asked from any thread
        return len(self.batches) + sum(len(unit.members) for unit in units)

    def take(self, jobs: list[Claimed]) -> None:
        """Jobs that were claimed start as soon as may be."""
        self.stats.claimed += len(jobs)
        self.held.update((job.token, job) for job in jobs)
        self.buffer.put(self.batches.collect(jobs))

    def give_back_unstarted(self) -> None:
        """All jobs that were not started are ready again, uncharged."""
        self.give_back(self.batches.take_all() + self.buffer.take_all())

    def remove(self, job: Claimed) -> bool:
        """A job will not start; False if it has."""
        return self.batches.remove(job) or self.buffer.remove(job)

    def interrupt(self, job: Claimed) -> None:
        """Stops the job's handler, unless it works for others too.

        An async one is cancelled; a sync one has only its flag to look at.
        """
        slot = job.slot
        if slot is None or slot.unit is None:
            return
        unit = slot.unit
        if unit.lost or unit.cancel_requested:
            unit.signal()
            slot.interrupt(hard=False)

    def give_back(self, jobs: Iterable[Claimed]) -> None:
        """Jobs that were not started are ready again, uncharged."""
        for job in jobs:
            self.outbox.settle(job, _RELEASED)

    def forget(self, job: Claimed) -> None:
        """The job is no longer this worker's."""
        job.done = True
        self.held.pop(job.token, None)

    def stale(self, job: Claimed, verdict: str) -> None:
        """An outcome was refused."""
        self.forget(job)
        self.stats.stale += 1
        self.observed.settled(job, "stale")
        _log.warning(
            "job %s (%s), attempt %s: its claim was over before it was %s: "
            "possible double execution; a longer lease, or shorter stalls, prevent it",
            job.id,
            job.kind,
            job.attempt,
            verdict,
        )

    def accepted(self, job: Claimed, verdict: str, status: str) -> None:
        """The database took the outcome, and said what the job is now."""
        self.held.pop(job.token, None)
        stats = self.stats
        if status == "already_done":
            status = verdict
        if status in ("completed", "skipped", "discarded", "dead", "cancelled"):
            outcome = status
        elif verdict in ("snoozed", "released"):
            outcome = verdict
        else:
            outcome = "retried"
        setattr(stats, outcome, getattr(stats, outcome) + 1)
        self.observed.settled(job, outcome)


class Slot:
    """One place to run handlers in."""

    def __init__(self, shared: Slots, number: int) -> None:
        self._shared = shared
        self._number = number
        self._task: asyncio.Task[None] | None = None
        self._thread: SlotThread | None = None
        self.unit: Unit | None = None
        self._in_thread = False
        self._interrupted = False

    def interrupt(self, *, hard: bool) -> None:
        """Cancels the handler; `hard` also abandons one that runs in a thread."""
        if self._task is None or self.unit is None or self._interrupted:
            return
        if self._in_thread and not hard:
            return
        self._interrupted = True
        self._task.cancel()

    async def run(self) -> None:
        """Runs what is in the buffer until cancelled."""
        task = self._task = current_task()
        shared = self._shared
        buffer = shared.buffer
        units = buffer.units
        try:
            while True:
                while not units:
                    await buffer.wait()
                await self._run(units.popleft())
                if task.cancelling():  # and the handler has swallowed it
                    return
                if monotonic() >= shared.turn_ends:
                    await asyncio.sleep(0)
                    shared.turn_ends = monotonic() + _TURN
        finally:
            if self._thread is not None:
                self._thread.retire()

    async def _run(self, unit: Unit) -> None:
        shared = self._shared
        started = monotonic()
        self.unit = unit
        shared.busy += 1
        shared.stats.started += 1
        task = shared.tasks[unit.kind]
        ends = shared.observed.began(unit) if shared.observed else []
        failure: BaseException | None = None
        try:
            handler = self._handler(unit, task)
            if not unit.members:
                return
            for job in unit.members:
                job.slot = self
            if task.is_async:
                await self._run_async(unit, task, handler)
            else:
                await self._run_sync(unit, task, handler)
        except asyncio.CancelledError as error:
            failure = error
            self._cut(unit, error)
        except BaseException as error:
            failure = error
            if isinstance(error, GeneratorExit) and self._is_closed():
                raise
            self._failed(unit, error)
        finally:
            if self._interrupted:  # and the handler went on to its end all the same
                self._interrupted = False
                current_task().uncancel()
            for job in unit.members:
                job.slot = None
            self.unit = unit.context = None
            shared.busy -= 1
            shared.observed.ended(ends, failure)
            shared.measured(monotonic() - started)

    def _handler(self, unit: Unit, task: Task[Any, Any]) -> Callable[..., Any]:
        """The call of the task's function for the unit, which takes the context if there is one."""
        return handler_of(unit, task, self._refused)

    async def _run_async(
        self, unit: Unit, task: Task[Any, Any], handler: Callable[..., Coroutine[Any, Any, Any]]
    ) -> None:
        transactions: AsyncTransactions | None = None
        if task.signature.takes_context:
            transactions = self._shared.new_async()
            coroutine = handler(self._context(unit, transactions))
        else:
            coroutine = handler()
        seconds = unit.timeout
        try:
            if seconds is None:
                value = await self._await(unit, coroutine)
            else:
                value = await self._await_at_most(unit, coroutine, seconds)
            if transactions is not None and transactions.open:
                self._accept(await commit_async(unit, value, transactions))
                return
        except BaseException as error:
            if transactions is not None:
                await transactions.rollback(error)
            raise
        self._returned(unit, value)

    async def _await(self, unit: Unit, coroutine: Coroutine[Any, Any, Any]) -> Any:
        shared = self._shared
        context = copy_context()
        context.run(current.set, unit.parent)
        shared.on_loop = unit
        try:
            yielded = context.run(coroutine.send, None)
        except StopIteration as stop:
            return stop.value
        finally:
            shared.on_loop = None
        shared.buffer.wake()
        return await drive(coroutine, context, shared, unit, yielded)

    async def _await_at_most(
        self, unit: Unit, coroutine: Coroutine[Any, Any, Any], seconds: float
    ) -> Any:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await self._await(unit, coroutine)
        except Exception as error:  # what it raises once its time is up does not matter
            if limit.expired():
                raise TimedOut(seconds) from error
            raise

    async def _run_sync(
        self, unit: Unit, task: Task[Any, Any], handler: Callable[..., Any]
    ) -> None:
        shared = self._shared
        transactions: SyncTransactions | None = None
        if task.signature.takes_context:
            transactions = shared.new_sync()
            handler = partial(handler, self._context(unit, transactions))
        context = copy_context()
        context.run(current.set, unit.parent)
        value = await self._call(unit, partial(context.run, call_sync, unit, handler, transactions))
        if isinstance(value, Committed):
            self._accept(value)
        else:
            self._returned(unit, value)

    async def _call(self, unit: Unit, function: Callable[[], Any]) -> Any:
        """What the function returns, in the slot's thread and within the unit's time limit."""
        if self._thread is None:
            self._thread = SlotThread(f"txjobs-slot-{self._number}")
        self._in_thread = True
        seconds = unit.timeout
        limit = asyncio.timeout(seconds)
        future = self._thread.submit(function)
        self._shared.buffer.wake()
        try:
            async with limit:
                return await future
        except (TimeoutError, asyncio.CancelledError) as error:
            if not future.done() or future.cancelled():  # the handler itself still runs
                self._abandon_thread(unit)
            if isinstance(error, TimeoutError) and limit.expired():
                raise TimedOut(seconds or 0) from error
            raise
        finally:
            self._in_thread = False

    def _abandon_thread(self, unit: Unit) -> None:
        for job in unit.members:
            job.done = True
        unit.signal()
        if self._thread is not None:
            self._thread.retire()
            self._thread = None

    def _context(self, unit: Unit, transactions: Any) -> Context | BatchContext:
        deps = self._shared.deps
        context: Context | BatchContext
        if isinstance(unit, Claimed):
            context = unit.context = Context(unit, deps, transactions)
        else:
            context = unit.context = BatchContext(unit.kind, deps, transactions)
        if unit.cancel_requested or unit.lost:
            context.cancelled.set()
        return context

    def _returned(self, unit: Unit, value: Any) -> None:
        outbox = self._shared.outbox
        if value is None:
            for job in unit.members:
                outbox.complete(job, None)
            return
        for job, verdict in judge(unit, value):
            outbox.settle(job, verdict)

    def _accept(self, committed: Committed) -> None:
        for job, verdict, status in committed.accepted:
            job.done = True
            self._shared.accepted(job, verdict, status)
        for job, unwritten in committed.unwritten:
            self._shared.outbox.settle(job, unwritten)
        self._shared.outbox.filled.set()  # a slot is free

    def _refused(self, job: Claimed, error: Exception) -> None:
        _log.info("%s: %r", job, error)
        self._shared.outbox.settle(job, _verdict.of_error(error))

    def _failed(self, unit: Unit, error: BaseException) -> None:
        shared = self._shared
        if isinstance(error, RolledBack):
            self._rolled_back(unit, error)
            return
        verdict = _verdict.of_error(error)
        if isinstance(error, TimedOut):
            shared.stats.timed_out += 1
            verdict = Verdict(name="failed", error=verdict.error, reason="timeout")
        _log.info("%s: %r", unit, error)
        for job in unit.members:
            job.unknown = isinstance(error, UnknownOutcome)
            shared.outbox.settle(job, verdict)

    def _rolled_back(self, unit: Unit, refusals: RolledBack) -> None:
        shared = self._shared
        for job in unit.members:
            verdict = refusals.failed.get(job.token)
            if job.token in refusals.stale:
                shared.stale(job, f"{refusals.stale[job.token]} in its handler's transaction")
            elif verdict is not None:
                _log.info("%s: its outcome is not one that can be stored: %s", job, verdict.error)
                shared.outbox.settle(job, verdict)
            else:
                shared.outbox.settle(job, _RELEASED)
        shared.outbox.filled.set()

    def _is_closed(self) -> bool:
        try:
            return asyncio.current_task() is not self._task
        except RuntimeError:  # there is no loop any more
            return True

    def _cut(self, unit: Unit, error: asyncio.CancelledError) -> None:
        task = current_task()
        if self._interrupted:
            self._interrupted = False
            task.uncancel()
            for job in unit.members:
                if job.lost:
                    self._shared.forget(job)
                else:
                    self._shared.outbox.settle(job, _RELEASED)
            self._shared.outbox.filled.set()
        elif task.cancelling():
            self._shared.give_back(unit.members)
            raise error
        else:  # the handler's own doing, as from awaiting something that was cancelled
            self._failed(unit, error)
