"""What a handler may know and do about the job that it runs."""

import datetime as dt
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from . import _json
from ._drivers import Conn
from ._transaction import HandlerTransaction, InlineTransaction, Transactions
from .errors import Cancelled

__all__ = ["BatchContext", "Context", "RunningJob"]

_log = logging.getLogger("txjobs.job")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob:
    """The facts of a job that is running."""

    id: int
    kind: str
    queue: str
    priority: int = 0
    created_at: dt.datetime | None = None
    timeout: float | None = None
    headers: Mapping[str, Any]


class _Logger(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
        extra = self.extra or {}
        return f"[{extra['kind']} {extra['job']}] {msg}", {**kwargs, "extra": extra}


class _Execution:
    """What any handler may know and do, whether it has one job or many."""

    def __init__(self, deps: Any, transactions: Transactions | None) -> None:
        self._transactions = transactions or InlineTransaction(None)
        self.deps = deps
        self.cancelled = threading.Event()

    def raise_if_cancelled(self) -> None:
        """Raises `Cancelled` once `cancelled` is set; for the loops of sync handlers."""
        if self.cancelled.is_set():
            raise Cancelled("the job was cancelled, or its lease is lost: stop here")

    def transaction(self) -> HandlerTransaction:
        """A transaction that also holds the handler's outcome: all of it is one commit, or none.

        `with ctx.transaction() as conn` in a sync handler, `async with` in an async one; `conn` is
        a psycopg connection. The commit comes when the handler has returned: its outcome is written
        on the same connection first, so what the block wrote is there if and only if that outcome
        was accepted. If the handler raises, also after the block, everything rolls back. Several
        blocks of one handler share the transaction, each of them a savepoint. If the claim was
        lost in the meantime nothing is written. Keep slow work before the block, not after it.
        """
        return HandlerTransaction(self._transactions)


class Context(_Execution):
    """Annotate a handler's first parameter with it, and the worker passes it.

    Attributes:
        job: the job's facts: id, kind, queue, priority, created_at, headers
        attempt: 1 for the first; above 1, an earlier attempt may have done part of the work
        max_attempts: how many there are at most
        deps: what was given to the worker as `deps=`
        cancelled: a `threading.Event`: the job's cancellation was asked for, its lease is lost, or
            the worker is stopping. An async handler is cancelled besides; a sync one should look
    """

    def __init__(
        self,
        claimed: Any,
        deps: Any = None,
        transactions: Transactions | None = None,
    ) -> None:
        super().__init__(deps, transactions)
        self._claimed = claimed
        self.attempt: int = claimed.attempt
        self.max_attempts: int = claimed.max_attempts

    @cached_property
    def job(self) -> RunningJob:
        """The job's facts."""
        one = self._claimed
        return RunningJob(
            id=one.id,
            kind=one.kind,
            queue=one.queue,
            priority=one.priority,
            created_at=one.created_at,
            timeout=one.timeout,
            headers=_json.loads(one.headers) if one.headers else {},
        )

    @property
    def batch(self) -> int | None:
        """The batch that the job is in: `task.using(batch=ctx.batch)` adds to it. Or None."""
        found = self.job.headers.get("batch")
        return found if isinstance(found, int) else None

    @property
    def lost(self) -> bool:
        """The lease is lost: another worker may be running this job, and no outcome is accepted."""
        return bool(self._claimed.lost)

    @cached_property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records name the job."""
        return _Logger(_log, {"job": self._claimed.id, "kind": self._claimed.kind})

    @classmethod
    def inline(cls, conn: Conn | None = None, *, deps: Any = None, attempt: int = 1) -> Self:
        """A context without a worker, to call a handler's function in a test.

        `charge.fn(Context.inline(conn), 7, cents=5)`: blocks of `ctx.transaction()` are savepoints
        of the connection that was given, and committing is the caller's affair.
        """
        return cls(_Inline(attempt), deps, InlineTransaction(conn))


class BatchContext(_Execution):
    """The context of a batch handler; what concerns a single job is in its `BatchItem`.

    Attributes:
        deps: what was given to the worker as `deps=`
        cancelled: a `threading.Event`: nobody waits for any of the items (each is to be cancelled,
            or its lease is lost), or the worker is stopping. An async handler is cancelled besides

    `transaction()` holds the outcomes of all items: if one of them is refused, because its claim
    was lost or its result cannot be stored, everything rolls back; that item bears what is its own,
    and the others run again without a charge.
    """

    def __init__(
        self, kind: str, deps: Any = None, transactions: Transactions | None = None
    ) -> None:
        super().__init__(deps, transactions)
        self._kind = kind

    @cached_property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records name the kind."""
        return _Logger(_log, {"job": "batch", "kind": self._kind})

    @classmethod
    def inline(cls, conn: Conn | None = None, *, deps: Any = None) -> Self:
        """A context without a worker, as `Context.inline`."""
        return cls("inline", deps, InlineTransaction(conn))


class _Inline:
    """The claim of a job that is called rather than claimed."""

    id = 0
    kind = queue = "inline"
    priority = 0
    created_at = timeout = headers = None
    lost = False
    max_attempts = 1

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
