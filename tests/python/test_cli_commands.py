"""The command line: what each command prints for people and for programs, and its errors."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import command_line
from command_line import NOWHERE, Run, refused

Connection = psycopg.Connection[Any]
bare = command_line.bare
txjobs = command_line.txjobs


def enqueue(conn: Connection, kind: str = "greet", **options: object) -> int:
    """A job, by SQL."""
    named = "".join(f", {name} => %({name})s" for name in options)
    (row,) = conn.execute(f"select jobs.enqueue(%(kind)s{named})", {"kind": kind, **options})
    return int(row[0])


def bury(conn: Connection) -> None:
    """The next job is dead, with an error."""
    error = json.dumps({"type": "ValueError", "message": "no", "traceback": "Traceback: here"})
    conn.execute(
        "select jobs.fail(token, %s::jsonb, reason => 'aborted') from jobs.claim()", (error,)
    )


def state(conn: Connection, job: int) -> str:
    """The job's state."""
    (row,) = conn.execute("select jobs.get(%s) ->> 'state'", (job,))
    return str(row[0])


# The database


def test_a_command_without_a_database_says_how_to_name_one(bare: Run) -> None:
    refused(bare("list"), 2, "--dsn", "TXJOBS_DSN")


def test_a_dsn_that_cannot_be_read_is_refused_without_being_repeated(bare: Run) -> None:
    answer = bare("list", "--dsn", "postgres//ada:secret@somewhere")
    refused(answer, 2, "postgresql://user@host/name")
    assert "secret" not in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ("migrate",),
        ("migrate", "--check"),
        ("enqueue", "greet"),
        ("list",),
        ("show", "1"),
        ("retry", "1"),
        ("retry", "--dead", "--dry-run"),
        ("errors",),
        ("cancel", "1"),
        ("pause", "--queue", "q"),
        ("resume", "--queue", "q"),
        ("pauses",),
        ("stats",),
        ("prune",),
        ("version",),
        ("demo",),
        ("worker", "txjobs._demo_orders:app"),
    ],
    ids=" ".join,
)
def test_a_server_that_does_not_answer_is_one_line(bare: Run, words: tuple[str, ...]) -> None:
    refused(bare(*words, "--dsn", NOWHERE), 3, "Connection refused", "--dsn")


def test_a_database_that_does_not_exist_is_one_line(bare: Run, dsn: str) -> None:
    refused(bare("list", "--dsn", make_conninfo(dsn, dbname="nothing")), 3, "nothing")


@pytest.mark.parametrize(
    "words",
    [
        ("enqueue", "greet"),
        ("list",),
        ("show", "1"),
        ("retry", "1"),
        ("retry", "--dead", "--dry-run"),
        ("errors",),
        ("cancel", "1"),
        ("pause", "--queue", "q"),
        ("resume", "--queue", "q"),
        ("pauses",),
        ("stats",),
        ("prune",),
        ("version",),
        ("worker", "txjobs._demo_orders:app"),
    ],
    ids=" ".join,
)
def test_without_the_schema_every_command_says_migrate(
    bare: Run, empty_dsn: str, words: tuple[str, ...]
) -> None:
    refused(bare(*words, "--dsn", empty_dsn), 3, "txjobs migrate")


def test_a_role_without_rights_is_told_which_roles_there_are(
    bare: Run, dsn: str, conn: Connection
) -> None:
    conn.execute("create role txjobs_stranger login")
    try:
        answer = bare("list", "--dsn", make_conninfo(dsn, user="txjobs_stranger"))
    finally:
        conn.execute("drop role txjobs_stranger")
    refused(answer, 4, "permission denied", "jobs_reader")


# Errors and help


def test_with_json_an_error_is_an_object(bare: Run) -> None:
    answer = bare("list", "--json", "--dsn", NOWHERE)
    assert answer.out == ""
    found = json.loads(answer.err)
    assert found["exit_code"] == answer.code == 3
    assert "Connection refused" in found["error"]


