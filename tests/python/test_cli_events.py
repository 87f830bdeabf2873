"""`txjobs events`: appending, reading, the latest, the streams; for people and for programs."""

import json
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest

import command_line
from command_line import NOWHERE, Run, refused, typed

Connection = psycopg.Connection[Any]

bare = command_line.bare
txjobs = command_line.txjobs

ID = "0b7e7f7e-0000-4000-8000-000000000001"
# More digits than a float has, and more than an int64.
DATA = '{"n": null, "total": 4999.10000000000000000000001, "large": 123456789012345678901234567890}'


def append(conn: Connection, stream: str, event_type: str, data: object = None) -> int:
    """An event, by SQL."""
    (row,) = conn.execute(
        "select jobs.append_event(%s, %s, %s::jsonb)", (stream, event_type, json.dumps(data or {}))
    )
    return int(row[0])


def log(conn: Connection) -> list[tuple[str, int, str]]:
    """Streams, versions and types, in order."""
    return conn.execute(
        "select stream, version, type from jobs.stream_event order by pos"
    ).fetchall()


EVERY = [
    ("append", "order-1", "order.placed"),
    ("read", "order-1"),
    ("tail",),
    ("tail", "-f"),
    ("latest", "order-1"),
    ("streams",),
]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_server_that_does_not_answer_is_one_line(bare: Run, words: tuple[str, ...]) -> None:
    refused(bare("events", *words, "--dsn", NOWHERE), 3, "Connection refused", "--dsn")


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_without_the_schema_every_command_says_migrate(
    bare: Run, empty_dsn: str, words: tuple[str, ...]
) -> None:
    refused(bare("events", *words, "--dsn", empty_dsn), 3, "txjobs migrate")


def test_without_a_command_the_group_shows_its_help(bare: Run) -> None:
    answer = bare("events")
    assert answer.code == 2
    for word in ("append", "read", "tail", "latest", "streams"):
        assert word in answer.out


# append


def test_append_says_where_the_event_is(txjobs: Run, conn: Connection) -> None:
    answer = txjobs("events", "append", "order-1", "order.placed", "{}")
    (row,) = conn.execute("select pos from jobs.stream_event")
    assert answer.out == f"appended 1 event to order-1: version 1, position {row[0]}\n"
    found = txjobs("events", "append", "order-1", "order.paid", "--json").json
    (row,) = conn.execute("select max(pos) from jobs.stream_event")
    assert found == {
        "stream": "order-1",
        "events": [{"pos": row[0], "version": 2, "created": True}],
    }


def test_append_makes_the_event_that_its_options_describe(txjobs: Run, conn: Connection) -> None:
    cause = append(conn, "cart-1", "cart.left")
    answer = txjobs(
        "events", "append", "order-1", "order.placed", DATA, "--expected-version", 0,
        "--event-id", ID, "--headers", '{"traceparent": "00-a-b-01", "n": 1.10}',
        "--schema-version", 3, "--caused-by", cause,
    )  # fmt: skip
    assert answer.code == 0
    (row,) = conn.execute(
        "select event_id, schema_version, data = %s::jsonb, data::text, headers from "
        "jobs.read_stream('order-1')",
        (DATA,),
    )
    assert row[:3] == (uuid.UUID(ID), 3, True)
    assert "4999.10000000000000000000001" in row[3]
    assert row[4]["traceparent"] == "00-a-b-01"
    assert row[4]["causation_id"] == f"{cause}"


def test_headers_may_be_given_one_by_one(txjobs: Run, conn: Connection) -> None:
    txjobs(
        "events", "append", "order-1", "order.placed", "--header", "a=1=2", "--header", "b=",
    )  # fmt: skip
    (row,) = conn.execute("select headers from jobs.read_stream('order-1')")
    assert row[0] == {"a": "1=2", "b": ""}


def test_data_may_be_null_and_without_any_is_an_empty_object(txjobs: Run, conn: Connection) -> None:
    txjobs("events", "append", "order-1", "a", "null")
    txjobs("events", "append", "order-1", "b")
    rows = conn.execute("select data::text from jobs.read_stream('order-1')").fetchall()
    assert rows == [("null",), ("{}",)]


def test_append_reads_data_from_standard_input(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, '\ufeff{"name": "Ada – 世界 🚀"}')
    assert txjobs("events", "append", "order-1", "order.placed", "-").code == 0
    (row,) = conn.execute("select data from jobs.read_stream('order-1')")
    assert row[0] == {"name": "Ada – 世界 🚀"}


