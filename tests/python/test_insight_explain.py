"""Why a job is not running: asked from Python and on the command line, and what it costs."""

import json
from typing import Any

import psycopg
import pytest

import command_line
from command_line import Run, refused
from many_jobs import a_million, pages_read
from txjobs import AsyncClient, Client, Jobs, NotFound
from waiting import until
from workers import running

Conn = psycopg.Connection[Any]
bare = command_line.bare
txjobs = command_line.txjobs


def test_a_gate_has_its_figures(conn: Conn) -> None:
    client = Client(conn)
    job = client.enqueue("greet", queue="mail", delay=3600)
    gates = {gate.gate: gate for gate in client.explain(job)}
    assert not gates["due"].open
    assert gates["due"].why.startswith("it is due in ")
    assert gates["due"].remedy
    assert set(gates["due"].detail) == {"run_at"}
    assert gates["queue"].open
    assert gates["queue"].remedy is None


async def test_it_can_be_asked_on_an_async_connection(dsn: str) -> None:
    async with AsyncClient(dsn) as client:
        job = await client.enqueue("greet")
        gates = await client.explain(job.id)
        assert [gate.gate for gate in gates if not gate.open] == ["worker"]
        with pytest.raises(NotFound, match="there is no job 99"):
            await client.explain(99)


def test_a_python_worker_announces_what_it_takes(conn: Conn, dsn: str) -> None:
    app = Jobs()

    @app.task
    async def greet() -> None:
        return None

    client = Client(conn)
    with running(app, dsn, queues=["mail"], routing=["eu"], name="one"):
        until(lambda: conn.execute("select 1 from jobs.worker").fetchone(), "the worker registers")
        jobs = {
            "fits": client.enqueue("greet", queue="mail", routing_key="eu", delay=60),
            "routing": client.enqueue("greet", queue="mail", delay=60),
            "kind": client.enqueue("bow", queue="mail", delay=60),
            "queue": client.enqueue("greet", queue="post", delay=60),
        }
        closed = {
            name: [gate.why for gate in client.explain(job) if not gate.open][1:]
            for name, job in jobs.items()
        }
    assert closed == {
        "fits": [],
        "routing": ["it has no routing key, and each of its 1 live worker asks for one"],
        "kind": ["of 1 live worker of queue mail none announces kind bow"],
        "queue": ["of 1 live worker none takes queue post"],
    }


def test_a_job_behind_a_million_others_is_explained_from_a_few_pages(conn: Conn) -> None:
    last = a_million(conn)
    position = next(gate for gate in Client(conn).explain(last) if gate.gate == "position")
    assert position.why.startswith("ahead of it in its queue: at least 10,000 jobs")
    assert position.detail["cut_off"]
    assert pages_read(conn, f"select * from jobs.explain({last})") < 1000


def test_explain_prints_what_holds_a_job_up_first(txjobs: Run, conn: Conn) -> None:
    client = Client(conn)
    job = client.enqueue("greet", queue="mail")
    assert txjobs("pause", "--queue", "mail", "--reason", "the server moves").code == 0
    answer = txjobs("explain", job.id)
    assert answer.code == 0
    first, remedy, *_ = answer.out.splitlines()
    assert first.startswith("closed  queue: queue mail is paused for 0 s by ")
    assert first.endswith(": the server moves")
    assert remedy.strip() == "select jobs.resume(queue => 'mail')"
    found = txjobs("explain", job.id, "--json").json
    assert found["id"] == job.id
    assert {gate["gate"] for gate in found["gates"] if not gate["open"]} == {"queue", "worker"}
    assert json.dumps(found["gates"][0]["detail"])


def test_explain_says_so_when_nothing_holds_a_job_up(txjobs: Run, conn: Conn) -> None:
    conn.execute("select jobs.register_worker('one')")
    job = Client(conn).enqueue("greet")
    assert txjobs("explain", job.id).out.splitlines()[-1] == "nothing holds it up"


def test_explaining_what_is_not_there_is_refused(txjobs: Run) -> None:
    refused(txjobs("explain", "99"), 1, "there is no job 99", "pruned")