def test_with_debug_an_error_has_its_traceback(bare: Run) -> None:
    answer = bare("list", "--debug", "--dsn", NOWHERE)
    assert answer.code == 3
    assert answer.err.startswith("Traceback")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("lst",), "list"),
        (("show",), "ID"),
        (("show", "x"), "integer"),
        (("list", "--limit", "0"), "--limit"),
        (("list", "--nonsense"), "--nonsense"),
        (("cancel",), "--queue"),
        (("retry",), "--dead"),
        (("retry", "1", "--dead"), "one or the other"),
        (("migrate", "--check", "--sql"), "choose one"),
        (("enqueue", "greet", "NaN"), "NaN"),
        (("enqueue", "greet", '"\udcff"'), "not JSON"),
    ],
    ids=str,
)
def test_a_wrong_command_line_is_one_line(txjobs: Run, words: tuple[str, ...], part: str) -> None:
    refused(txjobs(*words), 2, part)


def test_help_names_the_commands_and_the_exit_codes(bare: Run) -> None:
    answer = bare("--help")
    assert answer.code == 0
    words = ("migrate", "worker", "enqueue", "list", "show", "retry", "cancel", "pause", "events")
    for word in words:
        assert re.search(rf"\b{word}\b", answer.out)
    assert "Exit codes" in answer.out


def test_without_typer_the_script_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None; from txjobs.cli import main; sys.exit(main())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr == "txjobs: the command line needs typer: pip install 'txjobs[cli]'\n"


def test_a_reader_that_goes_away_is_no_error(dsn: str) -> None:
    command = f"{sys.executable} -m txjobs.cli migrate --sql | head -1"
    ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602
    assert ran.stdout.startswith("-- txjobs")
    assert ran.stderr == ""


# migrate, version


def test_migrate_checks_installs_and_finds_nothing_more_to_do(bare: Run, empty_dsn: str) -> None:
    at = ("--dsn", empty_dsn)
    before = bare("migrate", "--check", *at)
    assert (before.code, before.out.split()[0]) == (1, "pending:")
    assert bare("migrate", "--check", "--json", *at).json["pending"] is True
    done = bare("migrate", *at)
    assert (done.code, done.out.split()[0]) == (0, "done:")
    after = bare("migrate", "--check", *at)
    assert (after.code, after.out.partition(":")[0]) == (0, "up to date")


def test_migrate_says_in_json_what_it_did(bare: Run, empty_dsn: str) -> None:
    done = bare("migrate", "--json", "--dsn", empty_dsn).json
    assert done["installed"] is None
    assert done["changed"] is True
    assert len(done["steps"]) == 1
    again = bare("migrate", "--json", "--dsn", empty_dsn).json
    assert again["changed"] is False
    assert again["installed"] == done["available"]


def test_migrate_prints_a_script_that_installs(bare: Run, empty_dsn: str) -> None:
    script = bare("migrate", "--sql").out
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        conn.execute(script.encode())
    assert bare("migrate", "--check", "--dsn", empty_dsn).code == 0
    assert bare("migrate", "--sql", "--json").json["sql"] == script


def test_version_is_that_of_the_package_and_of_the_schema(txjobs: Run, dsn: str) -> None:
    found = txjobs("version", "--json").json
    assert found["txjobs"] == found["schema"]
    assert txjobs("version").out == f"txjobs {found['txjobs']}\nschema {found['schema']}\n"


# enqueue


