"""Two sessions that enqueue by the same key."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Json

from faults.sessions import (
    Connect,
    Session,
    begin,
    claim,
    complete,
    problems,
    rows,
    state,
    threads,
    until_waiting,
    value,
)

KEYS = ["idempotency_key", "unique_key"]
Answer = tuple[int, bool, bool]


@pytest.fixture
def first(connect: Connect) -> Session:
    """The session that comes first, and keeps its transaction open."""
    session = connect()
    begin(session)
    return session


@pytest.fixture
def other(connect: Connect) -> Session:
    """A second session, which gives up rather than wait for long."""
    session = connect()
    session.execute("set statement_timeout = '20s'")
    return session


def put(session: Session, key: str, args: str = "{}", name: str = "x", **options: Any) -> Answer:
    """Enqueue a job by a key: id, created, mismatch."""
    text = "".join(f", {option} => %s" for option in options)
    ((job, created, mismatch),) = session.execute(
        f"select id, created, mismatch from jobs.enqueue_many('work', array[%s::jsonb],"
        f" {key} => %s{text})".encode(),
        (args, name, *options.values()),
    ).fetchall()
    return job, created, mismatch


def keys(session: Session) -> list[tuple[str, int]]:
    """Every key, and the job that has it."""
    return rows(session, "select key, job_id from jobs.unique_key order by 1, 2")


@pytest.mark.parametrize("key", KEYS)
def test_a_duplicate_waits_for_a_commit_and_is_that_job(
    key: str, conn: Session, first: Session, other: Session
) -> None:
    job, created, _ = put(first, key)
    assert created
    with threads(1) as pool:
        answer = pool.submit(put, other, key, '{"other": 1}')
        until_waiting(conn, other)
        first.execute("commit")
        assert answer.result(20) == (job, False, key == "idempotency_key")
    assert keys(conn) == [("x", job)]
    assert problems(conn) == []


@pytest.mark.parametrize("key", KEYS)
def test_a_duplicate_waits_for_a_rollback_and_is_a_new_job(
    key: str, conn: Session, first: Session, other: Session
) -> None:
    gone, _, _ = put(first, key)
    with threads(1) as pool:
        answer = pool.submit(put, other, key)
        until_waiting(conn, other)
        first.execute("rollback")
        job, created, mismatch = answer.result(20)
    assert (created, mismatch) == (True, False)
    assert job != gone
    assert keys(conn) == [("x", job)]
    assert problems(conn) == []


def test_a_duplicate_goes_on_when_the_first_rolls_back_to_a_savepoint(
    conn: Session, first: Session, other: Session
) -> None:
    first.execute("savepoint before")
    put(first, "unique_key")
    with threads(1) as pool:
        answer = pool.submit(put, other, "unique_key")
        until_waiting(conn, other)
        first.execute("rollback to before")
        assert answer.result(20)[1]
    first.execute("commit")
    assert problems(conn) == []


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
@pytest.mark.parametrize("key", KEYS)
def test_a_duplicate_with_an_older_snapshot_fails_to_serialize(
    isolation: str, key: str, conn: Session, first: Session, other: Session
) -> None:
    job, _, _ = put(first, key)
    other.execute(f"begin isolation level {isolation}".encode())
    other.execute("select 1 from jobs.job")
    with threads(1) as pool:
        answer = pool.submit(put, other, key)
        until_waiting(conn, other)
        first.execute("commit")
        with pytest.raises(psycopg.errors.SerializationFailure):
            answer.result(20)
    other.execute("rollback")
    assert put(other, key) == (job, False, False)


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_a_key_that_was_freed_since_the_snapshot_is_no_second_job(
    isolation: str, conn: Session, other: Session
) -> None:
    job, _, _ = put(conn, "unique_key")
    other.execute(f"begin isolation level {isolation}".encode())
    other.execute("select 1 from jobs.job")
    complete(conn, claim(conn)[job])
    assert put(other, "unique_key") == (job, False, False)
    other.execute("rollback")
    assert put(other, "unique_key")[1]


def test_whoever_finds_a_key_taken_waits_for_nobody(
    conn: Session, first: Session, other: Session
) -> None:
    job, _, _ = put(conn, "unique_key")
    assert put(first, "unique_key") == (job, False, False)
    assert put(other, "unique_key") == (job, False, False)
    assert complete(other, claim(other)[job]) == "completed"
    assert put(other, "unique_key")[1]


def test_a_duplicate_of_a_job_that_is_ending_is_that_job_or_a_new_one(
    conn: Session, first: Session, other: Session
) -> None:
    job, _, _ = put(conn, "unique_key")
    token = claim(first)[job]
    assert put(other, "unique_key") == (job, False, False)
    complete(first, token)
    assert put(other, "unique_key") == (job, False, False)
    assert put(first, "unique_key")[1]
    first.execute("commit")
    fresh, created, _ = put(other, "unique_key")
    assert (created, fresh != job) == (False, True)
    assert problems(conn) == []


@pytest.mark.parametrize("commits", [True, False], ids=["commits", "rolls back"])
def test_two_that_find_a_key_past_its_time_make_one_job(
    commits: bool, conn: Session, first: Session, other: Session
) -> None:
    old, _, _ = put(conn, "idempotency_key", idempotency_ttl="1 ms")
    conn.execute("select pg_sleep(0.005)")
    job, created, _ = put(first, "idempotency_key")
    assert created
    with threads(1) as pool:
        answer = pool.submit(put, other, "idempotency_key")
        until_waiting(conn, other)
        first.execute("commit" if commits else "rollback")
        found, created, _ = answer.result(20)
    assert created is not commits
    assert (found == job) is commits
    assert found != old
    assert keys(conn) == [("x", found)]


def test_two_calls_with_the_same_keys_in_opposite_orders_do_not_lock_each_other_out(
    conn: Session, connect: Connect
) -> None:
    names = [f"key {n}" for n in range(40)]

    def many(session: Session, given: list[str]) -> dict[str, int]:
        jobs = [
            {"kind": "work", "queue": f"queue {n[-1]}", "unique_key": n, "idempotency_key": m}
            for n, m in zip(given, reversed(given), strict=True)
        ]
        found = rows(
            session,
            "select ord, id from jobs.enqueue_many(%s::jsonb) order by ord",
            Json(jobs),
        )
        return {name: job for name, (_, job) in zip(given, found, strict=True)}

    for _ in range(10):
        with ThreadPoolExecutor(4) as pool:
            sessions = [connect() for _ in range(4)]
            orders = [names, names[::-1], names[20:] + names[:20], names[::2] + names[1::2]]
            answers = [
                pool.submit(many, session, given)
                for session, given in zip(sessions, orders, strict=True)
            ]
            for answer in answers:
                answer.result(30)
        conn.execute("select jobs.cancel_many(kind => 'work')")
        conn.execute("delete from jobs.unique_key where type = 'idempotency'")
    assert keys(conn) == []
    assert problems(conn) == []


@pytest.mark.parametrize("commits", [True, False], ids=["commits", "rolls back"])
def test_a_replacement_waits_for_the_claim_of_its_job(
    commits: bool, conn: Session, first: Session, other: Session
) -> None:
    options = {"unique_options": '{"replace": ["args", "run_at"]}'}
    job, _, _ = put(conn, "unique_key", "1")
    claim(first)
    with threads(1) as pool:
        answer = pool.submit(put, other, "unique_key", "2", **options, delay="1 h")
        until_waiting(conn, other)
        first.execute("commit" if commits else "rollback")
        assert answer.result(20) == (job, False, False)
    assert value(conn, "select args from jobs.job where id = %s", job) == (1 if commits else 2)
    assert state(conn, job) == ("running" if commits else "scheduled")
    assert problems(conn) == []


def test_two_replacements_of_one_job_are_done_one_after_the_other(
    conn: Session, first: Session, other: Session
) -> None:
    options = {"unique_options": '{"replace": ["args"]}'}
    job, _, _ = put(conn, "unique_key", "1")
    put(first, "unique_key", "2", **options)
    with threads(1) as pool:
        answer = pool.submit(put, other, "unique_key", "3", **options)
        until_waiting(conn, other)
        first.execute("commit")
        assert answer.result(20) == (job, False, False)
    assert value(conn, "select args from jobs.job where id = %s", job) == 3
    assert problems(conn) == []


def test_a_job_that_ends_while_it_is_to_be_replaced_makes_room_for_a_new_one(
    conn: Session, first: Session, other: Session
) -> None:
    options = {"unique_options": '{"replace": ["args"]}'}
    job, _, _ = put(conn, "unique_key", "1")
    assert value(first, "select jobs.cancel(%s)", job) == "cancelled"
    with threads(1) as pool:
        answer = pool.submit(put, other, "unique_key", "2", **options)
        until_waiting(conn, other)
        first.execute("commit")
        fresh, created, _ = answer.result(20)
    assert created
    assert state(conn, fresh) == "ready"
    assert keys(conn) == [("x", fresh)]
    assert problems(conn) == []


def test_a_retry_and_an_enqueue_do_not_both_get_the_key(
    conn: Session, first: Session, other: Session
) -> None:
    job, _, _ = put(conn, "unique_key")
    conn.execute("select jobs.cancel(%s)", (job,))
    fresh, created, _ = put(first, "unique_key")
    assert created
    with threads(1) as pool:
        answer = pool.submit(value, other, "select jobs.retry(%s)", job)
        until_waiting(conn, other)
        first.execute("commit")
        with pytest.raises(psycopg.Error) as refused:
            answer.result(20)
    assert (refused.value.sqlstate, refused.value.diag.message_detail) == ("JB005", f"job {fresh}")
    assert problems(conn) == []


def test_a_retry_of_many_leaves_the_job_whose_key_is_being_taken(
    conn: Session, first: Session, other: Session
) -> None:
    job, _, _ = put(conn, "unique_key")
    free = value(conn, "select jobs.enqueue('free')")
    for token in claim(conn, 2).values():
        conn.execute("select jobs.fail(%s, reason => 'aborted')", (token,))
    put(first, "unique_key")
    assert rows(other, "select id from jobs.retry_many()") == [(free,)], "and waits for nobody"
    first.execute("rollback")
    assert rows(other, "select id from jobs.retry_many()") == [(job,)]
    assert problems(conn) == []
