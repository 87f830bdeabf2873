"""What became of one execution, as the database will be told."""

import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import _calls, _json
from ._options import interval
from .errors import Abort, Reject, Undecodable
from .outcomes import Complete, Discard, Outcome, Retry, Skip, Snooze

__all__ = ["Verdict", "error_json", "of_error", "of_item", "of_value"]

_HERE = str(Path(__file__).parent)
_TRACEBACK = 6000  # characters; SQL truncates the whole error to its own cap
_MESSAGE = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`name` is `completed`, `failed`, `snoozed`, `skipped`, `discarded` or `released`.

    `refused`: it stands for a value that cannot be stored.
    """

    name: str
    result: str | None = None
    error: str | None = None
    retry_in: str | None = None
    reason: str | None = None
    charge: bool = True
    snooze: Snooze | None = None
    refused: bool = False

    def call(self, token: int) -> _calls.Call[str]:
        """The strict call for it."""
        if self.name == "completed":
            return _calls.complete(token, self.result)
        if self.name == "failed":
            return _calls.fail(token, self.error, self.retry_in, self.reason, self.charge)
        if self.name == "skipped":
            return _calls.skip(token, self.reason)
        if self.name == "discarded":
            return _calls.discard(token, self.reason)
        if self.snooze is not None:
            later = self.snooze
            return _calls.snooze(token, later.delay, later.until, later.max_snoozes)
        raise TypeError(f"a verdict {self.name!r} has no call of its own")


def of_value(value: Any) -> Verdict:
    """The verdict on a handler's return value; `Unencodable` if it cannot be stored."""
    if isinstance(value, Complete):
        value = value.result
    match value:
        case None:
            return Verdict(name="completed")
        case Snooze():
            return Verdict(name="snoozed", snooze=value)
        case Skip(reason):
            return Verdict(name="skipped", reason=reason)
        case Discard(reason):
            return Verdict(name="discarded", reason=reason)
        case Retry(in_, error):
            recorded = error_json(error) if isinstance(error, BaseException) else _text(error)
            return Verdict(name="failed", error=recorded, retry_in=interval(in_))
        case Outcome():
            raise TypeError(f"{value!r} is not an outcome that this worker knows")
        case _:
            return Verdict(name="completed", result=_json.dumps(value, "the handler's result"))


def of_item(value: Any) -> Verdict:
    """The verdict on one element of what a batch handler returned; an exception is a failure."""
    if isinstance(value, BaseException):
        return of_error(value)
    try:
        return of_value(value)
    except Exception as error:
        return replace(of_error(error), refused=True)


def of_error(error: BaseException) -> Verdict:
    """The verdict on what a handler raised."""
    reason = None
    if isinstance(error, Abort):
        reason = "aborted"
    elif isinstance(error, Reject):
        reason = "rejected"
    elif isinstance(error, Undecodable):
        reason = "undecodable"
    return Verdict(name="failed", error=error_json(error), reason=reason)


def _text(message: str | None) -> str | None:
    if message is None:
        return None
    return _json.dumps({"type": "Retry", "message": _clean(message)[:_MESSAGE]})


def error_json(error: BaseException) -> str:
    """The JSON text of `{"type", "message", "traceback"}`; holds whatever the exception does."""
    try:
        message = str(error)
    except Exception as broken:
        message = f"(its message cannot be shown: {type(broken).__name__})"
    try:
        trace = "".join(traceback.format_exception(_without_our_frames(error)))
    except Exception as broken:
        trace = f"(its traceback cannot be shown: {type(broken).__name__})"
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else _full_name(kind)
    return _json.dumps(
        {
            "type": _clean(name),
            "message": _clean(message)[:_MESSAGE],
            "traceback": _clean(trace)[-_TRACEBACK:],
        }
    )


def _without_our_frames(error: BaseException) -> BaseException:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE):
        trace = trace.tb_next
    return error.with_traceback(trace)


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _clean(text: str) -> str:
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
