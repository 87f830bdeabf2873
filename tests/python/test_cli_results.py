"""`txjobs wait` and `txjobs has-in-flight`."""

import threading
from typing import Any

import psycopg

import command_line
from command_line import Run, refused

Connection = psycopg.Connection[Any]
bare = command_line.bare
txjobs = command_line.txjobs


def enqueue(conn: Connection, kind: str = "report") -> int:
    """A job, by SQL."""
    (row,) = conn.execute("select jobs.enqueue(%s, '{\"month\": 11}')", (kind,))
    return int(row[0])


def complete(conn: Connection, job: int) -> None:
    conn.execute("select jobs.complete(token, '{\"pages\": 7}') from jobs.claim_job(%s)", (job,))


def test_wait_tells_each_job_when_it_ends(txjobs: Run, conn: Connection) -> None:
    first, second = enqueue(conn), enqueue(conn)
    conn.execute("select jobs.fail(token, reason => 'aborted') from jobs.claim_job(%s)", (first,))
    timer = threading.Timer(0.3, complete, (conn, second))
    timer.start()
    answer = txjobs("wait", second, first, "--timeout", "20s")
    timer.join()
    assert answer.code == 1
    assert sorted(answer.out.splitlines()) == [
        f"job {first}: dead (aborted)",
        f"job {second}: completed",
    ]
    answer = txjobs("wait", second, "--no-notify", "--json")
    assert (answer.code, answer.json) == (
        0,
        {
            "id": second,
            "state": "completed",
            "result": {"pages": 7},
            "reason": None,
            "error": None,
            "result_pruned": False,
        },
    )


def test_wait_gives_up_in_time_and_tells_what_is_left(txjobs: Run, conn: Connection) -> None:
    job = enqueue(conn)
    answer = txjobs("wait", job, "--timeout", "50ms")
    assert (answer.code, answer.out) == (1, f"job {job}: ready\n")


def test_wait_for_a_job_that_is_not_there_is_refused(txjobs: Run) -> None:
    refused(txjobs("wait", 99), 1, "no job 99")
    refused(txjobs("wait"), 2, "ID")


def test_whether_a_job_is_in_flight_is_said_and_in_the_exit_code(
    txjobs: Run, conn: Connection
) -> None:
    job = enqueue(conn)
    answer = txjobs("has-in-flight", "--kind", "report", "--args", '{"month": 11}')
    assert (answer.code, answer.out) == (0, "yes\n")
    answer = txjobs("has-in-flight", "--kind", "report", "--args", '{"month": 12}', "--json")
    assert (answer.code, answer.json) == (1, {"in_flight": False})
    complete(conn, job)
    assert txjobs("has-in-flight", "--queue", "default").code == 1
    refused(txjobs("has-in-flight"), 2, "--kind", "--queue")
    refused(txjobs("has-in-flight", "--kind", "k", "--args", "{"), 2, "--args")
