"""What the clients ask of why things are as they are, in their two forms."""

from typing import Any

from . import _insight_calls, _requests
from ._client_settings import AsyncSettingsClient, SettingsClient
from .insight import Gate
from .task import Job

__all__ = ["AsyncInsightClient", "InsightClient"]


class InsightClient(SettingsClient):
    """Reasons, and what to do."""

    def explain(self, job: Job[Any] | int) -> list[Gate]:
        """Why the job is not running, a line per condition; raises `NotFound`."""
        return self._run(_insight_calls.explain(_requests.number(job)))


class AsyncInsightClient(AsyncSettingsClient):
    """The same, awaited."""

    async def explain(self, job: Job[Any] | int) -> list[Gate]:
        """Why the job is not running, a line per condition; raises `NotFound`."""
        return await self._run(_insight_calls.explain(_requests.number(job)))
