"""`txjobs consumers`: where each stands, what keeps it, and changing that."""

import json
from typing import Any

import psycopg
import pytest

import command_line
from command_line import NOWHERE, Run, Terminal, refused, typed

Connection = psycopg.Connection[Any]

bare = command_line.bare
txjobs = command_line.txjobs


@pytest.fixture
def consumers(conn: Connection) -> None:
    """`billing` has everything before it, `audit` nothing."""
    conn.execute("select count(jobs.append_event('order-1', 'a')) from generate_series(1, 3)")
    conn.execute("select jobs.create_consumer('billing', 'beginning', '{a,b.*}')")
    conn.execute("select jobs.create_consumer('audit', 'now', null, 'order', false, 'skip')")


def pos(conn: Connection, name: str = "billing") -> int:
    """Where it stands."""
    (row,) = conn.execute("select pos from jobs.list_consumers(%s)", (name,))
    return int(row[0])


def fail(conn: Connection, message: str = "no such order") -> None:
    """A batch of `billing` has failed, at its second event."""
    error = json.dumps({"type": "LookupError", "message": message})
    conn.execute(
        "select jobs.nack('billing', %s::jsonb, '1 h', (select max(pos) - 1 from "
        "jobs.poll('billing')))",
        (error,),
    )


EVERY = [
    ("add", "billing", "--after", "now"),
    ("list",),
    ("lag",),
    ("lag", "billing"),
    ("stuck",),
    ("reset", "billing", "now"),
    ("remove", "billing"),
]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_server_that_does_not_answer_is_one_line(bare: Run, words: tuple[str, ...]) -> None:
    refused(bare("consumers", *words, "--dsn", NOWHERE), 3, "Connection refused", "--dsn")


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_without_the_schema_every_command_says_migrate(
    bare: Run, empty_dsn: str, words: tuple[str, ...]
) -> None:
    refused(bare("consumers", *words, "--dsn", empty_dsn), 3, "txjobs migrate")


@pytest.mark.parametrize("words", [("lag",), ("reset", "--yes"), ("remove",)], ids=" ".join)
def test_a_consumer_that_is_not_there_is_a_no(txjobs: Run, words: tuple[str, ...]) -> None:
    more = ("now",) if words[0] == "reset" else ()
    answer = txjobs("consumers", words[0], "nothing", *more, *words[1:])
    refused(answer, 1, "no consumer nothing", "case-sensitive")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("add", "--after", "now"), "NAME"),
        (("add", "billing"), "--after"),
        (("add", "", "--after", "now"), "name"),
        (("add", "billing", "--after", "tomorrow"), "beginning"),
        (("add", "billing", "--after", "now", "--type", ""), "types"),
        (("add", "billing", "--after", "now", "--unknown-types", "ask"), "skip"),
        (("reset",), "NAME"),
        (("reset", "billing"), "POSITION"),
        (("remove",), "NAME"),
        (("list", "--stuck-for", "soon"), "5m"),
        (("stuck", "billing"), "unexpected"),
    ],
    ids=str,
)
def test_a_wrong_command_line_is_one_line(txjobs: Run, words: tuple[str, ...], part: str) -> None:
    refused(txjobs("consumers", *words), 2, part)


def test_add_makes_the_consumer_that_its_options_describe(txjobs: Run, conn: Connection) -> None:
    words = ("consumers", "add", "billing", "--after", "beginning")
    more = ("-t", "a", "-t", "b.*", "--category", "order", "--no-job-events")
    answer = txjobs(*words, *more, "--unknown-types", "skip")
    assert (answer.code, answer.out) == (0, "created: consumer billing\n")
    (found,) = txjobs("consumers", "list", "--json").json["consumers"]
    assert (found["types"], found["category"], found["job_events"], found["unknown_types"]) == (
        ["a", "b.*"], "order", False, "skip",
    )  # fmt: skip
    answer = txjobs(*words, *more, "--unknown-types", "skip", "--json")
    assert answer.json == {"consumer": "billing", "answer": "unchanged"}
    assert txjobs(*words).out == "changed: consumer billing\n"


