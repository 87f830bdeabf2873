"""What the clients ask of failures and dead jobs, and of pauses, in their two forms."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from . import _dead_calls, _requests
from ._client_insight import AsyncInsightClient, InsightClient
from ._options import Seconds
from .dead import ErrorGroup, Pause, RetriedJob
from .task import Job

__all__ = ["AsyncDeadClient", "DeadClient"]


class DeadClient(InsightClient):
    """Errors by their cause, and another try."""

    def errors(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        fingerprint: str | None = None,
        window: Seconds = 86_400,
        max_events: int = 10_000,
    ) -> list[ErrorGroup]:
        """Failed attempts of the last so many seconds by their cause, the newest cause first.

        At most `max_events` attempts are looked at, the newest ones; `cut` says that there are
        more.
        """
        return self._run(_dead_calls.list_errors(queue, kind, fingerprint, window, max_events))

    def fingerprint(self, kind: str, error: Mapping[str, Any] | None) -> str:
        """What errors of one cause have in common: 16 hexadecimal digits."""
        return self._run(_dead_calls.fingerprint(kind, error))

    def retry(
        self,
        job: Job[Any] | int,
        *,
        run_at: dt.datetime | None = None,
        patch: Mapping[str, Any] | None = None,
    ) -> str:
        """A job that has ended is ready again (or scheduled), with its attempts at zero.

        `patch` is merged into its arguments (JSON Merge Patch: None removes); those that it had
        stay in its history.
        """
        return self._run(_dead_calls.retry(_requests.number(job), run_at, patch))

    def retry_many(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        reason: str | None = None,
        max_jobs: int = 1000,
        fingerprint: str | None = None,
        died_after: dt.datetime | None = None,
        died_before: dt.datetime | None = None,
        run_at: dt.datetime | None = None,
        rate: float | None = None,
        patch: Mapping[str, Any] | None = None,
        dry_run: bool = False,
    ) -> list[RetriedJob]:
        """Dead jobs that are ready again, the oldest death first; with `dry_run`, that would be.

        `rate` is how many of them begin per second, from `run_at` on (default now); `patch` is as
        in `retry`.
        """
        return self._run(
            _dead_calls.retry_many(
                queue=queue,
                kind=kind,
                reason=reason,
                max_jobs=max_jobs,
                fingerprint=fingerprint,
                died_after=died_after,
                died_before=died_before,
                run_at=run_at,
                rate=rate,
                patch=patch,
                dry_run=dry_run,
            )
        )

    def pauses(self) -> list[Pause]:
        """What is paused, by whom or by which death, and why; oldest first."""
        return self._run(_dead_calls.list_pauses())


class AsyncDeadClient(AsyncInsightClient):
    """The same, awaited."""

    async def errors(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        fingerprint: str | None = None,
        window: Seconds = 86_400,
        max_events: int = 10_000,
    ) -> list[ErrorGroup]:
        """Failed attempts of the last so many seconds by their cause, the newest cause first.

        At most `max_events` attempts are looked at, the newest ones; `cut` says that there are
        more.
        """
        return await self._run(
            _dead_calls.list_errors(queue, kind, fingerprint, window, max_events)
        )

    async def fingerprint(self, kind: str, error: Mapping[str, Any] | None) -> str:
        """What errors of one cause have in common: 16 hexadecimal digits."""
        return await self._run(_dead_calls.fingerprint(kind, error))

    async def retry(
        self,
        job: Job[Any] | int,
        *,
        run_at: dt.datetime | None = None,
        patch: Mapping[str, Any] | None = None,
    ) -> str:
        """A job that has ended is ready again (or scheduled), with its attempts at zero.

        `patch` is merged into its arguments (JSON Merge Patch: None removes); those that it had
        stay in its history.
        """
        return await self._run(_dead_calls.retry(_requests.number(job), run_at, patch))

    async def retry_many(
        self,
        *,
        queue: str | None = None,
        kind: str | None = None,
        reason: str | None = None,
        max_jobs: int = 1000,
        fingerprint: str | None = None,
        died_after: dt.datetime | None = None,
        died_before: dt.datetime | None = None,
        run_at: dt.datetime | None = None,
        rate: float | None = None,
        patch: Mapping[str, Any] | None = None,
        dry_run: bool = False,
    ) -> list[RetriedJob]:
        """Dead jobs that are ready again, the oldest death first; with `dry_run`, that would be.

        `rate` is how many of them begin per second, from `run_at` on (default now); `patch` is as
        in `retry`.
        """
        return await self._run(
            _dead_calls.retry_many(
                queue=queue,
                kind=kind,
                reason=reason,
                max_jobs=max_jobs,
                fingerprint=fingerprint,
                died_after=died_after,
                died_before=died_before,
                run_at=run_at,
                rate=rate,
                patch=patch,
                dry_run=dry_run,
            )
        )

    async def pauses(self) -> list[Pause]:
        """What is paused, by whom or by which death, and why; oldest first."""
        return await self._run(_dead_calls.list_pauses())
