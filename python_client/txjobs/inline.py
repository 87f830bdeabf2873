"""`app.inline()`: what is enqueued runs at once, where it is enqueued; for tests."""

import asyncio
import datetime as dt
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import psycopg

from . import _verdict
from ._batches import handler_of
from ._claimed import Claimed, Group, Unit
from ._drivers import AsyncConn, Conn
from ._execution import TimedOut, call_sync
from ._local import Local, has_loop
from ._local_jobs import AsyncLocalJobs, LocalJobs
from ._local_transaction import LocalAsync
from ._options import Seconds
from ._pool import BorrowedAsync, BorrowedSync
from ._reports import Committed, RolledBack, commit_async, judge
from ._running import current
from ._verdict import Verdict
from .batch import BatchTask
from .context import BatchContext, Context
from .errors import ConfigurationError, TxjobsError
from .task import NewJob, Task

if TYPE_CHECKING:
    from .app import Jobs

__all__ = ["Inline"]

_RELEASED = Verdict(name="released")
_MOST_SNOOZES = 100  # of one job whose delays are skipped: a poll that never ends would hang a test

_is_async: ContextVar[bool | None] = ContextVar("txjobs_inline_handler", default=None)
"""Whether the handler that runs here is async; None where none runs."""

_RECORDED = (Exception, SystemExit, GeneratorExit, asyncio.CancelledError)
"""What is a handler's outcome as in a worker; the rest stops a test, as pytest's own do."""


