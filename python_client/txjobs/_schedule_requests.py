"""What both clients ask of schedules: each request is a call."""

from . import _json, _schedule_calls
from ._calls import Call, Row
from ._requests import change
from .info import ScheduleInfo, ScheduleRun

_COLUMNS = _schedule_calls.SCHEDULE_COLUMNS.split(", ")
_JSON_COLUMNS = [_COLUMNS.index(name) for name in ("args::text", "error::text")]


def schedules(name: str | None) -> Call[list[ScheduleInfo]]:
    """A line per schedule."""
    return change(
        _schedule_calls.list_schedules(name), lambda rows: [_schedule(row) for row in rows]
    )


def _schedule(row: Row) -> ScheduleInfo:
    values = list(row)
    for place in _JSON_COLUMNS:
        values[place] = None if row[place] is None else _json.loads(row[place])
    return ScheduleInfo(*values)


def schedule_history(name: str, max_runs: int) -> Call[list[ScheduleRun]]:
    """A line per time."""
    call = _schedule_calls.schedule_history(name, max_runs)
    return change(call, lambda rows: [ScheduleRun(*row) for row in rows])
