"""A million ready jobs, made at once, and what a statement reads of them."""

from typing import Any

import psycopg

Conn = psycopg.Connection[Any]

_MANY = """
with made as (
  insert into jobs.job (id, created_at, queue_id, kind_id, priority, args)
  select 100 + 2 * i, jobs.now(), q.id, k.id, 0, '{}'
  from jobs.queue q, jobs.kind k, generate_series(1, 1000000) as i
  where q.name = 'default' and k.name = 'k'
  returning id, queue_id, kind_id)
insert into jobs.ready (ord, queue_id, kind_id, priority, attempt, claims, ids)
select id + 1, queue_id, kind_id, 0, 0, 0, array[id] from made order by id
"""


def pages_read(conn: Conn, statement: str) -> int:
    """How many pages a statement looks at, in memory or not."""
    conn.execute("set jit = off")
    conn.execute(statement.encode())  # what is looked up in the catalog once does not count
    ((plan,),) = conn.execute(
        f"explain (analyze, buffers, format json) {statement}".encode()
    ).fetchall()
    top = plan[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


def a_million(conn: Conn) -> int:
    """Makes them, each a block of its own, on a fresh database; the id of the last one."""
    conn.execute("select jobs.enqueue('k')")
    conn.execute(_MANY)
    conn.execute("select setval('jobs.pos_seq', 2000200)")
    conn.execute("analyze jobs.ready")
    return 2_000_100