def test_enqueue_makes_the_job_that_its_options_describe(txjobs: Run, conn: Connection) -> None:
    answer = txjobs(
        "enqueue", "greet", '{"name": "ada", "n": 12345678901234567890}', "-q", "mail", "--json",
        "--priority", 5, "--delay", "1h30m", "--max-attempts", 3, "--timeout", "10s",
        "--lease", "1m", "--backoff", '{"strategy": "linear", "base": 2, "jitter": 0}',
        "--routing-key", "eu", "--headers", '{"trace": "x"}',
    )  # fmt: skip
    job = answer.json["id"]
    (row,) = conn.execute("select args::text, options from jobs.job where id = %s", (job,))
    assert row[0] == '{"n": 12345678901234567890, "name": "ada"}'
    info = txjobs("show", job, "--json").json
    assert (info["state"], info["queue"], info["priority"]) == ("scheduled", "mail", 5)
    assert (info["max_attempts"], info["headers"]) == (3, {"trace": "x"})
    assert row[1]["routing_key"] == "eu"
    assert row[1]["backoff"]["strategy"] == "linear"
    (due,) = conn.execute(
        "select extract(epoch from run_at - created_at)::float8 from jobs.job_state where id = %s",
        (job,),
    )
    assert due[0] == pytest.approx(5400, abs=1)


def test_enqueue_tells_people_the_id(txjobs: Run, conn: Connection) -> None:
    answer = txjobs("enqueue", "greet")
    assert re.fullmatch(r"enqueued job \d+ \(greet\)\n", answer.out)


def test_enqueue_takes_a_time(txjobs: Run, conn: Connection) -> None:
    job = txjobs("enqueue", "greet", "--run-at", "2090-01-01T00:00:00+01:00", "--json").json["id"]
    assert txjobs("show", job, "--json").json["run_at"].startswith("2089-12-31T23:00:00")


def test_enqueue_reads_arguments_from_standard_input(dsn: str, conn: Connection) -> None:
    subprocess.run(
        [sys.executable, "-m", "txjobs.cli", "enqueue", "greet", "-", "--dsn", dsn],
        input='{"name": "ada"}', text=True, check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    (row,) = conn.execute("select args from jobs.job")
    assert row[0] == {"name": "ada"}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("{",), "JSON"),
        (("{}", "--delay", "5q"), "5m"),
        (("{}", "--delay", ""), "5m"),
        (("{}", "--run-at", "2090-01-01"), "zone"),
        (("{}", "--priority", "101"), "between -100 and 100"),
        (("{}", "--backoff", '{"bse": 1}'), "base"),
        (("{}", "--headers", "[]"), "object"),
        (("{}", "--delay", "1s", "--run-at", "2090-01-01T00:00Z"), "one of them"),
    ],
    ids=str,
)
def test_what_cannot_be_enqueued_is_one_line(
    txjobs: Run, conn: Connection, words: tuple[str, ...], part: str
) -> None:
    refused(txjobs("enqueue", "greet", *words), 2, part)
    assert conn.execute("select from jobs.job").fetchall() == []


# list, show


def test_list_filters_and_pages(txjobs: Run, conn: Connection) -> None:
    jobs = [enqueue(conn, queue="mail" if n % 2 else "other") for n in range(5)]
    mail = [jobs[3], jobs[1]]
    first = txjobs("list", "--queue", "mail", "--limit", 1, "--json").json
    second = txjobs("list", "--queue", "mail", "--after", first["next"], "--json").json
    assert [job["id"] for page in (first, second) for job in page["jobs"]] == mail
    assert second["next"] is None
    assert [job["id"] for job in txjobs("list", "--state", "ready", "--json").json["jobs"]] == jobs
    assert txjobs("list", "--kind", "nothing").out == "no such job\n"


def test_list_is_a_table_that_names_the_next_page(txjobs: Run, conn: Connection) -> None:
    jobs = [enqueue(conn) for _ in range(3)]
    lines = txjobs("list", "--limit", 2).out.splitlines()
    assert lines[0].split()[:4] == ["job", "kind", "queue", "state"]
    assert [line.split()[0] for line in lines[2:4]] == [str(jobs[2]), str(jobs[1])]
    assert "--after" in lines[4]


