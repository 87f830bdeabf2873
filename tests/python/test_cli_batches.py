"""`txjobs batches`."""

from typing import Any

import psycopg
import pytest

import command_line
from command_line import NOWHERE, Run, refused
from txjobs import Client

Connection = psycopg.Connection[Any]
bare = command_line.bare
txjobs = command_line.txjobs

EVERY = [("list",), ("show", "1"), ("close", "1"), ("cancel", "1")]


@pytest.fixture
def batch(conn: Connection) -> int:
    """A batch of two jobs."""
    client = Client(conn)
    made = client.create_batch(on_complete="report", name="import 7")
    for _ in range(2):
        client.enqueue("member", batch=made)
    return made


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_server_that_does_not_answer_is_one_line(bare: Run, words: tuple[str, ...]) -> None:
    refused(bare("batches", *words, "--dsn", NOWHERE), 3, "Connection refused", "--dsn")


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_without_the_schema_every_command_says_migrate(
    bare: Run, empty_dsn: str, words: tuple[str, ...]
) -> None:
    refused(bare("batches", *words, "--dsn", empty_dsn), 3, "txjobs migrate")


@pytest.mark.parametrize("verb", ["show", "close", "cancel"])
def test_a_batch_that_is_not_there_is_a_no(txjobs: Run, verb: str) -> None:
    refused(txjobs("batches", verb, "99"), 1, "no batch 99", "pruned")


def test_batches_are_listed_and_shown(txjobs: Run, conn: Connection, batch: int) -> None:
    listed = txjobs("batches", "list")
    assert listed.code == 0
    assert "import 7" in listed.out
    assert "running" in listed.out
    (found,) = txjobs("batches", "list", "--json").json["batches"]
    assert (found["id"], found["jobs"], found["pending"]) == (batch, 2, 2)
    shown = txjobs("batches", "show", str(batch))
    assert "import 7" in shown.out
    assert shown.out.count("member") == 2
    both = txjobs("batches", "show", str(batch), "--json").json
    assert both["batch"]["state"] == "running"
    assert [job["kind"] for job in both["jobs"]] == ["member", "member"]


def test_a_batch_is_cancelled_and_says_what_it_has_enqueued(txjobs: Run, batch: int) -> None:
    cancelled = txjobs("batches", "cancel", str(batch), "--reason", "not wanted")
    assert cancelled.out == f"2 jobs of batch {batch} cancelled, or told to stop\n"
    shown = txjobs("batches", "show", str(batch)).out
    assert "2 cancelled" in shown
    assert "on_complete: job" in shown
    assert "not wanted" in shown
    again = txjobs("batches", "cancel", str(batch), "--json").json
    assert again == {"batch": batch, "cancelled": 0}


def test_an_open_batch_is_closed(txjobs: Run, conn: Connection) -> None:
    opened = Client(conn).create_batch(keep_open=True)
    assert txjobs("batches", "list", "--state", "open", "--json").json["batches"][0]["id"] == opened
    assert txjobs("batches", "close", str(opened)).out == f"finished: batch {opened}\n"
    assert txjobs("batches", "close", str(opened), "--json").json["state"] == "finished"
    assert txjobs("batches", "list", "--state", "open").out == "no batch\n"
    refused(txjobs("batches", "list", "--state", "late"), 2, "no state 'late'", "open, running")


def test_enqueue_takes_a_batch_and_prerequisites(txjobs: Run, conn: Connection, batch: int) -> None:
    first = txjobs("enqueue", "member", "--batch", str(batch), "--json").json["id"]
    words = ("--depends-on", str(first), "--on-dependency-failure", "cancel")
    second = txjobs("enqueue", "after", *words, "--json").json["id"]
    assert Client(conn).batch(batch).jobs == 3
    assert Client(conn).state(second) == "blocked"
    Client(conn).cancel(first)
    assert Client(conn).state(second) == "cancelled"