def test_another_version_is_a_conflict_with_a_code_of_its_own(
    txjobs: Run, conn: Connection
) -> None:
    append(conn, "order-1", "order.placed")
    words = ("events", "append", "order-1", "order.paid", "--expected-version")
    refused(txjobs(*words, 0), 6, "version conflict", "expected 0, actual 1", "read the stream")
    answer = txjobs(*words, 5, "--json")
    found = json.loads(answer.err)
    assert (answer.code, answer.out, found["exit_code"]) == (6, "", 6)
    assert txjobs(*words, 1).code == 0
    assert len(log(conn)) == 2


def test_what_was_appended_before_is_not_appended_again(txjobs: Run, conn: Connection) -> None:
    words = ("events", "append", "order-1", "order.placed", "--event-id", ID)
    first = txjobs(*words, "--json").json["events"][0]
    again = txjobs(*words, "--json").json["events"][0]
    assert again == {**first, "created": False}
    assert "nothing appended: order-1 has this event id already: version 1" in txjobs(*words).out
    assert len(log(conn)) == 1


def test_an_event_id_of_another_stream_is_refused(txjobs: Run, conn: Connection) -> None:
    txjobs("events", "append", "order-1", "order.placed", "--event-id", ID)
    answer = txjobs("events", "append", "order-2", "order.placed", "--event-id", ID)
    refused(answer, 4, ID, "order-1", "draw a new one")


@pytest.mark.parametrize(
    "text",
    [
        '[{"type": "a", "data": 1.10000000000000000000001}, {"type": "b"}]',
        '\ufeff\n{"type": "a", "data": 1.10000000000000000000001}\n\n  {"type": "b"}\n',
        '{"type": "a", "data": 1.10000000000000000000001}\r\n{"type": "b"}\r\n',
    ],
    ids=["array", "lines", "dos"],
)
def test_a_file_is_appended_as_a_whole(
    txjobs: Run, conn: Connection, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "events.json"
    file.write_bytes(text.encode())
    answer = txjobs("events", "append", "order-1", "--file", file, "--expected-version", 0)
    assert answer.out.startswith("appended 2 events to order-1: versions 1 to 2, positions ")
    assert log(conn) == [("order-1", 1, "a"), ("order-1", 2, "b")]
    (row,) = conn.execute("select data::text from jobs.read_stream('order-1') limit 1")
    assert row[0] == "1.10000000000000000000001"


def test_one_object_over_several_lines_is_one_event(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, '{\n"type": "a",\n"data": {}\n}\n')
    found = txjobs("events", "append", "order-1", "--file", "-", "--json").json
    assert [event["version"] for event in found["events"]] == [1]


def test_a_file_that_was_appended_before_is_not_appended_again(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps([{"type": "a", "event_id": str(uuid.uuid4())} for _ in range(2)])
    typed(monkeypatch, text)
    txjobs("events", "append", "order-1", "--file", "-")
    typed(monkeypatch, text)
    answer = txjobs("events", "append", "order-1", "--file", "-")
    assert answer.out.startswith("nothing appended: order-1 has these event ids already: versions")
    assert len(log(conn)) == 2


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "not JSON"),
        ("[]", "with elements"),
        ("7", "with elements"),
        ('{"type": "a"}\n{"type": }', "line 2"),
        ('{"type": "a"}\n[1]', "line 2"),
        ('[{"type": "a"}, {"tpye": "b"}]', "tpye"),
        ('[{"type": "a"}, {"type": "b", "data": NaN}]', "NaN"),
        ('[{"type": "a"}, {"type": "b", "event_id": "x"}]', "UUID"),
        (b'[{"type": "\xff"}]', "UTF-8"),
    ],
    ids=repr,
)
def test_of_a_file_that_is_wrong_nothing_is_appended(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch, text: str | bytes, part: str
) -> None:
    typed(monkeypatch, text)
    refused(txjobs("events", "append", "order-1", "--file", "-"), 2, part)
    assert log(conn) == []


