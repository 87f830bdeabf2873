# mypy: ignore-errors
"""A pgqueuer process, set up as its own benchmark and tuning guide are; see bench/README.md."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

import asyncpg
import report
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

DSN = os.environ["BENCH_DSN"]
MANAGERS = int(os.environ.get("PGQUEUER_MANAGERS", "5"))
BATCH = int(os.environ.get("PGQUEUER_BATCH", "100"))


async def install() -> None:
    queries = Queries(AsyncpgDriver(await asyncpg.connect(DSN)))
    await queries.install()
    await queries.optimize_autovacuum()


async def fill(jobs: int) -> None:
    queries = Queries(AsyncpgDriver(await asyncpg.connect(DSN)))
    for begin in range(0, jobs, 5_000):
        n = min(5_000, jobs - begin)
        payloads = [b'{"id": %d}' % (begin + i) for i in range(n)]
        await queries.enqueue(["noop"] * n, payloads, [0] * n)


async def manager() -> None:
    worker = PgQueuer(AsyncpgDriver(await asyncpg.connect(DSN)))

    @worker.entrypoint("noop")
    async def noop(job: Job) -> None:
        report.count()

    await worker.run(batch_size=BATCH)


async def work() -> None:
    await asyncio.gather(*(manager() for _ in range(MANAGERS)))


logging.getLogger("pgqueuer").setLevel(logging.WARNING)
match sys.argv[1:]:
    case ["install"]:
        uvloop.run(install())
    case ["fill", jobs]:
        uvloop.run(fill(int(jobs)))
    case _:
        report.go()
        uvloop.run(work())
