"""Runs the application once, from orders to projection, and says whether all of it is right.

    python examples/orders/run.py [--dsn postgresql://…]

Without a DSN it starts a PostgreSQL of its own (`pip install 'txjobs[embedded]'`), which is gone in
the end. With one, give it an empty database.
"""

import argparse
import json
import os
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg

from orders import Refused, app, change, load
from reactions import TABLES, rebuild
from txjobs import Client, Worker, embedded, reconcile
from txjobs.migrate import migrate

ORDERS = 8
INSTALMENTS = 5  # each order is paid in so many parts, all at once


class Partner(ThreadingHTTPServer):
    """Somebody else's service: it is down at first, and counts what it gets."""

    def __init__(self) -> None:
        self.refusals = 3
        self.got: Counter[str] = Counter()
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), PartnerHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events"


class PartnerHandler(BaseHTTPRequestHandler):
    server: Partner

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            down = self.server.refusals > 0
            self.server.refusals -= down
            if not down:
                self.server.got[event["id"]] += 1
        self.send_response(503 if down else 202)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the story is told below."""


def take_orders(dsn: str) -> int:
    """Places, pays and ships; the payments of an order race. How many payments were refused."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for number in range(1, ORDERS + 1):
            change(conn, number, lambda order: order.place("ada@example.org", 1000))

    def pay(number: int) -> bool:
        with psycopg.connect(dsn, autocommit=True) as conn:
            try:
                change(conn, number, lambda order: order.pay(1000 // INSTALMENTS, "card"))
            except Refused:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:  # one payment too many for each order
        paid = list(
            pool.map(pay, [n for n in range(1, ORDERS + 1) for _ in range(INSTALMENTS + 1)])
        )
    with psycopg.connect(dsn, autocommit=True) as conn:
        for number in range(1, ORDERS + 1):
            change(conn, number, lambda order: order.ship("bicycle"))
    return paid.count(False)


def work(dsn: str) -> None:
    """Runs a worker until its jobs are done and its consumers have read everything."""
    if Worker(app, dsn, drain=True, drain_horizon=60).main() != 0:
        raise SystemExit("the worker did not come to an end")


def picture(conn: psycopg.Connection[Any]) -> list[Any]:
    """The projection, without the positions."""
    board = conn.execute("select number, due, shipped_with from order_board order by number")
    takings = conn.execute("select method, cents from takings order by method")
    return [*board, *takings]


def story(dsn: str) -> bool:
    """The steps; whether every expectation was met."""
    partner = Partner()
    os.environ["PARTNER_URL"] = partner.url
    migrate(dsn)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(TABLES)
        for one in reconcile(conn, app):
            print(f"{one.action:8} {one.what} {one.name}")
        backoff = {"strategy": "constant", "base": 0.2}
        conn.execute(
            "select jobs.configure_kind('tell_partner', backoff => %s)", (json.dumps(backoff),)
        )
        refused = take_orders(dsn)
        work(dsn)
        first = picture(conn)
        rebuild(conn)
        work(dsn)
        orders = [load(conn, number) for number in range(1, ORDERS + 1)]
        failed = conn.execute(
            "select count(*) from jobs.job_event where type = 'failed'"
        ).fetchone()
        checks = {
            f"{refused} payments were refused, one for each order": refused == ORDERS,
            "every order is paid and shipped, by its events": all(
                order.paid == order.cents and order.shipped for order in orders
            ),
            "the projection agrees": first
            == [*((order.number, 0, "bicycle") for order in orders), ("card", 1000 * ORDERS)],
            "built again from the beginning it is the same": picture(conn) == first,
            f"the partner was down for {failed and failed[0]} requests and has each payment once": (
                failed == (3,) and list(partner.got.values()) == [1] * (ORDERS * INSTALMENTS)
            ),
            "no consumer is stuck": not any(one.stuck for one in Client(conn).consumers()),
        }
    for what, met in checks.items():
        print(f"{'ok' if met else 'NOT MET':8} {what}")
    return all(checks.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dsn", help="an empty database; default: a server of its own")
    given: str | None = parser.parse_args().dsn
    server: AbstractContextManager[Any] = nullcontext() if given else embedded.start(fsync=False)
    with server as started:
        met = story(given or started.dsn)
    print("OK: everything is as it should be" if met else "FAILED: see above")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
