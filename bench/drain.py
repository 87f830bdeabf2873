"""Scenario (b): how fast workers drain a queue of no-op jobs, one process and two."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from bench.competitors import Competitor, all_of_them
from bench.figures import Budget, Figures, Table, median, ratio
from bench.plan import Plan
from bench.servers import Server, fetch
from bench.workers import await_handled, workers

PROCESSES = (1, 2)


def measure(server: Server, plan: Plan, say: Callable[[str], None]) -> Figures:
    competitors = [c for c in all_of_them() if c.name not in plan.without]
    for competitor in competitors:
        competitor.install()
    speeds: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _ in range(plan.rounds):
        for processes in PROCESSES:
            for competitor in competitors:
                jobs = plan.drained // 5 if competitor.slow else plan.drained
                speed = drain(server, competitor, processes, jobs)
                speeds[competitor.name, processes].append(speed)
                say(f"{competitor.name}, {processes} process(es): {speed:,.0f} jobs/s")
    return _figures(plan, competitors, {key: median(found) for key, found in speeds.items()})


def drain(server: Server, competitor: Competitor, processes: int, jobs: int) -> float:
    """Jobs per second, from the first handler's start until the database knows that all ended."""
    with server.database("drain") as database:
        competitor.create(server, database)
        competitor.fill(server, database, jobs)
        server.run("vacuum analyze", database)
        server.run("checkpoint")
        command, environment = competitor.command(), competitor.env(server, database)
        with (
            workers(command, processes, environment, competitor.directory()) as running,
            server.connect(database) as probe,
        ):
            for worker in running:
                worker.go()
            began = await_handled(running, jobs, seconds=30 + jobs / 100)
            while not fetch(probe, competitor.finished())[0][0]:
                for worker in running:
                    worker.check()
                time.sleep(0.005)
            ended = time.monotonic()
    return jobs / (ended - began)


def _figures(
    plan: Plan, competitors: list[Competitor], speed: dict[tuple[str, int], float]
) -> Figures:
    table = Table(
        f"(b) Workers draining {plan.drained:,} no-op jobs",
        ["worker", "version", "1 process, jobs/s", "2 processes, jobs/s", "settings"],
        notes=[
            "From the first handler's start until the database knows that every job has ended.",
            *(
                f"{c.name} drained {plan.drained // 5:,} jobs: its rate does not depend on it."
                for c in competitors
                if c.slow
            ),
        ],
    )
    for c in competitors:
        table.rows.append([c.name, c.version(), *(speed[c.name, n] for n in PROCESSES), c.settings])
    ours = speed["txjobs", 1]
    return Figures(
        "b",
        [table],
        [
            Budget(
                "worker, one process, no-op jobs/s of graphile-worker's", 0.8, False,
                ratio(ours, speed.get(("graphile-worker", 1))), "×",
            ),
            Budget(
                "worker, one process, no-op jobs/s of pgqueuer's", 2, False,
                ratio(ours, speed.get(("pgqueuer", 1))), "×",
            ),
        ],
    )  # fmt: skip
