"""`txjobs schedules`."""

import io
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

import command_line
from command_line import NOWHERE, Run, refused

Connection = psycopg.Connection[Any]

bare = command_line.bare
txjobs = command_line.txjobs

EVERY = [
    ("add", "report", "@daily"),
    ("list",),
    ("show", "report"),
    ("history", "report"),
    ("run", "report"),
    ("pause", "report"),
    ("resume", "report"),
    ("remove", "report"),
    ("next", "@daily"),
]


def due(conn: Connection, name: str) -> None:
    """It was due a moment ago, and somebody ticks."""
    conn.execute("update jobs.schedule set next_at = now() where name = %s", (name,))
    conn.execute("select jobs.tick()")


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_server_that_does_not_answer_is_one_line(bare: Run, words: tuple[str, ...]) -> None:
    refused(bare("schedules", *words, "--dsn", NOWHERE), 3, "Connection refused", "--dsn")


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_without_the_schema_every_command_says_migrate(
    bare: Run, empty_dsn: str, words: tuple[str, ...]
) -> None:
    refused(bare("schedules", *words, "--dsn", empty_dsn), 3, "txjobs migrate")


@pytest.mark.parametrize("verb", ["show", "history", "run", "pause", "resume", "remove"])
def test_a_schedule_that_is_not_there_is_a_no(txjobs: Run, verb: str) -> None:
    refused(txjobs("schedules", verb, "nothing"), 1, "no schedule nothing", "case-sensit")


@pytest.mark.parametrize(
    "words",
    [
        ("add",),
        ("add", "a"),
        ("show",),
        ("run",),
        ("next",),
        ("next", "@daily", "-n", "0"),
        ("history", "a", "--limit", "101"),
        ("lst",),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_one_line(txjobs: Run, words: tuple[str, ...]) -> None:
    refused(txjobs("schedules", *words), 2, "--help")


def test_add_makes_the_schedule_that_its_options_describe(txjobs: Run) -> None:
    words = (
        "schedules",
        "add",
        "mail",
        "0 9 * * mon-fri",
        "--timezone",
        "Europe/Rome",
        "-k",
        "send",
    )
    more = (
        "--args",
        '{"to": 7}',
        "-q",
        "post",
        "--priority",
        "5",
        "--catch-up",
        "once",
        "--overlap",
        "queue",
        "--jitter",
        "1m30s",
        "--starts-at",
        "2040-01-01T00:00:00Z",
        "--ends-at",
        "2041-01-01T00:00:00Z",
    )
    answer = txjobs(*words, *more)
    assert (answer.code, answer.out) == (0, "created: schedule mail\n")
    found = txjobs("schedules", "show", "mail", "--json").json
    assert found.pop("next_runs")[0] == "2040-01-02T08:00:00+00:00"
    assert found == {
        "name": "mail",
        "cron": "0 9 * * mon-fri",
        "timezone": "Europe/Rome",
        "kind": "send",
        "args": {"to": 7},
        "queue": "post",
        "priority": 5,
        "catch_up": "once",
        "overlap": "queue",
        "jitter": 90,
        "starts_at": "2040-01-01T00:00:00+00:00",
        "ends_at": "2041-01-01T00:00:00+00:00",
        "paused": False,
        "last_job": None,
        "last_state": None,
        "error": None,
    }
    assert txjobs(*words, *more, "--json").json == {"schedule": "mail", "answer": "unchanged"}
    assert txjobs(*words).out == "changed: schedule mail\n"


def test_arguments_may_come_from_standard_input(
    txjobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"n": 1}')))
    assert txjobs("schedules", "add", "a", "@daily", "--args", "-").code == 0
    assert txjobs("schedules", "show", "a", "--json").json["args"] == {"n": 1}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("", "@daily"), "name"),
        (("a", "0 25 * * *"), "at character 3"),
        (("a", "@daily", "--timezone", "Mars"), "Mars"),
        (("a", "@daily", "--catch-up", "twice"), "skip"),
        (("a", "@daily", "--overlap", "never"), "queue"),
        (("a", "@daily", "--jitter", "soon"), "5m"),
        (("a", "@daily", "--starts-at", "2040-01-01"), "with its zone"),
        (("a", "@daily", "--args", "{"), "not JSON"),
        (("a", "@daily", "--priority", "101"), "-100"),
    ],
    ids=str,
)
def test_what_cannot_be_a_schedule_is_one_line(
    txjobs: Run, words: tuple[str, ...], part: str
) -> None:
    refused(txjobs("schedules", "add", *words), 2, part)
    assert txjobs("schedules", "list", "--json").json == {"schedules": []}


