"""Running the jobs of a test on its own session."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, overload

import psycopg
from psycopg.pq import TransactionStatus

from .._calls import Call
from .._claimed import Unit
from .._config import as_tuple
from .._drivers import AsyncConn, Conn, run, run_async, unknown_connection
from ..app import Jobs
from ..errors import ConfigurationError
from ._clock import kept_clock
from ._execute import DrainSlot, DrainSlots
from ._faces import async_face, sync_face
from ._steps import DrainRun, Guarded, Step, Within
from ._summary import Drained

__all__ = ["drain"]


@overload
def drain(
    app: Jobs,
    conn: Conn,
    *,
    queues: Sequence[str] | None = None,
    max_jobs: int = 1000,
    raise_on_failure: bool = True,
    with_scheduled: Within = False,
    deps: Any = None,
) -> Drained: ...
@overload
def drain(
    app: Jobs,
    conn: AsyncConn,
    *,
    queues: Sequence[str] | None = None,
    max_jobs: int = 1000,
    raise_on_failure: bool = True,
    with_scheduled: Within = False,
    deps: Any = None,
) -> Coroutine[Any, Any, Drained]: ...
def drain(
    app: Jobs,
    conn: Conn | AsyncConn,
    *,
    queues: Sequence[str] | None = None,
    max_jobs: int = 1000,
    raise_on_failure: bool = True,
    with_scheduled: Within = False,
    deps: Any = None,
) -> Drained | Coroutine[Any, Any, Drained]:
    """Runs the jobs that are ready, and those that they enqueue, until none is; await it if async.

    Handlers run one after another, each as a worker would run it, but on this connection: in its
    transaction, of which `ctx.transaction()` is a savepoint then. On a sync connection they run in
    the calling thread.

    queues: only of these; the default is all of them. Kinds that the app has no task for stay.
    max_jobs: `Runaway` is raised if there are more.
    raise_on_failure: the first exception of a handler comes out of this, after it was recorded as
        the outcome of its job. If False, the jobs' errors are in what is returned.
    with_scheduled: jobs that are not due yet as well, such as retries and snoozes, in order of
        their time: all of them, or those due within so many seconds, or up to a time. The session's
        clock is set to the time of each, and put back in the end.
    deps: handed to handlers as `ctx.deps`

    Returns what became of each execution. Raises `ClockDisabled` for `with_scheduled` where the
    installation does not allow a session its own clock.
    """
    __tracebackhide__ = True
    if max_jobs < 1:
        raise ConfigurationError("max_jobs is at least 1")
    options = {
        "queues": as_tuple(queues),
        "max_jobs": max_jobs,
        "raise_on_failure": raise_on_failure,
        "with_scheduled": with_scheduled,
    }
    if isinstance(conn, psycopg.AsyncConnection):
        return _drain_async(app, conn, deps, options)
    if isinstance(conn, psycopg.Connection):
        return _drain(app, conn, deps, options)
    raise unknown_connection(conn)


def _prepared(
    app: Jobs, conn: Conn | AsyncConn, deps: Any, options: dict[str, Any], stack: ExitStack
) -> DrainRun:
    sync = stack.enter_context(sync_face(conn))
    slots = DrainSlots(app.tasks, deps, sync, stack.enter_context(async_face(conn)))
    slot = DrainSlot(slots, in_thread=isinstance(conn, psycopg.AsyncConnection))
    if options["with_scheduled"] is not False:
        stack.enter_context(kept_clock(sync))
    return DrainRun(app.tasks, slots=slots, slot=slot, **options)


def _drain(app: Jobs, conn: Conn, deps: Any, options: dict[str, Any]) -> Drained:
    __tracebackhide__ = True
    with ExitStack() as stack:
        one = _prepared(app, conn, deps, options, stack)
        # A factory of its own: the runner then leaves the thread's current event loop alone.
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        stack.callback(runner.close)  # not entered: there is no loop until one is needed
        steps = one.steps()
        advance: Callable[[], Step] = partial(next, steps)
        while True:
            try:
                step = advance()
            except StopIteration as stop:
                return _drained(stop)
            try:
                value = _perform(conn, step, one, runner)
            except Exception as error:
                advance = partial(steps.throw, error)
            else:
                advance = partial(steps.send, value)


def _perform(conn: Conn, step: Step, one: DrainRun, runner: asyncio.Runner) -> Any:
    __tracebackhide__ = True
    if isinstance(step, Call):
        return run(conn, step)
    if conn.info.transaction_status != TransactionStatus.INTRANS:
        return _perform_here(conn, step, one, runner)
    with conn.transaction():
        value = _perform_here(conn, step, one, runner)
        if _has_failed(conn):
            raise psycopg.Rollback  # a handler has left it so
    return value


def _perform_here(conn: Conn, step: Guarded | Unit, one: DrainRun, runner: asyncio.Runner) -> Any:
    __tracebackhide__ = True
    if isinstance(step, Guarded):
        return run(conn, step.call)
    if one.tasks[step.kind].is_async:
        _refuse_running_loop(step)
        return runner.run(one.slot.execute(step))
    # A sync handler's execution never suspends: it needs no loop, and is better off without.
    execution = one.slot.execute(step)
    try:
        execution.send(None)
    except StopIteration:
        return None
    execution.close()
    raise RuntimeError(f"{step} suspended, which a sync handler cannot")


def _refuse_running_loop(unit: Unit) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigurationError(
        f"the handler of {unit.kind!r} is async, and this test is in an event loop already: give "
        "drain an AsyncConnection, and await it"
    )


async def _drain_async(app: Jobs, conn: AsyncConn, deps: Any, options: dict[str, Any]) -> Drained:
    __tracebackhide__ = True
    with ExitStack() as stack:
        one = _prepared(app, conn, deps, options, stack)
        steps = one.steps()
        advance: Callable[[], Step] = partial(next, steps)
        while True:
            try:
                step = advance()
            except StopIteration as stop:
                return _drained(stop)
            try:
                value = await _perform_async(conn, step, one)
            except Exception as error:
                advance = partial(steps.throw, error)
            else:
                advance = partial(steps.send, value)


async def _perform_async(conn: AsyncConn, step: Step, one: DrainRun) -> Any:
    __tracebackhide__ = True
    if isinstance(step, Call):
        return await run_async(conn, step)
    if conn.info.transaction_status != TransactionStatus.INTRANS:
        return await _perform_async_here(conn, step, one)
    async with conn.transaction():
        value = await _perform_async_here(conn, step, one)
        if _has_failed(conn):
            raise psycopg.Rollback
    return value


async def _perform_async_here(conn: AsyncConn, step: Guarded | Unit, one: DrainRun) -> Any:
    if isinstance(step, Guarded):
        return await run_async(conn, step.call)
    await one.slot.execute(step)
    return None


def _has_failed(conn: Conn | AsyncConn) -> bool:
    return conn.info.transaction_status == TransactionStatus.INERROR


def _drained(stop: StopIteration) -> Drained:
    found: Drained = stop.value
    return found
