"""Waiting for jobs to end: a generator of calls, naps and what has ended, for both clients."""

import datetime as dt
from collections.abc import Generator, Iterable, Sequence
from time import monotonic
from typing import Any, Self

from . import _calls
from ._calls import Call
from ._options import Seconds
from .errors import NotFound
from .results import JobResult
from .task import Job

__all__ = ["Nap", "Steps", "results", "watch"]

_FIRST_NAP = 0.005
_LONGEST_NAP = 0.5
_SHORTEST_NAP = 0.05  # between two looks, once it takes longer: others' jobs end all the time


class Nap(float):
    """Seconds to sleep at most; less, if something has ended, but not less than `least`."""

    least: float

    def __new__(cls, seconds: float) -> Self:
        """The least is what a wait that has just begun, or is near its end, would sleep anyhow."""
        nap = super().__new__(cls, seconds)
        nap.least = min(seconds, _SHORTEST_NAP)
        return nap


Results = list[JobResult[Any]]
Steps = Generator[Call[Results] | Nap | Results, Results | None, None]


def results(jobs: Sequence[Job[Any] | int], *, notify: bool = False) -> Call[Results]:
    """What has become of them so far, in their order."""
    call = _calls.results([job if isinstance(job, int) else job.id for job in jobs], notify=notify)
    return Call(
        call.statement,
        call.params,
        lambda rows: [JobResult(job, *row) for job, row in zip(jobs, call.read(rows), strict=True)],
        call.writes,
    )


def watch(jobs: Iterable[Job[Any] | int], timeout: Seconds | None, notify: bool) -> Steps:
    """Yields a call, to be sent its value; a nap; or those that have ended since, in their order.

    It looks more and more rarely. Who listens for notifications is woken sooner.
    """
    waiting = list({job if isinstance(job, int) else job.id: job for job in jobs}.values())
    seconds = timeout.total_seconds() if isinstance(timeout, dt.timedelta) else timeout
    deadline = None if seconds is None else monotonic() + seconds
    pause = _FIRST_NAP
    while waiting:
        found = (yield results(waiting, notify=notify)) or []
        ended = [one for one in found if one.ended]
        for one in found:
            if one.state is None:
                raise NotFound(f"there is no job {one.id}: is its transaction committed?")
        if ended:
            yield ended
            waiting = [one.job for one in found if not one.ended]
            pause = _FIRST_NAP
        if not waiting:
            return
        if deadline is not None:
            left = deadline - monotonic()
            if left <= 0:
                raise TimeoutError(_too_late([one for one in found if not one.ended], seconds))
            pause = min(pause, left)
        yield Nap(pause)
        pause = min(pause * 1.5, _LONGEST_NAP)


def _too_late(left: Results, seconds: float | None) -> str:
    first = f"job {left[0].id} is still {left[0].state}"
    others = f", and {len(left) - 1} more have not ended," if len(left) > 1 else ""
    return f"{first}{others} after {seconds:g} s"
