"""The settings' part of `Jobs`: what queues and kinds are to be like."""

from collections.abc import Mapping
from typing import Any, Unpack

from . import _settings_calls
from ._app_cron import CronRegistry
from ._settings_calls import What
from .errors import ConfigurationError
from .settings import KindSettings, QueueSettings

__all__ = ["SettingsRegistry"]


class SettingsRegistry(CronRegistry):
    """The declarations of settings."""

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[tuple[What, str], dict[str, Any]] = {}

    @property
    def settings(self) -> Mapping[tuple[What, str], Mapping[str, Any]]:
        """The declared settings, by what they are of (`queue` or `kind`) and its name."""
        return self._settings

    def queue(self, name: str, /, **settings: Unpack[QueueSettings]) -> None:
        """Declares settings of a queue: `reconcile` puts them in force, the others stay.

        A worker does so when it starts, if its role is granted `jobs_operator`; otherwise
        `txjobs migrate --app` by one that is has done it before.

        >>> from txjobs import Jobs
        >>> app = Jobs()
        >>> app.queue("mail", max_pending=1000, overflow="drop")
        >>> app.settings["queue", "mail"]["max_pending"]
        1000
        """
        self._declare("queue", name, settings)

    def kind(self, name: str, /, **settings: Unpack[KindSettings]) -> None:
        """Declares settings of a kind, as `queue` does: `app.kind("old", alias_of="new")`."""
        self._declare("kind", name, settings)

    def _declare(self, what: What, name: str, settings: Mapping[str, Any]) -> None:
        _settings_calls.configure(what, name, settings, ())  # there are such settings
        if not settings:
            raise ConfigurationError(f"no setting of {what} {name!r} is given: name some")
        if (what, name) in self._settings:
            raise ConfigurationError(f"{what} {name!r} is declared twice: once, with all settings")
        self._settings[what, name] = dict(settings)
