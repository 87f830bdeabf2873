"""Whether a job is the one that a test asks for, and in what it differs."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import _json
from .._options import Seconds, seconds_of, timestamp
from ..errors import Unencodable
from ..info import JobInfo, ListedJob

__all__ = ["Wanted", "shown"]

_SHOWN = 200  # characters of a value


def shown(value: object) -> str:
    """A value, short enough for a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a test asks of a job; None says nothing of it."""

    kind: str | None = None
    args: object = None
    queue: str | None = None
    priority: int | None = None
    headers: Mapping[str, Any] | None = None
    run_at: dt.datetime | None = None
    delay: Seconds | None = None
    within: Seconds = 1.0

    def __post_init__(self) -> None:
        timestamp(self.run_at)  # refuses one without a time zone

    def __str__(self) -> str:
        parts = [self.kind or "any kind"]
        if self.args is not None:
            parts.append(f"args with {shown(self.args)}")
        if self.queue is not None:
            parts.append(f"queue {self.queue!r}")
        if self.priority is not None:
            parts.append(f"priority {self.priority}")
        if self.headers is not None:
            parts.append(f"headers with {shown(self.headers)}")
        if self.run_at is not None:
            parts.append(f"run_at {self.run_at.isoformat()} ± {seconds_of(self.within):g} s")
        if self.delay is not None:
            parts.append(f"delay {seconds_of(self.delay):g} s ± {seconds_of(self.within):g} s")
        return ", ".join(parts)

    def listed_differences(self, job: ListedJob) -> Iterator[str]:
        """In what a line of a list is not what was asked for."""
        if self.kind is not None and job.kind != self.kind:
            yield f"its kind is not {self.kind!r}"
        if self.queue is not None and job.queue != self.queue:
            yield f"its queue is {job.queue!r}, not {self.queue!r}"
        if self.priority is not None and job.priority != self.priority:
            yield f"its priority is {job.priority}, not {self.priority}"
        if self.run_at is not None:
            yield from self._time_differences(job, "run_at", self.run_at)
        if self.delay is not None:
            at = job.created_at + dt.timedelta(seconds=seconds_of(self.delay))
            yield from self._time_differences(job, "delay", at)

    def _time_differences(self, job: ListedJob, name: str, at: dt.datetime) -> Iterator[str]:
        # One that is not scheduled could run from the moment it was enqueued.
        actual = job.run_at or job.created_at
        if abs((actual - at).total_seconds()) <= seconds_of(self.within):
            return
        if name == "delay":
            seconds = (actual - job.created_at).total_seconds()
            yield f"its delay is {seconds:g} s, not {seconds_of(self.delay or 0):g} s"
        else:
            yield f"its run_at is {actual.isoformat()}, not {at.isoformat()}"

    def differences(self, job: JobInfo) -> Iterator[str]:
        """In what the rest of a job is not what was asked for."""
        if self.args is not None:
            yield from _differences("args", self.args, job.args)
        if self.headers is not None:
            yield from _differences("headers", self.headers, job.headers)


def _differences(path: str, wanted: object, actual: object) -> Iterator[str]:
    """Members of objects that are not asked for do not count; elements of arrays all do."""
    wanted = _plain(wanted)
    if isinstance(wanted, Mapping) and isinstance(actual, Mapping):
        for name, value in wanted.items():
            if name in actual:
                yield from _differences(f"{path}.{name}", value, actual[name])
            else:
                yield f"{path}.{name} is missing, and should be {shown(value)}"
    elif isinstance(wanted, list | tuple) and isinstance(actual, list):
        if len(wanted) != len(actual):
            yield f"{path} has {len(actual)} elements, not {len(wanted)}: {shown(actual)}"
            return
        for nth, (value, one) in enumerate(zip(wanted, actual, strict=True)):
            yield from _differences(f"{path}[{nth}]", value, one)
    elif wanted != actual or _is_bool_or_number(wanted, actual):
        yield f"{path} is {shown(actual)}, not {shown(wanted)}"


def _is_bool_or_number(wanted: object, actual: object) -> bool:
    """Python takes True for 1; JSON does not."""
    if not isinstance(wanted, bool | int | float):
        return False
    return isinstance(wanted, bool) != isinstance(actual, bool)


def _plain(value: object) -> object:
    """As it is stored; what JSON does not know, such as `mock.ANY`, compares as it likes to."""
    if isinstance(value, Mapping | list | tuple | str | int | float | None):
        return value
    try:
        return _json.loads(_json.dumps(value))
    except Unencodable:
        return value
