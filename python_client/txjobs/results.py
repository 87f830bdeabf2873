"""What has become of a job, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .errors import (
    JobCancelled,
    JobDiscarded,
    JobEnded,
    JobFailed,
    JobSkipped,
    NotFound,
    ResultPruned,
    TxjobsError,
)
from .task import Job

__all__ = ["JobResult"]

R_co = TypeVar("R_co", covariant=True)

_ENDED: Mapping[str, type[JobEnded]] = {
    "dead": JobFailed,
    "cancelled": JobCancelled,
    "skipped": JobSkipped,
    "discarded": JobDiscarded,
}
_LIVE = ("ready", "scheduled", "blocked", "running")


@dataclass(frozen=True, slots=True)
class JobResult(Generic[R_co]):
    """What had become of a job when it was asked for.

    `state` is None if there is no such job; `result` is what it returned, if it is completed and
    that is still kept (`result_pruned` tells); `reason` and `error` are of a job that ended
    otherwise, or that waits for its next attempt.
    """

    job: Job[R_co] | int
    state: str | None
    result: Any
    reason: str | None
    error: Mapping[str, Any] | None
    result_pruned: bool

    @property
    def id(self) -> int:
        """The job's id."""
        return self.job if isinstance(self.job, int) else self.job.id

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it, unless someone asks for it."""
        return self.state is not None and self.state not in _LIVE

    def value(self) -> R_co:
        """What the job returned, as its task says.

        Raises `JobFailed`, `JobCancelled`, `JobSkipped` or `JobDiscarded` if it ended otherwise;
        `ResultPruned` if it is no longer kept; `NotFound` if there is no such job, and
        `TxjobsError` if it has not ended.
        """
        if self.state is None:
            raise NotFound(f"there is no job {self.id}: is its transaction committed?")
        if self.state == "completed":
            if self.result_pruned:
                raise ResultPruned(
                    f"job {self.id} is completed, but its result is not kept any more: the "
                    "queue's keep_results says how long"
                )
            read = None if isinstance(self.job, int) else self.job.read_result
            found: R_co = self.result if read is None or self.result is None else read(self.result)
            return found
        if self.state in _LIVE:
            raise TxjobsError(f"job {self.id} is still {self.state}: wait for it")
        error = _ENDED.get(self.state)
        if error is None:
            raise TxjobsError(f"job {self.id} is {self.state}, which this client does not know")
        raise error(self.id, self.state, self.reason, self.error)
