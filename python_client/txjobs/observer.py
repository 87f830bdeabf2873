"""Watching a worker at its work: the base of metrics and tracing, and of your own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Execution", "Observer"]

Ended = Callable[[BaseException | None], None]


@dataclass(frozen=True, slots=True)
class Execution:
    """What one call of a handler works on; more than one job if it takes them in batches."""

    kind: str
    queue: str
    jobs: Sequence[int]
    attempts: Sequence[int]
    headers: Sequence[dict[str, Any]]


class Observer:
    """Told of what a worker does; override what is of interest.

    Its methods are called in the worker's event loop, and must neither wait nor raise.
    """

    def began(self, execution: Execution) -> Ended:  # noqa: ARG002
        """A handler is about to be called.

        Returns what is called when it has ended, however it did, with the exception that it raised
        or None. A context variable that is set here is seen by the handler.
        """
        return _nothing

    def settled(self, kind: str, queue: str, outcome: str) -> None:
        """The database has accepted a job's outcome, or refused it (`stale`).

        outcome: completed, retried, dead, cancelled, snoozed, skipped, discarded or released
        """


def _nothing(_error: BaseException | None) -> None:
    """Nobody is interested in the end."""
