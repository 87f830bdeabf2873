"""What follows from an order's events: a projection, and a partner who is told.

The projection is a consumer: its rows and its position are one commit, so that every event counts
once. The partner is told by a job for each event, with its own retries: while the partner is down,
orders and projection go on.
"""

import json
import os
import urllib.request
from typing import Any

import psycopg

from orders import Paid, Placed, Shipped, app
from txjobs import Event

TABLES = """
create table if not exists order_board (
  number int primary key,
  customer text not null,
  due bigint not null,
  shipped_with text,
  as_of bigint not null
);
create table if not exists takings (method text primary key, cents bigint not null);
"""


@app.consumer("board", from_position="beginning", types=[Placed, Paid, Shipped])
def board(conn: psycopg.Connection[Any], events: list[Event]) -> None:
    """Keeps `order_board` and `takings`."""
    for event in events:
        number = int(event.stream.removeprefix("order-"))
        match event.data:
            case Placed(customer=customer, cents=cents):
                conn.execute(
                    "insert into order_board (number, customer, due, as_of)"
                    " values (%s, %s, %s, %s)",
                    (number, customer, cents, event.pos),
                )
            case Paid(cents=cents, method=method):
                conn.execute(
                    "update order_board set due = due - %s, as_of = %s where number = %s",
                    (cents, event.pos, number),
                )
                conn.execute(
                    "insert into takings values (%s, %s) on conflict (method)"
                    " do update set cents = takings.cents + excluded.cents",
                    (method, cents),
                )
            case Shipped(carrier=carrier):
                conn.execute(
                    "update order_board set shipped_with = %s, as_of = %s where number = %s",
                    (carrier, event.pos, number),
                )


def rebuild(conn: psycopg.Connection[Any]) -> None:
    """Empties the projection and sends its consumer back to the beginning, in one transaction."""
    with conn.transaction():
        conn.execute("select jobs.reset_consumer('board', 'beginning')")  # waits for a batch
        conn.execute("truncate order_board, takings")


@app.on(Paid, name="tell_partner", queue="webhooks")
def tell_partner(event: Event[Paid]) -> int:
    """POSTs the event, as CloudEvents 1.0, to the partner; any error is tried again later.

    The partner may get an event twice (an answer can be lost), and knows it by its id.
    """
    envelope = {
        "specversion": "1.0",
        "id": str(event.pos),
        "source": "/orders",
        "type": event.type,
        "subject": event.stream,
        "time": event.at.isoformat(),
        "data": {"cents": event.data.cents, "method": event.data.method},
    }
    request = urllib.request.Request(
        os.environ["PARTNER_URL"],
        json.dumps(envelope).encode(),
        {"Content-Type": "application/cloudevents+json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)