def test_a_consumer_that_is_there_keeps_its_place(txjobs: Run, conn: Connection) -> None:
    conn.execute("select jobs.append_event('order-1', 'a')")
    txjobs("consumers", "add", "billing", "--after", "beginning")
    assert txjobs("consumers", "add", "billing", "--after", "now").out.startswith("unchanged")
    assert pos(conn) == 0
    refused(txjobs("consumers", "add", "audit", "--after", "99"), 1, "ahead of the log")


@pytest.mark.usefixtures("consumers")
def test_list_shows_what_each_reads_and_where_it_stands(txjobs: Run, conn: Connection) -> None:
    lines = txjobs("consumers", "list").out.splitlines()
    assert lines[0].split("  ")[0] == "name"
    audit, billing = (line.split() for line in lines[2:])
    assert audit[:8] == ["audit", "all", "of", "category", "order,", "none", "of", "jobs'"]
    assert audit[-3:] == ["up", "to", "date"]
    assert billing[:5] == ["billing", "a,", "b.*", "0", "3"]
    assert billing[-1] == "behind"
    first, second = txjobs("consumers", "list", "--json").json["consumers"]
    assert (first["name"], first["pos"], first["behind"], first["unknown_types"]) == (
        "audit", pos(conn, "audit"), 0, "skip",
    )  # fmt: skip
    assert (second["types"], second["stuck"], second["error"]) == (["a", "b.*"], False, None)


def test_without_consumers_the_commands_say_so(txjobs: Run) -> None:
    assert txjobs("consumers", "list").out == "no consumer yet\n"
    assert txjobs("consumers", "lag").out == "no consumer yet\n"
    assert txjobs("consumers", "list", "--json").json == {"consumers": []}


@pytest.mark.usefixtures("consumers")
def test_who_handles_a_batch_is_shown(txjobs: Run, conn: Connection) -> None:
    conn.execute("select count(*) from jobs.poll('billing', lease => '1 h')")
    conn.execute("select jobs.create_consumer('jobs', 'now', job_events => true)")
    out = txjobs("consumers", "list").out
    assert "handling a batch" in out
    assert "all, only jobs'" in out


@pytest.mark.usefixtures("consumers")
def test_lag_is_of_all_or_of_one(txjobs: Run, conn: Connection) -> None:
    lines = txjobs("consumers", "lag", "billing").out.splitlines()
    assert lines[0].split() == ["name", "position", "behind", "oldest", "waits", "moved"]
    assert lines[2].split()[:3] == ["billing", "0", "3"]
    assert len(lines) == 3
    found = txjobs("consumers", "lag", "--json").json["consumers"]
    assert [one["behind"] for one in found] == [0, 3]
    assert found[0]["behind_for"] is None
    assert found[1]["behind_for"] > 0
    assert list(found[0]) == ["name", "pos", "behind", "behind_for", "moved_at", "stuck"]


def test_a_long_lag_is_not_counted_to_its_end(txjobs: Run, conn: Connection) -> None:
    conn.execute("select jobs.create_consumer('billing', 'beginning')")
    conn.execute("select count(jobs.append_event('a-' || n, 'a')) from generate_series(1, 10001) n")
    assert "10,000 or more" in txjobs("consumers", "lag").out
    assert txjobs("consumers", "lag", "--json").json["consumers"][0]["behind"] == 10_000


# stuck


@pytest.mark.usefixtures("consumers")
def test_nobody_stuck_is_a_yes(txjobs: Run) -> None:
    answer = txjobs("consumers", "stuck")
    assert (answer.code, answer.out) == (0, "no consumer is stuck\n")
    answer = txjobs("consumers", "stuck", "--json")
    assert (answer.code, answer.json) == (0, {"stuck": []})


@pytest.mark.usefixtures("consumers")
def test_who_has_failed_is_stuck_and_that_is_a_no(txjobs: Run, conn: Connection) -> None:
    fail(conn)
    answer = txjobs("consumers", "stuck")
    assert answer.code == 1
    (line,) = answer.out.splitlines()[2:]
    for part in (
        "billing",
        "stuck: failed 1 times: no such order",
        "at position",
        "tried again in ",
    ):
        assert part in line
    answer = txjobs("consumers", "stuck", "--json")
    assert answer.code == 1
    (one,) = answer.json["stuck"]
    assert one["error"] == {"type": "LookupError", "message": "no such order"}
    assert one["failures"] == 1
    assert txjobs("consumers", "list").code == 0


