"""What a type checker must say to users of the log."""

import pytest

from complaints import ASYNC_SIGNATURE, SIGNATURE, complaints

PREAMBLE = """
from dataclasses import dataclass
from typing import Any, assert_type
import psycopg
from txjobs import *

app = Jobs()

@app.event("order.placed", schema_version=2)
@dataclass
class OrderPlaced:
    total: int

@app.event("order.paid")
@dataclass
class OrderPaid:
    cents: int

@app.upcast("order.placed", from_version=1)
def in_cents(data: dict[str, Any]) -> dict[str, Any]:
    return {"total": data["euros"] * 100}

@app.on(OrderPlaced)
def index(event: Event[OrderPlaced]) -> int:
    return event.data.total

@app.on("order.*", category="order", delay=60)
async def webhook(ctx: Context, event: Event[OrderPlaced]) -> str | Snooze:
    return event.type

@app.on(category="note")
async def note(event: Event) -> None: ...

@app.consumer("billing", from_position="beginning", types=[OrderPlaced, OrderPaid])
def bill(conn: psycopg.Connection, events: list[Event]) -> None:
    for event in events:
        match event.data:
            case OrderPlaced(total):
                conn.execute("update account set due = due + %s", (total,))

@app.consumer("search", from_position=17, unknown_types="skip", poll_interval=0.1)
async def search(conn: psycopg.AsyncConnection, events: list[Event[OrderPlaced]]) -> None: ...

def totals(events: list[Event[OrderPlaced]]) -> int:
    return sum(event.data.total for event in events)
"""

RIGHT = """
placed = OrderPlaced(1)
assert_type(placed.total, int)
assert_type(app.append(conn, "order-7", placed, expected_version=0), int)
assert_type(app.append(conn, "order-7", "order.placed", {"total": 1}, schema_version=2), int)
assert_type(app.append_many(conn, "order-7", [placed, OrderPaid(1)]), list[Appended])
assert_type(app.append_many(conn, "order-7", [NewEvent(placed, headers={})]), list[Appended])
events = client.read_stream("order-7")
assert_type(events, list[Event[Any]])
assert_type(app.decode(events[0]), Any)
assert_type(index.enqueue(conn, events[0]), Job[int])
assert_type(webhook.enqueue(conn, events[0]), Job[str])
assert_type(index(events[0]), int)
assert_type(reconcile(conn, app, dry_run=True), list[Change])
for event in client.iter_all():
    assert_type(event, Event[Any])
assert_type(client.latest(type="order.placed"), Event[Any] | None)
assert_type(client.load_snapshot("order-7"), Snapshot | None)
bill(conn, events)
"""

RIGHT_ASYNC = """
placed = OrderPlaced(1)
assert_type(await app.append(conn, "order-7", placed), int)
assert_type(await app.append_many(conn, "order-7", [placed]), list[Appended])
assert_type(await webhook.enqueue(conn, (await client.read_all())[0]), Job[str])
assert_type(await reconcile(conn, app), list[Change])
async for event in client.iter_all():
    assert_type(event, Event[Any])
"""

WRONG = {
    "no connection": ('app.append("a", "order-7", OrderPlaced(1))', "call-overload"),
    "an instance with data": ('app.append(conn, "s", OrderPlaced(1), {})', "call-overload"),
    "no start": ('app.consumer("name")', "call-arg"),
    "a wrong start": ('app.consumer("name", from_position="begin")', "arg-type"),
    "a wrong policy": ('app.consumer("n", from_position="now", unknown_types="go")', "arg-type"),
    "an option of jobs": ('app.on("order.placed", max_attempts=3)', "arg-type"),
    "a handler of no event": ('app.on("a")(in_cents)', "arg-type"),
    "a consumer of no events": ('app.consumer("n", from_position=1)(in_cents)', "type-var"),
    "an upcaster of a class": ('app.upcast("a", from_version=1)(totals)', "type-var"),
    "something else than an event": ("index.enqueue(conn, OrderPlaced(1))", "call-overload"),
    "a field that there is not": ("client.read_all()[0].position", "attr-defined"),
    "a changed event": ("client.read_all()[0].pos = 1", "misc"),
}

WRONG_ASYNC = {
    "a forgotten await": ('app.append(conn, "order-7", OrderPlaced(1))', "unused-coroutine"),
    "a forgotten await of many": ('app.append_many(conn, "s", [1])', "unused-coroutine"),
    "a forgotten await of a client": ('client.read_stream("s")', "unused-coroutine"),
    "a forgotten await of reconcile": ("reconcile(conn, app)", "unused-coroutine"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    functions = {
        "right": [f"def right{SIGNATURE}", *RIGHT.split("\n")],
        "async right": [f"async def async_right{ASYNC_SIGNATURE}", *RIGHT_ASYNC.split("\n")],
    }
    for number, (name, (line, _)) in enumerate(WRONG.items()):
        functions[name] = [f"def wrong_{number}{SIGNATURE}", line]
    for number, (name, (line, _)) in enumerate(WRONG_ASYNC.items()):
        functions[f"async: {name}"] = [f"async def async_{number}{ASYNC_SIGNATURE}", line]
    return complaints(tmp_path_factory.mktemp("typing"), PREAMBLE, functions)


def test_right_programs_have_no_complaints(said: dict[str, set[str]]) -> None:
    assert said["right"] == said["async right"] == set()


def test_what_is_wrong_is_a_type_error(said: dict[str, set[str]]) -> None:
    assert {name: said[name] for name in WRONG} == {
        name: {code} for name, (_, code) in WRONG.items()
    }


def test_a_forgotten_await_is_a_type_error(said: dict[str, set[str]]) -> None:
    assert {name: said[f"async: {name}"] for name in WRONG_ASYNC} == {
        name: {code} for name, (_, code) in WRONG_ASYNC.items()
    }
