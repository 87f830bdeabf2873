"""What a drain has done."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Drained", "DrainedJob"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainedJob:
    """One execution of one job.

    Attributes:
        outcome: completed, failed (another attempt follows), dead, snoozed, skipped, discarded,
            cancelled, released (it is ready again, uncharged), or stale: refused, since the job
            was no longer this claim's
        error: of one that failed or is dead: `type`, `message`, `traceback`
        exception: what the handler raised, or returned as an item's outcome
    """

    id: int
    kind: str
    queue: str
    attempt: int
    outcome: str
    error: Mapping[str, Any] | None = None
    exception: BaseException | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        text = f"job {self.id} ({self.kind}), attempt {self.attempt}: {self.outcome}"
        if self.error is None:
            return text
        return f"{text}: {self.error.get('type')}: {self.error.get('message')}"


@dataclass(frozen=True, slots=True)
class Drained:
    """The executions of a drain in their order; a job that ran twice is there twice."""

    jobs: tuple[DrainedJob, ...] = ()

    def of(self, outcome: str) -> list[DrainedJob]:
        """Those that had this outcome."""
        return [one for one in self.jobs if one.outcome == outcome]

    @property
    def completed(self) -> list[DrainedJob]:
        """Those that ended well."""
        return self.of("completed")

    @property
    def failed(self) -> list[DrainedJob]:
        """Attempts that failed and are followed by another one."""
        return self.of("failed")

    @property
    def dead(self) -> list[DrainedJob]:
        """Those that failed for good."""
        return self.of("dead")

    @property
    def snoozed(self) -> list[DrainedJob]:
        """Those that put themselves off."""
        return self.of("snoozed")

    @property
    def skipped(self) -> list[DrainedJob]:
        """Those that had nothing to do."""
        return self.of("skipped")

    @property
    def discarded(self) -> list[DrainedJob]:
        """Those that were not worth doing."""
        return self.of("discarded")

    @property
    def cancelled(self) -> list[DrainedJob]:
        """Those whose cancellation was asked for while they ran."""
        return self.of("cancelled")

    @property
    def counts(self) -> dict[str, int]:
        """How many had which outcome."""
        return dict(Counter(one.outcome for one in self.jobs))

    def __len__(self) -> int:
        return len(self.jobs)

    def __str__(self) -> str:
        return "\n".join(map(str, self.jobs)) or "no job was run"
