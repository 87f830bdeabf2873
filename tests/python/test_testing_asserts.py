"""Asking for jobs in a test, and what is said when they are not there."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unittest.mock import ANY

import psycopg
import pytest

from txjobs import Client, ConfigurationError, Jobs
from txjobs.testing import assert_enqueued, drain, enqueued_jobs, freeze, refute_enqueued

Conn = psycopg.Connection[Any]
AT = dt.datetime(2041, 5, 6, 7, 8, 9, tzinfo=dt.UTC)

app = Jobs()


@app.task(queue="mail")
def send_mail(to: str, **details: Any) -> None: ...


@app.task
def charge(user: int, items: list[Any]) -> None: ...


@dataclass
class Order:
    id: uuid.UUID
    total: Decimal


@pytest.fixture
def tx(conn: Conn) -> Iterator[Conn]:
    """A connection in a transaction that is rolled back."""
    conn.execute("update jobs.setting set test_clock = true")
    with conn.transaction(force_rollback=True):
        yield conn


def complaint(*args: Any, **options: Any) -> list[str]:
    with pytest.raises(AssertionError) as caught:
        assert_enqueued(*args, **options)
    return str(caught.value).splitlines()


def test_what_was_enqueued_is_found_by_task_and_by_name_oldest_first(tx: Conn) -> None:
    ids = [send_mail.enqueue(tx, to).id for to in ("ada", "bob")]
    charge.enqueue(tx, 7, [])
    assert [job.id for job in assert_enqueued(tx, send_mail)] == ids
    assert [job.id for job in enqueued_jobs(tx, "send_mail")] == ids
    assert len(enqueued_jobs(tx)) == 3
    [job] = assert_enqueued(tx, "charge", count=1)
    assert job.args == {"user": 7, "items": []}


async def test_an_async_session_is_asked_without_waiting(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as session:
        await send_mail.enqueue(session, "ada")
        assert_enqueued(session, send_mail)
        refute_enqueued(session, charge)
        async with session.lock:
            with pytest.raises(ConfigurationError, match="at work in another task"):
                enqueued_jobs(session)


@pytest.mark.parametrize(
    "args",
    [
        {"to": "ada"},
        {"order": {"total": Decimal("1.50")}},
        {"order": Order(uuid.UUID(int=7), Decimal("1.50"))},
        {"order": {"id": uuid.UUID(int=7)}, "at": AT},
        {"tags": ["a", {"b": 1}], "n": 1},
        {"order": ANY, "tags": [ANY, ANY]},
        {},
    ],
)
def test_args_need_only_be_there_in_part(tx: Conn, args: dict[str, Any]) -> None:
    order = Order(uuid.UUID(int=7), Decimal("1.50"))
    send_mail.enqueue(tx, "ada", order=order, at=AT, tags=["a", {"b": 1, "c": 2}], n=1)
    assert_enqueued(tx, send_mail, args=args)


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"to": "bob"}, "args.to is 'ada', not 'bob'"),
        ({"nobody": None}, "args.nobody is missing, and should be None"),
        ({"tags": ["a"]}, "args.tags has 2 elements, not 1: ['a', {'b': 1}]"),
        ({"tags": ["a", {"b": 2}]}, "args.tags[1].b is 1, not 2"),
        ({"n": True}, "args.n is 1, not True"),
        ({"yes": 1}, "args.yes is True, not 1"),
        ({"n": None}, "args.n is 1, not None"),
        ("ada", "args is {'n': 1,"),
        ({"to": object}, "args.to is 'ada', not <class 'object'>"),
    ],
)
def test_a_complaint_names_what_differs(tx: Conn, args: Any, why: str) -> None:
    send_mail.enqueue(tx, "ada", tags=["a", {"b": 1}], n=1, yes=True)
    lines = complaint(tx, send_mail, args=args)
    assert lines[-1].strip().startswith(why)


def test_a_complaint_shows_the_nearest_first(tx: Conn) -> None:
    charge.enqueue(tx, 7, [])
    far = send_mail.using(queue="bulk", priority=5).enqueue(tx, "bob")
    near = send_mail.using(delay=60).enqueue(tx, "cy")
    lines = complaint(tx, send_mail, args={"to": "ada"}, queue="mail", priority=0)
    assert lines[:2] == [
        "no job waits: send_mail, args with {'to': 'ada'}, queue 'mail', priority 0",
        "the nearest of 3 that wait:",
    ]
    assert lines[2].startswith(f"  job {near.id} send_mail {{'to': 'cy'}}, scheduled for ")
    assert lines[3:] == [
        "      args.to is 'cy', not 'ada'",
        f"  job {far.id} send_mail {{'to': 'bob'}}, ready, queue 'bulk'",
        "      its queue is 'bulk', not 'mail'",
        "      its priority is 5, not 0",
        "      args.to is 'bob', not 'ada'",
        "  job 1 charge {'user': 7, 'items': []}, ready, queue 'default'",
        "      its kind is not 'send_mail'",
        "      its queue is 'default', not 'mail'",
        "      args.to is missing, and should be 'ada'",
    ]


def test_a_complaint_is_of_a_bearable_length(tx: Conn) -> None:
    charge.enqueue_many(tx, [charge.job(n, ["x" * 500]) for n in range(300)])
    lines = complaint(tx, charge, args={"user": -1})
    assert lines[1] == "the nearest of 300 that wait:"
    assert len(lines) == 12
    assert max(map(len, lines)) < 300


def test_without_any_that_waits_those_that_have_run_are_shown(tx: Conn) -> None:
    assert complaint(tx, charge)[1:] == [
        "none waits at all: was it enqueued on this connection, or committed?"
    ]
    job = charge.enqueue(tx, 7, [])
    drain(app, tx)
    assert complaint(tx, charge)[1:] == [
        "none waits at all; with state='any' there are:",
        f"  job {job.id} charge {{'user': 7, 'items': []}}, completed, queue 'default'",
    ]
    assert complaint(tx, charge, state="dead") == [
        "no job is dead: charge",
        "there is none in that state",
    ]
    assert_enqueued(tx, charge, state="completed")
    assert_enqueued(tx, charge, state="any")
    refute_enqueued(tx, charge)
    with pytest.raises(ValueError, match="there is no state 'asleep'"):
        enqueued_jobs(tx, state="asleep")


def test_a_number_is_met_exactly(tx: Conn) -> None:
    for to in ("ada", "bob"):
        send_mail.enqueue(tx, to)
    assert len(assert_enqueued(tx, send_mail, count=2)) == 2
    lines = complaint(tx, send_mail, count=3)
    assert lines[0] == "2 jobs wait, not 3: send_mail"
    assert len(lines) == 3
    assert complaint(tx, send_mail, args={"to": "ada"}, count=2)[0].startswith(
        "1 job waits, not 2:"
    )
    with pytest.raises(ConfigurationError, match="refute_enqueued"):
        assert_enqueued(tx, send_mail, count=0)


def test_a_job_that_should_not_be_there_is_shown(tx: Conn) -> None:
    refute_enqueued(tx)
    jobs = [send_mail.enqueue(tx, f"a{n}") for n in range(7)]
    refute_enqueued(tx, send_mail, args={"to": "bob"})
    with pytest.raises(AssertionError) as caught:
        refute_enqueued(tx, send_mail)
    lines = str(caught.value).splitlines()
    assert lines[0] == "7 jobs wait, and none should: send_mail"
    assert lines[1] == f"  job {jobs[0].id} send_mail {{'to': 'a0'}}, ready, queue 'mail'"
    assert lines[-1] == "  and 2 more"


def test_when_a_job_runs_is_compared_within_a_margin(tx: Conn) -> None:
    now = freeze(tx).now
    later = send_mail.using(delay=60).enqueue(tx, "later")
    at_once = send_mail.enqueue(tx, "now")
    fixed = send_mail.using(run_at=AT).enqueue(tx, "fixed")
    assert [job.id for job in assert_enqueued(tx, send_mail, delay=60.5)] == [later.id]
    assert [job.id for job in enqueued_jobs(tx, delay=0)] == [at_once.id]
    assert [job.id for job in enqueued_jobs(tx, run_at=now + dt.timedelta(minutes=1))] == [later.id]
    assert [
        job.id for job in enqueued_jobs(tx, run_at=AT + dt.timedelta(seconds=9), within=10)
    ] == [fixed.id]
    refute_enqueued(tx, run_at=AT + dt.timedelta(seconds=2))
    lines = complaint(tx, send_mail, args={"to": "later"}, delay=dt.timedelta(hours=1), within=2)
    assert lines[0].endswith("delay 3600 s ± 2 s")
    assert lines[3] == "      its delay is 60 s, not 3600 s"
    lines = complaint(tx, send_mail, args={"to": "fixed"}, run_at=AT + dt.timedelta(days=1))
    assert lines[3].startswith("      its run_at is 2041-05-06T07:08:09+00:00, not 2041-05-07")
    with pytest.raises(ConfigurationError, match="has no time zone"):
        refute_enqueued(tx, run_at=dt.datetime(2041, 1, 1))


def test_headers_are_compared_in_part(tx: Conn) -> None:
    send_mail.using(headers={"tenant": "a", "trace": "1"}).enqueue(tx, "ada")
    assert_enqueued(tx, headers={"tenant": "a"})
    lines = complaint(tx, headers={"tenant": "b"})
    assert lines[0] == "no job waits: any kind, headers with {'tenant': 'b'}"
    assert lines[-1] == "      headers.tenant is 'a', not 'b'"


def test_all_pages_of_a_long_list_are_looked_at(tx: Conn) -> None:
    charge.enqueue_many(tx, [charge.job(n, []) for n in range(2100)])
    Client(tx).cancel(enqueued_jobs(tx, charge, args={"user": 2099})[0].id)
    assert len(enqueued_jobs(tx, charge)) == 2099