@pytest.mark.usefixtures("consumers")
def test_who_has_not_moved_for_long_is_stuck(txjobs: Run) -> None:
    answer = txjobs("consumers", "stuck", "--stuck-for", "0s")
    assert answer.code == 1
    assert "has not moved for" in answer.out
    assert txjobs("consumers", "stuck", "--stuck-for", "1h").code == 0
    assert txjobs("consumers", "lag", "--stuck-for", "0", "--json").json["consumers"][1]["stuck"]


@pytest.mark.usefixtures("consumers")
def test_an_error_cannot_command_the_terminal(txjobs: Run, conn: Connection) -> None:
    fail(conn, "\x1b[31m\x9b\u202e[red]")
    for words in (("list",), ("stuck",), ("list", "--json"), ("stuck", "--json")):
        assert not {"\x1b", "\x9b", "\u202e"} & set(txjobs("consumers", *words).out)


# reset, remove


@pytest.mark.usefixtures("consumers")
def test_reset_goes_on_elsewhere(txjobs: Run, conn: Connection) -> None:
    end = pos(conn, "audit")
    answer = txjobs("consumers", "reset", "billing", "now")
    assert answer.out == f"consumer billing goes on after position {end} (it stood at 0)\n"
    assert pos(conn) == end
    answer = txjobs("consumers", "reset", "billing", 1, "--json")
    assert answer.json == {"consumer": "billing", "pos": 1, "before": end}
    assert txjobs("consumers", "reset", "billing", "beginning", "--yes").code == 0
    assert pos(conn) == 0


@pytest.mark.usefixtures("consumers")
def test_a_position_that_is_not_one_or_not_there_changes_nothing(
    txjobs: Run, conn: Connection
) -> None:
    refused(txjobs("consumers", "reset", "billing", "tomorrow"), 2, "beginning")
    refused(txjobs("consumers", "reset", "billing", 99), 1, "ahead of the log", "'now'")
    assert pos(conn) == 0


@pytest.mark.usefixtures("consumers")
def test_remove_forgets_a_consumer(txjobs: Run, conn: Connection) -> None:
    assert txjobs("consumers", "remove", "billing").out == (
        "removed: consumer billing (it stood at 0)\n"
    )
    answer = txjobs("consumers", "remove", "audit", "--yes", "--json")
    assert (answer.json["consumer"], answer.json["removed"]) == ("audit", True)
    assert txjobs("consumers", "list").out == "no consumer yet\n"


@pytest.mark.usefixtures("consumers")
@pytest.mark.parametrize(
    "words", [("reset", "billing", "now"), ("remove", "billing")], ids=" ".join
)
def test_a_person_is_asked_and_may_say_no(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    typed(monkeypatch, "n\n", Terminal)
    answer = txjobs("consumers", *words)
    assert (answer.code, answer.out) == (1, "consumer billing is left as it is\n")
    assert "billing stands at 0" in answer.err
    typed(monkeypatch, "\n", Terminal)
    answer = txjobs("consumers", *words, "--json")
    assert (answer.code, answer.json) == (1, {"consumer": "billing", "changed": False})
    assert pos(conn) == 0


@pytest.mark.usefixtures("consumers")
@pytest.mark.parametrize(
    "words", [("reset", "billing", "now"), ("remove", "billing")], ids=" ".join
)
def test_a_person_who_says_yes_is_obeyed(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    typed(monkeypatch, "y\n", Terminal)
    answer = txjobs("consumers", *words, "--json")
    assert (answer.code, answer.json["consumer"]) == (0, "billing")
    typed(monkeypatch, "n\n", Terminal)
    assert txjobs("consumers", "reset", "audit", "0", "-y").code == 0  # was not asked


@pytest.mark.usefixtures("consumers")
def test_a_person_who_goes_away_has_interrupted(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "", Terminal)
    answer = txjobs("consumers", "reset", "billing", "now")
    assert (answer.code, answer.out) == (130, "")
    assert pos(conn) == 0
