"""The SQL life cycles that pgbench runs: ours, a bare INSERT of the same row, and pgmq's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers import BenchError, Server

QUEUE = "bench"
KIND = "noop"

#: 200 bytes of arguments, as a job that names a few things has.
ARGS = json.dumps(
    {
        "order": 4711,
        "customer": "c-7f1d2e90-5b63-4c1d",
        "email": "someone.with.a.name@example.com",
        "items": ["A-1001", "B-2002"],
        "note": "leave it with the neighbours if nobody answers the door bell",
    }
)


@dataclass(frozen=True)
class System:
    """One way to keep jobs: its schema, and the life of a batch of jobs as a pgbench script."""

    name: str
    setup: str
    #: `:args` is an array of B arguments, `:batch` is B
    enqueue: str
    claim: str = ""
    complete: str = ""
    settings: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    def life(self) -> str:
        return "\n".join(filter(None, (self.enqueue, self.claim, self.complete)))

    def variables_for(self, batch: int) -> dict[str, str]:
        return {"batch": str(batch), "args": args(batch), **self.variables}

    def create(self, server: Server, database: str) -> None:
        server.run(self.setup, database)


def args(batch: int) -> str:
    """An array literal of that many arguments; for a batch of one, the argument itself."""
    if batch == 1:
        return ARGS
    quoted = '"' + ARGS.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "{" + ",".join([quoted] * batch) + "}"


def txjobs(script: str, batch: int) -> System:
    """enqueue, claim, complete: three statements, three commits."""
    enqueue, complete = _ours(batch)
    return System(
        "txjobs",
        script,
        enqueue,
        "select coalesce(array_agg(token), '{}') as tokens\n"
        f"from jobs.claim(queues => '{{{QUEUE}}}', max_jobs => :batch::int) \\gset",
        complete,
    )


def txjobs_work(script: str, batch: int) -> System:
    """enqueue and work: two statements, two commits; each `work` completes the claim before it."""
    enqueue, _ = _ours(batch)
    return System(
        "txjobs, work()",
        script,
        enqueue,
        "select coalesce(array_agg(token) filter (where status = 'claimed'), '{}') as tokens\n"
        f"from jobs.work(queues => '{{{QUEUE}}}', worker => null, max_jobs => :batch::int,\n"
        "  lease => null, kinds => null, routing => null, completed => :tokens::bigint[]) \\gset",
        variables={"tokens": "{}"},
    )


def _ours(batch: int) -> tuple[str, str]:
    if batch == 1:
        return (
            f"select jobs.enqueue('{KIND}', :args::jsonb, queue => '{QUEUE}');",
            "select jobs.complete(t) from unnest(:tokens::bigint[]) t;",
        )
    return (
        f"select count(*) from jobs.enqueue_many('{KIND}', :args::jsonb[], queue => '{QUEUE}');",
        "select count(*) from jobs.complete_many(:tokens::bigint[]);",
    )


def bare_insert(batch: int) -> System:
    """What any queue must at least do: the row of `jobs.job`, with its key, inserted once."""
    rows = ":args::jsonb" if batch == 1 else "unnest(:args::jsonb[])"
    return System(
        "bare INSERT",
        "create schema bare; create sequence bare.id_seq;"
        "create table bare.job (id bigint not null primary key, xid xid8 not null,"
        "  created_at timestamptz not null, queue_id int not null, kind_id int not null,"
        "  priority smallint not null, options jsonb, args jsonb not null)",
        "insert into bare.job select nextval('bare.id_seq'), pg_current_xact_id(),\n"
        f"  clock_timestamp(), 1, 1, 0::smallint, null::jsonb, {rows};",
    )


def pgmq(path: Path, batch: int) -> System:
    """send_batch, read, delete: pgmq forgets the job."""
    if not path.exists():
        raise BenchError(f"there is no {path}: give --pgmq the path of pgmq's pgmq.sql")
    send = (
        f"select pgmq.send('{QUEUE}', :args::jsonb);"
        if batch == 1
        else f"select count(*) from pgmq.send_batch('{QUEUE}', :args::jsonb[]);"
    )
    return System(
        "pgmq",
        f"{path.read_text()}\n;select pgmq.create('{QUEUE}')",
        send,
        "select coalesce(array_agg(msg_id), '{}') as ids\n"
        f"from pgmq.read('{QUEUE}', 30, :batch::int) \\gset",
        f"select count(*) from pgmq.delete('{QUEUE}', :ids::bigint[]);",
    )
