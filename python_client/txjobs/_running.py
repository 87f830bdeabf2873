"""Which job is running here: what follow-up jobs inherit from it."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from . import _json

__all__ = ["COPIED", "current", "follow_up_headers"]


class Parent(Protocol):
    """What a job that is enqueued by a handler needs to know of the handler's own."""

    id: int
    headers: str | None


current: ContextVar[Parent | None] = ContextVar("txjobs_current_job", default=None)

current_trace: Callable[[], dict[str, str]] | None = None
"""The headers of the span that is open here, once tracing has been asked for."""

COPIED = ("correlation_id", "traceparent", "tracestate")


def follow_up_headers() -> dict[str, Any]:
    """The headers of a job that is enqueued here; empty outside a handler and a span."""
    job = current.get()
    traced = current_trace() if current_trace is not None else {}
    if job is None:
        return dict(traced)
    own: dict[str, Any] = _json.loads(job.headers) if job.headers else {}
    names = COPIED[:1] if traced else COPIED
    copied = {name: own[name] for name in names if name in own}
    return {"correlation_id": str(job.id), **copied, **traced, "causation_id": str(job.id)}
