"""Scenario (d): a constant load while one snapshot is held open, so nothing can be vacuumed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import mean

from bench.figures import Budget, Figures, Table, number, ratio
from bench.pgbench import CLIENTS, pgbench
from bench.plan import Plan
from bench.probe import Cost, cost
from bench.servers import Server, fetch, install_script
from bench.systems import QUEUE, System, pgmq, txjobs

BATCH = 10
#: Waiting jobs at the start, so that the probe finds something to claim.
AHEAD = 500
#: Claims are measured this often, each time by a new session: plans made later may be worse.
PROBES = 10
CLAIMS = {
    "txjobs": f"select * from jobs.claim(queues => '{{{QUEUE}}}', max_jobs => {BATCH})",
    "pgmq": f"select * from pgmq.read('{QUEUE}', 30, {BATCH})",
}


@dataclass(frozen=True)
class Held:
    """One system's run."""

    name: str
    start: float
    end: float
    claims: list[Cost]

    @property
    def growth(self) -> float | None:
        """Of a claim's buffers: the mean of the last third to that of the first."""
        third = max(1, len(self.claims) // 3)
        first = mean(c.buffers for c in self.claims[:third])
        return ratio(mean(c.buffers for c in self.claims[-third:]), first)


def measure(server: Server, plan: Plan, say: Callable[[str], None]) -> Figures:
    systems = [txjobs(install_script(), BATCH), *([pgmq(plan.pgmq, BATCH)] if plan.pgmq else [])]
    found = []
    for system in systems:
        found.append(_hold(server, plan, system))
        say(f"{system.name}: {found[-1].start:,.0f} jobs/s, then {found[-1].end:,.0f}")
    return _figures(plan, found)


def _hold(server: Server, plan: Plan, system: System) -> Held:
    interval = 2 if plan.quick else 5
    variables = system.variables_for(BATCH)
    with server.database("held") as database:
        system.create(server, database)
        pgbench(
            server, database, system.enqueue,
            clients=1, transactions=AHEAD // BATCH, variables=variables,
        )  # fmt: skip
        with _snapshot(server, database), ThreadPoolExecutor(1) as background:
            load = background.submit(
                pgbench, server, database, system.life(),
                seconds=plan.held_seconds, rate=plan.offered / BATCH, progress=interval,
                variables=variables,
            )  # fmt: skip
            claims = []
            ends = time.monotonic() + plan.held_seconds
            pause = plan.held_seconds / PROBES
            while time.monotonic() + pause < ends:
                time.sleep(pause)
                claims.append(cost(server, database, CLAIMS[system.name]))
            speeds = [tps * BATCH for tps in load.result().progress]
    return Held(system.name, mean(speeds[:2]), mean(speeds[-2:]), claims)


@contextlib.contextmanager
def _snapshot(server: Server, database: str) -> Iterator[None]:
    """What a report or a dump does: an open REPEATABLE READ transaction that has read something."""
    with server.connect(database) as connection:
        connection.execute("begin isolation level repeatable read")
        fetch(connection, "select count(*) from pg_class")
        yield
        connection.execute("rollback")


def _figures(plan: Plan, found: list[Held]) -> Figures:
    table = Table(
        f"(d) A snapshot held for {plan.held_seconds} s under {plan.offered:,} jobs/s offered",
        ["system", "jobs/s at start", "at end", "claim ms at start", "at end", "buffers a claim"],
        [
            [
                *(held.name, held.start, held.end),
                *(held.claims[0].milliseconds, held.claims[-1].milliseconds),
                ", ".join(number(int(claim.buffers)) for claim in held.claims),
            ]
            for held in found
        ],
        [
            f"Batches of {BATCH}, {CLIENTS} connections.",
            f"A claim by EXPLAIN in a new session, every {plan.held_seconds / PROBES:g} s.",
        ],
    )
    ours = found[0]
    return Figures(
        "d",
        [table],
        [
            Budget(
                "throughput under a held snapshot, end of start's", 0.95, False,
                ratio(ours.end, ours.start), "×", f"held {plan.held_seconds} s",
            ),
            Budget(
                "buffers of a claim under a held snapshot, last third of first's", 1.5, True,
                ours.growth, "×",
            ),
        ],
    )  # fmt: skip
