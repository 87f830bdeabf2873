"""Scenario (b): how fast workers drain a queue of no-op jobs, one process and two."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from bench.competitors import Competitor, all_of_them
from bench.figures import Budget, Figures, Table, median, paired
from bench.plan import Plan
from bench.servers import BenchError, Server, fetch
from bench.workers import Worker, await_handled, workers

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
    return _figures(plan, competitors, speeds)


def drain(server: Server, competitor: Competitor, processes: int, jobs: int) -> float:
    """Jobs per second, by workers that have started and connected.

    They find the table of jobs locked and wait in their first claim; the clock runs from when it is
    unlocked, which is the same moment for all, until the database knows that every job has ended.
    """
    with server.database("drain") as database:
        competitor.create(server, database)
        competitor.fill(server, database, jobs)
        server.run("vacuum analyze", database)
        server.run("checkpoint")
        command, environment = competitor.command(), competitor.env(server, database)
        with (
            server.connect(database) as probe,
            workers(command, processes, environment, competitor.directory()) as running,
        ):
            with probe.transaction():
                probe.execute(f"lock table {competitor.table} in access exclusive mode".encode())
                for worker in running:
                    worker.go()
                _await_arrival(server, database, competitor.connections * processes, running)
                began = time.monotonic()
            await_handled(running, jobs, seconds=30 + jobs / 100)
            while not fetch(probe, competitor.finished())[0][0]:
                for worker in running:
                    worker.check()
                time.sleep(0.005)
            ended = time.monotonic()
    return jobs / (ended - began)


def _await_arrival(server: Server, database: str, waiting: int, running: list[Worker]) -> None:
    deadline = time.monotonic() + 30
    query = "select count(*) from pg_locks where not granted and locktype = 'relation'"
    while int(str(server.value(query, database))) < waiting:
        for worker in running:
            worker.check()
        if time.monotonic() > deadline:
            raise BenchError("the workers did not come to their first claim within 30 s")
        time.sleep(0.05)
    # Whatever else a worker does at its start is over by then.
    time.sleep(1)


def _figures(
    plan: Plan, competitors: list[Competitor], speed: dict[tuple[str, int], list[float]]
) -> Figures:
    table = Table(
        f"(b) Workers draining {plan.drained:,} no-op jobs",
        ["worker", "version", "1 process, jobs/s", "2 processes, jobs/s", "settings"],
        notes=[
            "By workers that have started: from first claim until the database knows all ended.",
            *(
                f"{c.name} drained {plan.drained // 5:,} jobs, to save time."
                for c in competitors
                if c.slow
            ),
        ],
    )
    for c in competitors:
        speeds = [median(speed[c.name, n]) for n in PROCESSES]
        table.rows.append([c.name, c.version(), *speeds, c.settings])
    ours = speed["txjobs", 1]
    return Figures(
        "b",
        [table],
        [
            Budget(
                "worker, one process, no-op jobs/s of graphile-worker's", 0.8, False,
                paired(ours, speed.get(("graphile-worker", 1))), "×",
            ),
            Budget(
                "worker, one process, no-op jobs/s of pgqueuer's", 2, False,
                paired(ours, speed.get(("pgqueuer", 1))), "×",
            ),
        ],
    )  # fmt: skip
