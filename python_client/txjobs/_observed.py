"""The observers of a worker, of which none can harm its jobs."""

import logging
from collections.abc import Callable, Sequence

from . import _json
from ._claimed import Claimed, Unit
from .observer import Execution, Observer

__all__ = ["Observed"]

_log = logging.getLogger("txjobs.worker")


class Observed:
    """Passes on what happens; an observer that raises is logged, and passed over."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = tuple(observers)

    def __bool__(self) -> bool:
        return bool(self._observers)

    def began(self, unit: Unit) -> list[Callable[[BaseException | None], None]]:
        """A handler is about to be called; what to pass to `ended`."""
        execution = Execution(
            unit.kind,
            unit.members[0].queue if unit.members else "",
            [job.id for job in unit.members],
            [job.attempt for job in unit.members],
            [_json.loads(job.headers) if job.headers else {} for job in unit.members],
        )
        ends = []
        for observer in self._observers:
            try:
                ends.append(observer.began(execution))
            except Exception:
                _log.exception("%s failed at the beginning of %s", observer, unit)
        return ends

    def ended(
        self, ends: list[Callable[[BaseException | None], None]], error: BaseException | None
    ) -> None:
        """The handler has ended: the last that was told of its beginning is told first."""
        for end in reversed(ends):
            try:
                end(error)
            except Exception:
                _log.exception("an observer failed at the end of a handler")

    def settled(self, job: Claimed, outcome: str) -> None:
        """The job's outcome is known."""
        for observer in self._observers:
            try:
                observer.settled(job.kind, job.queue, outcome)
            except Exception:
                _log.exception("%s failed at the outcome of %s", observer, job)