def test_a_file_that_cannot_be_read_is_one_line(txjobs: Run, tmp_path: Path) -> None:
    words = ("events", "append", "order-1", "--file")
    refused(txjobs(*words, tmp_path / "nothing"), 2, "No such file")
    (tmp_path / "latin").write_bytes(b"\xe4")
    refused(txjobs(*words, tmp_path / "latin"), 2, "UTF-8")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "STREAM"),
        (("order-1",), "TYPE"),
        (("order-1", "a", "{"), "not JSON"),
        (("order-1", "a", "Infinity"), "Infinity"),
        (("order-1", "a", '"\udcff"'), "not JSON"),
        (("order-1", "a", "[" * 100_000), "not JSON"),
        (("order-1", "job.done"), "job."),
        (("order-1", "order.*"), "without *"),
        (("order-1", "a", "--expected-version", "-1"), "--expected-version"),
        (("order-1", "a", "--event-id", "7"), "--event-id"),
        (("order-1", "a", "--schema-version", "0"), "schema_version"),
        (("order-1", "a", "--headers", "[]"), "object"),
        (("order-1", "a", "--header", "a"), "NAME=TEXT"),
        (("order-1", "a", "--header", "=a"), "NAME=TEXT"),
        (("order-1", "a", "--header", "a=1", "--header", "a=2"), "twice"),
        (("order-1", "a", "--header", "a=1", "--headers", "{}"), "exclude"),
        (("order-1", "a", "--file", "-"), "--file"),
        (("order-1", "--file", "-", "--header", "a=1"), "--file"),
        (("order-1", "--file", "-", "--event-id", ID), "--file"),
        (("job-1", "a"), "job"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_appended_is_one_line(
    txjobs: Run, conn: Connection, words: tuple[str, ...], part: str
) -> None:
    refused(txjobs("events", "append", *words), 2, part)
    assert log(conn) == []


def test_a_cause_that_is_not_there_is_a_no(txjobs: Run) -> None:
    refused(txjobs("events", "append", "order-1", "a", "--caused-by", 99), 1, "99")


# read


def test_a_stream_is_a_table_for_people(txjobs: Run, conn: Connection) -> None:
    first = append(conn, "order-1", "order.placed", {"name": "世界 🚀"})
    append(conn, "order-2", "order.placed")
    second = append(conn, "order-1", "order.paid", {"text": "x" * 1000})
    lines = txjobs("events", "read", "order-1").out.splitlines()
    assert lines[0].split() == ["position", "at", "stream", "version", "type", "data"]
    assert lines[2].split()[0] == str(first)
    assert '{"name": "世界 🚀"}' in lines[2]
    assert lines[3].split()[0] == str(second)
    assert "x" * 1000 not in "".join(lines)
    assert txjobs("events", "read", "order-9").out == "no such event\n"


def test_with_json_every_event_is_a_line_with_every_digit(txjobs: Run, conn: Connection) -> None:
    txjobs(
        "events", "append", "order-1", "a", DATA, "--event-id", ID, "--headers", '{"k": "v"}',
        "--schema-version", 2,
    )  # fmt: skip
    txjobs("events", "append", "order-1", "b", '"\x7f\x9b\u2028\u202e"')
    answer = txjobs("events", "read", "order-1", "--json")
    first, second = answer.lines
    assert list(first) == [
        "pos", "at", "stream", "version", "type", "schema_version", "event_id", "headers", "data",
    ]  # fmt: skip
    assert (first["stream"], first["version"], first["type"]) == ("order-1", 1, "a")
    assert (first["schema_version"], first["event_id"]) == (2, ID)
    assert (first["headers"], first["data"]["n"]) == ({"k": "v"}, None)
    assert "4999.10000000000000000000001" in answer.out
    assert "123456789012345678901234567890" in answer.out
    assert (second["event_id"], second["headers"]) == (None, {})
    assert second["data"] == "\x7f\x9b\u2028\u202e"
    assert not {"\x7f", "\x9b", "\u2028", "\u202e"} & set(answer.out)


def test_cloudevents_are_those_of_the_database(txjobs: Run, conn: Connection) -> None:
    append(conn, "order-1", "order.placed", {"total": 1})
    conn.execute("select jobs.enqueue('greet')")
    rows = conn.execute("select jobs.cloudevent(e) from jobs.read_all() e").fetchall()
    found = txjobs("events", "read", "--all", "--cloudevents").lines
    assert found == [row[0] for row in rows]
    assert {event["specversion"] for event in found} == {"1.0"}
    for words in (("order-1",), ("--category", "order")):
        assert txjobs("events", "read", *words, "--cloudevents").lines == found[:1]
    assert txjobs("events", "latest", "order-1", "--cloudevents").lines == found[:1]


def test_a_stream_is_read_from_a_version_and_backwards(txjobs: Run, conn: Connection) -> None:
    for _ in range(5):
        append(conn, "order-1", "a")

    def versions(*words: object) -> list[int]:
        lines = txjobs("events", "read", "order-1", *words, "--json").lines
        return [event["version"] for event in lines]

    assert versions("--from-version", 3) == [3, 4, 5]
    assert versions("--backwards") == [5, 4, 3, 2, 1]
    assert versions("--backwards", "--from-version", 2) == [2, 1]
    assert versions("--limit", 2) == [1, 2]
    more = txjobs("events", "read", "order-1", "-n", 2).out.splitlines()[-1]
    assert more == "more: --from-version 3"
    more = txjobs("events", "read", "order-1", "-n", 2, "--backwards").out.splitlines()[-1]
    assert more == "more: --from-version 3"


def test_types_are_patterns_in_a_stream_as_in_the_log(txjobs: Run, conn: Connection) -> None:
    types = ["order.placed", "order.paid", "orderxplaced", "a_b", "axb", "50%", "500"]
    for one in types:
        append(conn, "order-1", one)
    patterns = (["order.*"], ["*placed", "50%"], ["a_b"], ["*"], ["order.p*d"], ["ORDER.*"], ["o"])
    for wanted in patterns:
        words = [word for one in wanted for word in ("--type", one)]
        of_stream = txjobs("events", "read", "order-1", *words, "--json").lines
        of_log = txjobs("events", "read", "--all", *words, "--json").lines
        assert of_stream == of_log, wanted
    found = txjobs("events", "read", "order-1", "-t", "order.*", "--json").lines
    assert [event["type"] for event in found] == ["order.placed", "order.paid"]


def test_a_page_of_a_stream_counts_what_fits(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("txjobs._cli_events.PAGE", 3)
    for nth in range(10):
        append(conn, "order-1", "even" if nth % 2 else "odd")
    answer = txjobs("events", "read", "order-1", "--type", "even", "-n", 4)
    assert len(answer.out.splitlines()) == 2 + 4 + 1
    assert answer.out.splitlines()[-1] == "more: --from-version 9"
    found = txjobs("events", "read", "order-1", "--type", "even", "-n", 99, "--json").lines
    assert [event["version"] for event in found] == [2, 4, 6, 8, 10]


def test_the_log_is_read_on_page_by_page(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("txjobs._cli_log.PAGE", 3)
    expected = [append(conn, f"order-{nth}", "a") for nth in range(8)]
    found = txjobs("events", "read", "--all", "--json").lines
    assert [event["pos"] for event in found] == expected
    first = txjobs("events", "read", "--category", "order", "-n", 5)
    assert first.out.splitlines()[-1] == f"more: --after {expected[4]}"
    rest = txjobs("events", "read", "--category", "order", "--after", expected[4], "--json").lines
    assert [event["pos"] for event in rest] == expected[5:]


def test_jobs_events_are_told_apart(txjobs: Run, conn: Connection) -> None:
    append(conn, "order-1", "a")
    conn.execute('select count(*) from jobs.enqueue_many(\'[{"kind": "g"}, {"kind": "g"}]\')')

    def types(*words: object) -> list[str]:
        return [event["type"] for event in txjobs("events", "read", *words, "--json").lines]

    assert types("--all") == ["a", "job.enqueued", "job.enqueued"]
    assert types("--all", "--no-job-events") == ["a"]
    assert types("--all", "--job-events") == ["job.enqueued", "job.enqueued"]
    assert types("--category", "job") == ["job.enqueued", "job.enqueued"]
    assert "job.enqueued" in txjobs("events", "read", "--all").out


def test_jobs_that_share_a_position_are_counted_as_one(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("txjobs._cli_log.PAGE", 2)
    jobs = json.dumps([{"kind": "greet"}] * 8)
    conn.execute("select count(*) from jobs.enqueue_many(%s::jsonb)", (jobs,))
    for _ in range(4):
        conn.execute("select count(*) from jobs.claim(max_jobs => 2)")
    found = txjobs("events", "read", "--all", "-t", "job.claimed", "-n", 3, "--json").lines
    assert len({event["pos"] for event in found}) == 3
    assert len({event["stream"] for event in found}) == len(found) == 6


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "--category or --all"),
        (("order-1", "--all"), "drop"),
        (("order-1", "--after", "1"), "drop"),
        (("order-1", "--category", "order"), "drop"),
        (("order-1", "--no-job-events"), "drop"),
        (("order-1", "--type", ""), "--type"),
        (("--all", "--type", ""), "types"),
        (("--all", "--category", "order"), "one of them"),
        (("--all", "--backwards"), "--backwards"),
        (("--category", "order", "--from-version", "1"), "--from-version"),
        (("--category", "order", "--job-events"), "exclude"),
        (("--all", "--limit", "0"), "--limit"),
        (("--after", "x"), "--after"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_one_line(txjobs: Run, words: tuple[str, ...], part: str) -> None:
    refused(txjobs("events", "read", *words), 2, part)


def test_a_position_that_is_not_in_the_log_is_a_no(txjobs: Run, conn: Connection) -> None:
    refused(txjobs("events", "read", "--after", 99), 1, "ahead of the log", "Restart at")
    append(conn, "order-1", "a")
    append(conn, "order-1", "b")
    conn.execute("select jobs.configure_category('order', keep => '0')")
    assert conn.execute("select state, jobs from jobs.prune()").fetchall() == [("event", 1)]
    refused(txjobs("events", "read", "--after", 0), 1, "gone", "beginning")
    refused(txjobs("events", "read", "order-1", "--from-version", 1), 1, "gone")
    assert [event["type"] for event in txjobs("events", "read", "--all", "--json").lines] == ["b"]


def test_what_an_event_holds_cannot_command_the_terminal(txjobs: Run, conn: Connection) -> None:
    append(conn, "order-\x1b[31m", "\x9bred", {"a": "\x1b[2J\u202e"})
    for words in (("read", "--all"), ("tail",), ("latest", "order-\x1b[31m"), ("streams",)):
        for more in ((), ("--json",)):
            assert not {"\x1b", "\x9b", "\u202e"} & set(txjobs("events", *words, *more).out)


# latest, streams


def test_latest_is_the_newest_that_fits(txjobs: Run, conn: Connection) -> None:
    append(conn, "order-1", "order.placed", {"total": 1})
    append(conn, "order-1", "order.placed", {"total": 2})
    append(conn, "order-1", "order.paid")

    def latest(*words: object) -> dict[str, Any]:
        (found,) = txjobs("events", "latest", *words, "--json").lines
        return dict(found)

    assert latest("order-1")["type"] == "order.paid"
    assert latest("order-1", "--type", "order.placed")["data"] == {"total": 2}
    assert latest("--type", "order.placed", "--contains", '{"total": 1}')["version"] == 1
    out = txjobs("events", "latest", "order-1", "--type", "order.placed").out
    assert [line.split()[0] for line in out.splitlines()] == [
        "position", "stream", "version", "type", "appended", "data",
    ]  # fmt: skip


def test_latest_without_an_event_is_a_no(txjobs: Run) -> None:
    refused(txjobs("events", "latest", "order-1"), 1, "no such event")


def test_latest_of_nothing_and_of_no_json_are_refused(txjobs: Run) -> None:
    refused(txjobs("events", "latest"), 2, "STREAM")
    refused(txjobs("events", "latest", "order-1", "--contains", "{"), 2, "not JSON")


def test_streams_are_paged_by_name(txjobs: Run, conn: Connection) -> None:
    assert txjobs("events", "streams").out == "no such stream\n"
    for stream in ("order-1", "order-2", "order-2", "cart-1", "order-it's"):
        append(conn, stream, "a")
    first = txjobs("events", "streams", "--limit", 2, "--json").json
    second = txjobs("events", "streams", "--after", first["next"], "--json").json
    names = [one["stream"] for page in (first, second) for one in page["streams"]]
    assert names == ["cart-1", "order-1", "order-2", "order-it's"]
    assert second["next"] is None
    assert second["streams"][0]["version"] == 2
    assert second["streams"][0]["type"] == "a"
    lines = txjobs("events", "streams", "--category", "order", "-n", 3).out.splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["order-1", "order-2", "order-it's"]
    assert lines[5] == "more: --after 'order-it'\"'\"'s'"
    refused(txjobs("events", "streams", "--limit", 1001), 2, "--limit")
