"""What a test of several sessions needs: short ways to call a verb, and who waits for whom."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg

from waiting import until

Session = psycopg.Connection[Any]
Connect = Callable[..., Session]


def rows(session: Session, query: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return session.execute(query, parameters).fetchall()


def column(session: Session, query: LiteralString, *parameters: object) -> list[Any]:
    """The first column of every row."""
    return [row[0] for row in session.execute(query, parameters)]


def value(session: Session, query: LiteralString, *parameters: object) -> Any:
    """The first column of the first row; None if there is none."""
    row = session.execute(query, parameters).fetchone()
    return row[0] if row else None


def enqueue(
    session: Session, count: int = 1, *, kind: str = "work", queue: str = "default"
) -> list[int]:
    """Enqueue so many jobs in one call; they become blocks of up to 60."""
    return column(
        session,
        """select id from jobs.enqueue_many(%s, array_fill('{}'::jsonb, array[%s::int]), %s)
        order by ord""",
        kind,
        count,
        queue,
    )


def claim(
    session: Session, max_jobs: int = 1, queues: Sequence[str] | None = None
) -> dict[int, int]:
    """Claim jobs; returns the token of each id."""
    return dict(
        rows(
            session,
            "select id, token from jobs.claim(queues => %s, max_jobs => %s)",
            None if queues is None else list(queues),
            max_jobs,
        )
    )


def complete(session: Session, token: int) -> str:
    """Complete one job, strictly."""
    return str(value(session, "select jobs.complete(%s)", token))


def complete_many(session: Session, tokens: Iterable[int]) -> dict[int, str]:
    """Complete jobs; returns the status of each token that was refused."""
    return dict(rows(session, "select token, status from jobs.complete_many(%s)", list(tokens)))


def state(session: Session, job: int) -> str | None:
    """The state of a job, by the log."""
    found = value(session, "select state from jobs.job_state where id = %s", job)
    return None if found is None else str(found)


def problems(session: Session) -> list[tuple[Any, ...]]:
    """What verify finds."""
    return rows(session, "select * from jobs.verify()")


def accepted(session: Session) -> list[tuple[Any, ...]]:
    """Per job and claim: how many outcomes were accepted, where that is not one."""
    return rows(
        session,
        """select job_id, claim, array_agg(type order by pos) from jobs.job_event
        where claim is not null and type not in ('claimed', 'cancel_requested')
        group by 1, 2 having count(*) <> 1""",
    )


def pages_read(session: Session) -> int:
    """Pages of our tables and indexes that this session has asked for; compare two readings."""
    return int(
        value(
            session,
            """select sum(pg_stat_get_xact_blocks_fetched(c.oid)) from pg_class c
            where c.relnamespace = 'jobs'::regnamespace and c.relkind in ('r', 'i')""",
        )
    )


def allow_test_clock(session: Session) -> None:
    """Allow every session of this installation to set its own clock."""
    session.execute("update jobs.setting set test_clock = true")


def advance(session: Session, seconds: float) -> None:
    """Move the session's clock on, from where it stands or from now; ticking is the caller's."""
    session.execute("select jobs.set_test_clock(jobs.now() + %s * interval '1 second')", (seconds,))


def is_waiting(watcher: Session, session: Session) -> bool:
    """Whether that session waits for a lock that another one holds."""
    return bool(
        value(watcher, "select cardinality(pg_blocking_pids(%s)) > 0", session.info.backend_pid)
    )


def until_waiting(watcher: Session, session: Session) -> None:
    """Return once that session waits for another one."""
    until(lambda: is_waiting(watcher, session), "it waits for the other session", seconds=20)


def terminate(watcher: Session, session: Session) -> None:
    """Kill that session's backend, and wait until it is gone."""
    pid = session.info.backend_pid
    watcher.execute("select pg_terminate_backend(%s)", (pid,))
    until(
        lambda: not value(watcher, "select count(*) from pg_stat_activity where pid = %s", pid),
        "the backend is gone",
    )


def begin(session: Session, isolation: LiteralString = "read committed") -> None:
    """Begin a transaction that is too old for a claim to tick in it, and so to keep others out."""
    session.execute("begin isolation level " + isolation)
    session.execute("select pg_sleep(0.003)")


def rollback(session: Session) -> None:
    """End the transaction that a BEGIN started; no error if there is none."""
    if not session.closed and session.info.transaction_status.name != "IDLE":
        session.execute("rollback")


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """So many threads; their errors surface in Future.result()."""
    with ThreadPoolExecutor(count) as pool:
        yield pool


def at_once(actions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all of them, each in a thread, starting together; their results in order."""
    barrier = threading.Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        barrier.wait(30)
        return action()

    with threads(len(actions)) as pool:
        futures: list[Future[Any]] = [pool.submit(run, action) for action in actions]
        return [future.result() for future in futures]
