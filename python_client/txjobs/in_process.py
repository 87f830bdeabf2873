"""`app.in_process()`: jobs that need not survive, run by the process that enqueues them."""

import asyncio
import datetime as dt
import logging
import os
import threading
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from ._local import Local, has_loop
from ._local_jobs import AsyncLocalJobs, LocalJobs
from ._options import Seconds, seconds_of
from ._pool import AsyncPool, SyncPool
from ._runner import Runner, inside
from ._state import WorkerStats
from .errors import ConfigurationError, QueueFull, RunnerClosed
from .info import JobInfo
from .task import NewJob

if TYPE_CHECKING:
    from .app import Jobs

__all__ = ["AsyncInProcessJobs", "InProcess", "InProcessJobs", "WhenFull"]

_log = logging.getLogger("txjobs.in_process")

WhenFull = Literal["raise", "wait"]
_LAST = 1.0  # seconds for its loop to close; a handler that cannot be stopped may keep it open
_NAMED = 20  # of the jobs that are left, so many are named in the log


class InProcess(Local):
    """Runs the application's jobs in this process; see `Jobs.in_process`.

    Attributes:
        leftover: once it is closed, the jobs that have not ended, oldest first
    """

    def __init__(
        self,
        app: "Jobs",
        *,
        concurrency: int = 8,
        max_pending: int = 1000,
        when_full: WhenFull = "raise",
        drain_timeout: Seconds = 20.0,
        keep: int = 1000,
        deps: Any = None,
        dsn: str | None = None,
        now: dt.datetime | None = None,
    ) -> None:
        for what, value in (("concurrency", concurrency), ("max_pending", max_pending)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigurationError(f"{what} is a number of jobs, at least 1, not {value!r}")
        if isinstance(keep, bool) or not isinstance(keep, int) or keep < 0:
            raise ConfigurationError(f"keep is a number of jobs, 0 or more, not {keep!r}")
        if when_full not in ("raise", "wait"):
            raise ConfigurationError(f"when_full is 'raise' or 'wait', not {when_full!r}")
        if not seconds_of(drain_timeout) >= 0:
            raise ConfigurationError(f"drain_timeout is 0 or more seconds, not {drain_timeout!r}")
        super().__init__(app, now, max_pending, keep)
        self.leftover: list[JobInfo] = []
        self._when_full = when_full
        self._settings = (concurrency, seconds_of(drain_timeout), deps)
        self._pools = None if dsn is None else (SyncPool(dsn), AsyncPool(dsn))
        if self._pools is not None:
            self.sync_pool, self.async_pool = self._pools
        self._stats = WorkerStats()
        self._runner: Runner | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._process = os.getpid()
        self._ended = threading.Event()

    def stats(self) -> WorkerStats:
        """The counters; the same object each time, which goes on counting."""
        if self._runner is not None:
            self._stats.buffered = self._runner.slots.unstarted
            self._stats.running = self._runner.slots.busy
        return self._stats

    # Taking jobs

    def awaits_none(self) -> bool:
        """In async code of an `async with`, and in async handlers."""
        if not has_loop():
            return False
        runner = self._runner
        own = runner is not None and runner.loop is asyncio.get_running_loop()
        return bool(self.opened_async) or own

    def submit(self, jobs: Sequence[NewJob[Any]]) -> list[int]:
        """The ids of the jobs; may wait for room, but never in a handler or an event loop."""
        self._check_process()
        memory = self.memory
        if self._when_full == "wait" and not inside.get() and not has_loop():
            with memory.lock:
                self._check_room_may_come(jobs)
                memory.room.wait_for(lambda: memory.closed or memory.has_room(len(jobs)))
                return memory.enqueue(jobs)
        return memory.enqueue(jobs)

    async def submit_async(self, jobs: Sequence[NewJob[Any]]) -> list[int]:
        """The same in async code; never waits in a handler."""
        self._check_process()
        if self._when_full == "wait" and not inside.get():
            self._check_room_may_come(jobs)
            while True:
                try:
                    return self.memory.enqueue(jobs)
                except QueueFull:
                    await self._room_may_have_come(len(jobs))
        return self.memory.enqueue(jobs)

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise RunnerClosed(
                "this runner was opened in the process that this one was forked from, and only "
                "runs there: open it after the fork"
            )

    def _check_room_may_come(self, jobs: Sequence[NewJob[Any]]) -> None:
        if not self.memory.can_ever_hold(len(jobs)):
            raise QueueFull(
                f"{len(jobs)} jobs at once are more than there may ever be",
                hint="Enqueue them in smaller portions, or raise max_pending.",
            )

    async def _room_may_have_come(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        came = asyncio.Event()
        with self.memory.told_of_room(lambda: loop.call_soon_threadsafe(came.set)):
            if not self.memory.has_room(count) and not self.memory.closed:
                await came.wait()

    def patience(self, timeout: Seconds | None) -> float | None:
        """As long as the caller has."""
        return None if timeout is None else seconds_of(timeout)

    def changed(self) -> None:
        """Looks for what is due."""
        if self._runner is not None:
            self._runner.nudge()

    async def changed_async(self) -> None:
        """The same."""
        self.changed()

    def cancel(self, job: int, reason: str | None) -> str:
        """The state that the job is in then, or `cancel_requested`."""
        status, running = self.memory.cancel(job, reason)
        if running is not None and self._runner is not None:
            self._runner.cancelled(running)
        return status

    async def drained(self, seconds: float | None) -> bool:
        """Whether nothing runs, or could, within so many seconds."""
        if self._runner is None:
            return True
        return await self._runner.drained(seconds)

    @property
    def runner_loop(self) -> asyncio.AbstractEventLoop | None:
        """Where it runs."""
        return None if self._runner is None else self._runner.loop

    # Opening and closing

    def _begin(self) -> Runner:
        self._process = os.getpid()
        self.memory.kinds = frozenset(self.app.tasks)  # as they are now, whatever other threads do
        runner = self._runner = Runner(self, self._stats, *self._settings)
        self.memory.on_change = runner.nudge
        return runner

    def _end(self) -> None:
        self.app.routes.close(self)
        self.leftover = self.memory.close()
        if not self.leftover:
            return
        count = Counter(one.state for one in self.leftover)
        states = ", ".join(f"{number} {state}" for state, number in sorted(count.items()))
        named = ", ".join(f"{one.kind} {one.id}" for one in self.leftover[:_NAMED])
        more = ", …" if len(self.leftover) > _NAMED else ""
        _log.warning(
            "closed with %s jobs that have not ended (%s): %s%s; they are lost with this process",
            len(self.leftover),
            states,
            named,
            more,
        )

    async def __aenter__(self) -> "AsyncInProcessJobs":
        self.open(is_async=True)
        runner = self._begin()
        self._task = asyncio.create_task(self._run(runner))
        await runner.started.wait()
        return AsyncInProcessJobs(self)

    async def _run(self, runner: Runner) -> None:
        try:
            await runner.run()
        except Exception as error:
            _log.exception("the in-process runner failed; this is a defect in txjobs")
            self._failure = error
        finally:
            self._end()
            if self._pools is not None:
                self._pools[0].close()
                await self._pools[1].close()
            self._ended.set()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is None or self._task is None:
            raise ConfigurationError("it is not open")
        self._runner.stop()
        try:
            await asyncio.shield(self._task)
        except asyncio.CancelledError:  # the application does not want to wait any longer
            self._runner.stop()
            await asyncio.wait([self._task])
            raise
        self._raise_failure(error)

    def __enter__(self) -> "InProcessJobs":
        self.open(is_async=False)
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._main, args=(ready,), name="txjobs-in-process", daemon=True
        )
        self._thread.start()
        ready.wait()
        return InProcessJobs(self)

    def _main(self, ready: threading.Event) -> None:
        async def main() -> None:
            runner = self._begin()
            task = asyncio.create_task(self._run(runner))
            await runner.started.wait()
            ready.set()
            await task

        try:
            asyncio.run(main())
        finally:
            ready.set()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is None or self._thread is None:
            raise ConfigurationError("it is not open")
        self._runner.stop()
        try:
            self._ended.wait()
        except BaseException:  # Ctrl-C: the application does not want to wait any longer
            self._runner.stop()
            self._ended.wait()
            raise
        self._thread.join(_LAST)
        self._raise_failure(error)

    def _raise_failure(self, other: BaseException | None) -> None:
        if self._failure is not None and other is None:
            raise RunnerClosed("the in-process runner failed: see its log") from self._failure


class InProcessJobs(LocalJobs):
    """What `with app.in_process()` gives; `enqueue` takes it as a connection."""

    def __init__(self, local: InProcess) -> None:
        super().__init__(local)
        self._in_process = local

    def stats(self) -> WorkerStats:
        """The counters; the same object each time, which goes on counting."""
        return self._in_process.stats()

    def drain(self, timeout: Seconds | None = None) -> bool:
        """Waits until nothing runs, or could; False if that takes longer."""
        loop = self._in_process.runner_loop
        if loop is None or loop.is_closed():
            return True
        seconds = None if timeout is None else seconds_of(timeout)
        return asyncio.run_coroutine_threadsafe(self._in_process.drained(seconds), loop).result()


class AsyncInProcessJobs(AsyncLocalJobs):
    """What `async with app.in_process()` gives."""

    def __init__(self, local: InProcess) -> None:
        super().__init__(local)
        self._in_process = local

    def stats(self) -> WorkerStats:
        """The counters; the same object each time, which goes on counting."""
        return self._in_process.stats()

    async def drain(self, timeout: Seconds | None = None) -> bool:
        """Waits until nothing runs, or could; False if that takes longer."""
        seconds = None if timeout is None else seconds_of(timeout)
        return await self._in_process.drained(seconds)