def test_an_unknown_state_is_refused(txjobs: Run) -> None:
    refused(txjobs("list", "--state", "lost"), 2, "scheduled")


def test_show_prints_the_timeline_and_the_errors(txjobs: Run, conn: Connection) -> None:
    job = enqueue(conn, queue="mail")
    bury(conn)
    out = txjobs("show", job).out
    assert re.search(rf"job {job}  greet  dead \(aborted\)", out)
    for line in (r"\+0.000 s +enqueued", "claimed +attempt 1", "dead +attempt 1 +aborted"):
        assert re.search(line, out)
    assert "attempt 1: ValueError: no\nTraceback: here" in out
    found = txjobs("show", job, "--json").json
    assert [event["type"] for event in found["history"]] == ["enqueued", "claimed", "dead"]
    assert found["errors"][0]["error"]["type"] == "ValueError"


def test_what_a_job_holds_cannot_command_the_terminal(txjobs: Run, conn: Connection) -> None:
    job = enqueue(conn, kind="\x1b[31mred[/]", args='{"a": "\\u001b[2J"}')
    bury(conn)
    for answer in (txjobs("show", job), txjobs("list"), txjobs("list", "--json")):
        assert "\x1b" not in answer.out


def test_a_job_that_is_not_there_is_a_no(txjobs: Run) -> None:
    refused(txjobs("show", 999), 1, "no job 999")


# retry, cancel


def test_cancel_and_retry_change_the_jobs_named(txjobs: Run, conn: Connection) -> None:
    jobs = [enqueue(conn) for _ in range(2)]
    answer = txjobs("cancel", *jobs, "--reason", "not wanted")
    assert (answer.code, answer.out) == (0, "".join(f"job {job}: cancelled\n" for job in jobs))
    assert txjobs("show", jobs[0], "--json").json["reason"] == "not wanted"
    assert txjobs("retry", *jobs, "--json").json == {
        "jobs": [{"id": job, "ok": True, "state": "ready"} for job in jobs]
    }


def test_one_job_that_cannot_be_changed_is_a_no_and_the_others_are(
    txjobs: Run, conn: Connection
) -> None:
    done, ready = enqueue(conn), enqueue(conn)
    conn.execute("select jobs.complete(token) from jobs.claim()")
    answer = txjobs("cancel", done, 999, ready)
    assert answer.code == 1
    assert answer.out.splitlines()[0] == f"job {done}: completed already, so nothing was changed"
    assert "no job 999" in answer.out
    assert state(conn, ready) == "cancelled"
    found = txjobs("retry", done, 999, "--json")
    assert (found.code, [one["ok"] for one in found.json["jobs"]]) == (1, [True, False])


def test_a_job_that_has_not_ended_cannot_be_retried(txjobs: Run, conn: Connection) -> None:
    answer = txjobs("retry", enqueue(conn))
    assert answer.code == 1
    assert "has not ended" in answer.out


def test_a_filter_changes_many_up_to_a_limit(txjobs: Run, conn: Connection) -> None:
    for _ in range(3):
        enqueue(conn)
        bury(conn)
    assert txjobs("retry", "--dead", "--limit", 2).out == "retried 2 jobs\n"
    assert txjobs("retry", "--kind", "greet", "--json").json == {"retried": 1}
    assert txjobs("cancel", "--kind", "greet", "--limit", 1).out == "cancelled 1 job\n"
    assert txjobs("cancel", "--queue", "default", "--json").json == {"cancelled": 2}


# pause, resume, stats, prune


def test_pause_and_resume_are_seen_in_stats(txjobs: Run, conn: Connection) -> None:
    enqueue(conn, queue="mail")
    assert txjobs("pause", "--queue", "mail").out == "paused: queue mail\n"
    assert "mail (paused)" in txjobs("stats").out
    assert conn.execute("select from jobs.claim()").fetchall() == []
    answer = txjobs("resume", "--queue", "mail", "--kind", "greet", "--json")
    assert answer.json == {"queue": "mail", "kind": "greet", "paused": False}
    assert conn.execute("select from jobs.claim()").fetchall() == [()]


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_pausing_nothing_or_an_unknown_queue_is_refused(txjobs: Run, verb: str) -> None:
    refused(txjobs(verb), 2, "queue")
    refused(txjobs(verb, "--queue", "nothing"), 1, "no queue nothing")


