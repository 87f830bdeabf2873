"""A full queue, as producers see it: clients, tasks, the command line, and the guide."""

import asyncio
import threading
import time
import types
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mypy import api

import command_line
from command_line import Run, refused
from faults.sessions import rows
from guides import examples, run_in_psql
from txjobs import AsyncClient, Client, ConfigurationError, Jobs, QueueFull, embedded

Connection = psycopg.Connection[Any]

bare = command_line.bare
txjobs = command_line.txjobs

DOCS = Path(__file__).parents[2] / "docs"
BACK_PRESSURE = DOCS / "back-pressure.md"
KINDS = DOCS / "kinds.md"

app = Jobs()


@app.task(queue="small")
def work(n: int) -> int:
    return n


@pytest.fixture
def small(conn: Connection) -> Client:
    """A queue that takes two jobs, and is full."""
    client = Client(conn)
    client.configure_queue("small", max_pending=2)
    for nth in range(2):
        work.enqueue(conn, nth)
    return client


def make_room(dsn: str, after: float = 0.2) -> threading.Thread:
    """A job of the queue is cancelled in a moment."""

    def cancel() -> None:
        time.sleep(after)
        with Client(dsn) as client:
            client.cancel_many(queue="small", max_jobs=1)

    thread = threading.Thread(target=cancel)
    thread.start()
    return thread


def test_a_full_queue_raises_with_both_figures(small: Client, conn: Connection) -> None:
    with pytest.raises(QueueFull, match=r"small is full .* holds 2 of at most 2 .* Try again") as e:
        work.enqueue(conn, 3)
    assert (e.value.pending, e.value.max_pending) == (2, 2)
    with pytest.raises(QueueFull):
        small.enqueue("work", {"n": 3}, queue="small")
    with pytest.raises(QueueFull):
        app.enqueue(conn, [work.job(3), work.job(4)])


def test_what_is_dropped_says_so(small: Client, conn: Connection) -> None:
    small.configure_queue("small", max_pending=3, overflow="drop")
    made = work.enqueue_many(conn, [work.job(nth) for nth in range(3)])
    assert [(job.created, job.dropped, job.id > 0) for job in made] == [
        (True, False, True),
        (False, True, False),
        (False, True, False),
    ]
    dropped = work.enqueue(conn, 3)
    assert (dropped.id, dropped.created, dropped.dropped) == (0, False, True)
    assert small.get(dropped) is None
    assert small.enqueue("work", {"n": 3}, queue="small").dropped
    assert small.enqueue(work.job(3), wait=0.1).dropped


def test_a_client_waits_for_room(small: Client, dsn: str) -> None:
    thread = make_room(dsn)
    job = small.enqueue(work.job(7), wait=20)
    thread.join()
    assert small.state(job) == "ready"
    thread = make_room(dsn)
    assert not small.enqueue("work", {"n": 8}, queue="small", wait=20).dropped
    thread.join()


def test_a_client_waits_no_longer_than_it_is_told(small: Client) -> None:
    began = time.monotonic()
    with pytest.raises(QueueFull):
        small.enqueue(work.job(7), wait=0.3)
    assert time.monotonic() - began >= 0.3
    with pytest.raises(QueueFull):
        small.enqueue(work.job(7), wait=0)


def test_a_client_with_its_own_connection_waits_too(small: Client, dsn: str) -> None:
    thread = make_room(dsn)
    with Client(dsn) as client:
        assert client.state(client.enqueue(work.job(7), wait=20)) == "ready"
    thread.join()
    assert small.stats()


def test_nobody_waits_inside_a_transaction(small: Client, conn: Connection, dsn: str) -> None:
    with conn.transaction(), pytest.raises(ConfigurationError, match="wait= in a transaction"):
        small.enqueue(work.job(7), wait=1)
    with (
        psycopg.connect(dsn) as other,
        pytest.raises(ConfigurationError, match="connection in autocommit"),
    ):
        Client(other).enqueue(work.job(7), wait=1)


