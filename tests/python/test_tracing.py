"""Spans of jobs, and how they are linked to those of whoever enqueued them."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from txjobs import Abort, BatchItem, Client, Jobs, _running
from txjobs.otel import Tracing
from workers import drain

Conn = psycopg.Connection[Any]


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


@pytest.fixture(autouse=True)
def tracing(provider: TracerProvider) -> Iterator[Tracing]:
    yield Tracing(provider)
    _running.current_trace = None


def span_of(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    """The only span of that name."""
    (found,) = (one for one in exporter.get_finished_spans() if one.name == name)
    return found


@pytest.mark.parametrize("is_async", [True, False])
def test_a_job_has_a_span_that_is_linked_to_its_producers(
    is_async: bool,
    dsn: str,
    conn: Conn,
    provider: TracerProvider,
    exporter: InMemorySpanExporter,
    tracing: Tracing,
) -> None:
    app = Jobs()
    inside: list[int] = []

    def note() -> None:
        inside.append(get_current_span().get_span_context().span_id)

    async def note_later() -> None:
        note()

    task = app.task(name="greet", queue="mail")(note_later if is_async else note)
    with provider.get_tracer("shop").start_as_current_span("request") as request:
        job = task.enqueue(conn)
    drain(app, dsn, observers=[tracing])
    span = span_of(exporter, "process greet")
    assert span.kind is SpanKind.CONSUMER
    assert span.parent is None
    (link,) = span.links
    assert link.context.span_id == request.get_span_context().span_id
    assert link.context.trace_id == request.get_span_context().trace_id
    context = span.get_span_context()
    assert context is not None
    assert context.trace_id != link.context.trace_id
    assert inside == [context.span_id]
    assert dict(span.attributes or {}) == {
        "messaging.system": "txjobs",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "mail",
        "messaging.message.id": str(job.id),
        "txjobs.kind": "greet",
        "txjobs.attempt": 1,
    }


def test_what_a_handler_enqueues_carries_its_span(
    dsn: str, conn: Conn, exporter: InMemorySpanExporter, tracing: Tracing
) -> None:
    app = Jobs()

    @app.task
    async def second() -> None:
        return None

    @app.task
    async def first() -> None:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as own:
            await second.enqueue(own)

    old = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    Client(conn).enqueue("first", headers={"traceparent": old, "tracestate": "a=b"})
    drain(app, dsn, observers=[tracing])
    one, two = (span_of(exporter, f"process {name}") for name in ("first", "second"))
    assert [f"{link.context.span_id:016x}" for link in one.links] == ["b7ad6b7169203331"]
    context = one.get_span_context()
    assert context is not None
    assert [link.context.span_id for link in two.links] == [context.span_id]
    (job,) = Client(conn).list(kind="second")
    found = Client(conn).get(job.id)
    assert found is not None
    assert "tracestate" not in found.headers
    assert found.headers["correlation_id"]


def test_a_job_without_a_producers_span_is_linked_to_none(
    dsn: str, conn: Conn, exporter: InMemorySpanExporter, tracing: Tracing
) -> None:
    app = Jobs()

    @app.task
    async def greet() -> None:
        return None

    greet.enqueue(conn)
    greet.using(headers={"traceparent": "not one"}).enqueue(conn)
    drain(app, dsn, observers=[tracing])
    assert [list(span.links) for span in exporter.get_finished_spans()] == [[], []]


def test_a_handler_that_raises_has_a_span_with_its_error(
    dsn: str, conn: Conn, exporter: InMemorySpanExporter, tracing: Tracing
) -> None:
    app = Jobs()

    @app.task
    async def dies() -> None:
        raise Abort("bad news")

    @app.task
    async def exits() -> None:
        raise SystemExit(1)

    Client(conn).enqueue("dies")
    Client(conn).enqueue("exits", max_attempts=1)
    drain(app, dsn, observers=[tracing])
    for name, error in (("dies", "Abort"), ("exits", "SystemExit")):
        span = span_of(exporter, f"process {name}")
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == error
        assert [event.name for event in span.events] == ["exception"]


def test_a_batch_is_linked_to_each_of_its_producers(
    dsn: str,
    conn: Conn,
    provider: TracerProvider,
    exporter: InMemorySpanExporter,
    tracing: Tracing,
) -> None:
    app = Jobs()

    @app.task(batch_size=10, batch_timeout=0.1)
    async def many(items: list[BatchItem[dict[str, Any]]]) -> None:
        return None

    requests = []
    for _ in range(3):
        with provider.get_tracer("shop").start_as_current_span("request") as request:
            requests.append(request.get_span_context().span_id)
            Client(conn).enqueue("many")
    drain(app, dsn, observers=[tracing])
    span = span_of(exporter, "process many")
    assert sorted(link.context.span_id for link in span.links) == sorted(requests)
    assert (span.attributes or {})["messaging.batch.message_count"] == 3


def test_a_traceparent_that_is_given_goes_before_that_of_the_span(
    conn: Conn, provider: TracerProvider
) -> None:
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with provider.get_tracer("shop").start_as_current_span("request"):
        job = Client(conn).enqueue("greet", headers={"traceparent": given})
    found = Client(conn).get(job)
    assert found is not None
    assert found.headers == {"traceparent": given}
