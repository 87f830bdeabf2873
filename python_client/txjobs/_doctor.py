"""What only a client can check: the server, the schema, the way there, and the clocks."""

import time
from collections.abc import Iterator

import psycopg
from psycopg.rows import tuple_row

from ._cli_text import duration
from ._drivers import Conn
from .insight import HealthCheck
from .migrate import CannotMigrate, migrate

__all__ = ["check_connection"]

_OLDEST = 15
_SKEW = 1.0  # seconds


def check_connection(conn: Conn, dsn: str) -> list[HealthCheck]:
    """A check each of the server's version, the schema's, a pooler, and the clock's difference."""
    return [_server(conn), _schema(conn), _pooler(conn, dsn), _clock(conn)]


def _check(
    name: str, status: str, saw: str, why: str, remedy: str, detail: dict[str, object]
) -> HealthCheck:
    return HealthCheck(name, status, saw, why, None if status == "ok" else remedy, detail)


def _server(conn: Conn) -> HealthCheck:
    version = conn.info.server_version
    return _check(
        "server",
        "ok" if version >= _OLDEST * 10_000 else "critical",
        f"PostgreSQL {version // 10_000}.{version % 10_000}",
        "txjobs is tested on the versions that PostgreSQL supports.",
        f"Upgrade to PostgreSQL {_OLDEST} or newer.",
        {"version": version, "oldest": _OLDEST * 10_000},
    )


def _schema(conn: Conn) -> HealthCheck:
    try:
        found = migrate(conn, check=True)
        installed, available, pending = found.installed, found.available, found.pending
    except CannotMigrate as error:  # an extension, or a checkout without the script
        installed, available, pending = str(error), None, False
    return _check(
        "schema",
        "warning" if pending else "ok",
        f"{installed}, and this package has {available}" if pending else f"{installed}",
        "A client may call what an older schema has not, or miss what a newer one says.",
        "Run txjobs migrate with the newest package that is deployed.",
        {"installed": installed, "available": available},
    )


def _pooler(conn: Conn, dsn: str) -> HealthCheck:
    behind, shares = _is_pooled(conn), False
    if behind:
        with psycopg.connect(dsn) as other:  # whose transaction stays open meanwhile
            last = _backends(conn)
            shares = any(pid in last for pid in _backends(other))
    return _check(
        "pooler",
        "warning" if shares else "ok",
        "a pooler that gives each transaction any connection"
        if shares
        else "a pooler that keeps a connection for each session"
        if behind
        else "no pooler",
        "LISTEN does not work through it, and prepared statements may not.",
        "Start workers with --no-notify --no-prepare, or give them a direct DSN.",
        {"pooled": behind, "shares_connections": shares},
    )


def _is_pooled(conn: Conn) -> bool:
    """Whether the process that answers is another than the one that the connection was told of."""
    return any(pid != conn.info.backend_pid for pid in _backends(conn))


def _backends(conn: Conn) -> set[int]:
    with conn.cursor(row_factory=tuple_row) as cursor:
        return {
            pid for _ in range(3) for (pid,) in cursor.execute("select pg_backend_pid()").fetchall()
        }


def _clock(conn: Conn) -> HealthCheck:
    skew, precision = min(_skews(conn), key=lambda one: one[1])
    size = abs(skew)
    status = "critical" if size >= 10 * _SKEW else "warning" if size >= _SKEW else "ok"
    which = "ahead of" if skew > 0 else "behind"
    return _check(
        "clock",
        status,
        f"this machine's clock is {duration(size)} {which} the server's",
        "Times that a client computes, as run_at, mean another moment to the server.",
        "Let both be set by NTP, and give delay where run_at is not needed.",
        {"skew_s": round(skew, 3), "precision_s": round(precision, 3), "threshold_s": _SKEW},
    )


def _skews(conn: Conn) -> Iterator[tuple[float, float]]:
    """How far this clock is ahead, and how exactly that is known; a few times."""
    for _ in range(3):
        before = time.time()
        with conn.cursor(row_factory=tuple_row) as cursor:
            found = cursor.execute(
                "select extract(epoch from clock_timestamp())::float8"
            ).fetchone() or (before,)
        after = time.time()
        yield (before + after) / 2 - found[0], (after - before) / 2