async def test_the_async_client_waits_without_holding_up_the_loop(small: Client, dsn: str) -> None:
    async def cancel() -> None:
        await asyncio.sleep(0.2)
        async with AsyncClient(dsn) as other:
            await other.cancel_many(queue="small", max_jobs=1)

    async with AsyncClient(dsn) as client, asyncio.TaskGroup() as group:
        group.create_task(cancel())
        job = await client.enqueue(work.job(7), wait=20)
        assert await client.state(job) == "ready"
        with pytest.raises(QueueFull):
            await client.enqueue("work", {"n": 8}, queue="small", wait=0.2)
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        with pytest.raises(ConfigurationError, match="wait= in a transaction"):
            await AsyncClient(conn).enqueue(work.job(7), wait=1)
    assert small.stats()


def test_a_job_that_was_made_takes_no_more_options(small: Client) -> None:
    with pytest.raises(ConfigurationError, match=r"task\.using"):
        small.enqueue(work.job(7), queue="other")  # type: ignore[call-overload]


def test_the_command_line_waits_and_has_an_exit_code(small: Client, txjobs: Run, dsn: str) -> None:
    words = ("enqueue", "work", '{"n": 1}', "-q", "small")
    refused(txjobs(*words), 8, "queue small is full", "holds 2 of at most 2")
    refused(txjobs(*words, "--wait", "200ms"), 8, "queue small is full")
    refused(txjobs(*words, "--wait", "soon"), 2, "not a duration")
    thread = make_room(dsn)
    assert txjobs(*words, "--wait", "20s").out.startswith("enqueued job ")
    thread.join()
    assert txjobs("configure", "queue", "small", "--overflow", "drop").code == 0
    said = txjobs(*words)
    assert (said.code, said.out) == (0, "dropped, since the queue is full (work)\n")
    answer = txjobs(*words, "--json").json
    assert (answer["id"], answer["created"], answer["dropped"]) == (None, False, True)
    refused(txjobs("configure", "queue", "small", "--overflow", "wait"), 2, "error:", "drop:")


def test_the_command_line_sets_all_there_is_of_kinds(txjobs: Run, conn: Connection) -> None:
    said = txjobs(
        *("configure", "kind", "send", "--required-args", "to", "--required-args", "cc"),
        *("--arg-types", '{"to": "string"}'),
    )
    assert said.out == 'kind send: arg_types {"to":"string"}, required_args ["to","cc"]\n'
    refused(txjobs("enqueue", "send", '{"cc": 1}'), 2, 'lack the key "to"')
    assert txjobs("configure", "kind", "mail", "--alias-of", "send").code == 0
    refused(txjobs("enqueue", "mail"), 2, "args of kind send lack")
    txjobs("configure", "queue", "strict", "--strict-kinds")
    refused(txjobs("enqueue", "snd", "-q", "strict"), 1, "Did you mean send?")
    assert rows(conn, "select count(*) from jobs.job") == [(0,)]


def test_the_guide_to_back_pressure_runs_in_psql(
    conn: Connection, dsn: str, binaries: embedded.Binaries
) -> None:
    run_in_psql("\n".join(examples(BACK_PRESSURE, "sql")), dsn, binaries)
    counts = {one.queue: one.ready for one in Client(conn).stats()}
    assert counts == {"default": 0, "metrics": 3, "thumbnails": 1}


async def test_the_python_of_the_guide_works_and_is_typed(
    conn: Connection, dsn: str, tmp_path: Path
) -> None:
    (source,) = examples(BACK_PRESSURE, "python")
    shop = types.ModuleType("shop")
    exec(compile(source, "back-pressure.md", "exec"), shop.__dict__)  # noqa: S102
    assert await asyncio.to_thread(shop.produce, dsn) == 2
    assert await shop.produce_async(dsn)
    (tmp_path / "shop.py").write_text(source)
    report, errors, status = api.run(["--strict", str(tmp_path / "shop.py")])
    assert status == 0, report + errors
    assert rows(conn, "select count(*) from jobs.job") == [(2,)]


def test_the_guide_to_kinds_runs_in_psql(dsn: str, binaries: embedded.Binaries) -> None:
    printed = run_in_psql("\n".join(examples(KINDS, "sql")), dsn, binaries)
    assert printed.count("notify_user") == 2
