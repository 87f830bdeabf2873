"""Sending a batch of outcomes, and noting what the database made of each."""

import logging
from collections.abc import Sequence
from typing import Any

import psycopg

from . import _verdict
from . import _worker_calls as calls
from ._claimed import Claimed
from ._drivers import AsyncConn, run_async
from ._outbox import Batch
from ._slots import Slots
from ._verdict import Verdict
from .errors import EngineError, StaleClaim, UnknownOutcome

__all__ = ["Acks"]

_log = logging.getLogger("txjobs.worker")


class Acks:
    """The rarer outcomes have statements of their own; what was accepted leaves the batch."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    async def send_rare(self, conn: AsyncConn, batch: Batch) -> None:
        """Everything but the completed ones, which go together with the next claim."""
        if batch.failed:
            await self._send_failed(conn, batch.failed)
            batch.failed = []
        if batch.released:
            rows = await run_async(conn, calls.release_many([job.token for job in batch.released]))
            self._note_rows(rows, [(job, Verdict(name="released")) for job in batch.released])
            batch.released = []
        while batch.single:
            await self._send_single(conn, *batch.single[-1])
            batch.single.pop()

    async def send_completed(self, conn: AsyncConn, batch: Batch) -> None:
        """The completed ones by themselves; for when there is nothing to claim."""
        tokens = [job.token for job in batch.completed]
        results = batch.results if batch.has_results else None
        rows = await run_async(conn, calls.complete_many(tokens, results))
        self.note_completed(batch, [row for row in rows if row[1] != "completed"])

    async def send_one_by_one(self, conn: AsyncConn, batch: Batch) -> None:
        """The completed ones singly, after the database refused all of them for the sake of one."""
        while batch.completed:
            job, result = batch.completed[-1], batch.results[-1]
            await self._send_single(conn, job, Verdict(name="completed", result=result))
            batch.completed.pop()
            batch.results.pop()

    def note_completed(self, batch: Batch, exceptions: Sequence[Sequence[Any]]) -> None:
        """The batch was completed, with these `(token, status)` as exceptions."""
        slots = self._slots
        held = slots.held
        for token, status, *_ in exceptions:
            job = held.get(token)
            if job is not None:
                self._note(job, "completed", status)
        count = 0
        for job in batch.completed:
            if held.pop(job.token, None) is not None:
                count += 1
                if slots.observed:
                    slots.observed.settled(job, "completed")
        slots.stats.completed += count
        batch.completed, batch.results, batch.has_results = [], [], False

    async def _send_failed(self, conn: AsyncConn, failed: list[tuple[Claimed, Verdict]]) -> None:
        rows = await run_async(
            conn,
            calls.fail_many(
                [job.token for job, _ in failed],
                [verdict.error for _, verdict in failed],
                [verdict.retry_in for _, verdict in failed],
                [verdict.reason for _, verdict in failed],
                [verdict.charge for _, verdict in failed],
            ),
        )
        self._note_rows(rows, failed)

    async def _send_single(self, conn: AsyncConn, job: Claimed, verdict: Verdict) -> None:
        try:
            status = await run_async(conn, verdict.call(job.token))
        except StaleClaim:
            status = "stale"
        except UnknownOutcome:
            raise
        except (EngineError, psycopg.Error) as error:
            if isinstance(error, psycopg.OperationalError):
                raise
            # The outcome itself is not one that the database takes: that is the job's failure.
            await self._send_failed(conn, [(job, _verdict.of_error(error))])
            return
        self._note(job, verdict.name, status)

    def _note_rows(
        self, rows: Sequence[tuple[Any, ...]], sent: list[tuple[Claimed, Verdict]]
    ) -> None:
        statuses: dict[int, str] = dict(rows)
        for job, verdict in sent:
            self._note(job, verdict.name, statuses.get(job.token, verdict.name))

    def _note(self, job: Claimed, verdict: str, status: str) -> None:
        if status != "stale":
            self._slots.accepted(job, verdict, status)
        elif job.unknown:  # the commit that was cut off did take effect
            self._slots.accepted(job, "completed", "completed")
        elif job.lost or verdict == "released":
            self._slots.forget(job)
        else:
            self._slots.stale(job, verdict)
