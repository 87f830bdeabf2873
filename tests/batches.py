"""Batch tasks in tests: one kind of item, and handlers that note what they were called with."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from txjobs import Backoff, BatchItem, BatchTask, Client, Job, Jobs
from txjobs._claimed import Claimed

Conn = psycopg.Connection[Any]

ONCE = Backoff(max_attempts=1)
SOON = Backoff(base=0, jitter=0)
NEVER = 600.0  # seconds that a batch waits for company which does not come


@dataclass(frozen=True)
class Doc:
    n: int
    key: uuid.UUID | None = None


Items = list[BatchItem[Doc]]


class Handled:
    """A batch task, one way or the other, and what its handler was called with."""

    def __init__(self, app: Jobs, is_async: bool) -> None:
        self.app = app
        self._is_async = is_async
        self.calls: list[Items] = []

    def task(self, answer: Callable[[Items], Any], **options: Any) -> BatchTask[Doc, Any]:
        """The task whose handler answers so."""

        def index(items: Items) -> Any:
            self.calls.append(items)
            return answer(items)

        async def index_async(items: Items) -> Any:
            await asyncio.sleep(0)
            return index(items)

        function = index_async if self._is_async else index
        options = {"batch_size": 100, "name": "index", **options}
        made: BatchTask[Doc, Any] = self.app.task(**options)(function)
        return made

    @property
    def seen(self) -> list[list[int]]:
        """The numbers of the documents of each call."""
        return [sorted(one.args.n for one in items) for items in self.calls]


def enqueue(conn: Conn, task: BatchTask[Doc, Any], count: int) -> list[Job[Any]]:
    return task.enqueue_many(conn, [task.job(Doc(n)) for n in range(count)])


def results(client: Client, jobs: list[Job[Any]]) -> list[Any]:
    return [client.result(job, timeout=20) for job in jobs]


def states(client: Client, jobs: list[Job[Any]]) -> list[str]:
    return [str(client.state(job)) for job in jobs]


def message(client: Client, job: Job[Any]) -> str:
    """What was recorded of the job's last failure."""
    found = client.get(job)
    assert found is not None
    return str(found.errors[-1]["error"]["message"])


def lose(conn: Conn, job: Job[Any]) -> None:
    """Let the job's claim end, as if its worker had been silent."""
    conn.execute(
        "update jobs.lease set until = jobs.now() - interval '1 s' where %s = any(ids)", (job.id,)
    )
    conn.execute("select jobs.reset_stale_claims()")


def claimed(token: int, job: int) -> Claimed:
    """A claimed job of the kind `index`."""
    columns = (token, job, "index", "{}", 1, 20, None, "default", 0, None, None, 30.0)
    return Claimed(columns, 0.0)
