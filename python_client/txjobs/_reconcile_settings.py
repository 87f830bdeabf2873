"""Queues and kinds have the settings that the application declares."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from . import _settings_calls
from ._calls import Call
from ._options import seconds_of
from ._settings_calls import What
from .backoff import Backoff
from .info import KindInfo, QueueInfo

__all__ = ["differing"]

# A kind has these from its queue where it has none of its own.
_INHERITED = _settings_calls.declared("queue").keys() & _settings_calls.declared("kind").keys()

Differing = tuple[bool, tuple[str, ...]]
Steps = Generator[Call[Any], Any, Differing]


def differing(what: What, name: str, settings: Mapping[str, Any]) -> Steps:
    """Yields calls, to be sent their values; returns whether it was there, and what differed.

    What is in force already is not set again: that needs no rights, and waits for nobody.
    """
    infos: Sequence[QueueInfo | KindInfo] = yield (
        _settings_calls.queues(None) if what == "queue" else _settings_calls.kinds(None)
    )
    info = next((one for one in infos if one.name == name), None)
    differences = []
    for setting, value in _spelled_out(settings).items():
        wanted = _as_listed(what, setting, value)
        found = None if info is None else info.settings.get(setting)
        own = info is not None and (
            what == "queue" or setting in info.changed or setting not in _INHERITED
        )
        if wanted is not None and (found != wanted or not own):
            differences.append(f"{setting}: {(found if own else None)!r} -> {wanted!r}")
    if differences or info is None:
        yield _settings_calls.configure(what, name, settings, ())
    return info is not None, tuple(differences)


def _spelled_out(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    backoff = settings.get("backoff")
    if isinstance(backoff, Backoff) and backoff.max_attempts is not None:
        return {"max_attempts": backoff.max_attempts, **settings}
    return settings


def _as_listed(what: What, setting: str, value: Any) -> Any:
    """The value as `jobs.list_queues` and `jobs.list_kinds` have it."""
    if value is None:
        return None
    sql_type = _settings_calls.declared(what)[setting][0]
    if sql_type == "interval":
        seconds = seconds_of(value)
        return int(seconds) if seconds.is_integer() else seconds
    if isinstance(value, Backoff):
        return value.as_json() or None
    return list(value) if sql_type == "text[]" else value
