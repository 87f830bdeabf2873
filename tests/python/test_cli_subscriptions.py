"""`txjobs subscriptions`, and what an application declares: `sync` and `migrate --app`."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

import command_line
from command_line import NOWHERE, Run, refused

Connection = psycopg.Connection[Any]

bare = command_line.bare
txjobs = command_line.txjobs

SHOP = """
from txjobs import Event, Jobs

app = Jobs()

@app.on("order.placed")
async def search_index(event: Event) -> None:
    pass

@app.consumer("billing", from_position="beginning", types=["order.*"])
def billing(conn, events) -> None:
    pass
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Writes an application, of this text, and says how to name it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    numbers = itertools.count()

    def write(text: str = SHOP) -> str:
        name = f"shop_{tmp_path.name}_{next(numbers)}"
        (tmp_path / f"{name}.py").write_text(text)
        return f"{name}:app"

    return write


def subscribe(conn: Connection, name: str, **options: object) -> None:
    """A subscription, by SQL."""
    named = "".join(f", {key} => %({key})s" for key in options)
    conn.execute(f"select jobs.subscribe(%(name)s{named})", {"name": name, **options})


def append(conn: Connection, number: int = 1, event_type: str = "order.placed") -> None:
    """Events, by SQL."""
    conn.execute(
        "select count(jobs.append_event('order-1', %s)) from generate_series(1, %s)",
        (event_type, number),
    )


def jobs(conn: Connection) -> int:
    """How many there are."""
    (row,) = conn.execute("select count(*) from jobs.job")
    return int(row[0])


EVERY = [
    ("add", "search"),
    ("list",),
    ("show", "search"),
    ("pause", "search"),
    ("resume", "search"),
    ("remove", "search"),
    ("backfill",),
    ("sync", "txjobs._demo_orders:app"),
]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_server_that_does_not_answer_is_one_line(bare: Run, words: tuple[str, ...]) -> None:
    refused(bare("subscriptions", *words, "--dsn", NOWHERE), 3, "Connection refused", "--dsn")


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_without_the_schema_every_command_says_migrate(
    bare: Run, empty_dsn: str, words: tuple[str, ...]
) -> None:
    refused(bare("subscriptions", *words, "--dsn", empty_dsn), 3, "txjobs migrate")


@pytest.mark.parametrize("verb", ["show", "pause", "resume", "remove", "backfill"])
def test_a_subscription_that_is_not_there_is_a_no(txjobs: Run, verb: str) -> None:
    refused(txjobs("subscriptions", verb, "nothing"), 1, "no subscription nothing", "case-sensit")


@pytest.mark.parametrize(
    "words",
    [("add",), ("show",), ("pause",), ("resume",), ("remove",), ("sync",), ("lst",)],
    ids=" ".join,
)
def test_a_wrong_command_line_is_one_line(txjobs: Run, words: tuple[str, ...]) -> None:
    refused(txjobs("subscriptions", *words), 2, "--help")


# add, list, show


def test_add_makes_the_subscription_that_its_options_describe(
    txjobs: Run, conn: Connection
) -> None:
    append(conn, 2)
    words = ("subscriptions", "add", "mail", "-t", "order.*", "-t", "b", "--category", "order")
    more = ("-k", "send", "-q", "post", "--routing-key", "eu", "--delay", "1m30s")
    answer = txjobs(*words, *more, "--after", "beginning")
    assert (answer.code, answer.out) == (0, "created: subscription mail\n")
    found = txjobs("subscriptions", "show", "mail", "--json").json
    assert (found["types"], found["category"], found["kind"]) == (["order.*", "b"], "order", "send")
    assert (found["queue"], found["routing_key"], found["delay"]) == ("post", "eu", 90)
    assert jobs(conn) == 2
    assert txjobs(*words, *more, "--json").json == {"subscription": "mail", "answer": "unchanged"}
    assert txjobs(*words).out == "changed: subscription mail\n"
    assert txjobs("subscriptions", "show", "mail", "--json").json["kind"] == "mail"


def test_a_new_subscription_begins_now(txjobs: Run, conn: Connection) -> None:
    append(conn)
    txjobs("subscriptions", "add", "search")
    assert jobs(conn) == 0
    append(conn)
    assert jobs(conn) == 1


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("", "--type", "a"), 2, "name"),
        (("a", "--type", ""), 2, "types"),
        (("a", "--after", "tomorrow"), 2, "beginning"),
        (("a", "--after", "99"), 1, "ahead of the log"),
        (("a", "--delay", "soon"), 2, "5m"),
        (("a", "--delay", "-1s"), 2, "5m"),
    ],
    ids=str,
)
def test_what_cannot_be_a_subscription_is_one_line(
    txjobs: Run, words: tuple[str, ...], code: int, part: str
) -> None:
    refused(txjobs("subscriptions", "add", *words), code, part)
    assert txjobs("subscriptions", "list", "--json").json == {"subscriptions": []}