def test_list_shows_when_each_runs_next_and_what_became_of_the_last_time(
    txjobs: Run, conn: Connection
) -> None:
    assert txjobs("schedules", "list").out == "no schedule yet\n"
    for name in ("broken", "over", "paused", "runs"):
        txjobs("schedules", "add", name, "0 0 1 1 *")
    txjobs("schedules", "add", "over", "@daily", "--ends-at", "2020-01-01T00:00:00Z")
    conn.execute("select jobs.pause(schedule => 'paused')")
    conn.execute("update jobs.schedule set timezone = 'Mars' where name = 'broken'")
    due(conn, "broken")
    due(conn, "runs")
    lines = txjobs("schedules", "list").out.splitlines()
    assert lines[0].split() == [
        "name",
        "cron",
        "timezone",
        "kind",
        "next",
        "last",
        "job",
        "state",
    ]
    broken, over, paused, runs = lines[2:]
    assert "failed: there is no time zone 'Mars'" in broken
    assert over.split()[-2:] == ["over", "–"]
    assert paused.split()[-2:] == ["paused", "–"]
    assert runs.split()[-1] == "ready"
    assert "in " in runs
    found = txjobs("schedules", "list", "--json").json["schedules"]
    assert [(one["name"], one["error"] is None, one["paused"]) for one in found] == [
        ("broken", False, False),
        ("over", True, False),
        ("paused", True, True),
        ("runs", True, False),
    ]


def test_show_tells_all_of_one_on_the_clock_of_its_zone(txjobs: Run) -> None:
    txjobs(
        "schedules",
        "add",
        "mail",
        "0 9 * * *",
        "--timezone",
        "Europe/Rome",
        "--jitter",
        "90s",
        "--args",
        '{"n": 1}',
        "--priority",
        "3",
        "-q",
        "post",
        "--starts-at",
        "2040-07-01T00:00:00Z",
        "--ends-at",
        "2040-07-03T12:00:00Z",
    )
    out = txjobs("schedules", "show", "mail").out.splitlines()
    assert out[0].startswith("schedule mail  in ")
    assert [line.split("  ")[0].rstrip() for line in out[1:]] == [
        "cron",
        "kind",
        "args",
        "queue",
        "priority",
        "catch up",
        "overlap",
        "jitter",
        "starts",
        "ends",
        "next",
        "next",
        "next",
    ]
    assert "0 9 * * * (Europe/Rome)" in out[1]
    assert "Sun 2040-07-01 09:00:00 +0200 (in " in out[11]


def test_a_zone_that_only_the_database_knows_is_shown_in_utc(txjobs: Run) -> None:
    answer = txjobs("schedules", "next", "0 9 * * *", "--timezone", "XYZ+3", "-n", "1")
    assert answer.code == 0
    assert "12:00:00 +0000" in answer.out


def test_history_tells_the_jobs_and_why_there_was_none(txjobs: Run, conn: Connection) -> None:
    txjobs("schedules", "add", "a", "0 0 1 1 *", "--overlap", "skip")
    assert txjobs("schedules", "history", "a").out == "schedule a has not run yet\n"
    due(conn, "a")
    due(conn, "a")
    lines = txjobs("schedules", "history", "a").out.splitlines()
    assert lines[0].split() == ["due", "late", "by", "job", "state"]
    assert lines[2].split()[-2:] == ["–", "overlap"]
    assert lines[3].split()[-1] == "ready"
    newest, oldest = txjobs("schedules", "history", "a", "--json").json["runs"]
    assert (newest["job"], newest["skipped"]) == (None, "overlap")
    assert (oldest["state"], oldest["skipped"]) == ("ready", None)
    assert len(txjobs("schedules", "history", "a", "-n", "1", "--json").json["runs"]) == 1
    conn.execute("delete from jobs.ready")
    conn.execute("delete from jobs.job")
    assert txjobs("schedules", "history", "a").out.splitlines()[3].split()[-1] == "pruned"


