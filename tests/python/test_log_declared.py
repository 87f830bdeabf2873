"""Consumers as an application declares them, and what their functions are given."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from txjobs import (
    Client,
    ConfigurationError,
    Event,
    Jobs,
    UndecodableEvent,
    UnknownEventType,
    _log_calls,
    reconcile,
)
from txjobs._drivers import run
from txjobs._event_types import decode_batch

Conn = psycopg.Connection[Any]


@dataclass(frozen=True)
class OrderPlaced:
    total: int


def apply(conn: Conn, events: list[Event]) -> None: ...


async def apply_async(conn: psycopg.AsyncConnection[Any], events: list[Event]) -> None: ...


@pytest.fixture
def app() -> Jobs:
    app = Jobs()
    app.event("order.placed")(OrderPlaced)
    return app


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


def polled(app: Jobs, conn: Conn, name: str = "billing") -> list[Event]:
    """What the consumer's function would be given now."""
    reconcile(conn, app)
    with conn.transaction(force_rollback=True):
        rows = run(conn, _log_calls.poll(name, 100, None))
        return decode_batch(app, app.consumers[name], rows)


def test_a_declaration_is_kept_as_it_is(app: Jobs) -> None:
    declare = app.consumer(
        "billing",
        types=[OrderPlaced, "order.p*"],
        category="order",
        job_events=False,
        batch=7,
        from_position=17,
        unknown_types="skip",
        poll_interval=dt.timedelta(seconds=2),
    )
    assert declare(apply_async) is apply_async
    found = app.consumers["billing"]
    assert (found.fn, found.is_async, found.name) == (apply_async, True, "billing")
    assert (found.types, found.category, found.job_events) == (
        ("order.placed", "order.p*"),
        "order",
        False,
    )
    assert (found.batch, found.from_position, found.poll_interval) == (7, "17", 2.0)
    assert (found.unknown_types, found.decode) == ("skip", True)
    app.consumer("audit", from_position="now")(apply)
    assert app.consumers["audit"].types is None
    assert not app.consumers["audit"].is_async


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "between 1 and 10000"),
        ({"batch": 10_001}, "between 1 and 10000"),
        ({"unknown_types": "ignore"}, "stop at an event"),
        ({"poll_interval": 0}, "more than 0"),
        ({"types": []}, "leave it out"),
        ({"types": [""]}, "leave it out"),
        ({"types": "order.placed"}, "write a list"),
        ({"types": [dict]}, "register it with"),
        ({"from_position": "start"}, "'beginning', 'now' or a position"),
        ({"from_position": True}, "'beginning', 'now' or a position"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(
    app: Jobs, options: dict[str, Any], message: str
) -> None:
    given: dict[str, Any] = {"from_position": "now", **options}
    with pytest.raises(ConfigurationError, match=message):
        app.consumer("billing", **given)(apply)
    assert not app.consumers


def test_where_a_consumer_begins_is_said(app: Jobs) -> None:
    with pytest.raises(TypeError, match="from_position"):
        app.consumer("billing")  # type: ignore[call-arg]


def test_two_consumers_of_one_name_are_refused(app: Jobs) -> None:
    app.consumer("billing", from_position="now")(apply)
    with pytest.raises(ConfigurationError, match="two consumers are named 'billing'"):
        app.consumer("billing", from_position="now")(apply_async)


def test_a_function_that_would_not_run_is_refused(app: Jobs) -> None:
    def yields(conn: Conn, events: list[Event]) -> Any:
        yield

    async def yields_async(conn: Any, events: list[Event]) -> Any:
        yield

    for fn in (yields, yields_async):
        with pytest.raises(ConfigurationError, match="let it return"):
            app.consumer("billing", from_position="now")(fn)
    assert not app.consumers


def test_events_come_in_order_with_their_data_typed(app: Jobs, conn: Conn, client: Client) -> None:
    app.consumer("billing", from_position="beginning", types=["order.*", "note.taken"])(apply)
    app.append(conn, "order-7", OrderPlaced(1))
    app.append(conn, "note-1", "note.taken", {"text": "hi"})  # named in full: no class is needed
    app.append(conn, "order-8", OrderPlaced(2))
    events = polled(app, conn)
    assert [event.data for event in events] == [OrderPlaced(1), {"text": "hi"}, OrderPlaced(2)]
    assert [event.pos for event in events] == [event.pos for event in client.read_all()]


def test_an_unknown_type_stops_a_consumer_and_says_where(app: Jobs, conn: Conn) -> None:
    app.consumer("billing", from_position="beginning", types=["order.*"])(apply)
    app.append(conn, "order-7", OrderPlaced(1))
    pos = app.append(conn, "order-7", "order.new")
    with pytest.raises(UnknownEventType, match=r"order\.new") as raised:
        polled(app, conn)
    assert raised.value.pos == pos


def test_an_unknown_type_is_skipped_by_who_says_so(app: Jobs, conn: Conn) -> None:
    app.consumer("billing", from_position="beginning", types=["order.*"], unknown_types="skip")(
        apply
    )
    app.append(conn, "order-7", "order.new")
    app.append(conn, "order-7", OrderPlaced(1))
    assert [event.data for event in polled(app, conn)] == [OrderPlaced(1)]


def test_data_that_does_not_fit_is_never_skipped(app: Jobs, conn: Conn) -> None:
    app.consumer("billing", from_position="beginning", unknown_types="skip")(apply)
    pos = app.append(conn, "order-7", "order.placed", {"surplus": 1})
    with pytest.raises(UndecodableEvent) as raised:
        polled(app, conn)
    assert raised.value.pos == pos


def test_events_as_they_were_appended_are_of_any_type(app: Jobs, conn: Conn) -> None:
    app.consumer("billing", from_position="beginning", decode=False)(apply)
    app.append(conn, "order-7", OrderPlaced(1))
    app.append(conn, "order-7", "order.new", {"n": 1})
    assert [event.data for event in polled(app, conn)] == [{"total": 1}, {"n": 1}]


def test_jobs_events_need_no_class(app: Jobs, conn: Conn, client: Client) -> None:
    app.consumer("billing", from_position="beginning", job_events=True)(apply)
    job = client.enqueue("work")
    (event,) = polled(app, conn)
    assert (event.type, event.data["job_id"]) == ("job.enqueued", job.id)
