"""Tracing with OpenTelemetry: a job's span is linked to that of whoever enqueued it.

Needs `pip install 'txjobs[otel]'`, which is the API only: the application, or
`opentelemetry-instrument`, brings the SDK and says where spans go.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from . import _running
from .observer import Ended, Execution, Observer

__all__ = ["Tracing", "propagate"]

_PROPAGATOR = TraceContextTextMapPropagator()
_HEADERS = ("traceparent", "tracestate")


class Tracing(Observer):
    """A consumer span around each call of a handler; for `Worker(observers=[Tracing()])`.

    It is the root of a trace of its own, linked to the span in each job's header `traceparent`:
    between the two may lie days, and attempts. What the handler enqueues carries its span.

    tracer_provider: default the global one
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        self._tracer: Tracer = trace.get_tracer("txjobs", tracer_provider=tracer_provider)
        propagate()

    def began(self, execution: Execution) -> Ended:
        """A handler is about to be called."""
        span = self._tracer.start_span(
            f"process {execution.kind}",
            context=context.Context(),
            kind=SpanKind.CONSUMER,
            links=[link for headers in execution.headers if (link := _link(headers))],
            attributes=_attributes(execution),
        )
        token = context.attach(trace.set_span_in_context(span))

        def ended(error: BaseException | None) -> None:
            context.detach(token)
            if error is not None:
                span.record_exception(error)
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            span.end()

        return ended


def propagate() -> None:
    """From now on a job enqueued within a span carries it in its header `traceparent`.

    For processes that only enqueue; `Tracing` does it too. A `traceparent` that is given in the
    job's own headers is left as it is.
    """
    _running.current_trace = _current


def _current() -> dict[str, str]:
    if not trace.get_current_span().get_span_context().is_valid:
        return {}
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return {name: carrier[name] for name in _HEADERS if name in carrier}


def _link(headers: Mapping[str, Any]) -> Link | None:
    carrier = {name: headers[name] for name in _HEADERS if isinstance(headers.get(name), str)}
    found = trace.get_current_span(_PROPAGATOR.extract(carrier, context.Context()))
    producer = found.get_span_context()
    return Link(producer) if producer.is_valid else None


def _attributes(execution: Execution) -> dict[str, str | int]:
    """By the semantic conventions of messaging, as far as they go."""
    found: dict[str, str | int] = {
        "messaging.system": "txjobs",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": execution.queue,
        "txjobs.kind": execution.kind,
    }
    if len(execution.jobs) == 1:
        found["messaging.message.id"] = str(execution.jobs[0])
        found["txjobs.attempt"] = execution.attempts[0]
    else:
        found["messaging.batch.message_count"] = len(execution.jobs)
    return found