def test_run_makes_a_job_now(txjobs: Run, conn: Connection) -> None:
    txjobs("schedules", "add", "a", "@yearly", "-k", "report")
    job = txjobs("schedules", "run", "a", "--json").json["id"]
    assert txjobs("show", job, "--json").json["kind"] == "report"
    assert txjobs("schedules", "run", "a").out.startswith("enqueued job ")
    assert txjobs("schedules", "show", "a", "--json").json["last_job"] == job


def test_a_pause_lasts_until_it_is_resumed(txjobs: Run, conn: Connection) -> None:
    txjobs("schedules", "add", "a", "@yearly")
    assert txjobs("schedules", "pause", "a").out == "paused: schedule a\n"
    due(conn, "a")
    assert txjobs("schedules", "history", "a", "--json").json["runs"] == []
    assert txjobs("schedules", "resume", "a", "--json").json == {"schedule": "a", "paused": False}
    assert txjobs("schedules", "pause", "a", "--json").json == {"schedule": "a", "paused": True}
    assert txjobs("schedules", "resume", "a").out == "resumed: schedule a\n"


def test_a_schedule_that_was_removed_is_gone(txjobs: Run) -> None:
    for name in ("a", "b"):
        txjobs("schedules", "add", name, "@yearly")
    assert txjobs("schedules", "remove", "a").out == "removed: schedule a\n"
    answer = txjobs("schedules", "remove", "b", "--json")
    assert answer.json == {"schedule": "b", "removed": True}
    assert txjobs("schedules", "list").out == "no schedule yet\n"


def test_next_tells_when_an_expression_fits(txjobs: Run) -> None:
    words = ("schedules", "next", "0 9 * * mon-fri", "--timezone", "Europe/Rome", "-n", "2")
    answer = txjobs(*words, "--after", "2040-01-01T00:00:00Z")
    assert answer.code == 0
    first, second = answer.out.splitlines()
    assert first.startswith("Mon 2040-01-02 09:00:00 +0100 (in ")
    assert second.startswith("Tue 2040-01-03 09:00:00 +0100 (in ")
    assert txjobs(*words, "--after", "2040-01-01T00:00:00Z", "--json").json == {
        "cron": "0 9 * * mon-fri",
        "timezone": "Europe/Rome",
        "next_runs": ["2040-01-02T08:00:00+00:00", "2040-01-03T08:00:00+00:00"],
    }
    assert len(txjobs("schedules", "next", "@hourly").out.splitlines()) == 5


def test_an_expression_that_never_fits_is_a_no(txjobs: Run) -> None:
    answer = txjobs("schedules", "next", "0 0 30 2 *")
    assert (answer.code, answer.out) == (1, "never\n")
    answer = txjobs("schedules", "next", "0 0 30 2 *", "--json")
    assert (answer.code, answer.json["next_runs"]) == (1, [])
    refused(txjobs("schedules", "next", "0 25 * * *"), 2, "bad hour", "at character 3")


def test_what_a_name_holds_cannot_command_the_terminal(txjobs: Run, conn: Connection) -> None:
    name = "\x1b[31mred[/]\x9b"
    conn.execute("select jobs.schedule(%s, '@daily')", (name,))
    for words in (("list",), ("show", name), ("history", name), ("run", name), ("pause", name)):
        for more in ((), ("--json",)):
            answer = txjobs("schedules", *words, *more)
            assert answer.code == 0
            assert not {"\x1b", "\x9b"} & set(answer.out)


def test_migrate_makes_the_schedules_of_an_application(
    txjobs: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "cron_shop.py").write_text(
        "from txjobs import Jobs\napp = Jobs()\n"
        '@app.cron("0 9 * * *")\ndef report() -> None:\n    pass\n'
    )
    words = ("migrate", "--app", "cron_shop:app")
    dry = txjobs(*words, "--check")
    assert dry.code == 1
    assert dry.out.splitlines()[-1] == "pending: create schedule report"
    assert txjobs(*words).out.splitlines()[-1] == "done: create schedule report"
    assert txjobs(*words, "--check").code == 0
