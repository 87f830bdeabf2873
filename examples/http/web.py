"""A web application that answers before the work is done: 202, and where to ask about it.

    JOBS=postgresql:///shop uvicorn web:web          # and: txjobs worker reports:app
    JOBS='in-process:?dsn=postgresql:///shop' uvicorn web:web

The second runs the jobs in the web server itself, and loses those under way when it dies. The code
is the same.
"""

import contextlib
import os
from collections.abc import AsyncIterator

import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from reports import app, build_report
from txjobs import JobInfo, QueueFull
from txjobs.backend import AsyncJobs, Backend

UNFINISHED = {"Retry-After": "1"}
NOT_FOUND = "there is no such job, or it ended so long ago that nothing of it is kept"


def application(backend: Backend) -> Starlette:
    """The web application, whose jobs go to that backend."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, AsyncJobs]]:
        async with backend as jobs:
            yield {"jobs": jobs}

    return Starlette(
        routes=[
            Route("/reports", ask_for_report, methods=["POST"]),
            Route("/jobs/{id:int}", tell, methods=["GET"]),
            Route("/jobs/{id:int}", cancel, methods=["DELETE"]),
            Route("/health/live", live),
            Route("/health/ready", ready),
        ],
        lifespan=lifespan,
    )


async def ask_for_report(request: Request) -> Response:
    """The report's row and its job exist together, or neither does."""
    try:
        customer = (await request.json())["customer"]
    except (ValueError, KeyError, TypeError):
        return _problem(400, 'send an object such as {"customer": "ada"}')
    if not isinstance(customer, str) or not customer or "\0" in customer:
        return _problem(400, "customer is a name")
    try:
        async with request.state.jobs.transaction() as conn:
            made = await conn.execute(
                "insert into report (customer) values (%s) returning id", (customer,)
            )
            (report,) = await made.fetchone()
            job = await build_report.enqueue(conn, report, customer)
    except QueueFull:
        return _problem(503, "too much is waiting already", UNFINISHED)
    where = f"/jobs/{job.id}"
    return JSONResponse({"id": job.id, "status": where}, 202, {"Location": where, **UNFINISHED})


async def tell(request: Request) -> Response:
    """How far the job is, and what came of it."""
    found = await _find(request)
    if found is None:
        return _problem(404, NOT_FOUND)
    return JSONResponse(_as_json(found), headers=None if found.ended else UNFINISHED)


async def cancel(request: Request) -> Response:
    """The job is cancelled; 202 if its handler has yet to be stopped, 409 if it is too late."""
    found = await _find(request)
    if found is None:
        return _problem(404, NOT_FOUND)
    said = await request.state.jobs.cancel(found.id, "by its customer")
    if said == "cancelled":
        return JSONResponse({"id": found.id, "state": said})
    if said == "cancel_requested":
        return JSONResponse({"id": found.id, "state": "running"}, 202, UNFINISHED)
    return _problem(409, f"the job is {said} already")


async def live(_: Request) -> Response:
    """The process answers: if it does not, start it anew."""
    return PlainTextResponse("ok")


async def ready(request: Request) -> Response:
    """Requests can be served: if not, send them elsewhere for now."""
    try:
        async with request.state.jobs.transaction() as conn:
            await conn.execute("select 1")
    except psycopg.Error:
        return _problem(503, "the database does not answer", UNFINISHED)
    return PlainTextResponse("ok")


async def _find(request: Request) -> JobInfo | None:
    number: int = request.path_params["id"]
    found: JobInfo | None = None
    if number < 2**63:
        found = await request.state.jobs.get(number)
    # Ids can be guessed: only what this address is for is told of.
    return found if found is not None and found.kind == build_report.name else None


def _as_json(job: JobInfo) -> dict[str, object]:
    said: dict[str, object] = {"id": job.id, "state": job.state, "attempt": job.attempt}
    if job.state == "completed":
        said["result"] = job.result
    if job.reason is not None:
        said["reason"] = job.reason
    if job.error is not None:
        said["error"] = job.error.get("message")  # no traceback: that is for the operators
    return said


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    said = {"status": status, "detail": detail}
    return JSONResponse(said, status, headers, media_type="application/problem+json")


def __getattr__(name: str) -> Starlette:
    if name != "web":  # made when the server asks for it, so that importing needs no setting
        raise AttributeError(name)
    return application(app.backend(os.environ["JOBS"]))
