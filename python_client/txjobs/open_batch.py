"""The blocks in which batches are filled."""

from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import Generic, Self, TypeVar

from . import _batch_calls, _drivers
from ._calls import Call
from ._drivers import AsyncConn, Conn
from .task import Job, NewJob, enqueue_call

__all__ = ["AsyncOpenBatch", "OpenBatch"]

R = TypeVar("R")
C = TypeVar("C")


class _Filling(Generic[C]):
    """What both forms know: the connection, and what is to be made."""

    def __init__(self, conn: C, make: Call[int]) -> None:
        self._conn = conn
        self._make = make
        self._id: int | None = None

    @property
    def id(self) -> int:
        """The batch's number, inside the block: `task.using(batch=batch.id)`."""
        if self._id is None:
            raise RuntimeError("the batch is made by `with app.batch(conn) as batch:`")
        return self._id

    def _joining(self, jobs: Iterable[NewJob[R]]) -> Call[list[Job[R]]]:
        return enqueue_call([replace(j, options=j.options.but(batch=self.id)) for j in jobs])


class OpenBatch(_Filling[Conn]):
    """A batch that is closed at the end of the block; an error leaves it open.

    >>> with app.batch(conn, on_success=publish.job(7)) as batch:  # doctest: +SKIP
    ...     batch.enqueue(render.job(page) for page in range(10))
    """

    def __enter__(self) -> Self:
        self._id = _drivers.execute(self._conn, self._make)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            _drivers.execute(self._conn, _batch_calls.close(self.id))

    def enqueue(self, jobs: Iterable[NewJob[R]], /) -> list[Job[R]]:
        """Jobs of the batch, of any tasks, in one round trip, or none of them."""
        return _drivers.execute(self._conn, self._joining(jobs))


class AsyncOpenBatch(_Filling[AsyncConn]):
    """The same for an async connection: `async with app.batch(aconn) as batch:`."""

    async def __aenter__(self) -> Self:
        self._id = await _drivers.execute(self._conn, self._make)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await _drivers.execute(self._conn, _batch_calls.close(self.id))

    async def enqueue(self, jobs: Iterable[NewJob[R]], /) -> list[Job[R]]:
        """Jobs of the batch, of any tasks, in one round trip, or none of them."""
        return await _drivers.execute(self._conn, self._joining(jobs))
