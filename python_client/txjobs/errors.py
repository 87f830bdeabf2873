"""Every exception that txjobs raises: one tree, and one table from SQLSTATEs to it.

A message always names the fix. Messages are never parsed: what a program needs is in attributes.
"""

import re
from typing import Any

import psycopg

__all__ = [
    "Abort",
    "Cancelled",
    "ClockDisabled",
    "ConfigurationError",
    "DuplicateJob",
    "EngineError",
    "InvalidArgument",
    "JobCancelled",
    "JobDiscarded",
    "JobEnded",
    "JobFailed",
    "JobSkipped",
    "KeyReused",
    "NotFound",
    "NotInstalled",
    "PositionGone",
    "QueueFull",
    "Reject",
    "ResultPruned",
    "RunnerClosed",
    "StaleClaim",
    "TooLarge",
    "TxjobsError",
    "Undecodable",
    "UndecodableEvent",
    "Unencodable",
    "UnknownEventType",
    "UnknownEventVersion",
    "UnknownOutcome",
    "UnreadableEvent",
    "VersionConflict",
    "WrongState",
    "translate",
]


class TxjobsError(Exception):
    """The base of all of them."""


class ConfigurationError(TxjobsError, ValueError):
    """A task, a worker or a client was put together in a way that cannot work."""


