"""Scenario (c): from an enqueue's commit to its handler's start, with an idle worker."""

from __future__ import annotations

import queue
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.competitors import Competitor, graphile, txjobs
from bench.figures import Budget, Figures, Table, number
from bench.plan import Plan
from bench.servers import BenchError, Connection, Server, fetch
from bench.workers import Worker, workers

#: Seconds between two jobs: long enough to have gone idle, and not in step with any poll.
PAUSE = (0.02, 0.3)
WARM_UP = 20


@dataclass
class Line:
    """One worker that waits, and the connection that enqueues for it."""

    competitor: Competitor
    worker: Worker
    connection: Connection
    milliseconds: list[float] = field(default_factory=list)

    def once(self, n: int) -> None:
        with self.connection.transaction():
            fetch(self.connection, self.competitor.enqueue_latency(), (n,))
            committing = time.monotonic_ns()
        try:
            started, at = self.worker.started.get(timeout=15)
        except queue.Empty:
            self.worker.check()
            raise BenchError(f"{self.competitor.name} did not start a job within 15 s") from None
        assert started == n
        self.milliseconds.append((at - committing) / 1e6)

    def percentile(self, p: float) -> float:
        ordered = sorted(self.milliseconds[WARM_UP:])
        return ordered[min(len(ordered) - 1, int(len(ordered) * p))]


def measure(server: Server, plan: Plan, say: Callable[[str], None]) -> Figures:
    competitors = [c for c in (txjobs(), graphile()) if c.name not in plan.without]
    pause = random.Random(1)
    with ExitStack() as stack:
        lines = [_line(server, c, n, stack) for n, c in enumerate(competitors)]
        # One after the other, all waiting all the time, so that noise hits each alike.
        for n in range(WARM_UP + plan.samples):
            for line in lines:
                time.sleep(pause.uniform(*PAUSE) / len(lines))
                line.once(n)
        for line in lines:
            say(f"{line.competitor.name}: p50 {number(line.percentile(0.5))} ms")
    return _figures(plan, lines)


def _line(server: Server, competitor: Competitor, n: int, stack: ExitStack) -> Line:
    competitor.install()
    database = stack.enter_context(server.database(f"latency_{n}"))
    competitor.create(server, database)
    connection = stack.enter_context(server.connect(database))
    environment = competitor.env(server, database)
    (worker,) = stack.enter_context(
        workers(competitor.command(), 1, environment, competitor.directory())
    )
    worker.go()
    return Line(competitor, worker, connection)


def _figures(plan: Plan, lines: list[Line]) -> Figures:
    table = Table(
        "(c) From commit to handler, idle worker",
        ["worker", "p50 ms", "p90 ms", "p99 ms", "max ms"],
        [[line.competitor.name, *map(line.percentile, (0.5, 0.9, 0.99, 1.0))] for line in lines],
        [f"{plan.samples} jobs each, alternating, 10 to 300 ms apart; from before COMMIT is sent."],
    )
    ours = lines[0]
    return Figures(
        "c",
        [table],
        [
            Budget("enqueue commit to handler start, p50", 2.5, True, ours.percentile(0.5), "ms"),
            Budget("enqueue commit to handler start, p99", 10, True, ours.percentile(0.99), "ms"),
        ],
    )
