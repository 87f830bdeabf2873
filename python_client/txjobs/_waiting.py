"""Waiting for room in a full queue: calls and pauses, which each kind of client carries out."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from ._calls import Call
from ._options import Seconds, seconds_of
from .errors import ConfigurationError, QueueFull
from .task import Job

__all__ = ["check_may_wait", "run_steps", "run_steps_async", "until_there_is_room"]

R = TypeVar("R")
# Room is seen within 100 ms at best.
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5

Steps = Generator[Call[Job[R]] | float, Job[R] | None, Job[R]]


def until_there_is_room(call: Call[Job[R]], wait: Seconds) -> Steps[R]:
    """Yields the call, to be sent its job, and seconds to sleep; returns the job.

    At the deadline the answer is what it is: `QueueFull`, or a job that was dropped.
    """
    deadline = time.monotonic() + seconds_of(wait)
    pause = _FIRST_PAUSE
    while True:
        try:
            job = yield call
        except QueueFull:
            if time.monotonic() >= deadline:
                raise
        else:
            if job is not None and (not job.dropped or time.monotonic() >= deadline):
                return job
        # many who wait must not all come at the same moment
        yield min(pause * random.uniform(0.5, 1), max(0.0, deadline - time.monotonic()))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def check_may_wait(conn: psycopg.Connection[Any] | psycopg.AsyncConnection[Any] | None) -> None:
    """Raises ConfigurationError inside a transaction, which waiting would keep open."""
    if conn is not None and not (
        conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE
    ):
        raise ConfigurationError(
            "wait= in a transaction would keep it open, and what it has locked: wait before it "
            "begins, on a connection in autocommit, or let QueueFull roll it back and run it again"
        )


def run_steps(run: Callable[[Call[Job[R]]], Job[R]], steps: Steps[R]) -> Job[R]:
    """Carries out the steps; what a call raises is theirs to take."""
    try:
        step = next(steps)
        while True:
            if isinstance(step, Call):
                try:
                    job = run(step)
                except QueueFull as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(job)
            else:
                time.sleep(step)
                step = next(steps)
    except StopIteration as stop:
        found: Job[R] = stop.value
        return found


async def run_steps_async(
    run: Callable[[Call[Job[R]]], Awaitable[Job[R]]], steps: Steps[R]
) -> Job[R]:
    """The same, awaited."""
    try:
        step = next(steps)
        while True:
            if isinstance(step, Call):
                try:
                    job = await run(step)
                except QueueFull as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(job)
            else:
                await asyncio.sleep(step)
                step = next(steps)
    except StopIteration as stop:
        found: Job[R] = stop.value
        return found
