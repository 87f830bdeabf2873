"""Batch handlers: one call for many jobs, and an outcome for each of them."""

import datetime as dt
import inspect
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, overload

from ._batch_signature import BatchSignature
from ._options import Options, Seconds
from .context import BatchContext
from .errors import ConfigurationError
from .outcomes import Outcome
from .task import Task

__all__ = ["AsyncBatchTask", "BatchItem", "BatchTask", "SyncBatchTask"]

A = TypeVar("A")
R = TypeVar("R")

_DEFAULT_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class BatchItem(Generic[A]):
    """One job of a batch.

    Attributes:
        args: what it was enqueued with
        id: the job's
        attempt: 1 for the first; above 1, an earlier attempt may have done part of the work
        max_attempts: how many there are at most
        headers: the job's
    """

    args: A
    id: int = 0
    attempt: int = 1
    max_attempts: int = 1
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batching:
    """How many jobs a call takes at most, and how many seconds the first of them waits for more."""

    size: int
    timeout: float

    @classmethod
    def checked(cls, size: int | None, timeout: Seconds | None) -> "Batching | None":
        """None if nothing is said of batches."""
        if size is None:
            if timeout is not None:
                raise ConfigurationError("batch_timeout is of a batch: give batch_size too")
            return None
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ConfigurationError(f"batch_size is a number of jobs, at least 1, not {size!r}")
        if timeout is None:
            return cls(size, _DEFAULT_TIMEOUT)
        seconds = timeout.total_seconds() if isinstance(timeout, dt.timedelta) else float(timeout)
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ConfigurationError(
                f"batch_timeout is 0 or more seconds, not {timeout!r}; 0 waits for nobody"
            )
        return cls(size, seconds)


class BatchTask(Task[[A], R]):
    """A registered batch handler: `A` is what one job is enqueued with, `R` one job's result."""

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str,
        options: Options,
        signature: BatchSignature,
        batching: Batching,
    ) -> None:
        super().__init__(fn, name, options, signature)
        self.items = signature
        self.batching = batching

    def _context(self) -> tuple[Any, ...]:
        return (BatchContext.inline(),) if self.signature.takes_context else ()


Outcomes = Sequence[R | Outcome | BaseException] | None


class SyncBatchTask(BatchTask[A, R]):
    """A batch task whose function is a plain one."""

    def __call__(self, items: Sequence[BatchItem[A]], /) -> Outcomes[R]:
        """What the function itself returns, here and now: nothing is enqueued."""
        found: Outcomes[R] = self.fn(*self._context(), list(items))
        return found


class AsyncBatchTask(BatchTask[A, R]):
    """A batch task whose function is `async`."""

    is_async = True

    def __call__(self, items: Sequence[BatchItem[A]], /) -> Coroutine[Any, Any, Outcomes[R]]:
        """The function's own coroutine: nothing is enqueued."""
        found: Coroutine[Any, Any, Outcomes[R]] = self.fn(*self._context(), list(items))
        return found


def batch_task(
    fn: Callable[..., Any], name: str, options: Options, batching: Batching
) -> BatchTask[Any, Any]:
    """The task of a batch handler, or `ConfigurationError`."""
    if inspect.isasyncgenfunction(fn):
        raise ConfigurationError(f"{fn.__qualname__} yields: return a list of outcomes instead")
    is_async = inspect.iscoroutinefunction(fn)
    cls: type[BatchTask[Any, Any]] = AsyncBatchTask if is_async else SyncBatchTask
    return cls(fn, name, options, BatchSignature(fn, BatchItem), batching)


Items = list[BatchItem[A]]


class BatchDecorator(Protocol):
    """What `@app.task(batch_size=...)` is: an item's type is what one job is enqueued with."""

    @overload
    def __call__(
        self, fn: Callable[[BatchContext, Items[A]], Coroutine[Any, Any, None]], /
    ) -> AsyncBatchTask[A, None]: ...
    @overload
    def __call__(
        self, fn: Callable[[Items[A]], Coroutine[Any, Any, None]], /
    ) -> AsyncBatchTask[A, None]: ...
    @overload
    def __call__(
        self, fn: Callable[[BatchContext, Items[A]], Coroutine[Any, Any, Outcomes[R]]], /
    ) -> AsyncBatchTask[A, R]: ...
    @overload
    def __call__(
        self, fn: Callable[[Items[A]], Coroutine[Any, Any, Outcomes[R]]], /
    ) -> AsyncBatchTask[A, R]: ...
    @overload
    def __call__(
        self, fn: Callable[[BatchContext, Items[A]], None], /
    ) -> SyncBatchTask[A, None]: ...
    @overload
    def __call__(self, fn: Callable[[Items[A]], None], /) -> SyncBatchTask[A, None]: ...
    @overload
    def __call__(
        self, fn: Callable[[BatchContext, Items[A]], Outcomes[R]], /
    ) -> SyncBatchTask[A, R]: ...
    @overload
    def __call__(self, fn: Callable[[Items[A]], Outcomes[R]], /) -> SyncBatchTask[A, R]: ...
