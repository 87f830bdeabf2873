"""A schedule, as an application declares it: a task, and the times of its jobs."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from ._options import Seconds

__all__ = ["CatchUp", "Overlap", "Schedule"]

CatchUp = Literal["skip", "once", "all"]
"""What becomes of times at which nothing ran: none, one job for the last of them, a job each."""

Overlap = Literal["allow", "skip", "queue"]
"""While the job of the time before has not ended: another, none, or one when it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One declaration.

    Attributes:
        name: the schedule's
        cron: the expression, or an interval
        kind: of the jobs: the task's name
        args: of the jobs, as JSON text
        queue: of the jobs; None for the kind's
        priority: of the jobs
        timezone: whose clock on the wall the expression is read from
        catch_up: what becomes of times at which nothing ran
        overlap: what if the job of the time before has not ended
        jitter: each job waits a random part of this
        starts_at: no time is before
        ends_at: no time is after
    """

    name: str
    cron: str
    kind: str
    args: str
    queue: str | None
    priority: int | None
    timezone: str
    catch_up: CatchUp
    overlap: Overlap
    jitter: Seconds | None
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
