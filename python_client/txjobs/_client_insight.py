"""What the clients ask of why things are as they are, in their two forms."""

from typing import Any

from . import _insight_calls, _requests
from ._client_settings import AsyncSettingsClient, SettingsClient
from ._options import Seconds
from .insight import Gate, HealthCheck, KindStats, WorkerInfo
from .task import Job

__all__ = ["AsyncInsightClient", "InsightClient"]


class InsightClient(SettingsClient):
    """Reasons, and what to do."""

    def explain(self, job: Job[Any] | int) -> list[Gate]:
        """Why the job is not running, a line per condition; raises `NotFound`."""
        return self._run(_insight_calls.explain(_requests.number(job)))

    def health(
        self,
        *,
        due_for: Seconds | None = None,
        stuck_for: Seconds | None = None,
        lag_for: Seconds | None = None,
        tick_for: Seconds | None = None,
        held_for: Seconds | None = None,
        held_xids: int | None = None,
        paused_for: Seconds | None = None,
        dead_within: Seconds | None = None,
        max_dead: int | None = None,
        max_dead_rows: int | None = None,
        used: float | None = None,
    ) -> list[HealthCheck]:
        """Is the installation well: a line per check; thresholds as `jobs.health` has them."""
        return self._run(
            _insight_calls.health(
                {
                    "due_for": due_for,
                    "stuck_for": stuck_for,
                    "lag_for": lag_for,
                    "tick_for": tick_for,
                    "held_for": held_for,
                    "paused_for": paused_for,
                    "dead_within": dead_within,
                },
                {
                    "held_xids": held_xids,
                    "max_dead": max_dead,
                    "max_dead_rows": max_dead_rows,
                    "used": used,
                },
            )
        )

    def stats_by_kind(self, window: Seconds = 3600) -> list[KindStats]:
        """A line per kind; counts of what ended are of so many seconds back."""
        return self._run(_insight_calls.stats_by_kind(window))

    def list_workers(self) -> list[WorkerInfo]:
        """Workers by name: what each asks for, whether it lives, how many jobs it runs."""
        return self._run(_insight_calls.list_workers())


class AsyncInsightClient(AsyncSettingsClient):
    """The same, awaited."""

    async def explain(self, job: Job[Any] | int) -> list[Gate]:
        """Why the job is not running, a line per condition; raises `NotFound`."""
        return await self._run(_insight_calls.explain(_requests.number(job)))

    async def health(
        self,
        *,
        due_for: Seconds | None = None,
        stuck_for: Seconds | None = None,
        lag_for: Seconds | None = None,
        tick_for: Seconds | None = None,
        held_for: Seconds | None = None,
        held_xids: int | None = None,
        paused_for: Seconds | None = None,
        dead_within: Seconds | None = None,
        max_dead: int | None = None,
        max_dead_rows: int | None = None,
        used: float | None = None,
    ) -> list[HealthCheck]:
        """Is the installation well: a line per check; thresholds as `jobs.health` has them."""
        return await self._run(
            _insight_calls.health(
                {
                    "due_for": due_for,
                    "stuck_for": stuck_for,
                    "lag_for": lag_for,
                    "tick_for": tick_for,
                    "held_for": held_for,
                    "paused_for": paused_for,
                    "dead_within": dead_within,
                },
                {
                    "held_xids": held_xids,
                    "max_dead": max_dead,
                    "max_dead_rows": max_dead_rows,
                    "used": used,
                },
            )
        )

    async def stats_by_kind(self, window: Seconds = 3600) -> list[KindStats]:
        """A line per kind; counts of what ended are of so many seconds back."""
        return await self._run(_insight_calls.stats_by_kind(window))

    async def list_workers(self) -> list[WorkerInfo]:
        """Workers by name: what each asks for, whether it lives, how many jobs it runs."""
        return await self._run(_insight_calls.list_workers())
