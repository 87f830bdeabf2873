"""Scenario (a): the life of a job in SQL, by pgbench, beside a bare INSERT and pgmq."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from bench.figures import Budget, Cell, Figures, Table, median, paired
from bench.pgbench import CLIENTS, pgbench
from bench.plan import Plan
from bench.servers import Server, install_script
from bench.systems import System, bare_insert, pgmq, txjobs, txjobs_work

BATCHES = (1, 10, 100)
#: Waiting jobs before a run, so that four clients always find something to claim.
AHEAD = 2_000


def measure(server: Server, plan: Plan, say: Callable[[str], None]) -> Figures:
    speed: dict[tuple[str, int], list[float]] = defaultdict(list)
    cpu: dict[tuple[str, int], list[float]] = defaultdict(list)
    wal: dict[tuple[str, int], float] = {}
    for batch in BATCHES:
        with ExitStack() as stack:
            prepared = [
                (system, stack.enter_context(Filled(server, system, batch, n)))
                for n, system in enumerate(_systems(plan, batch))
            ]
            for name, bytes_per_job in _wal(server, plan, batch, prepared):
                wal[name, batch] = bytes_per_job
            for _ in range(plan.rounds):
                for system, database in prepared:
                    run = pgbench(
                        server, database, system.life(),
                        seconds=plan.life_seconds, variables=system.variables_for(batch),
                    )  # fmt: skip
                    speed[system.name, batch].append(run.per_second * batch)
                    if run.cpu_seconds is not None:
                        used = run.cpu_seconds / run.transactions / batch
                        cpu[system.name, batch].append(used * 1e6)
                    say(f"batch {batch}, {system.name}: {run.per_second * batch:,.0f} jobs/s")
    return _figures(plan, speed, cpu, wal)


def _systems(plan: Plan, batch: int) -> list[System]:
    script = install_script()
    return [
        txjobs(script, batch),
        txjobs_work(script, batch),
        bare_insert(batch),
        *([pgmq(plan.pgmq, batch)] if plan.pgmq else []),
    ]


class Filled:
    """A database of that system with some jobs ahead."""

    def __init__(self, server: Server, system: System, batch: int, n: int) -> None:
        self._server, self._system, self._batch = server, system, batch
        self._database = server.database(f"life_{batch}_{n}")

    def __enter__(self) -> str:
        database = self._database.__enter__()
        self._system.create(self._server, database)
        pgbench(
            self._server, database, self._system.enqueue,
            clients=1, transactions=max(20, AHEAD // self._batch),
            variables=self._system.variables_for(self._batch),
        )  # fmt: skip
        return database

    def __exit__(self, *_: object) -> None:
        self._database.__exit__(None, None, None)


def _wal(
    server: Server, plan: Plan, batch: int, prepared: Iterable[tuple[System, str]]
) -> Iterable[tuple[str, float]]:
    """WAL of whole lives, without page images; a count, so once is enough."""
    jobs = plan.wal_jobs // 10 if batch == 1 else plan.wal_jobs
    with server.without_page_images():
        for system, database in prepared:
            before = server.wal_position()
            run = pgbench(
                server, database, system.life(),
                transactions=max(1, jobs // batch // CLIENTS),
                variables=system.variables_for(batch),
            )  # fmt: skip
            yield system.name, (server.wal_position() - before) / (run.transactions * batch)


def _figures(
    plan: Plan,
    speed: dict[tuple[str, int], list[float]],
    cpu: dict[tuple[str, int], list[float]],
    wal: dict[tuple[str, int], float],
) -> Figures:
    table = Table(
        f"(a) Life of a job in SQL: pgbench, {CLIENTS} connections, a commit for each statement",
        ["batch", "system", "jobs/s", "of bare INSERT", "of pgmq", "CPU µs/job", "WAL B/job"],
        notes=[
            "WAL is of a run with full_page_writes off; speed and the server's CPU are with it on.",
            "pgmq and the bare INSERT keep no history; txjobs keeps the job and its transitions.",
        ],
    )
    for (name, batch), jobs in speed.items():
        row: list[Cell] = [batch, name, median(jobs)]
        row += [paired(jobs, speed.get((other, batch))) for other in ("bare INSERT", "pgmq")]
        used = cpu.get((name, batch))
        table.rows.append([*row, median(used) if used else None, wal[name, batch]])
    if plan.pgmq:
        digest = hashlib.sha256(plan.pgmq.read_bytes()).hexdigest()[:12]
        table.notes.append(f"pgmq is of a {plan.pgmq.name} whose SHA-256 begins with {digest}.")
    else:
        table.notes.append("pgmq was not measured: give --pgmq the path of its pgmq.sql.")
    ours = speed["txjobs", 100]
    return Figures(
        "a",
        [table],
        [
            Budget(
                "life cycle in SQL, batch 100, jobs/s of pgmq's", 1.5, False,
                paired(ours, speed.get(("pgmq", 100))), "×",
            ),
            Budget(
                "life cycle in SQL, batch 100, jobs/s of a bare INSERT's", 0.55, False,
                paired(ours, speed["bare INSERT", 100]), "×",
            ),
            Budget("WAL per job, batch 100", 600, True, wal["txjobs", 100], "B"),
            Budget("WAL per job, batch 1", 1700, True, wal["txjobs", 1], "B"),
        ],
    )  # fmt: skip
