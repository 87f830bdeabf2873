"""Scenario (e): a claim from a deep queue, or beside many future jobs, and from an empty one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from bench.figures import Budget, Figures, Table, median, paired
from bench.pgbench import pgbench
from bench.plan import Plan
from bench.probe import cost
from bench.servers import Server, install_script
from bench.systems import ARGS, KIND, QUEUE, txjobs

BATCH = 10
#: Transactions of a round, by one connection: a figure of the server, not of its scheduling.
LIVES = 300
READY = 1_000
FILL = 1_000


@dataclass(frozen=True)
class Queue:
    """A queue of some depth, in a database of its own."""

    name: str
    database: str
    #: Jobs that a round takes are put back before the next, where they are all there is.
    refill: bool


def measure(server: Server, plan: Plan, say: Callable[[str], None]) -> Figures:
    queues = [
        Queue("nearly empty", "backlog_empty", refill=True),
        Queue(f"{plan.backlog:,} ready", "backlog_ready", refill=False),
        Queue(f"{plan.future:,} future, {READY:,} ready", "backlog_future", refill=True),
    ]
    with ExitStack() as stack:
        for queue in queues:
            stack.enter_context(server.database(queue.database))
            server.install(queue.database)
            if not queue.refill:
                _fill(server, queue, plan.backlog)
            elif queue is queues[2]:
                _fill(server, queue, plan.future, ", delay => '1 day'")
                _fill(server, queue, READY)
            else:
                _fill(server, queue, READY)
            server.run("vacuum analyze", queue.database)
            say(f"filled: {queue.name}")
        server.run("checkpoint")
        claims: dict[str, list[float]] = defaultdict(list)
        completions: dict[str, list[float]] = defaultdict(list)
        for _ in range(plan.rounds):
            for queue in queues:
                claim, completion = _round(server, queue)
                claims[queue.name].append(claim)
                completions[queue.name].append(completion)
                say(f"{queue.name}: {claim:.3f} ms a claim of {BATCH}")
        query = f"select * from jobs.claim(queues => '{{{QUEUE}}}', max_jobs => {BATCH})"
        buffers = {q.name: cost(server, q.database, query).buffers for q in queues}
    return _figures(queues, claims, completions, buffers)


def _fill(server: Server, queue: Queue, jobs: int, more: str = "") -> None:
    with server.connect(queue.database) as connection:
        for begin in range(0, jobs, FILL):
            connection.execute(
                f"select count(*) from jobs.enqueue_many('{KIND}',"
                f" array_fill(%s::jsonb, array[%s]), queue => '{QUEUE}'{more})".encode(),
                (ARGS, min(FILL, jobs - begin)),
            )


def _round(server: Server, queue: Queue) -> tuple[float, float]:
    """Milliseconds of a claim and of its completion in the server, without the commit."""
    system = txjobs(install_script(), BATCH)
    if queue.refill:
        _fill(server, queue, LIVES * BATCH)
    server.run("select pg_stat_statements_reset()")
    pgbench(
        server, queue.database, f"{system.claim}\n{system.complete}",
        clients=1, transactions=LIVES, variables=system.variables_for(BATCH),
    )  # fmt: skip
    found = {
        str(text): float(str(ms))
        for text, ms in server.rows(
            "select query, mean_exec_time from pg_stat_statements "
            "where dbid = (select oid from pg_database where datname = %s) and calls >= %s",
            (queue.database, LIVES),
        )
    }
    claim = next(ms for text, ms in found.items() if "jobs.claim(" in text)
    completion = next(ms for text, ms in found.items() if "jobs.complete_many(" in text)
    return claim, completion


def _figures(
    queues: list[Queue],
    claim: dict[str, list[float]],
    completion: dict[str, list[float]],
    buffers: dict[str, float],
) -> Figures:
    empty, ready, future = (q.name for q in queues)
    table = Table(
        "(e) A claim from a deep queue",
        ["queue", f"ms/claim of {BATCH}", "of nearly empty", f"ms/completion of {BATCH}",
         "buffers/claim"],
        [
            [q.name, median(claim[q.name]), paired(claim[q.name], claim[empty]),
             median(completion[q.name]), buffers[q.name]]
            for q in queues
        ],
        ["One connection; execution time by pg_stat_statements, which leaves out the commit."],
    )  # fmt: skip
    return Figures(
        "e",
        [table],
        [
            Budget(
                f"claim with {ready}, of the nearly empty queue's", 1.25, True,
                paired(claim[ready], claim[empty]), "×",
            ),
            Budget(
                f"claim with {future}, of the nearly empty queue's", 1.25, True,
                paired(claim[future], claim[empty]), "×",
            ),
        ],
    )  # fmt: skip
