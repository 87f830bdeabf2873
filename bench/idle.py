"""Scenario (f): what a worker asks of the server when there is nothing to do."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.competitors import txjobs
from bench.figures import Budget, Figures, Table
from bench.plan import Plan
from bench.servers import Server
from bench.workers import await_handled, workers

#: Seconds after its last job in which the worker may still look around.
SETTLE = 5
JOBS = 100


def measure(server: Server, plan: Plan, say: Callable[[str], None]) -> Figures:
    ours = txjobs()
    with server.database("idle") as database:
        ours.create(server, database)
        ours.fill(server, database, JOBS)
        environment = ours.env(server, database)
        with workers(ours.command(), 1, environment, ours.directory()) as running:
            running[0].go()
            await_handled(running, JOBS, seconds=30)
            time.sleep(SETTLE)
            server.run("checkpoint")
            server.run("select pg_stat_statements_reset()")
            wal, began = server.wal_position(), time.monotonic()
            time.sleep(plan.idle_seconds)
            seconds = time.monotonic() - began
            whole_wal = server.wal_position() - wal
            statements = server.rows(
                "select calls, wal_bytes, query from pg_stat_statements "
                "where dbid = (select oid from pg_database where datname = %s) order by 1 desc",
                (database,),
            )
            running[0].check()
    per_second = sum(int(str(calls)) for calls, _, _ in statements) / seconds
    own_wal = sum(float(str(written)) for _, written, _ in statements)
    say(f"{per_second:.2f} statements a second, {own_wal:,.0f} B of WAL")
    table = Table(
        f"(f) An idle worker, watched for {plan.idle_seconds} s",
        ["statement", "calls a second", "WAL B"],
        [
            [" ".join(str(text).split())[:70], int(str(calls)) / seconds, float(str(written))]
            for calls, written, text in statements
        ],
        [f"All WAL of the server in that time, its own housekeeping included: {whole_wal:,} B."],
    )
    return Figures(
        "f",
        [table],
        [
            Budget("idle worker, statements a second", 2, True, per_second),
            Budget("idle worker, WAL", 0, True, own_wal, "B"),
        ],
    )
