"""Serves the application once, asks for reports over HTTP, and says whether all of it is right.

    python examples/http/tour.py [--dsn postgresql://…] [--in-process]

Without a DSN it starts a PostgreSQL of its own (`pip install 'txjobs[embedded,web]'`), which is
gone in the end. With one, give it an empty database. `--in-process` runs the jobs in the web server
instead of in a worker.
"""

import argparse
import asyncio
import json
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
import uvicorn

from reports import TABLES, app
from txjobs import Worker, embedded
from txjobs.migrate import migrate
from web import application

PATIENCE = 30.0  # seconds


class Browser:
    """Asks the server."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, str], Any]:
        """The status, the headers and the body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, dict(answer.headers), _read(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), _read(error)

    def until_ended(self, path: str) -> Any:
        """What the status address says once the job has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            _, headers, said = self.ask("GET", path)
            if "retry-after" not in {name.lower() for name in headers}:
                return said
            time.sleep(0.05)  # a browser would wait for what Retry-After says
        raise SystemExit(f"{path} does not end")


def _read(answer: Any) -> Any:
    text = answer.read().decode()
    return json.loads(text) if "json" in answer.headers["content-type"] else text


@contextmanager
def served(where: str) -> Iterator[str]:
    """The address of the application, as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(application(app.backend(where)), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def working(dsn: str) -> Iterator[None]:
    """A worker, as `txjobs worker reports:app` runs it."""
    worker = Worker(app, dsn)
    thread = threading.Thread(target=lambda: asyncio.run(worker.run()))
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


def story(dsn: str, browser: Browser) -> bool:
    """The steps; whether every expectation was met."""
    status, headers, asked = browser.ask("POST", "/reports", {"customer": "ada"})
    first = browser.until_ended(asked["status"])
    _, _, without = browser.ask("POST", "/reports", {"customer": "nobody"})
    failed = browser.until_ended(without["status"])
    with psycopg.connect(dsn, autocommit=True) as conn:
        reports = conn.execute("select customer, total from report order by id").fetchall()
    checks = {
        "a report is accepted with 202": status == 202,
        "the status address is the Location": headers.get("location") == asked["status"],
        "it ends with its result": first["state"] == "completed"
        and first["result"] == {"report": 1, "customer": "ada", "total": 350},
        "one without sales is dead after three attempts, and says why": (
            failed["state"],
            failed["attempt"],
            failed["error"],
        )
        == ("dead", 3, "nobody has bought nothing"),
        "the rows were written with the jobs' outcomes": reports
        == [("ada", 350), ("nobody", None)],
        "an unknown job is 404": browser.ask("GET", "/jobs/999999999")[0] == 404,
        "cancelling what has ended is 409": browser.ask("DELETE", asked["status"])[0] == 409,
        "a request that makes no sense is 400": browser.ask("POST", "/reports", [1])[0] == 400,
        "the server is alive and ready": browser.ask("GET", "/health/live")[0]
        == browser.ask("GET", "/health/ready")[0]
        == 200,
    }
    for what, holds in checks.items():
        print(f"{'ok' if holds else 'NOT MET':8} {what}")
    return all(checks.values())


def main() -> int:
    """Runs the story against the server given, or one of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn")
    parser.add_argument("--in-process", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        dsn = given.dsn or stack.enter_context(embedded.start()).dsn
        migrate(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(TABLES)
            conn.execute("insert into sale values ('ada', 100), ('ada', 250)")
        if given.in_process:
            where = f"in-process:?dsn={quote(dsn)}"
        else:
            where = dsn
            stack.enter_context(working(dsn))
        address = stack.enter_context(served(where))
        return 0 if story(dsn, Browser(address)) else 1


if __name__ == "__main__":
    sys.exit(main())
