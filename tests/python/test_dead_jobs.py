"""Errors by their cause, and another try: the clients, and the command line."""

import asyncio
import datetime as dt
import json
from typing import Any

import psycopg
import pytest

import command_line
from command_line import Run, refused
from txjobs import (
    AsyncClient,
    Client,
    InvalidArgument,
    Jobs,
    TooLarge,
    WrongState,
)
from workers import drain

Conn = psycopg.Connection[Any]
HOUR = dt.timedelta(hours=1)

bare = command_line.bare
txjobs = command_line.txjobs


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


def die(conn: Conn, count: int = 1, message: str = "no user 5", **args: object) -> list[int]:
    """So many dead jobs."""
    found = conn.execute(
        """select id from jobs.enqueue_many('k', array_fill(%s::jsonb, array[%s::int]),
        queue => 'q', max_attempts => 1) order by ord""",
        (json.dumps(args), count),
    ).fetchall()
    conn.execute(
        """select jobs.fail(token, jsonb_build_object('type', 'a.E', 'message', %s::text))
        from jobs.claim('{q}', max_jobs => %s)""",
        (message, count),
    )
    return [row[0] for row in found]


# The clients


def test_errors_of_a_worker_are_grouped_by_message_and_frame(
    conn: Conn, dsn: str, client: Client
) -> None:
    app = Jobs()

    @app.task
    async def send(user: int) -> None:
        raise LookupError(f"no user {user} in '{user:x}'")

    for user in range(3):
        client.enqueue("send", {"user": user}, max_attempts=1)
    drain(app, dsn)
    (group,) = client.errors(kind="send", window=HOUR)
    assert (group.type, group.message) == ("LookupError", "no user # in '?'")
    assert group.frame == "test_dead_jobs.py in send"
    assert (group.count, group.dead, group.cut) == (3, 3, False)
    found = client.get(group.job)
    assert found is not None
    assert client.fingerprint("send", found.error) == group.fingerprint
    assert client.errors(max_events=2)[0].cut
    assert client.errors(queue="none") == client.errors(fingerprint="0" * 16) == []


def test_a_dry_run_tells_what_a_retry_does(conn: Conn, client: Client) -> None:
    jobs = die(conn, 3, region="us", n=1)
    (group,) = client.errors()
    would = client.retry_many(
        fingerprint=group.fingerprint, rate=0.5, patch={"region": "eu"}, dry_run=True
    )
    assert [job.id for job in would] == jobs
    assert would[0].args == {"region": "eu", "n": 1}
    assert (would[0].run_at, would[0].reason) == (None, "exhausted")
    assert client.state(jobs[0]) == "dead"
    done = client.retry_many(fingerprint=group.fingerprint, rate=0.5, patch={"region": "eu"})
    assert [(job.id, job.args) for job in done] == [(job, None) for job in jobs]
    assert [client.state(job) for job in jobs] == ["ready", "scheduled", "scheduled"]
    assert done[1].run_at is not None
    assert done[2].run_at == done[1].run_at + dt.timedelta(seconds=2)
    info = client.get(jobs[2])
    assert info is not None
    assert (info.args, info.run_at) == ({"region": "eu", "n": 1}, done[2].run_at)
    assert client.history(jobs[2])[-1].data["args"] == {"region": "us", "n": 1}


def test_only_what_died_within_a_time_is_retried(conn: Conn, client: Client) -> None:
    (job,) = die(conn)
    now = conn.execute("select jobs.now()").fetchone()
    assert now is not None
    assert client.retry_many(died_after=now[0]) == []
    assert client.retry_many(died_before=now[0] - HOUR) == []
    assert [one.id for one in client.retry_many(died_before=now[0])] == [job]


def test_a_patch_that_makes_args_too_large_changes_nothing(conn: Conn, client: Client) -> None:
    jobs = die(conn, 2)
    conn.execute("update jobs.setting set max_args_bytes = 2000")
    with pytest.raises(TooLarge, match=f"args of job {jobs[0]}"):
        client.retry_many(patch={"pad": [str(n * n) for n in range(600)]})
    assert [client.state(job) for job in jobs] == ["dead", "dead"]
    with pytest.raises(InvalidArgument, match="rate is 0"):
        client.retry_many(rate=0)


def test_one_job_is_retried_later_and_with_other_args(conn: Conn, client: Client) -> None:
    (job,) = die(conn, a=1, b=2)
    at = dt.datetime.now(dt.UTC) + HOUR
    assert client.retry(job, run_at=at, patch={"a": None}) == "scheduled"
    info = client.get(job)
    assert info is not None
    assert (info.args, info.run_at) == ({"b": 2}, at)
    with pytest.raises(WrongState):
        client.retry(job)


