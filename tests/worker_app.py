"""The tasks of worker processes in tests; each leaves a trace in the table `trace`."""

import ast
import asyncio
import logging
import os
import sys
import time

import psycopg

from txjobs import Context, Jobs, Worker

app = Jobs()


def mark(dsn: str, what: str, job: int) -> None:
    """Leave a trace that does not depend on the job's outcome."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "insert into trace (what, job, pid) values (%s, %s, %s)", (what, job, os.getpid())
        )


@app.task
async def sleep(ctx: Context, seconds: float) -> None:
    """Await so long."""
    await asyncio.to_thread(mark, ctx.deps, "started", ctx.job.id)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        mark(ctx.deps, "cancelled", ctx.job.id)
        raise
    await asyncio.to_thread(mark, ctx.deps, "finished", ctx.job.id)


@app.task
async def block(ctx: Context, seconds: float) -> None:
    """Keep the event loop so long, as no handler should."""
    mark(ctx.deps, "started", ctx.job.id)
    time.sleep(seconds)  # noqa: ASYNC251
    mark(ctx.deps, "finished", ctx.job.id)


@app.task
def hang(ctx: Context, seconds: float) -> None:
    """Sleep in a thread, deaf to all signals."""
    mark(ctx.deps, "started", ctx.job.id)
    time.sleep(seconds)
    mark(ctx.deps, "finished", ctx.job.id)


@app.task
def crash(ctx: Context) -> None:
    """Take the process down."""
    mark(ctx.deps, "started", ctx.job.id)
    os._exit(9)


def main() -> None:
    """Run a worker with the options given."""
    logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
    dsn, options = sys.argv[1], ast.literal_eval(sys.argv[2])
    sys.exit(Worker(app, dsn, deps=dsn, **options).main())
