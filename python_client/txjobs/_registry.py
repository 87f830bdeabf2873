"""The tasks of an application, by name."""

from collections.abc import Iterator, Mapping
from typing import Any

from ._routes import Routes
from .errors import ConfigurationError
from .task import Task

__all__ = ["TaskRegistry"]


class TaskRegistry:
    """What both kinds of tasks are added to: of jobs that are enqueued, and that events become."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task[Any, Any]] = {}
        self.routes = Routes()

    def _add(self, task: Task[Any, Any]) -> None:
        if task.name in self._tasks:
            raise ConfigurationError(f"two tasks are named {task.name!r}: give one of them name=")
        task.routes = self.routes
        self._tasks[task.name] = task

    @property
    def tasks(self) -> Mapping[str, Task[Any, Any]]:
        """The registered tasks, by name."""
        return self._tasks

    def __iter__(self) -> Iterator[Task[Any, Any]]:
        return iter(self._tasks.values())
