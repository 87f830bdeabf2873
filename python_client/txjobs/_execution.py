"""Running a sync handler in its thread, and what may come of any execution besides a value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import _verdict
from ._claimed import Claimed
from ._transaction import SyncTransactions
from .errors import Cancelled, StaleClaim

__all__ = ["ClaimOver", "Committed", "TimedOut", "call_sync"]


@dataclass(frozen=True, slots=True)
class Committed:
    """The outcome was written in the handler's own transaction."""

    verdict: str
    status: str


class ClaimOver(Exception):
    """The outcome was refused in the handler's own transaction, which rolled back."""

    def __init__(self, verdict: str) -> None:
        super().__init__(verdict)
        self.verdict = verdict


class TimedOut(Exception):
    """The handler was over its time limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the handler took longer than its timeout of {seconds:g} s")


def call_sync(
    job: Claimed,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    transactions: SyncTransactions | None,
) -> Any:
    """The handler's value, or `Committed` if it left a transaction open."""
    if transactions is None:
        return function(*args, **kwargs)
    try:
        value = function(*args, **kwargs)
        if not transactions.open:
            return value
        if job.done:
            raise Cancelled("the worker gave this job up while its handler was running")
        verdict = _verdict.of_value(value)
        try:
            return Committed(verdict.name, transactions.commit(verdict.call(job.token)))
        except StaleClaim as error:
            raise ClaimOver(verdict.name) from error
    except BaseException as error:
        transactions.rollback(error)
        raise