class Inline(Local):
    """Runs the application's jobs as they are enqueued; see `Jobs.inline`."""

    def __init__(
        self,
        app: "Jobs",
        conn: Conn | AsyncConn | None = None,
        *,
        deps: Any = None,
        skip_delays: bool = True,
        now: dt.datetime | None = None,
    ) -> None:
        super().__init__(app, now or dt.datetime.now(dt.UTC))
        if not isinstance(conn, psycopg.Connection | psycopg.AsyncConnection | None):
            raise ConfigurationError(
                f"{type(conn).__qualname__} is not a connection: give inline() a psycopg one, for "
                "the handlers' ctx.transaction(), or none"
            )
        if isinstance(conn, psycopg.Connection):
            self.sync_pool = BorrowedSync(conn)
        elif conn is not None:
            self.async_pool = BorrowedAsync(conn)
        self._deps = deps
        self._skip_delays = skip_delays
        self._units: dict[int, Unit] = {}  # by the id of the job that runs
        self._calls: dict[int, asyncio.Task[Any]] = {}  # of async handlers
        self._running = False
        self._round: asyncio.Future[None] | None = None  # ends when async code has run what is due

    def __enter__(self) -> LocalJobs:
        self.open(is_async=False)
        return LocalJobs(self)

    async def __aenter__(self) -> AsyncLocalJobs:
        self.open(is_async=True)
        return AsyncLocalJobs(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.app.routes.close(self)
        self.memory.close()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    # Taking jobs

    def awaits_none(self) -> bool:
        """In async handlers; elsewhere, in async code of an `async with`."""
        handler = _is_async.get()
        return bool(self.opened_async) and has_loop() if handler is None else handler

    def submit(self, jobs: Sequence[NewJob[Any]]) -> list[int]:
        """The ids of the jobs, which have run; in a handler, those that run after it."""
        ids = self.memory.enqueue(jobs)
        self.changed()
        return ids

    async def submit_async(self, jobs: Sequence[NewJob[Any]]) -> list[int]:
        """The same."""
        ids = self.memory.enqueue(jobs)
        await self.changed_async()
        return ids

    def patience(self, _timeout: Seconds | None) -> float | None:
        """None at all: what has not ended by now waits for its time."""
        return 0.0

    def cancel(self, job: int, reason: str | None) -> str:
        """The state that the job is in then; a handler that runs is told."""
        status, running = self.memory.cancel(job, reason)
        if running is not None:
            running.cancel_requested = True
            unit = self._units.get(job)
            if unit is not None and unit.cancel_requested:
                unit.signal()
                call = self._calls.get(job)
                if call is not None:
                    call.get_loop().call_soon_threadsafe(call.cancel)
        return status

    # Running them

    def changed(self) -> None:
        """Runs what is due, unless a handler runs: then it is run after that."""
        if self._running:
            return
        self._running = True
        try:
            while (unit := self._next()) is not None:
                task = self.app.tasks[unit.kind]
                if task.is_async:
                    _run_apart(partial(self._run_async, unit, task))
                else:
                    self._run_sync(unit, task)
        finally:
            self._running = False

    async def changed_async(self) -> None:
        """The same in async code, which waits for what another task has begun to run."""
        while self._running and _is_async.get() is None and self._round is not None:
            await asyncio.wait([self._round])
        if self._running:
            return
        self._running = True
        self._round = asyncio.get_running_loop().create_future()
        try:
            while (unit := self._next()) is not None:
                task = self.app.tasks[unit.kind]
                if task.is_async:
                    await self._run_async(unit, task)
                else:
                    self._run_sync(unit, task)
        finally:
            self._running = False
            self._round.set_result(None)
            self._round = None

    def _next(self) -> Unit | None:
        memory = self.memory
        while True:
            memory.promote()
            jobs = memory.take(1)
            if jobs:
                return self._unit(jobs[0])
            due = memory.next_due()
            if due is None or not self._skip_delays:
                return None
            self._check_snoozes()
            self.clock.move_to(due)

    def _unit(self, job: Claimed) -> Unit:
        task = self.app.tasks[job.kind]
        unit: Unit = job
        if isinstance(task, BatchTask):
            others = self.memory.take(task.batching.size - 1, job.kind)
            unit = Group(job.kind, [job, *others], job.claimed_at)
        self._units.update((one.id, unit) for one in unit.members)
        return unit

    def _check_snoozes(self) -> None:
        for entry in self.memory.scheduled():
            if entry.snoozes >= _MOST_SNOOZES:
                raise ConfigurationError(
                    f"job {entry.id} ({entry.placed.kind}) was snoozed {entry.snoozes} times "
                    "without coming to an end: use inline(skip_delays=False) and advance()"
                )

    def _run_sync(self, unit: Unit, task: Task[Any, Any]) -> None:
        with self._settled(unit) as settled:
            handler: Callable[..., Any] = handler_of(unit, task, self._refused)
            if not unit.members:
                return
            transactions = self.new_sync()
            if task.signature.takes_context:
                handler = partial(handler, self._context(unit, transactions))
            context = copy_context()
            context.run(current.set, unit.parent)
            context.run(_is_async.set, False)
            started = monotonic()
            value = context.run(call_sync, unit, _in_time(unit, handler, started), transactions)
            settled.value(value)

    async def _run_async(self, unit: Unit, task: Task[Any, Any]) -> None:
        with self._settled(unit) as settled:
            handler: Callable[..., Coroutine[Any, Any, Any]]
            handler = handler_of(unit, task, self._refused)
            if not unit.members:
                return
            transactions = self.new_async()
            if task.signature.takes_context:
                handler = partial(handler, self._context(unit, transactions))
            context = copy_context()
            context.run(current.set, unit.parent)
            context.run(_is_async.set, True)
            call = asyncio.create_task(_call_async(unit, handler, transactions), context=context)
            self._calls.update((job.id, call) for job in unit.members)
            value = await call
            if isinstance(value, _Exit):
                raise value.error
            settled.value(value)

    def _context(self, unit: Unit, transactions: Any) -> Context | BatchContext:
        context: Context | BatchContext
        if isinstance(unit, Claimed):
            context = unit.context = Context(unit, self._deps, transactions)
        else:
            context = unit.context = BatchContext(unit.kind, self._deps, transactions)
        return context

    def _refused(self, job: Claimed, error: Exception) -> None:
        self._settle(job, _verdict.of_error(error))

    def _settle(self, job: Claimed, verdict: Verdict) -> None:
        self._units.pop(job.id, None)
        self._calls.pop(job.id, None)
        job.done = True
        try:
            self.memory.settle(job, verdict)
        except TxjobsError as error:  # the outcome itself is not one: that is the job's failure
            self.memory.settle(job, _verdict.of_error(error))

    def _settled(self, unit: Unit) -> "_Settled":
        return _Settled(unit, self._settle)


class _Settled:
    """At the end of its block, each job of the unit has an outcome."""

    def __init__(self, unit: Unit, settle: Callable[[Claimed, Verdict], None]) -> None:
        self._unit = unit
        self._settle = settle

    def value(self, value: Any) -> None:
        """The handler has returned that."""
        judged = value.unwritten if isinstance(value, Committed) else judge(self._unit, value)
        for job, verdict in judged:
            self._settle(job, verdict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            return True
        if isinstance(error, RolledBack):
            for job in self._unit.members:
                self._settle(job, error.failed.get(job.token, _RELEASED))
            return True
        verdict = _verdict.of_error(error)
        if isinstance(error, TimedOut):
            verdict = Verdict(name="failed", error=verdict.error, reason="timeout")
        for job in self._unit.members:
            self._settle(job, verdict)
        return isinstance(error, _RECORDED) and not _is_being_cancelled()


def _is_being_cancelled() -> bool:
    if not has_loop():
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _in_time(unit: Unit, handler: Callable[[], Any], started: float) -> Callable[[], Any]:
    """A function that runs here cannot be stopped: that it took too long is said afterwards."""
    seconds = unit.timeout
    if seconds is None:
        return handler

    def timed() -> Any:
        value = handler()
        if monotonic() - started > seconds:
            raise TimedOut(seconds)
        return value

    return timed


@dataclass(frozen=True)
class _Exit:
    """What a handler raised that asyncio would not leave to its task."""

    error: BaseException


async def _call_async(
    unit: Unit, handler: Callable[[], Coroutine[Any, Any, Any]], transactions: LocalAsync
) -> Any:
    seconds = unit.timeout
    limit = asyncio.timeout(seconds)
    try:
        try:
            async with limit:
                value = await handler()
        except Exception as error:
            if limit.expired():
                raise TimedOut(seconds or 0) from error
            raise
        if transactions.open:
            return await commit_async(unit, value, transactions)
    except BaseException as error:
        await transactions.rollback(error)
        if isinstance(error, SystemExit | KeyboardInterrupt):
            return _Exit(error)
        raise
    return value


def _run_apart(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """In an event loop of its own; in a thread of its own, if one runs here."""
    if not has_loop():
        asyncio.run(main())
        return
    errors: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=copy_context().run, args=(run,), name="txjobs-inline")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
