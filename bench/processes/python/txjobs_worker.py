# mypy: ignore-errors
"""A txjobs process, with the worker's defaults."""

from __future__ import annotations

import logging
import os

import report

from txjobs import Jobs, Worker

app = Jobs()


@app.task(queue="bench")
async def noop(n: int) -> None:
    report.count()


@app.task(queue="bench")
async def latency(n: int) -> None:
    report.started(n)


logging.basicConfig(level=logging.WARNING)
report.go()
raise SystemExit(
    Worker(app, os.environ["BENCH_DSN"], concurrency=int(os.environ["TXJOBS_CONCURRENCY"])).main()
)
