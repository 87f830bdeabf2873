"""Which job is running here: what follow-up jobs inherit from it."""

from contextvars import ContextVar
from typing import Any, Protocol

from . import _json

__all__ = ["COPIED", "current", "follow_up_headers"]


class Parent(Protocol):
    """What a job that is enqueued by a handler needs to know of the handler's own."""

    id: int
    headers: str | None


current: ContextVar[Parent | None] = ContextVar("txjobs_current_job", default=None)

COPIED = ("correlation_id", "traceparent", "tracestate")


def follow_up_headers() -> dict[str, Any]:
    """The headers of a job that is enqueued here; empty outside a handler."""
    job = current.get()
    if job is None:
        return {}
    own: dict[str, Any] = _json.loads(job.headers) if job.headers else {}
    copied = {name: own[name] for name in COPIED if name in own}
    return {"correlation_id": str(job.id), **copied, "causation_id": str(job.id)}