class EngineError(TxjobsError):
    """A verb refused: the SQLSTATE's class is `JB`."""

    sqlstate = ""

    def __init__(self, message: str, *, detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        parts = [super().__str__(), self.detail, self.hint]
        return " · ".join(part for part in parts if part)


class StaleClaim(EngineError):
    """The claim is over: its lease was reset, or another outcome was accepted (JB001)."""

    sqlstate = "JB001"


class InvalidArgument(EngineError, ValueError):
    """An argument is missing, out of range or contradicts another (JB002)."""

    sqlstate = "JB002"


class TooLarge(EngineError, ValueError):
    """Arguments, headers, a key or a result are over their cap (JB003)."""

    sqlstate = "JB003"


class NotFound(EngineError, LookupError):
    """There is no such job, queue or kind (JB004)."""

    sqlstate = "JB004"


class WrongState(EngineError):
    """The job is in a state in which this cannot be done (JB005)."""

    sqlstate = "JB005"


class ClockDisabled(EngineError):
    """The session's clock was set, but the installation does not allow it (JB006)."""

    sqlstate = "JB006"


class VersionConflict(EngineError):
    """Another writer was first: the stream is not at the version that was expected (JB010).

    `expected` and `actual` are the versions. Read the stream again, decide again, append again.
    """

    sqlstate = "JB010"

    def __init__(self, message: str, *, detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.expected: int | None
        self.actual: int | None
        self.expected, self.actual = (*_figures(detail), None, None)[:2]


class PositionGone(EngineError):
    """Events after that position are pruned, or it is ahead of the log (JB011).

    `restart_at` is where reading can go on. What was missed must come from elsewhere.
    """

    sqlstate = "JB011"

    def __init__(self, message: str, *, detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.restart_at: int | None = next(reversed(_figures(detail)), None)


class KeyReused(EngineError):
    """The key belongs to something else (JB020).

    An event_id: it was appended before, elsewhere or with other events. An idempotency_key: its job
    is of another kind or has other arguments; `job_id` is that job's.
    """

    sqlstate = "JB020"

    def __init__(self, message: str, *, detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.job_id: int | None = _job_of(detail)


class DuplicateJob(EngineError):
    """The key has a job already, and `on_conflict="error"` was asked for (JB021).

    `job_id` is that job's.
    """

    sqlstate = "JB021"

    def __init__(self, message: str, *, detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.job_id: int | None = _job_of(detail)


def _job_of(detail: str | None) -> int | None:
    found = re.fullmatch(r"job (\d+)", detail or "")
    return int(found[1]) if found else None


class QueueFull(EngineError):
    """So many jobs are waiting already that no more are taken (JB030).

    `pending` is how many the queue holds that have not ended, `max_pending` its bound. Try again
    later: `Client.enqueue(..., wait=5)` does.
    """

    sqlstate = "JB030"

    def __init__(self, message: str, *, detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.pending: int | None
        self.max_pending: int | None
        self.pending, self.max_pending = (*_figures(detail), None, None)[:2]


def _figures(detail: str | None) -> list[int]:
    return [int(figure) for figure in re.findall(r"-?\d+", detail or "")]


class NotInstalled(TxjobsError):
    """The database has no schema `jobs`, or an older one than this client needs."""


class RunnerClosed(TxjobsError):
    """The in-process runner, or inline mode, takes no more jobs: its block has ended."""


class UnknownOutcome(TxjobsError):
    """A commit was cut off, so whether it happened is not known: look before trying again."""


class Unencodable(TxjobsError, ValueError):
    """A value cannot be stored as JSON."""


class Undecodable(TxjobsError, ValueError):
    """A job's arguments do not fit its handler."""


class UnreadableEvent(TxjobsError):
    """An event cannot be made what the application knows: `type`, `pos`, `schema_version`."""

    def __init__(self, message: str, type_: str, pos: int, schema_version: int) -> None:
        super().__init__(message)
        self.type = type_
        self.pos = pos
        self.schema_version = schema_version


class UnknownEventType(UnreadableEvent, LookupError):
    """No class is registered for the event's type."""


class UnknownEventVersion(UnreadableEvent, LookupError):
    """The event is of a later version than this program knows, or an upcaster is missing."""


class UndecodableEvent(UnreadableEvent, Undecodable):
    """The event's data does not fit its class, or an upcaster failed."""


class ResultPruned(TxjobsError, LookupError):
    """The job is completed, but what it returned is older than its queue keeps results."""


class JobEnded(TxjobsError):
    """`result()` was asked of a job that ended without one.

    `job_id`, `state`, `reason` and `error` (`{"type", "message", "traceback"}`) say how it ended.
    """

    def __init__(self, job_id: int, state: str, reason: str | None, error: Any = None) -> None:
        self.job_id = job_id
        self.state = state
        self.reason = reason
        self.error = error
        text = f"job {job_id} is {state}"
        if reason:
            text += f" ({reason})"
        if isinstance(error, dict):
            parts = [error.get("type"), error.get("message")]
            text += "".join(f": {part}" for part in parts if part)
        super().__init__(text)


class JobFailed(JobEnded):
    """The job is dead."""


class JobCancelled(JobEnded):
    """The job was cancelled."""


class JobSkipped(JobEnded):
    """The job's handler found nothing to do."""


class JobDiscarded(JobEnded):
    """The job's handler or an operator decided that it is not worth doing."""


class Abort(TxjobsError):
    """Raise in a handler: the job is dead now, reason `aborted`, and its writes roll back."""


class Reject(TxjobsError):
    """Raise in a handler: the job is dead now, reason `rejected`: its arguments are not valid."""


class Cancelled(TxjobsError):
    """Raised by `ctx.raise_if_cancelled()`: the job is to be cancelled, or its lease is lost."""


_BY_SQLSTATE: dict[str, type[EngineError]] = {
    error.sqlstate: error
    for error in (
        StaleClaim,
        InvalidArgument,
        TooLarge,
        NotFound,
        WrongState,
        ClockDisabled,
        VersionConflict,
        PositionGone,
        KeyReused,
        DuplicateJob,
        QueueFull,
    )
}

_MISSING = {"3F000", "42883", "42P01"}  # no such schema, function, table
_INSTALL = "the database has no (or an older) schema jobs: run `txjobs migrate` against it"


def translate(error: psycopg.Error) -> Exception:
    """Our exception for a driver's error, or that error itself where there is none."""
    state = error.sqlstate
    if state is None:
        return error
    diag = error.diag
    if state in _BY_SQLSTATE:
        return _BY_SQLSTATE[state](
            diag.message_primary or str(error), detail=diag.message_detail, hint=diag.message_hint
        )
    if state in _MISSING and "jobs" in (diag.message_primary or ""):
        return NotInstalled(f"{_INSTALL} ({diag.message_primary})")
    return error
