"""What the clients ask of the settings of queues and kinds, in their two forms."""

from collections.abc import Sequence
from typing import Unpack

from . import _settings_calls
from ._client_schedules import AsyncScheduleClient, ScheduleClient
from .info import KindInfo, QueueInfo
from .settings import KindSettings, QueueSettings

__all__ = ["AsyncSettingsClient", "SettingsClient"]


class SettingsClient(ScheduleClient):
    """Settings of queues and kinds."""

    def queues(self, name: str | None = None) -> list[QueueInfo]:
        """All queues by name and their settings, or one of them; raises `NotFound`."""
        return self._run(_settings_calls.queues(name))

    def kinds(self, name: str | None = None) -> list[KindInfo]:
        """All kinds by name and their settings, or one of them; raises `NotFound`."""
        return self._run(_settings_calls.kinds(name))

    def configure_queue(
        self, name: str, *, reset: Sequence[str] = (), **settings: Unpack[QueueSettings]
    ) -> None:
        """These settings are in force for the queue, which exists afterwards.

        What is not given stays as it is; what `reset` names goes back to its default.
        """
        self._run(_settings_calls.configure("queue", name, settings, reset))

    def configure_kind(
        self, name: str, *, reset: Sequence[str] = (), **settings: Unpack[KindSettings]
    ) -> None:
        """These settings are in force for the kind, which exists afterwards.

        What is not given stays as it is; what `reset` names goes back to its default.
        """
        self._run(_settings_calls.configure("kind", name, settings, reset))


class AsyncSettingsClient(AsyncScheduleClient):
    """The same, awaited."""

    async def queues(self, name: str | None = None) -> list[QueueInfo]:
        """All queues by name and their settings, or one of them; raises `NotFound`."""
        return await self._run(_settings_calls.queues(name))

    async def kinds(self, name: str | None = None) -> list[KindInfo]:
        """All kinds by name and their settings, or one of them; raises `NotFound`."""
        return await self._run(_settings_calls.kinds(name))

    async def configure_queue(
        self, name: str, *, reset: Sequence[str] = (), **settings: Unpack[QueueSettings]
    ) -> None:
        """These settings are in force for the queue, which exists afterwards.

        What is not given stays as it is; what `reset` names goes back to its default.
        """
        await self._run(_settings_calls.configure("queue", name, settings, reset))

    async def configure_kind(
        self, name: str, *, reset: Sequence[str] = (), **settings: Unpack[KindSettings]
    ) -> None:
        """These settings are in force for the kind, which exists afterwards.

        What is not given stays as it is; what `reset` names goes back to its default.
        """
        await self._run(_settings_calls.configure("kind", name, settings, reset))
