"""What takes jobs in the place of a connection."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .task import Job, NewJob

__all__ = ["AsyncTarget", "SyncTarget"]


class SyncTarget(ABC):
    """Takes jobs at once."""

    @abstractmethod
    def take_jobs(self, jobs: "Sequence[NewJob[Any]]", /) -> "list[Job[Any]]":
        """The jobs that they have become; all of them, or none."""


class AsyncTarget(ABC):
    """The same, awaited."""

    @abstractmethod
    async def take_jobs(self, jobs: "Sequence[NewJob[Any]]", /) -> "list[Job[Any]]":
        """The jobs that they have become; all of them, or none."""
