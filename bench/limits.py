"""Scenario (i): the life of a job under limits that do not bind, beside that without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from bench.figures import Budget, Figures, Table, median, paired
from bench.lifecycle import Filled
from bench.pgbench import CLIENTS, pgbench
from bench.plan import Plan
from bench.servers import Server, install_script
from bench.systems import KIND, QUEUE, System, txjobs

BATCHES = (1, 100)
FREE = "without limits"
PER_KEY = f"select jobs.configure_queue('{QUEUE}', max_running_per_key => 10000)"
LIMITS = {
    "max_running of the queue": f"select jobs.configure_queue('{QUEUE}', max_running => 10000)",
    "max_running of the kind": f"select jobs.configure_kind('{KIND}', max_running => 10000)",
    "rate of the queue": f"select jobs.configure_queue('{QUEUE}', rate => 1000000)",
}
CONCURRENCY = "concurrency_key, one a connection"
ORDERING = "ordering_key, each its own"
#: Keys are work for each job, or each call; the budget is for limits of queues and kinds.
BUDGET = 0.9


def systems(batch: int) -> list[System]:
    """The life without limits, and with each of them."""
    free = replace(txjobs(install_script(), batch), name=FREE)
    limited = [
        replace(free, name=name, setup=f"{free.setup};{setting};")
        for name, setting in LIMITS.items()
    ]
    queue = f"queue => '{QUEUE}'"
    keyed = free.enqueue.replace(queue, f"{queue}, concurrency_key => 'c' || :client_id")
    ordered = (
        free.enqueue.replace(queue, f"{queue}, ordering_key => gen_random_uuid()::text")
        if batch == 1
        else f"""select count(*) from jobs.enqueue_many((
          select jsonb_agg(jsonb_build_object('kind', '{KIND}', 'queue', '{QUEUE}', 'args', a,
            'ordering_key', gen_random_uuid()::text)) from unnest(:args::jsonb[]) as a));"""
    )
    return [
        free,
        *limited,
        replace(free, name=CONCURRENCY, setup=f"{free.setup};{PER_KEY};", enqueue=keyed),
        replace(free, name=ORDERING, enqueue=ordered),
    ]


def measure(server: Server, plan: Plan, say: Callable[[str], None]) -> Figures:
    speed: dict[tuple[str, int], list[float]] = defaultdict(list)
    wal: dict[tuple[str, int], float] = {}
    for batch in BATCHES:
        with ExitStack() as stack:
            prepared = [
                (system, stack.enter_context(Filled(server, system, batch, n)))
                for n, system in enumerate(systems(batch))
            ]
            jobs = plan.wal_jobs // 10
            with server.without_page_images():
                for system, database in prepared:
                    before = server.wal_position()
                    run = pgbench(
                        server, database, system.life(),
                        transactions=max(1, jobs // batch // CLIENTS),
                        variables=system.variables_for(batch),
                    )  # fmt: skip
                    written = server.wal_position() - before
                    wal[system.name, batch] = written / (run.transactions * batch)
            for _ in range(plan.rounds):
                for system, database in prepared:
                    run = pgbench(
                        server, database, system.life(),
                        seconds=plan.life_seconds, variables=system.variables_for(batch),
                    )  # fmt: skip
                    speed[system.name, batch].append(run.per_second * batch)
                    say(f"batch {batch}, {system.name}: {run.per_second * batch:,.0f} jobs/s")
    table = Table(
        f"(i) Life of a job under limits that do not bind: pgbench, {CLIENTS} connections",
        ["batch", "limit", "jobs/s", "of that without", "WAL B/job"],
        [
            [batch, name, median(jobs), paired(jobs, speed[FREE, batch]), wal[name, batch]]
            for (name, batch), jobs in speed.items()
        ],
        ["Jobs with a key are looked at one key at a time, each claim of them by itself."],
    )
    budgets = [
        Budget(
            f"{name}, batch {batch}, of that without limits", BUDGET, False,
            paired(speed[name, batch], speed[FREE, batch]), "×",
        )
        for batch in BATCHES
        for name in LIMITS
    ]  # fmt: skip
    return Figures("i", [table], budgets)
