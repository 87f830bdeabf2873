"""What the clients ask of batches, in their two forms."""

from . import _batch_calls
from ._batch_calls import Callback
from ._client_dead import AsyncDeadClient, DeadClient
from .batches import BatchInfo, BatchJob

__all__ = ["AsyncBatchClient", "BatchClient"]


class BatchClient(DeadClient):
    """Batches of jobs."""

    def create_batch(
        self,
        *,
        on_complete: Callback = None,
        on_success: Callback = None,
        on_failure: Callback = None,
        name: str | None = None,
        keep_open: bool = False,
    ) -> int:
        """A batch exists; its id is what `task.using(batch=...)` takes.

        When all of its jobs have ended, `on_complete` is enqueued, and `on_success` or
        `on_failure`: each is `task.job(...)` or a kind. One that is kept open is not finished
        before `close_batch`.
        """
        return self._run(_batch_calls.create(on_complete, on_success, on_failure, name, keep_open))

    def close_batch(self, batch: int) -> str:
        """It is finished as soon as its jobs have ended; its state. Raises `NotFound`."""
        return self._run(_batch_calls.close(batch))

    def cancel_batch(self, batch: int, reason: str | None = None, *, max_jobs: int = 1000) -> int:
        """Its waiting jobs are cancelled, running ones told; how many: again until it is 0."""
        return self._run(_batch_calls.cancel(batch, reason, max_jobs))

    def batch(self, batch: int) -> BatchInfo:
        """How far it is; raises `NotFound`."""
        (found,) = self._run(_batch_calls.list_batches(batch, None, None, 1))
        return found

    def batches(
        self, state: str | None = None, *, after: int | None = None, max_batches: int = 50
    ) -> list[BatchInfo]:
        """A page of batches, newest first; `after` is the last id of the page before."""
        return self._run(_batch_calls.list_batches(None, state, after, max_batches))

    def batch_jobs(
        self, batch: int, *, after: int | None = None, max_jobs: int = 1000
    ) -> list[BatchJob]:
        """A page of its jobs in the order of their ids, with their results."""
        return self._run(_batch_calls.batch_jobs(batch, after, max_jobs))


class AsyncBatchClient(AsyncDeadClient):
    """The same, awaited."""

    async def create_batch(
        self,
        *,
        on_complete: Callback = None,
        on_success: Callback = None,
        on_failure: Callback = None,
        name: str | None = None,
        keep_open: bool = False,
    ) -> int:
        """A batch exists; its id is what `task.using(batch=...)` takes.

        When all of its jobs have ended, `on_complete` is enqueued, and `on_success` or
        `on_failure`: each is `task.job(...)` or a kind. One that is kept open is not finished
        before `close_batch`.
        """
        return await self._run(
            _batch_calls.create(on_complete, on_success, on_failure, name, keep_open)
        )

    async def close_batch(self, batch: int) -> str:
        """It is finished as soon as its jobs have ended; its state. Raises `NotFound`."""
        return await self._run(_batch_calls.close(batch))

    async def cancel_batch(
        self, batch: int, reason: str | None = None, *, max_jobs: int = 1000
    ) -> int:
        """Its waiting jobs are cancelled, running ones told; how many: again until it is 0."""
        return await self._run(_batch_calls.cancel(batch, reason, max_jobs))

    async def batch(self, batch: int) -> BatchInfo:
        """How far it is; raises `NotFound`."""
        (found,) = await self._run(_batch_calls.list_batches(batch, None, None, 1))
        return found

    async def batches(
        self, state: str | None = None, *, after: int | None = None, max_batches: int = 50
    ) -> list[BatchInfo]:
        """A page of batches, newest first; `after` is the last id of the page before."""
        return await self._run(_batch_calls.list_batches(None, state, after, max_batches))

    async def batch_jobs(
        self, batch: int, *, after: int | None = None, max_jobs: int = 1000
    ) -> list[BatchJob]:
        """A page of its jobs in the order of their ids, with their results."""
        return await self._run(_batch_calls.batch_jobs(batch, after, max_jobs))
