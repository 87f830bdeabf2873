"""The web example: what it answers, and the whole of it in a process of its own."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from txjobs import Client
from workers import drain

HTTP = Path(__file__).parents[2] / "examples" / "http"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The example's modules."""
    monkeypatch.syspath_prepend(str(HTTP))
    import reports
    import web

    yield web, reports
    for name in ("web", "reports"):
        sys.modules.pop(name, None)


@pytest.fixture
async def browser(
    example: Any, dsn: str, conn: psycopg.Connection[Any]
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, whose jobs wait for a worker."""
    web, reports = example
    conn.execute(reports.TABLES)
    conn.execute("insert into sale values ('ada', 100), ('ada', 250)")
    async with client_of(web.application(reports.app.backend(dsn))) as client:
        yield client


@asynccontextmanager
async def client_of(application: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, which lives as long as the block."""
    async with application.router.lifespan_context(application) as state:

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await application({**scope, "state": dict(state)}, receive, send)

        transport = httpx.ASGITransport(with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://example.org") as client:
            yield client


async def test_a_request_is_accepted_and_its_job_can_be_asked_about(
    browser: httpx.AsyncClient, example: Any, dsn: str
) -> None:
    accepted = await browser.post("/reports", json={"customer": "ada"})
    assert accepted.status_code == 202
    where = accepted.headers["location"]
    assert accepted.json() == {"id": int(where.rpartition("/")[2]), "status": where}
    waiting = await browser.get(where)
    assert waiting.json()["state"] == "ready"
    assert waiting.headers["retry-after"] == "1"
    drain(example[1].app, dsn)
    ended = await browser.get(where)
    assert ended.status_code == 200
    assert ended.json()["result"] == {"report": 1, "customer": "ada", "total": 350}
    assert "retry-after" not in ended.headers


async def test_a_request_that_fails_leaves_neither_row_nor_job(
    browser: httpx.AsyncClient, conn: psycopg.Connection[Any]
) -> None:
    conn.execute("select jobs.configure_queue('reports', max_pending => 1)")
    assert (await browser.post("/reports", json={"customer": "ada"})).status_code == 202
    full = await browser.post("/reports", json={"customer": "ada"})
    assert full.status_code == 503
    assert full.headers["retry-after"] == "1"
    assert conn.execute("select count(*) from report").fetchone() == (1,)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"customer": 7}', b'{"customer": "\\u0000"}', b'"ada"']
)
async def test_what_makes_no_sense_is_refused(browser: httpx.AsyncClient, body: bytes) -> None:
    refused = await browser.post("/reports", content=body)
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/jobs/4711", "/jobs/99999999999999999999", "/jobs/x"])
async def test_a_job_that_is_not_there_is_not_found(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404
    assert (await browser.delete(path)).status_code == 404


async def test_other_jobs_are_not_told_of(
    browser: httpx.AsyncClient, conn: psycopg.Connection[Any]
) -> None:
    other = Client(conn).enqueue("secret")
    assert (await browser.get(f"/jobs/{other.id}")).status_code == 404
    assert (await browser.delete(f"/jobs/{other.id}")).status_code == 404
    assert Client(conn).state(other) == "ready"


async def test_a_job_can_be_cancelled_until_it_has_ended(
    browser: httpx.AsyncClient, conn: psycopg.Connection[Any], example: Any, dsn: str
) -> None:
    async def ask() -> str:
        return (await browser.post("/reports", json={"customer": "ada"})).headers["location"]

    done = await ask()
    drain(example[1].app, dsn)
    waiting, running = await ask(), await ask()
    for _ in range(2):
        assert (await browser.delete(waiting)).json()["state"] == "cancelled"
    assert conn.execute("select count(*) from jobs.claim()").fetchone() == (1,)
    assert (await browser.delete(running)).status_code == 202
    too_late = await browser.delete(done)
    assert too_late.status_code == 409
    assert "completed already" in too_late.json()["detail"]
    ended = (await browser.get(waiting)).json()
    assert (ended["state"], ended["reason"]) == ("cancelled", "by its customer")


async def test_it_is_ready_while_the_database_answers(example: Any, dsn: str) -> None:
    web, reports = example
    async with client_of(web.application(reports.app.backend(dsn))) as browser:
        assert (await browser.get("/health/live")).status_code == 200
        assert (await browser.get("/health/ready")).status_code == 200
    nowhere = "postgresql://127.0.0.1:1/nowhere?connect_timeout=2"
    async with client_of(web.application(reports.app.backend(nowhere))) as browser:
        assert (await browser.get("/health/live")).status_code == 200
        assert (await browser.get("/health/ready")).status_code == 503


def test_the_server_makes_the_application_from_its_setting(
    example: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, _ = example
    monkeypatch.setenv("JOBS", "in-process:")
    assert {route.path for route in web.web.routes} >= {"/reports", "/jobs/{id:int}"}
    with pytest.raises(AttributeError):
        _ = web.wob


@pytest.mark.parametrize("options", [[], ["--in-process"]], ids=["worker", "in-process"])
def test_all_of_it_is_right(empty_dsn: str, options: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, HTTP / "tour.py", "--dsn", empty_dsn, *options],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("ok ") == 9
    assert "NOT MET" not in ran.stdout
