"""Orders as streams of events: what can happen to one, and how that is decided.

An order is what its events say. To change it, read them, decide, and append on the condition that
nobody has appended meanwhile; if somebody has, read and decide again (`change`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from txjobs import Client, Jobs, VersionConflict

app = Jobs()


@app.event("order.placed")
@dataclass(frozen=True)
class Placed:
    customer: str
    cents: int


@app.event("order.paid", schema_version=2)
@dataclass(frozen=True)
class Paid:
    cents: int
    method: str


@app.upcast("order.paid", from_version=1)
def payments_had_no_method(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "method": "invoice"}


@app.event("order.shipped")
@dataclass(frozen=True)
class Shipped:
    carrier: str


class Refused(Exception):
    """The order is not in a state in which this can be done."""


@dataclass(frozen=True)
class Order:
    """An order as of one version of its stream."""

    number: int
    version: int = 0
    cents: int = 0
    paid: int = 0
    shipped: bool = False

    @property
    def stream(self) -> str:
        return f"order-{self.number}"

    def after(self, event: object) -> "Order":
        """The order once this has happened; every event is one version."""
        order = replace(self, version=self.version + 1)
        match event:
            case Placed(cents=cents):
                return replace(order, cents=cents)
            case Paid(cents=cents):
                return replace(order, paid=self.paid + cents)
            case Shipped():
                return replace(order, shipped=True)
        return order

    def place(self, customer: str, cents: int) -> Placed:
        if self.version:
            raise Refused(f"order {self.number} is placed already")
        return Placed(customer, cents)

    def pay(self, cents: int, method: str) -> Paid:
        if not self.version or self.paid + cents > self.cents:
            raise Refused(f"order {self.number}: {self.cents - self.paid} are due, not {cents}")
        return Paid(cents, method)

    def ship(self, carrier: str) -> Shipped:
        if self.shipped or self.paid < self.cents or not self.version:
            raise Refused(f"order {self.number} is not to be shipped")
        return Shipped(carrier)


def load(conn: psycopg.Connection[Any], number: int) -> Order:
    """The order as its events say; a snapshot stands for the older ones."""
    order = Order(number)
    client = Client(conn)
    if snapshot := client.load_snapshot(order.stream):
        order = Order(number, snapshot.version, **snapshot.data)
    for event in client.iter_stream(order.stream, order.version + 1):
        order = order.after(app.decode(event))
    return order


def change(
    conn: psycopg.Connection[Any], number: int, decide: Callable[[Order], object], tries: int = 20
) -> Order:
    """What `decide` makes of the order has happened to it, in a transaction.

    `decide` must have no effects: it is called again if another change was first. Raises what it
    raises, and `VersionConflict` after so many tries.
    """
    for left in reversed(range(tries)):
        try:
            with conn.transaction():
                order = load(conn, number)
                event = decide(order)
                app.append(conn, order.stream, event, expected_version=order.version)
                order = order.after(event)
                if order.version % 50 == 0:
                    state = {"cents": order.cents, "paid": order.paid, "shipped": order.shipped}
                    Client(conn).save_snapshot(order.stream, order.version, state)
                return order
        except VersionConflict:
            if not left:
                raise
    raise AssertionError("unreachable")