def test_the_async_client_does_the_same(conn: Conn, dsn: str) -> None:
    jobs = die(conn, 2)

    async def run() -> None:
        async with AsyncClient(dsn) as client:
            (group,) = await client.errors()
            assert group.count == group.dead == 2
            assert await client.fingerprint("k", {"type": "a.E", "message": "no user 7"}) == (
                group.fingerprint
            )
            assert len(await client.retry_many(dry_run=True)) == 2
            assert await client.retry(jobs[0]) == "ready"
            assert [one.id for one in await client.retry_many()] == jobs[1:]
            await client.configure_kind("k", on_dead_policy="pause_kind")
            assert await client.pauses() == []

    asyncio.run(run())
    conn.execute("select jobs.fail(token) from jobs.claim('{q}')")
    (pause,) = Client(conn).pauses()
    assert (pause.queue, pause.kind, pause.job, pause.paused_by) == (None, "k", jobs[0], None)
    assert pause.reason == f"job {jobs[0]} (k) died: exhausted"


# The command line


def test_errors_are_listed_by_cause(txjobs: Run, conn: Conn) -> None:
    assert txjobs("errors").out == "no failed attempt in the last 1 d\n"
    jobs = die(conn, 3)
    shown = txjobs("errors", "--window", "1h", "--kind", "k")
    assert "E: no user #" in shown.out
    found = txjobs("errors", "--json").json
    assert (found["window"], found["cut"]) == (86400, False)
    assert [(one["count"], one["dead"], one["job"]) for one in found["errors"]] == [(3, 3, jobs[2])]
    assert "--max-events" in txjobs("errors", "--max-events", 2).out
    refused(txjobs("errors", "--fingerprint", "x"), 2, "16 hexadecimal")


def test_a_retry_is_tried_dry_and_then_done_at_a_rate(txjobs: Run, conn: Conn) -> None:
    jobs = die(conn, 3, n=1)
    fingerprint = txjobs("errors", "--json").json["errors"][0]["fingerprint"]
    words = ("--fingerprint", fingerprint, "--rate", "0.001", "--patch", '{"n": 2, "m": [3]}')
    dry = txjobs("retry", *words, "--dry-run")
    assert "would retry 3 jobs\n" in dry.out
    assert '{"m": [3], "n": 2}' in dry.out
    found = txjobs("retry", *words, "--dry-run", "--limit", 2, "--json").json
    assert [one["id"] for one in found["would_retry"]] == jobs[:2]
    assert not found["more"]
    assert txjobs("retry", *words).out == "retried 3 jobs\n"
    client = Client(conn)
    assert [client.state(job) for job in jobs] == ["ready", "scheduled", "scheduled"]
    infos = [client.get(job) for job in jobs]
    assert all(info is not None and info.args == {"n": 2, "m": [3]} for info in infos)


def test_the_steps_of_one_retry_go_on_in_time(
    txjobs: Run, conn: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("txjobs._cli_many.BATCH", 2)
    die(conn, 5)
    at = "2100-01-01T00:00:00+00:00"
    assert txjobs("retry", "--dead", "--rate", "1", "--run-at", at).out == "retried 5 jobs\n"
    due = [job.run_at for job in Client(conn).list("scheduled")]
    assert [one.second for one in due if one is not None] == [0, 1, 2, 3, 4]


def test_one_job_may_be_retried_later_with_a_patch(txjobs: Run, conn: Conn) -> None:
    (job,) = die(conn)
    at = "2100-01-01T00:00:00+00:00"
    answer = txjobs("retry", job, "--run-at", at, "--patch", '{"x": 1}')
    assert answer.out == f"job {job}: scheduled\n"
    assert txjobs("show", job, "--json").json["args"] == {"x": 1}
    assert "args were {}" in txjobs("show", job).out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("retry", "1", "--rate", "5"), "for filters"),
        (("retry", "1", "--dry-run"), "for filters"),
        (("retry", "--dead", "--patch", "[1]"), "JSON object"),
        (("retry", "--dead", "--patch", "{"), "JSON"),
        (("retry", "--dead", "--rate", "0"), "rate is 0"),
        (("retry", "--dead", "--rate", "nan"), "rate is NaN"),
        (("retry", "--rate", "5"), "--dead"),
        (("retry", "--dead", "--died-after", "soon"), "soon"),
        (("errors", "--max-events", "0"), "max_events"),
    ],
    ids=str,
)
def test_a_wrong_word_is_one_line(txjobs: Run, words: tuple[str, ...], part: str) -> None:
    refused(txjobs(*words), 2, part)


def test_what_is_paused_says_why(txjobs: Run, conn: Conn) -> None:
    assert txjobs("pauses").out == "nothing is paused\n"
    assert txjobs("configure", "kind", "k", "--on-dead-policy", "pause_queue").code == 0
    (job,) = die(conn)
    shown = txjobs("pauses").out
    assert f"job {job} (k) died: exhausted" in shown
    assert f"q (paused: job {job} (k) died: exhausted)" in txjobs("stats").out
    found = txjobs("pauses", "--json").json["pauses"]
    assert [(one["queue"], one["job"]) for one in found] == [("q", job)]
    txjobs("resume", "--queue", "q")
    assert txjobs("pauses", "--json").json == {"pauses": []}
