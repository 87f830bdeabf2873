"""Batches: claimed jobs that wait for company, and the calls that they become."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from time import monotonic
from typing import Any

from . import _json
from ._claimed import Buffer, Claimed, Group, Unit
from .batch import BatchItem, BatchTask
from .errors import ConfigurationError
from .outcomes import Outcome
from .task import Task

__all__ = ["Batches", "handler_of"]

_FILL = 1.0  # seconds that the claims of one round have to fill a batch that waits for nobody else


class Batches:
    """Collects jobs of batch tasks; those that wait here take no slot, and no room of others.

    A batch is complete when it has as many jobs as its task takes, or when the first of them has
    waited long enough: then it goes into the buffer as one unit, in line with everything else.
    """

    def __init__(
        self,
        tasks: Mapping[str, Task[Any, Any]],
        buffer: Buffer,
        forget: Callable[[Claimed], None],
    ) -> None:
        self._tasks = {name: one for name, one in tasks.items() if isinstance(one, BatchTask)}
        self._buffer = buffer
        self._forget = forget
        self._waiting: dict[str, dict[int, Claimed]] = {}  # by kind, by the job's id
        self._grown: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._due: dict[str, float] = {}
        self._hurried: set[str] = set()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def collect(self, jobs: list[Claimed]) -> list[Claimed]:
        """Keeps those that are to wait for others, and returns the rest."""
        if not self._tasks:
            return jobs
        for job in jobs:
            if job.kind in self._tasks:
                self._add(job)
        return [job for job in jobs if job.kind not in self._tasks]

    def _add(self, job: Claimed) -> None:
        kind, batching = job.kind, self._tasks[job.kind].batching
        if batching.timeout == 0:
            self._hurried.add(kind)
        waiting = self._waiting.setdefault(kind, {})
        if job.id in waiting:  # its lease was lost, and nobody has said so yet
            self._forget(waiting[job.id])
        waiting[job.id] = job
        self._grown.add(kind)
        if len(waiting) >= batching.size:
            self.flush(kind)
            return
        # The database takes a job with a time limit away if it does not start within one lease.
        longest = batching.timeout if job.timeout is None else job.lease / 2
        due = job.claimed_at + min(batching.timeout, longest)
        if kind not in self._timers or due < self._due[kind]:
            self._set_timer(kind, due)

    def _set_timer(self, kind: str, due: float) -> None:
        self._cancel_timer(kind)
        self._due[kind] = due
        delay = max(_FILL if kind in self._hurried else 0.0, due - monotonic())
        self._timers[kind] = asyncio.get_running_loop().call_later(delay, self.flush, kind)

    def _cancel_timer(self, kind: str) -> None:
        timer = self._timers.pop(kind, None)
        if timer is not None:
            timer.cancel()

    def flush(self, kind: str) -> None:
        """What waits of that kind is a batch."""
        self._cancel_timer(kind)
        self._hurried.discard(kind)
        members = self._waiting.pop(kind, None)
        if members:
            self._buffer.put([Group(kind, list(members.values()), monotonic())])

    def flush_all(self) -> None:
        """Nothing waits any longer."""
        for kind in list(self._waiting):
            self.flush(kind)

    def flush_hurried(self) -> None:
        """Kinds whose last batch found no slot in time do not wait for company this time.

        Otherwise a worker whose slots are taken by long jobs could claim and give back the same
        jobs until that has used up their claims.
        """
        for kind in self._hurried & self._waiting.keys():
            self.flush(kind)

    def hurry(self, jobs: Iterable[Claimed]) -> None:
        """These have found no slot, and are given back."""
        self._hurried.update(job.kind for job in jobs if job.kind in self._tasks)

    def wanting(self) -> list[tuple[str, int]]:
        """The kinds that have got jobs since this was last asked, and how many more they take."""
        grown, self._grown = self._grown, set()
        return [
            (kind, self._tasks[kind].batching.size - len(waiting))
            for kind, waiting in self._waiting.items()
            if kind in grown
        ]

    def take_all(self) -> list[Claimed]:
        """Removes and returns all jobs."""
        jobs = [job for waiting in self._waiting.values() for job in waiting.values()]
        for kind in self._waiting:
            self._cancel_timer(kind)
        self._waiting.clear()
        return jobs

    def remove(self, job: Claimed) -> bool:
        """Removes a job; False if it is not waiting here."""
        waiting = self._waiting.get(job.kind, {})
        if waiting.get(job.id) is not job:
            return False
        del waiting[job.id]
        if not waiting:
            self._cancel_timer(job.kind)
            del self._waiting[job.kind]
        return True


def handler_of(
    unit: Unit, task: Task[Any, Any], refuse: Callable[[Claimed, Exception], None]
) -> Callable[..., Any]:
    """The call of the task's function for these jobs, which takes the context if there is one.

    Members of a group whose arguments do not fit are refused, and leave it.
    """
    if isinstance(unit, Claimed):
        return partial(task.fn, **task.signature.decode(unit.args))
    if not isinstance(task, BatchTask):
        raise TypeError(f"{task} does not take batches")
    items: list[BatchItem[Any]] = []
    fitting: list[Claimed] = []
    for job in unit.members:
        try:
            items.append(_item(job, task))
        except Exception as error:
            refuse(job, error)
        else:
            fitting.append(job)
    unit.members = fitting
    return partial(_call_async if task.is_async else _call, task, items)


def _item(job: Claimed, task: BatchTask[Any, Any]) -> BatchItem[Any]:
    headers = _json.loads(job.headers) if job.headers else {}
    args = task.items.decode_item(job.args)
    return BatchItem(args, job.id, job.attempt, job.max_attempts, headers)


def _call(task: BatchTask[Any, Any], items: list[BatchItem[Any]], *context: Any) -> Any:
    return _outcomes(task.name, len(items), task.fn(*context, items))


async def _call_async(task: BatchTask[Any, Any], items: list[BatchItem[Any]], *context: Any) -> Any:
    return _outcomes(task.name, len(items), await task.fn(*context, items))


def _outcomes(name: str, count: int, value: Any) -> list[Any] | None:
    """What a batch handler returned, as a list of one outcome per item."""
    if value is None:
        return None
    fix = f"return a list of {count}, one for each item in their order, or None if all are done"
    if isinstance(value, str | bytes | Mapping | set | frozenset | Outcome) or not isinstance(
        value, Iterable
    ):
        raise ConfigurationError(f"{name} returned {_shown(value)} for {count} items: {fix}")
    outcomes = list(value)
    if len(outcomes) != count:
        raise ConfigurationError(
            f"{name} returned {len(outcomes)} outcomes for {count} items: {fix}"
        )
    return outcomes


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, Outcome) else f"a {type(value).__name__}"
