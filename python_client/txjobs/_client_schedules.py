"""What the clients ask of schedules, in their two forms."""

import datetime as dt

from . import _schedule_calls, _schedule_requests
from ._client_log import AsyncLogClient, LogClient
from .info import ScheduleInfo, ScheduleRun

__all__ = ["AsyncScheduleClient", "ScheduleClient"]


class ScheduleClient(LogClient):
    """Schedules, their times and their jobs."""

    def schedules(self, name: str | None = None) -> list[ScheduleInfo]:
        """All schedules by name, or one of them; raises `NotFound`."""
        return self._run(_schedule_requests.schedules(name))

    def schedule_history(self, name: str, *, max_runs: int = 20) -> list[ScheduleRun]:
        """What became of its last times, newest first; a hundred are kept. Raises `NotFound`."""
        return self._run(_schedule_requests.schedule_history(name, max_runs))

    def run_schedule(self, name: str) -> int:
        """A job of the schedule exists now, besides those of its times; its id."""
        return self._run(_schedule_calls.run_schedule(name))

    def unschedule(self, name: str) -> bool:
        """The schedule and its history are gone, its jobs stay; whether there was one."""
        return self._run(_schedule_calls.unschedule(name))

    def next_run(
        self, cron: str, *, timezone: str = "UTC", after: dt.datetime | None = None
    ) -> dt.datetime | None:
        """When the expression fits next, strictly after a time, default now; None: never."""
        return self._run(_schedule_calls.next_run(cron, timezone, after))


class AsyncScheduleClient(AsyncLogClient):
    """The same, awaited."""

    async def schedules(self, name: str | None = None) -> list[ScheduleInfo]:
        """All schedules by name, or one of them; raises `NotFound`."""
        return await self._run(_schedule_requests.schedules(name))

    async def schedule_history(self, name: str, *, max_runs: int = 20) -> list[ScheduleRun]:
        """What became of its last times, newest first; a hundred are kept. Raises `NotFound`."""
        return await self._run(_schedule_requests.schedule_history(name, max_runs))

    async def run_schedule(self, name: str) -> int:
        """A job of the schedule exists now, besides those of its times; its id."""
        return await self._run(_schedule_calls.run_schedule(name))

    async def unschedule(self, name: str) -> bool:
        """The schedule and its history are gone, its jobs stay; whether there was one."""
        return await self._run(_schedule_calls.unschedule(name))

    async def next_run(
        self, cron: str, *, timezone: str = "UTC", after: dt.datetime | None = None
    ) -> dt.datetime | None:
        """When the expression fits next, strictly after a time, default now; None: never."""
        return await self._run(_schedule_calls.next_run(cron, timezone, after))
