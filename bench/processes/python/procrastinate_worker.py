# mypy: ignore-errors
"""A procrastinate process, concurrent and deleting what succeeded; see bench/README.md."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

import report
import uvloop
from procrastinate import App, PsycopgConnector

CONCURRENCY = int(os.environ.get("PROCRASTINATE_CONCURRENCY", "30"))

app = App(
    connector=PsycopgConnector(
        conninfo=os.environ["BENCH_DSN"], min_size=2, max_size=CONCURRENCY + 2
    )
)


@app.task(name="noop")
async def noop(**args: object) -> None:
    report.count()


async def install() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def fill(jobs: int) -> None:
    async with app.open_async():
        for begin in range(0, jobs, 1_000):
            n = min(1_000, jobs - begin)
            await noop.batch_defer_async(*({"id": begin + i} for i in range(n)))


async def work() -> None:
    async with app.open_async():
        await app.run_worker_async(
            concurrency=CONCURRENCY, delete_jobs="successful", fetch_job_polling_interval=1
        )


logging.disable(logging.INFO)
match sys.argv[1:]:
    case ["install"]:
        asyncio.run(install())
    case ["fill", jobs]:
        asyncio.run(fill(int(jobs)))
    case _:
        report.go()
        uvloop.run(work())
