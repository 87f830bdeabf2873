"""Slots: long-lived coroutines, each of which runs one job after another."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextvars import copy_context
from time import monotonic
from typing import Any

from . import _verdict
from ._claimed import Buffer, Claimed
from ._drive import drive
from ._execution import ClaimOver, Committed, TimedOut, call_sync
from ._outbox import Outbox
from ._pool import AsyncPool, SyncPool
from ._running import current
from ._state import WorkerStats
from ._threads import SlotThread
from ._transaction import AsyncTransactions, SyncTransactions
from ._verdict import Verdict
from .context import Context
from .errors import StaleClaim, UnknownOutcome
from .task import AsyncTask, Task

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
        sync_pool: SyncPool,
        async_pool: AsyncPool,
        stats: WorkerStats,
        outbox: Outbox,
        concurrency: int,
    ) -> None:
        self.tasks = tasks
        self.deps = deps
        self.sync_pool = sync_pool
        self.async_pool = async_pool
        self.stats = stats
        self.outbox = outbox
        self.buffer = Buffer()
        self.held: dict[int, Claimed] = {}
        self.on_loop: Claimed | None = None
        self.busy = 0
        self.average: float | None = None  # seconds that a job keeps a slot
        self.turn_ends = 0.0
        self.slots = [Slot(self, number) for number in range(concurrency)]

    def measured(self, seconds: float) -> None:
        """Notes how long one job took."""
        average = self.average
        self.average = seconds if average is None else average + (seconds - average) * 0.05

    def interrupt(self, job: Claimed) -> None:
        """Cancels the job's handler if it is async; a sync one has only its flag to look at."""
        job.signal()
        if job.slot is not None:
            job.slot.interrupt(hard=False)

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
            setattr(stats, status, getattr(stats, status) + 1)
        elif verdict in ("snoozed", "released"):
            setattr(stats, verdict, getattr(stats, verdict) + 1)
        else:
            stats.retried += 1


