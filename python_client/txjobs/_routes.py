"""Where the jobs of an application go: into the database, unless something else is open."""

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ._targets import AsyncTarget, SyncTarget
from .errors import ConfigurationError

if TYPE_CHECKING:
    from .task import Job, NewJob

__all__ = ["LocalRoute", "Routes", "then"]

S = TypeVar("S")
T = TypeVar("T")


class LocalRoute(Protocol):
    """What takes jobs whatever they are enqueued on."""

    def send(
        self, conn: Any, jobs: "Sequence[NewJob[Any]]"
    ) -> list[int] | Coroutine[Any, Any, list[int]]:
        """Their ids; to be awaited where the connection is an async one."""


class Routes:
    """What all tasks of an application share."""

    def __init__(self) -> None:
        self._local: LocalRoute | None = None

    def open(self, local: LocalRoute) -> None:
        """All jobs go there from now on."""
        if self._local is not None:
            raise ConfigurationError(
                "this application already has a runner or inline mode open: close it first"
            )
        self._local = local

    def close(self, local: LocalRoute) -> None:
        """They do not any more."""
        if self._local is local:
            self._local = None

    def bypass(self, conn: object) -> bool:
        """Whether jobs on this connection do not go into its database."""
        return self._local is not None or isinstance(conn, SyncTarget | AsyncTarget)

    def send(
        self, conn: Any, jobs: "Sequence[NewJob[Any]]"
    ) -> "list[Job[Any]] | Coroutine[Any, Any, list[Job[Any]]]":
        """The jobs; to be awaited where the connection is an async one."""
        from .task import made_of

        if isinstance(conn, SyncTarget | AsyncTarget):
            return conn.take_jobs(jobs)
        if self._local is None:
            raise ConfigurationError("nothing is open to send jobs to")
        return then(self._local.send(conn, jobs), lambda ids: made_of(jobs, ids))


def then(value: S | Coroutine[Any, Any, S], change: Callable[[S], T]) -> T | Coroutine[Any, Any, T]:
    """The changed value, awaited or not."""
    if not isinstance(value, Coroutine):
        return change(value)

    async def changed(waiting: Coroutine[Any, Any, S]) -> T:
        return change(await waiting)

    return changed(value)