def test_list_shows_what_each_matches_and_how_far_it_is(txjobs: Run, conn: Connection) -> None:
    assert txjobs("subscriptions", "list").out == "no subscription yet\n"
    assert txjobs("subscriptions", "list", "--json").json == {"subscriptions": []}
    subscribe(conn, "search", types=["order.*"], queue="find")
    subscribe(conn, "mail", category="order", kind="send", delay="90 s", routing_key="eu")
    conn.execute("select jobs.pause(subscription => 'mail')")
    append(conn, 2)
    lines = txjobs("subscriptions", "list").out.splitlines()
    assert lines[0].split() == ["name", "events", "kind", "queue", "state", "behind", "waiting"]
    mail, search = lines[2:]
    assert mail.split() == ["mail", "all", "of", "category", "order", "send", "default", "paused", "2", "0"]  # fmt: skip # noqa: E501
    assert search.split() == ["search", "order.*", "search", "find", "live", "0", "2"]
    first, second = txjobs("subscriptions", "list", "--json").json["subscriptions"]
    assert (first["name"], first["state"], first["behind"], first["delay"]) == (
        "mail", "paused", 2, 90,
    )  # fmt: skip
    assert (second["types"], second["category"], second["waiting"]) == (["order.*"], None, 2)


def test_show_tells_all_of_one(txjobs: Run, conn: Connection) -> None:
    subscribe(conn, "mail", types=["a", "b"], kind="send", delay="90 s", routing_key="eu")
    out = txjobs("subscriptions", "show", "mail").out.splitlines()
    assert out[0] == "subscription mail  live"
    assert [line.split("  ")[0] for line in out[1:]] == [
        "events", "kind", "queue", "routing key", "delay", "behind", "waiting", "created",
    ]  # fmt: skip
    assert "1 min 30 s" in out[5]
    found = txjobs("subscriptions", "show", "mail", "--json").json
    assert found == txjobs("subscriptions", "list", "--json").json["subscriptions"][0]


def test_what_a_name_holds_cannot_command_the_terminal(txjobs: Run, conn: Connection) -> None:
    name = "\x1b[31mred[/]\x9b"
    subscribe(conn, name, from_position="beginning", kind=name, types=[name])
    for words in (("list",), ("show", name), ("backfill",), ("pause", name), ("resume", name)):
        for more in ((), ("--json",)):
            answer = txjobs("subscriptions", *words, *more)
            assert answer.code == 0
            assert not {"\x1b", "\x9b"} & set(answer.out)


# pause, resume, remove, backfill


def test_a_pause_holds_jobs_back_until_it_is_resumed(txjobs: Run, conn: Connection) -> None:
    subscribe(conn, "search")
    assert txjobs("subscriptions", "pause", "search").out == "paused: subscription search\n"
    append(conn, 3)
    assert jobs(conn) == 0
    answer = txjobs("subscriptions", "resume", "search", "--json")
    assert answer.json == {"subscription": "search", "paused": False}
    assert jobs(conn) == 3
    assert txjobs("subscriptions", "pause", "search", "--json").json["paused"] is True
    assert txjobs("subscriptions", "resume", "search").out == "resumed: subscription search\n"


def test_a_subscription_that_was_removed_makes_no_more_jobs(txjobs: Run, conn: Connection) -> None:
    subscribe(conn, "search")
    subscribe(conn, "mail")
    append(conn)
    assert txjobs("subscriptions", "remove", "search").out == "removed: subscription search\n"
    answer = txjobs("subscriptions", "remove", "mail", "--json")
    assert answer.json == {"subscription": "mail", "removed": True}
    append(conn)
    assert jobs(conn) == 2


