"""Outcomes on their way to the database, collected into batches."""

import asyncio
from dataclasses import dataclass, field

from ._claimed import Claimed
from ._verdict import Verdict

__all__ = ["Batch", "Outbox"]


@dataclass(slots=True)
class Batch:
    """Outcomes that are sent together; kept until the answer is there, so it can be sent again."""

    completed: list[Claimed] = field(default_factory=list)
    results: list[str | None] = field(default_factory=list)
    has_results: bool = False
    failed: list[tuple[Claimed, Verdict]] = field(default_factory=list)
    single: list[tuple[Claimed, Verdict]] = field(default_factory=list)
    released: list[Claimed] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.completed) + len(self.failed) + len(self.single) + len(self.released)


class Outbox:
    """Filled by the slots, emptied by the pump; both in the event loop."""

    def __init__(self) -> None:
        self.filled = asyncio.Event()
        self._batch = Batch()

    def __len__(self) -> int:
        return len(self._batch)

    def complete(self, job: Claimed, result: str | None) -> None:
        """The job is done, with that JSON text."""
        job.done = True
        batch = self._batch
        batch.completed.append(job)
        batch.results.append(result)
        if result is not None:
            batch.has_results = True
        self.filled.set()

    def settle(self, job: Claimed, verdict: Verdict) -> None:
        """The job's outcome is that one."""
        if verdict.name == "completed":
            self.complete(job, verdict.result)
            return
        job.done = True
        if verdict.name == "released":
            self._batch.released.append(job)
        elif verdict.name == "failed":
            self._batch.failed.append((job, verdict))
        else:
            self._batch.single.append((job, verdict))
        self.filled.set()

    def take(self) -> Batch:
        """Everything collected so far."""
        batch, self._batch = self._batch, Batch()
        self.filled.clear()
        return batch
