"""A consumer in a process of its own: `python log_process.py DSN CONSUMER`, until it is killed."""

import sys
import time

import psycopg

READ = "pos, stream, type, data ->> 'n' from jobs.poll(%s, %s)"
NOTE = """insert into seen (consumer, pos, stream, type, n)
select %s, e.pos, e.stream, e.type, e.n
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) as e(pos, stream, type, n)"""


def main(dsn: str, consumer: str) -> None:
    """Poll, note and acknowledge, batch by batch, each in one transaction."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        while True:
            with conn.transaction():
                batch = conn.execute(f"select {READ}".encode(), (consumer, 50)).fetchall()
                if batch:
                    conn.execute(NOTE, (consumer, *map(list, zip(*batch, strict=True))))
                    conn.execute("select jobs.ack(%s, %s)", (consumer, batch[-1][0]))
            if not batch:
                time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
