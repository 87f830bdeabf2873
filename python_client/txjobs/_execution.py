"""Running a handler: a sync one in its thread, and what may come of any besides a value."""

import asyncio
from collections.abc import Callable
from typing import Any

from ._claimed import Unit
from ._reports import commit
from ._transaction import SyncTransactions
from .errors import Cancelled

__all__ = ["TimedOut", "call_sync", "current_task"]


class TimedOut(Exception):
    """The handler was over its time limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the handler took longer than its timeout of {seconds:g} s")


def call_sync(unit: Unit, handler: Callable[[], Any], transactions: SyncTransactions | None) -> Any:
    """The handler's value, or `Committed` if it left a transaction open."""
    if transactions is None:
        return handler()
    try:
        value = handler()
        if not transactions.open:
            return value
        if unit.done:
            raise Cancelled("the worker gave this job up while its handler was running")
        return commit(unit, value, transactions)
    except BaseException as error:
        transactions.rollback(error)
        raise


def current_task() -> asyncio.Task[Any]:
    """The task that runs here; a slot is always in one."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a slot runs in a task")
    return task