def test_backfill_makes_all_of_the_jobs_at_once(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("txjobs._cli_subscriptions._STEP", 100)
    assert txjobs("subscriptions", "backfill").out == "no subscription yet\n"
    append(conn, 2500)
    subscribe(conn, "search", from_position="beginning")  # takes a step of 1000 itself
    subscribe(conn, "mail", from_position="beginning")
    answer = txjobs("subscriptions", "backfill", "search")
    assert (answer.code, answer.out) == (0, "search: 1,500 jobs made, live\n")
    assert jobs(conn) == 3500
    answer = txjobs("subscriptions", "backfill", "--json")
    assert answer.json == {
        "subscriptions": [
            {"name": "mail", "made": 1500, "state": "live"},
            {"name": "search", "made": 0, "state": "live"},
        ]
    }
    assert jobs(conn) == 5000


def test_what_is_paused_is_not_filled_and_that_is_a_no_for_who_names_it(
    txjobs: Run, conn: Connection
) -> None:
    subscribe(conn, "search")
    conn.execute("select jobs.pause(subscription => 'search')")
    append(conn)
    answer = txjobs("subscriptions", "backfill", "search")
    assert (answer.code, answer.out) == (1, "search: 0 jobs made, paused\n")
    assert txjobs("subscriptions", "backfill").code == 0
    assert jobs(conn) == 0


# sync, migrate --app


def test_sync_makes_what_an_application_declares(
    txjobs: Run, conn: Connection, shop: Callable[..., str]
) -> None:
    app = shop()
    dry = txjobs("subscriptions", "sync", app, "--dry-run")
    expected = "pending: create subscription search_index\npending: create consumer billing\n"
    assert (dry.code, dry.out) == (1, expected)
    assert txjobs("subscriptions", "list", "--json").json == {"subscriptions": []}
    done = txjobs("subscriptions", "sync", app)
    assert (done.code, done.out) == (0, expected.replace("pending", "done"))
    (found,) = txjobs("subscriptions", "list", "--json").json["subscriptions"]
    assert (found["name"], found["types"]) == ("search_index", ["order.placed"])
    again = txjobs("subscriptions", "sync", app, "--check")
    assert (again.code, again.out) == (0, f"up to date: what {app} declares\n")


def test_sync_changes_what_differs_and_leaves_what_is_not_declared(
    txjobs: Run, conn: Connection, shop: Callable[..., str]
) -> None:
    txjobs("subscriptions", "sync", shop())
    subscribe(conn, "other")
    app = shop(SHOP.replace('"order.placed"', '"order.*"'))
    answer = txjobs("subscriptions", "sync", app, "--dry-run", "--json")
    assert answer.code == 1
    assert (answer.json["pending"], answer.json["changed"]) == (True, False)
    assert {one["name"]: one["action"] for one in answer.json["changes"]} == {
        "search_index": "change", "other": "undeclared", "billing": "keep",
    }  # fmt: skip
    done = txjobs("subscriptions", "sync", app)
    assert done.code == 0
    change, note = done.out.splitlines()
    assert change.startswith("done: change subscription search_index: types: ")
    assert note == "note: subscription other is not declared there, and left alone"
    assert txjobs("subscriptions", "sync", app, "--json").json["changed"] is False


def test_an_application_that_cannot_be_loaded_is_one_line(
    txjobs: Run, shop: Callable[..., str]
) -> None:
    refused(txjobs("subscriptions", "sync", "nothing_of_that_name:app"), 2, "MODULE:APP")
    refused(txjobs("subscriptions", "sync", shop("1 / 0")), 2, "ZeroDivisionError")


def test_what_cannot_be_declared_is_one_line(txjobs: Run, shop: Callable[..., str]) -> None:
    app = shop(SHOP.replace('"beginning"', "99"))
    refused(txjobs("subscriptions", "sync", app), 1, "ahead of the log")


def test_migrate_installs_and_then_makes_what_is_declared(
    bare: Run, empty_dsn: str, shop: Callable[..., str]
) -> None:
    words = ("migrate", "--app", shop(), "--dsn", empty_dsn)
    dry = bare(*words, "--dry-run")
    assert dry.code == 1
    install, declared = dry.out.splitlines()
    assert install.startswith("pending: install")
    assert declared.startswith("pending: what shop_")
    assert bare(*words, "--check", "--json").json["changes"] is None
    done = bare(*words)
    assert done.code == 0
    assert done.out.splitlines()[0].startswith("done: install")
    assert done.out.splitlines()[1:] == [
        "done: create subscription search_index", "done: create consumer billing",
    ]  # fmt: skip
    after = bare(*words, "--check", "--json")
    assert (after.code, after.json["pending"], after.json["changed"]) == (0, False, False)
    assert [one["action"] for one in after.json["changes"]] == ["keep", "keep"]


def test_migrate_checks_what_is_declared_too(
    txjobs: Run, conn: Connection, shop: Callable[..., str]
) -> None:
    app = shop()
    answer = txjobs("migrate", "--app", app, "--check", "--json")
    assert (answer.code, answer.json["pending"], answer.json["steps"]) == (1, True, [])
    assert txjobs("subscriptions", "list", "--json").json == {"subscriptions": []}
    answer = txjobs("migrate", "--app", app, "--json")
    assert (answer.code, answer.json["changed"]) == (0, True)
    assert txjobs("migrate", "--json").json.keys() == answer.json.keys() - {"changes"}


def test_migrate_changes_nothing_if_the_application_cannot_be_loaded(
    bare: Run, empty_dsn: str
) -> None:
    words = ("migrate", "--dsn", empty_dsn)
    refused(bare(*words, "--app", "nothing_of_that_name"), 2, "MODULE:APP")
    assert bare(*words, "--check").code == 1
    refused(bare(*words, "--sql", "--app", "x"), 2, "--app", "choose one")
    assert json.loads(bare(*words, "--check", "--json").out)["installed"] is None
