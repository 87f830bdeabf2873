"""Running a handler's coroutine inside a slot's task, in a `contextvars` context of its own.

A task per job would cost more than most of the rest of a job's life here. The coroutine is driven
by hand instead: what it yields is passed on to the slot's task, and each of its steps runs in the
job's own context, so that nothing that it sets leaks into the next job.
"""

import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, Protocol

from ._claimed import Unit

__all__ = ["drive"]


class Watched(Protocol):
    """Where it is noted what the event loop runs."""

    on_loop: Unit | None


@types.coroutine
def drive(
    coroutine: Coroutine[Any, Any, Any],
    context: Context,
    watched: Watched,
    unit: Unit,
    yielded: Any,
) -> Generator[Any, Any, Any]:
    """The result of a coroutine that was started by its caller and has `yielded` that."""
    send: Callable[[Any], Any] = coroutine.send
    throw: Callable[[Any], Any] = coroutine.throw
    while True:
        try:
            sent = yield yielded
        except BaseException as thrown:
            step, value = throw, thrown
        else:
            step, value = send, sent
        watched.on_loop = unit
        try:
            yielded = context.run(step, value)
        except StopIteration as stop:
            return stop.value
        finally:
            watched.on_loop = None
