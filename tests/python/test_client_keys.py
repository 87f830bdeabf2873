"""Keys from Python: what an enqueue tells, and what becomes of the caller's transaction."""

from typing import Any

import psycopg
import pytest

from txjobs import AsyncClient, Client, DuplicateJob, Jobs, KeyReused, NotFound

Connection = psycopg.Connection[Any]
app = Jobs()


@app.task(queue="mail")
def send(to: str, subject: str = "hi") -> None:
    """A task."""


def test_an_enqueue_tells_whether_its_job_is_new(conn: Connection) -> None:
    keyed = send.using(idempotency_key="order-7")
    first = keyed.enqueue(conn, "ada")
    again = keyed.enqueue(conn, "ada")
    assert (first.created, again.created) == (True, False)
    assert (again.id, again.mismatch) == (first.id, False)
    assert send.enqueue(conn, "ada").created


def test_a_key_that_is_used_for_another_job_is_an_error_that_names_it(conn: Connection) -> None:
    first = send.using(idempotency_key="order-7").enqueue(conn, "ada")
    with pytest.raises(KeyReused, match=r"order-7.*has a job already.*key of its own") as refused:
        send.using(idempotency_key="order-7").enqueue(conn, "bob")
    assert refused.value.job_id == first.id
    found = send.using(idempotency_key="order-7", on_conflict="existing").enqueue(conn, "bob")
    assert (found.id, found.created, found.mismatch) == (first.id, False, True)


@pytest.mark.parametrize("on_conflict", [None, "match", "error"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_refused_enqueue_leaves_the_callers_transaction_alive(
    on_conflict: str | None, autocommit: bool, dsn: str
) -> None:
    keyed = send.using(idempotency_key="k", on_conflict=on_conflict)
    with psycopg.connect(dsn, autocommit=autocommit) as conn:
        with conn.transaction():
            conn.execute("create table note (what text)")
            first = send.using(idempotency_key="k").enqueue(conn, "ada")
            with pytest.raises(KeyReused) as refused:
                keyed.enqueue(conn, "bob")
            assert refused.value.job_id == first.id
            conn.execute("insert into note values ('still here')")
        assert conn.execute("select what from note").fetchall() == [("still here",)]
        assert Client(conn).state(first) == "ready"


def test_a_refused_enqueue_that_begins_a_transaction_leaves_it_alive(
    conn: Connection, dsn: str
) -> None:
    first = send.using(unique_key="k").enqueue(conn, "ada")
    with psycopg.connect(dsn) as other:
        with pytest.raises(DuplicateJob, match="has a job already") as refused:
            send.using(unique_key="k", on_conflict="error").enqueue(other, "ada")
        assert refused.value.job_id == first.id
        send.enqueue(other, "bob")
        other.commit()
    assert len(Client(conn).list("ready")) == 2


def test_a_strict_enqueue_that_is_accepted_is_part_of_the_transaction(
    conn: Connection, dsn: str
) -> None:
    with psycopg.connect(dsn) as other:
        job = send.using(unique_key="k", on_conflict="error").enqueue(other, "ada")
        assert job.created
        assert Client(conn).get(job) is None
        other.commit()
    assert Client(conn).state(job) == "ready"


def test_of_many_each_one_is_told_of(conn: Connection) -> None:
    keyed = send.using(unique_key="user-1")
    made = app.enqueue(
        conn,
        [
            keyed.job("ada"),
            send.job("eve"),
            keyed.job("ada", subject="again"),
            send.using(idempotency_key="i").job("bob"),
            send.using(idempotency_key="i", on_conflict="existing").job("ada"),
        ],
    )
    assert [job.created for job in made] == [True, True, False, True, False]
    assert [job.mismatch for job in made] == [False, False, False, False, True]
    assert (made[2].id, made[4].id) == (made[0].id, made[3].id)


def test_a_waiting_job_is_replaced(conn: Connection) -> None:
    debounced = send.using(unique_key="u", unique_options={"replace": ["args", "run_at"]}, delay=60)
    first = debounced.enqueue(conn, "ada")
    assert debounced.enqueue(conn, "bob").id == first.id
    info = Client(conn).get(first)
    assert info is not None
    assert info.args["to"] == "bob"
    assert [event.type for event in Client(conn).history(first)] == ["enqueued", "replaced"]


def test_a_job_is_found_by_its_idempotency_key(conn: Connection) -> None:
    job = send.using(idempotency_key="8a8e").enqueue(conn, "ada")
    client = Client(conn)
    found = client.get(idempotency_key="8a8e", queue="mail")
    assert found is not None
    assert found.id == job.id
    assert client.get(idempotency_key="8a8e") == found
    assert client.get(idempotency_key="8a8e", queue="default") is None


def test_a_job_is_cancelled_by_its_key(conn: Connection) -> None:
    job = send.using(unique_key="user-1").enqueue(conn, "ada")
    client = Client(conn)
    assert client.cancel(unique_key="user-1", reason="gone") == "cancelled"
    assert client.state(job) == "cancelled"
    with pytest.raises(NotFound, match="no job user-1"):
        client.cancel(unique_key="user-1")


async def test_an_async_connection_does_the_same(dsn: str) -> None:
    keyed = send.using(idempotency_key="k")
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        first = await keyed.enqueue(conn, "ada")
        with pytest.raises(KeyReused):
            await keyed.enqueue(conn, "bob")
        with pytest.raises(DuplicateJob):
            await keyed.using(on_conflict="error").enqueue(conn, "ada")
        assert (await keyed.enqueue(conn, "ada")).id == first.id
        assert (await keyed.using(on_conflict="match").enqueue(conn, "ada")).id == first.id
        await conn.commit()
        client = AsyncClient(conn)
        found = await client.get(idempotency_key="k")
        assert found is not None
        assert found.id == first.id
        job = await client.enqueue("send", {"to": "x"}, queue="mail", unique_key="u")
        assert job.created
        assert await client.cancel(unique_key="u") == "cancelled"
