"""The worker: one process that runs the jobs of an application's tasks, and its consumers."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import Any

import psycopg

from ._config import Config, as_tuple, default_name
from ._observed import Observed
from ._outbox import Outbox
from ._pool import AsyncPool, SyncPool
from ._pulse import Pulse
from ._run import Run
from ._signals import handle_signals
from ._slots import Slots
from ._state import EXIT_CUT, EXIT_FAILED, EXIT_OK, State, WorkerStats
from ._supervisor import supervise
from ._transaction import AsyncTransactions, SyncTransactions
from .app import Jobs
from .errors import ConfigurationError, TxjobsError
from .observer import Observer

__all__ = ["State", "Worker", "WorkerStats"]

_log = logging.getLogger("txjobs.worker")


class Worker:
    """Runs the jobs of the app's tasks and reports what became of them; runs its consumers.

    Arguments (times in seconds):
        app: the registry of tasks
        dsn: where the database is
        queues: only these; None is all of them
        kinds: only these tasks; None is all that the app has
        concurrency: handlers at once
        prefetch: jobs claimed ahead of the slots at most, and never more than about half a second's
            work; 0 claims only what can start at once
        lease: after how long without a sign of life a job is given to another worker
        heartbeat: how often leases are renewed, at most a third of `lease`; a job whose own lease
            is shorter is renewed as often as it needs
        poll_interval, poll_cap: after an empty claim, the next follows in between these
        notify: whether to listen for notifications, which only make it quicker
        prepare: whether statements are prepared; a pooler in transaction mode may not know how
        drain: stop once no job is ready, running, or due within `drain_horizon`
        drain_timeout: on SIGTERM, how long running handlers may go on before they are cancelled
        processes: if more than 1, `main()` runs that many workers
        prune_interval: about how often what is older than its queue keeps it is removed; None:
            never by this worker
        routing: only jobs with these routing keys; None among them are those without a key
        consumers: only these; None is all that the app has, and an empty list none of them
        reconcile: at the start, the database is given the settings, subscriptions, consumers and
            schedules that the app declares, where it has others
        deps: handed to handlers as `ctx.deps`
        observers: told of every execution and outcome, as metrics and tracing are
        on_progress: called with the `WorkerStats` several times a second, and at the end
        name: a label; the default is host and process

    `main()` runs it until a signal stops it, and returns the exit code: 0, 1 (could not go on) or
    3 (a running job had to be cut). `run()` is the same inside an event loop, without signals.
    """

    def __init__(
        self,
        app: Jobs,
        dsn: str,
        *,
        queues: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        concurrency: int = 10,
        prefetch: int = 1000,
        lease: float = 30.0,
        heartbeat: float = 10.0,
        poll_interval: float = 0.05,
        poll_cap: float = 1.0,
        notify: bool = True,
        prepare: bool = True,
        drain: bool = False,
        drain_horizon: float = 0.0,
        drain_timeout: float = 20.0,
        prune_interval: float | None = 60.0,
        processes: int = 1,
        routing: Sequence[str | None] | None = None,
        consumers: Sequence[str] | None = None,
        reconcile: bool = True,
        deps: Any = None,
        observers: Sequence[Observer] = (),
        on_progress: Callable[[WorkerStats], None] | None = None,
        name: str | None = None,
    ) -> None:
        if processes < 1:
            raise ConfigurationError("processes is at least 1")
        unknown = set(as_tuple(kinds) or ()) - set(app.tasks)
        if unknown:
            raise ConfigurationError(
                f"no task is named {', '.join(sorted(unknown))}: import the module that has it"
            )
        names = as_tuple(kinds) or tuple(app.tasks)
        chosen = as_tuple(consumers)
        unknown = set(chosen or ()) - set(app.consumers)
        if unknown:
            raise ConfigurationError(
                f"no consumer is named {', '.join(sorted(unknown))}: import the module that has it"
            )
        self._config = Config(
            dsn=dsn,
            queues=as_tuple(queues),
            kinds=names,
            routing=None if routing is None else tuple(routing),
            consumers=tuple(app.consumers) if chosen is None else tuple(dict.fromkeys(chosen)),
            reconcile=reconcile,
            concurrency=concurrency,
            prefetch=prefetch,
            lease=lease,
            heartbeat=heartbeat,
            poll_interval=poll_interval,
            poll_cap=poll_cap,
            notify=notify,
            prepare=prepare,
            drain=drain,
            drain_horizon=drain_horizon,
            drain_timeout=drain_timeout,
            prune_interval=prune_interval,
            name=name or default_name(),
        )
        self._app = app
        self._deps = deps
        self._observed = Observed(observers)
        self._pulse = Pulse()
        self._on_progress = on_progress
        self._processes = processes
        self._stats = WorkerStats()
        self._slots: Slots | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._stop_now = asyncio.Event()

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self._stats.state

    def stats(self) -> WorkerStats:
        """The counters; the same object each time, which goes on counting."""
        if self._slots is not None:
            self._stats.buffered = self._slots.unstarted
            self._stats.running = self._slots.busy
        return self._stats

    def is_live(self, within: float = 15.0) -> bool:
        """Its event loop has turned within so many seconds; false once it has stopped or failed."""
        state = self._stats.state
        if state in (State.STOPPED, State.FAILED):
            return False
        return state is State.STARTING or monotonic() - self._pulse.turned_at <= within

    def is_ready(self, within: float = 15.0) -> bool:
        """It takes jobs: it does not drain, and the database has answered so many seconds ago."""
        if self._stats.state not in (State.IDLE, State.RUNNING):
            return False
        return self.is_live(within) and monotonic() - self._pulse.reached_at <= within

    def stop(self) -> None:
        """Stops claiming and lets running handlers end; called again, cancels them at once.

        From any thread, also before `run()`.
        """
        if self._loop is None:
            self._request_stop()
            return
        with contextlib.suppress(RuntimeError):  # its loop is closed: it has stopped
            self._loop.call_soon_threadsafe(self._request_stop)

    def _request_stop(self) -> None:
        if self._stop.is_set():
            self._stop_now.set()
        self._stop.set()

    def main(self) -> int:
        """Runs until stopped by SIGTERM or SIGINT (twice: at once), and returns the exit code."""
        if self._processes > 1:
            return supervise(self._main, self._processes)
        return self._main()

    def _main(self) -> int:
        try:
            return asyncio.run(self._run_with_signals())
        except (psycopg.Error, TxjobsError) as error:
            _log.error("the worker cannot run: %s", str(error).strip())
            return EXIT_FAILED
        except Exception:
            _log.exception("the worker failed; this is a defect in txjobs")
            return EXIT_FAILED

    async def _run_with_signals(self) -> int:
        with handle_signals(asyncio.get_running_loop(), self.stop):
            return await self.run()

    async def run(self) -> int:
        """Runs until stopped, and returns the exit code."""
        if self._loop is not None:
            raise ConfigurationError("a Worker runs once: make another")
        self._loop = asyncio.get_running_loop()
        stats, config = self._stats, self._config
        async with contextlib.AsyncExitStack() as stack:
            sync_pool = SyncPool(config.dsn, **config.connect)
            async_pool = AsyncPool(config.dsn, **config.connect)
            stack.callback(sync_pool.close)
            stack.push_async_callback(async_pool.close)
            outbox = Outbox()
            slots = self._slots = Slots(
                self._app.tasks,
                self._deps,
                partial(SyncTransactions, sync_pool),
                partial(AsyncTransactions, async_pool),
                stats,
                outbox,
                config.concurrency,
            )
            slots.observed = self._observed
            try:
                run = Run(
                    self._app,
                    config,
                    slots,
                    self._stop,
                    self._stop_now,
                    self._progress,
                    self._pulse,
                )
                await run.go()
            except BaseException:
                stats.state = State.FAILED
                raise
            finally:
                self._progress()
            return EXIT_CUT if stats.cut or stats.cut_consumers else EXIT_OK

    def _progress(self) -> None:
        if self._on_progress is None:
            return
        try:
            self._on_progress(self.stats())
        except Exception:
            self._on_progress = None
            _log.exception("on_progress failed, and is not called any more")
