"""The commands that take keys: enqueue, show, cancel."""

from typing import Any

import psycopg
import pytest

import command_line
from command_line import Run
from txjobs import Client

Connection = psycopg.Connection[Any]
bare = command_line.bare
txjobs = command_line.txjobs


def test_enqueue_tells_that_its_job_exists_already(txjobs: Run, conn: Connection) -> None:
    words = ("enqueue", "greet", '{"to": 1}', "--idempotency-key", "k", "--idempotency-ttl", "1h")
    assert txjobs(*words).out == "enqueued job 1 (greet)\n"
    assert txjobs(*words).out == "job 1 exists already (greet)\n"
    assert txjobs(*words, "--json").json == {
        "id": 1,
        "kind": "greet",
        "created": False,
        "mismatch": False,
        "dropped": False,
    }


def test_enqueue_refuses_a_key_of_another_job(txjobs: Run, conn: Connection) -> None:
    words = ("enqueue", "greet", "--idempotency-key", "k")
    txjobs(*words)
    answer = txjobs("enqueue", "leave", "--idempotency-key", "k")
    assert answer.code == 4
    assert "'k' has a job already, of another kind or with other args · job 1" in answer.err
    assert "--on-conflict" in answer.err or "on_conflict" in answer.err
    found = txjobs("enqueue", "leave", "--idempotency-key", "k", "--on-conflict", "existing")
    assert found.out == ("job 1 exists already, of another kind or with other arguments (leave)\n")


def test_enqueue_may_take_a_duplicate_for_a_no(txjobs: Run, conn: Connection) -> None:
    words = ("enqueue", "greet", "--unique-key", "k", "--on-conflict", "error")
    assert txjobs(*words).code == 0
    answer = txjobs(*words)
    assert answer.code == 1
    assert "unique_key 'k' has a job already · job 1" in answer.err


def test_enqueue_replaces_the_waiting_job(txjobs: Run, conn: Connection) -> None:
    words = ("--unique-key", "k", "--unique-options", '{"replace": ["args"]}')
    txjobs("enqueue", "greet", '{"to": 1}', *words)
    assert "exists already" in txjobs("enqueue", "greet", '{"to": 2}', *words).out
    assert '"to": 2' in txjobs("show", "--unique-key", "k").out


def test_show_finds_a_job_by_its_key(txjobs: Run, conn: Connection) -> None:
    Client(conn).enqueue("greet", queue="north", idempotency_key="k")
    Client(conn).enqueue("greet", queue="south", idempotency_key="k")
    assert (
        txjobs("show", "--idempotency-key", "k", "-q", "south", "--json").json["queue"] == "south"
    )
    answer = txjobs("show", "--idempotency-key", "k")
    assert (answer.code, "which queue" in answer.err) == (2, True)
    answer = txjobs("show", "--idempotency-key", "nobody's")
    assert (answer.code, "no job of that key" in answer.err) == (1, True)


def test_cancel_takes_a_key(txjobs: Run, conn: Connection) -> None:
    job = Client(conn).enqueue("greet", unique_key="k")
    assert txjobs("cancel", "--unique-key", "k").out == f"job {job.id}: cancelled\n"
    answer = txjobs("cancel", "--unique-key", "k")
    assert (answer.code, "no job of that key" in answer.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("show",), "which job?"),
        (("show", "1", "--unique-key", "k"), "not clear which job"),
        (("cancel", "1", "--unique-key", "k"), "exclude each other"),
        (("cancel", "--unique-key", "k", "--kind", "greet"), "exclude each other"),
        (("enqueue", "greet", "--on-conflict", "error"), "give the key"),
        (("enqueue", "greet", "--unique-key", "k", "--unique-options", "[]"), "--unique-options"),
    ],
)
def test_what_is_not_clear_is_one_line(txjobs: Run, words: tuple[str, ...], part: str) -> None:
    answer = txjobs(*words)
    assert answer.code == 2
    assert part in answer.err
    assert answer.err.count("\n") == 1
