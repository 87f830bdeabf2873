"""Events for consumers, and what became of them."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row

from txjobs import Jobs

Conn = psycopg.Connection[Any]


def consumer(
    app: Jobs, name: str, *, types: Sequence[str] = ("counted",), **options: Any
) -> Callable[[Any], Any]:
    """A consumer from the beginning, which looks often."""
    given = {"from_position": "beginning", "poll_interval": 0.05, **options}
    return app.consumer(name, types=types, **given)


def append(conn: Conn, numbers: Iterable[int], *, type: str = "counted") -> list[int]:  # noqa: A002
    """An event for each number; their positions."""
    events = [{"type": type, "data": {"n": n}} for n in numbers]
    rows = conn.execute(
        "select pos from jobs.append_events('c-1', %s::jsonb) order by ord", (json.dumps(events),)
    )
    return [row[0] for row in rows]


def make_projection(conn: Conn) -> None:
    """The table that the tests' consumers write."""
    conn.execute(
        "create table applied ("
        "consumer text, pos bigint, n int, nth int generated always as identity)"
    )


def applied(conn: Conn, name: str | None = None) -> list[int]:
    """The numbers that were applied, in the order in which they were."""
    rows = conn.execute(
        "select n from applied where consumer = coalesce(%s::text, consumer) order by nth", (name,)
    )
    return [row[0] for row in rows]


def of_consumers(conn: Conn) -> set[str]:
    """The consumers that have applied something."""
    return {row[0] for row in conn.execute("select distinct consumer from applied")}


def listed(conn: Conn, name: str = "sums") -> dict[str, Any]:
    """What the database says of a consumer; no failures as long as it is not there."""
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "select l.* from jobs.consumer c, lateral jobs.list_consumers(c.name) l "
            "where c.name = %s",
            (name,),
        )
        return cursor.fetchone() or {"failures": 0, "behind": None}