def test_stats_count_what_is_and_what_was(txjobs: Run, conn: Connection) -> None:
    enqueue(conn, queue="mail")
    conn.execute("select jobs.complete(token) from jobs.claim()")
    enqueue(conn, queue="mail")
    found = txjobs("stats", "--window", "5m", "--json").json
    mail = next(queue for queue in found["queues"] if queue["queue"] == "mail")
    assert found["window"] == 300
    assert (mail["ready"], mail["completed"]) == (1, 1)
    assert "in the last 5 min" in txjobs("stats", "--window", "5m").out


def test_prune_deletes_what_is_old_enough(txjobs: Run, conn: Connection) -> None:
    for _ in range(3):
        enqueue(conn, queue="mail")
    conn.execute("select jobs.complete(token) from jobs.claim(max_jobs => 3)")
    assert txjobs("prune").out == "pruned 0 jobs\n"
    conn.execute("select jobs.configure_queue('mail', keep => '0')")
    assert txjobs("prune", "--limit", 1).out == "pruned 1 job: 1 completed\n"
    assert txjobs("prune", "--json").json == {
        "pruned": 2,
        "states": {"completed": 2},
        "results": 0,
        "batches": 0,
        "events": 0,
        "partitions": [],
    }


def test_a_dry_run_of_prune_says_what_would_go_and_changes_nothing(
    txjobs: Run, conn: Connection
) -> None:
    assert txjobs("prune", "--dry-run").out == "would prune 0 jobs\n"
    enqueue(conn, queue="mail")
    conn.execute("select jobs.complete(token) from jobs.claim()")
    conn.execute("select jobs.configure_queue('mail', keep => '0')")
    said = txjobs("prune", "--dry-run").out
    assert re.search(r"completed +mail +1 ", said)
    assert said.endswith("would prune 1 job: 1 completed\n")
    found = txjobs("prune", "--dry-run", "--json").json
    (line,) = found.pop("lines")
    assert (line["state"], line["name"], line["jobs"]) == ("completed", "mail", 1)
    assert found == {
        "dry_run": True,
        "pruned": 1,
        "states": {"completed": 1},
        "results": 0,
        "batches": 0,
        "events": 0,
        "partitions": [],
    }
    assert txjobs("prune").out == "pruned 1 job: 1 completed\n"


def test_prune_deletes_events_as_their_category_says(txjobs: Run, conn: Connection) -> None:
    conn.execute("select count(jobs.append_event('cart-1', 'a')) from generate_series(1, 8)")
    conn.execute("select jobs.configure_category('cart', keep => '0', keep_last => false)")
    enqueue(conn, queue="mail")
    conn.execute("select jobs.complete(token) from jobs.claim()")
    conn.execute("select jobs.configure_queue('mail', keep => '0')")
    answer = txjobs("prune", "--limit", 5)
    assert answer.out == "pruned 1 job, and 5 events: 1 completed\n"
    assert txjobs("prune", "--json").json["events"] == 3


def test_the_documentation_names_every_command_and_exit_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    from txjobs._cli_errors import ExitCode
    from txjobs._cli_main import _commands, _groups

    names = [*_commands, *(f"{group} {name}" for group in _groups for name in _groups[group][1])]
    for name in names:
        assert re.search(rf"^##+ txjobs {name}$", text, re.MULTILINE), name
        assert re.search(rf"^txjobs {name} ", text, re.MULTILINE), name
    for code in ExitCode:
        assert re.search(rf"\| {int(code)} \|", text)
