"""The demo's application: a shop, whose orders have jobs. It is what an application looks like.

Run it by yourself with `txjobs worker txjobs._demo_orders:app`.
"""

import asyncio
import time
import uuid
from typing import Any

import psycopg

from . import Backoff, Context, Job, Jobs

__all__ = ["PSQL_ORDER", "SQL_ORDER", "TABLE", "app", "place_order"]

TABLE = """
create table orders (
  id bigint generated always as identity primary key,
  customer text not null,
  cents int not null,
  paid boolean not null default false
)
"""

# What anyone with psql may do: the order and its job are one transaction.
PSQL_ORDER = """\
begin;
insert into orders (customer, cents) values ('grace@example.org', 4200) returning id \\gset
select jobs.enqueue('charge', jsonb_build_object('order_id', :id, 'cents', 4200),
  queue => 'payments');
commit;
"""

# The same without psql: one statement is a transaction.
SQL_ORDER = """
with placed as (
  insert into orders (customer, cents) values ('grace@example.org', 4200) returning id, cents)
select jobs.enqueue('charge', jsonb_build_object('order_id', id, 'cents', cents),
  queue => 'payments')
from placed
"""

REVIEW_DELAY = 3.0  # seconds
_WORK = 0.25  # seconds that a handler takes, so that there is something to see

app = Jobs()
Connection = psycopg.Connection[Any]


@app.task(queue="payments")
def charge(ctx: Context, order_id: int, cents: int) -> dict[str, int]:
    """Marks the order as paid: in the same commit as this job's completion."""
    time.sleep(_WORK)
    with ctx.transaction() as conn:
        conn.execute("update orders set paid = true where id = %s", (order_id,))
    return {"order": order_id, "charged": cents}


@app.task(queue="mail", retry=Backoff(max_attempts=5, strategy="constant", base=0.5, jitter=0))
async def send_receipt(ctx: Context, to: str) -> str:
    """Meets a mail server that is busy twice."""
    await asyncio.sleep(_WORK)
    if ctx.attempt < 3:
        raise ConnectionError("the mail server is busy, come back later")
    return f"sent to {to}"


@app.task(queue="shipping", retry=Backoff(max_attempts=2, strategy="constant", base=0.5, jitter=0))
def ship(parcel: str) -> str:
    """Is given a parcel number that is none, so that no attempt can succeed."""
    time.sleep(_WORK)
    return str(uuid.UUID(parcel))


@app.task(queue="mail")
async def ask_for_review(to: str) -> str:
    """Comes a while after the order."""
    await asyncio.sleep(_WORK)
    return f"asked {to}"


def place_order(conn: Connection, customer: str, cents: int) -> tuple[int, list[Job[Any]]]:
    """The order, and the jobs that belong to it: all of it in the caller's transaction, or none."""
    (row,) = conn.execute(
        "insert into orders (customer, cents) values (%s, %s) returning id", (customer, cents)
    ).fetchall()
    order: int = row[0]
    return order, [
        charge.enqueue(conn, order, cents=cents),
        send_receipt.enqueue(conn, customer),
        ship.enqueue(conn, "parcel 13"),
        ask_for_review.using(delay=REVIEW_DELAY).enqueue(conn, customer),
    ]
