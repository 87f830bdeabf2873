"""Scenario (b): how fast a worker drains a queue of no-op jobs, one process and two."""

from __future__ import annotations

import time

from bench.competitors import Competitor
from bench.servers import Server
from bench.workers import await_handled, workers


def drain(server: Server, competitor: Competitor, processes: int, jobs: int) -> float:
    """Jobs per second, from the first handler's start until every job is recorded as ended."""
    with server.database("drain") as database:
        competitor.create(server, database)
        competitor.fill(server, database, jobs)
        server.run("checkpoint")
        environment = competitor.env(server, database)
        with (
            workers(competitor.command(), processes, environment, competitor.directory()) as running,
            server.connect(database) as probe,
        ):
            for worker in running:
                worker.go()
            began = await_handled(running, jobs, seconds=30 + jobs / 100)
            finished = competitor.finished()
            while True:
                row = probe.execute(finished.encode()).fetchone()
                ended = time.monotonic()
                if row and row[0]:
                    break
                for worker in running:
                    worker.check()
                time.sleep(0.005)
    return jobs / (ended - began)