class Slot:
    """One place to run a job in."""

    def __init__(self, shared: Slots, number: int) -> None:
        self._shared = shared
        self._number = number
        self._task: asyncio.Task[None] | None = None
        self._thread: SlotThread | None = None
        self.job: Claimed | None = None
        self._in_thread = False
        self._interrupted = False

    def interrupt(self, *, hard: bool) -> None:
        """Cancels the handler; `hard` also abandons one that runs in a thread."""
        if self._task is None or self.job is None or self._interrupted:
            return
        if self._in_thread and not hard:
            return
        self._interrupted = True
        self._task.cancel()

    async def run(self) -> None:
        """Runs jobs until cancelled."""
        self._task = asyncio.current_task()
        shared = self._shared
        buffer = shared.buffer
        jobs = buffer.jobs
        try:
            while True:
                while not jobs:
                    await buffer.wait()
                await self._run(jobs.popleft())
                if monotonic() >= shared.turn_ends:
                    await asyncio.sleep(0)
                    shared.turn_ends = monotonic() + _TURN
        finally:
            if self._thread is not None:
                self._thread.retire()

    async def _run(self, job: Claimed) -> None:
        shared = self._shared
        started = monotonic()
        self.job = job
        job.slot = self
        shared.busy += 1
        shared.stats.started += 1
        task = shared.tasks[job.kind]
        try:
            kwargs = task.signature.decode(job.args)
            if isinstance(task, AsyncTask):
                await self._run_async(job, task, kwargs)
            else:
                await self._run_sync(job, task, kwargs)
        except asyncio.CancelledError as error:
            self._cut(job, error)
        except BaseException as error:
            if isinstance(error, GeneratorExit) and self._is_closed():
                raise
            self._failed(job, error)
        finally:
            if self._interrupted:  # and the handler went on to its end all the same
                self._interrupted = False
                _current_task().uncancel()
            self.job = job.slot = job.context = None
            shared.busy -= 1
            shared.measured(monotonic() - started)

    async def _run_async(self, job: Claimed, task: Task[Any, Any], kwargs: dict[str, Any]) -> None:
        shared = self._shared
        transactions: AsyncTransactions | None = None
        if task.signature.takes_context:
            transactions = AsyncTransactions(shared.async_pool)
            coroutine = task.fn(self._context(job, transactions), **kwargs)
        else:
            coroutine = task.fn(**kwargs)
        try:
            if job.timeout is None:
                value = await self._await(job, coroutine)
            else:
                value = await self._await_at_most(job, coroutine, job.timeout)
            if transactions is not None and transactions.open:
                self._accept(job, await _commit(job, transactions, value))
                return
        except BaseException as error:
            if transactions is not None:
                await transactions.rollback(error)
            raise
        self._returned(job, value)

    async def _await(self, job: Claimed, coroutine: Coroutine[Any, Any, Any]) -> Any:
        shared = self._shared
        context = copy_context()
        context.run(current.set, job)
        shared.on_loop = job
        try:
            yielded = context.run(coroutine.send, None)
        except StopIteration as stop:
            return stop.value
        finally:
            shared.on_loop = None
        shared.buffer.wake()
        return await drive(coroutine, context, shared, job, yielded)

    async def _await_at_most(
        self, job: Claimed, coroutine: Coroutine[Any, Any, Any], seconds: float
    ) -> Any:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await self._await(job, coroutine)
        except Exception as error:  # what it raises once its time is up does not matter
            if limit.expired():
                raise TimedOut(seconds) from error
            raise

    async def _run_sync(self, job: Claimed, task: Task[Any, Any], kwargs: dict[str, Any]) -> None:
        shared = self._shared
        transactions: SyncTransactions | None = None
        args: tuple[Any, ...] = ()
        if task.signature.takes_context:
            transactions = SyncTransactions(shared.sync_pool)
            args = (self._context(job, transactions),)
        if self._thread is None:
            self._thread = SlotThread(f"txjobs-slot-{self._number}")
        context = copy_context()
        context.run(current.set, job)
        call: Callable[[], Any] = lambda: context.run(  # noqa: E731
            call_sync, job, task.fn, args, kwargs, transactions
        )
        self._in_thread = True
        limit = asyncio.timeout(job.timeout)
        future = self._thread.submit(call)
        shared.buffer.wake()
        try:
            async with limit:
                value = await future
        except (TimeoutError, asyncio.CancelledError) as error:
            if not future.done() or future.cancelled():  # the handler itself still runs
                self._abandon_thread(job)
            if isinstance(error, TimeoutError) and limit.expired():
                raise TimedOut(job.timeout or 0) from error
            raise
        finally:
            self._in_thread = False
        if isinstance(value, Committed):
            self._accept(job, value)
        else:
            self._returned(job, value)

    def _abandon_thread(self, job: Claimed) -> None:
        job.done = True
        job.signal()
        if self._thread is not None:
            self._thread.retire()
            self._thread = None

    def _context(self, job: Claimed, transactions: Any) -> Context:
        context = job.context = Context(job, self._shared.deps, transactions)
        if job.cancel_requested or job.lost:
            context.cancelled.set()
        return context

    def _returned(self, job: Claimed, value: Any) -> None:
        if value is None:
            self._shared.outbox.complete(job, None)
        else:
            self._shared.outbox.settle(job, _verdict.of_value(value))

    def _accept(self, job: Claimed, committed: Committed) -> None:
        job.done = True
        self._shared.accepted(job, committed.verdict, committed.status)
        self._shared.outbox.filled.set()  # a slot is free

    def _failed(self, job: Claimed, error: BaseException) -> None:
        shared = self._shared
        if isinstance(error, ClaimOver):
            shared.stale(job, f"{error.verdict} in its handler's transaction")
            shared.outbox.filled.set()
            return
        if isinstance(error, UnknownOutcome):
            job.unknown = True
        verdict = _verdict.of_error(error)
        if isinstance(error, TimedOut):
            shared.stats.timed_out += 1
            verdict = Verdict(name="failed", error=verdict.error, reason="timeout")
        _log.info("job %s (%s), attempt %s: %r", job.id, job.kind, job.attempt, error)
        shared.outbox.settle(job, verdict)

    def _is_closed(self) -> bool:
        try:
            return asyncio.current_task() is not self._task
        except RuntimeError:  # there is no loop any more
            return True

    def _cut(self, job: Claimed, error: asyncio.CancelledError) -> None:
        task = _current_task()
        if self._interrupted:
            self._interrupted = False
            task.uncancel()
            if job.lost:
                self._shared.forget(job)
                self._shared.outbox.filled.set()
            else:
                self._shared.outbox.settle(job, _RELEASED)
        elif task.cancelling():
            self._shared.outbox.settle(job, _RELEASED)
            raise error
        else:  # the handler's own doing, as from awaiting something that was cancelled
            self._failed(job, error)


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a slot runs in a task")
    return task


async def _commit(job: Claimed, transactions: AsyncTransactions, value: Any) -> Committed:
    verdict = _verdict.of_value(value)
    try:
        return Committed(verdict.name, await transactions.commit(verdict.call(job.token)))
    except StaleClaim as error:
        raise ClaimOver(verdict.name) from error
