"""Settings of queues and kinds: the clients, and `txjobs configure`, `queues`, `kinds`."""

import inspect
from typing import Any

import psycopg
import pytest

import command_line
from command_line import NOWHERE, Run, refused
from txjobs import (
    AsyncClient,
    Backoff,
    Client,
    ConfigurationError,
    InvalidArgument,
    KindSettings,
    NotFound,
    QueueSettings,
)

Connection = psycopg.Connection[Any]

bare = command_line.bare
txjobs = command_line.txjobs

EVERY = [("configure", "queue", "mail"), ("configure", "kind", "mail"), ("queues",), ("kinds",)]


@pytest.mark.parametrize("what", ["queue", "kind"])
def test_each_argument_of_the_verb_is_a_setting_everywhere(conn: Connection, what: str) -> None:
    (names,) = conn.execute(
        "select proargnames from pg_proc where oid = ("
        "select oid from pg_proc where proname = %s and pronamespace = 'jobs'::regnamespace)",
        (f"configure_{what}",),
    ).fetchone() or ([],)
    declared = QueueSettings if what == "queue" else KindSettings
    arguments = [name for name in names if name not in ("name", "reset")]
    assert sorted(declared.__annotations__) == sorted(arguments)
    settings = f"select settings from jobs.list_{what}s() limit 1"
    conn.execute(f"select jobs.configure_{what}('x')".encode())
    (shown,) = conn.execute(settings.encode()).fetchone() or ({},)
    assert sorted(shown) == sorted(arguments)


def test_both_clients_have_the_same_methods() -> None:
    for name in ("queues", "kinds", "configure_queue", "configure_kind"):
        sync, other = (inspect.signature(getattr(c, name)) for c in (Client, AsyncClient))
        assert sync == other


def test_what_is_configured_is_in_force_and_what_is_reset_is_not(conn: Connection) -> None:
    client = Client(conn)
    client.configure_queue("mail", lease=60, keep=86400, backoff=Backoff(base=2, max_attempts=4))
    (mail,) = client.queues("mail")
    assert mail.changed == ["backoff", "keep", "lease", "max_attempts"]
    assert mail.settings["backoff"] == {"base": 2}
    assert (mail.settings["max_attempts"], mail.settings["lease"]) == (4, 60)
    assert mail.settings["keep_dead"] == 90 * 86400
    client.configure_queue("mail", reset=["keep", "backoff"])
    (mail,) = client.queues("mail")
    assert mail.changed == ["lease", "max_attempts"]
    assert mail.settings["keep"] == 7 * 86400


def test_a_kind_has_what_it_does_not_say_from_its_queue(conn: Connection) -> None:
    client = Client(conn)
    client.configure_queue("mail", max_attempts=4, timeout=5)
    client.configure_kind("send", queue="mail", timeout=9, charge_lost=False)
    (send,) = client.kinds("send")
    assert send.changed == ["charge_lost", "queue", "timeout"]
    assert (send.settings["max_attempts"], send.settings["timeout"]) == (4, 9)
    assert send.settings["backoff"]["strategy"] == "exponential"
    assert not send.paused
    client.pause(kind="send")
    assert client.kinds("send")[0].paused


async def test_the_async_client_configures_and_shows_them(dsn: str) -> None:
    async with AsyncClient(dsn) as client:
        await client.configure_queue("mail", max_attempts=3)
        await client.configure_kind("send", on_dead="report")
        assert (await client.queues("mail"))[0].settings["max_attempts"] == 3
        kinds = await client.kinds()
        assert [(kind.name, kind.changed) for kind in kinds] == [
            ("report", []),
            ("send", ["on_dead"]),
        ]


def test_what_cannot_be_set_is_refused(conn: Connection) -> None:
    client = Client(conn)
    with pytest.raises(ConfigurationError, match=r"no setting colour: it has max_attempts, "):
        client.configure_queue("mail", colour="red")  # type: ignore[call-arg]
    with pytest.raises(InvalidArgument, match="unknown setting"):
        client.configure_kind("send", reset=["colour"])
    with pytest.raises(InvalidArgument, match="max_attempts is 0"):
        client.configure_queue("mail", max_attempts=0)
    with pytest.raises(NotFound, match="no queue nothing"):
        client.queues("nothing")
    with pytest.raises(NotFound, match="no kind nothing"):
        client.kinds("nothing")


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_server_that_does_not_answer_is_one_line(bare: Run, words: tuple[str, ...]) -> None:
    refused(bare(*words, "--dsn", NOWHERE), 3, "Connection refused", "--dsn")


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_without_the_schema_every_command_says_migrate(
    bare: Run, empty_dsn: str, words: tuple[str, ...]
) -> None:
    refused(bare(*words, "--dsn", empty_dsn), 3, "txjobs migrate")


def test_configure_says_what_is_not_at_its_default(txjobs: Run) -> None:
    said = txjobs("configure", "queue", "mail", "--lease", "1m", "--keep-dead", "1d")
    assert (said.code, said.out) == (0, "queue mail: keep_dead 1 d, lease 1 min\n")
    said = txjobs("configure", "queue", "mail", "--reset", "keep-dead", "--reset", "lease")
    assert said.out == "queue mail: –\n"
    said = txjobs(
        "configure", "kind", "send", "--no-charge-lost", "--backoff", '{"base":2}', "--json"
    )
    assert said.json["settings"]["backoff"] == {"base": 2}
    assert said.json["changed"] == ["backoff", "charge_lost"]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("queue", "mail", "--lease", "soon"), ("not a duration",)),
        (("queue", "mail", "--max-attempts", "0"), ("max_attempts is 0", "32767")),
        (("queue", "mail", "--backoff", "{"), ("--backoff", "not JSON")),
        (("queue", "mail", "--colour", "red"), ("--colour", "txjobs configure queue --help")),
        (("kind", "send", "--reset", "colour"), ("unknown setting", "charge_lost")),
        (("kind",), ("NAME",)),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_setting_that_cannot_be_understood_is_a_usage_error(
    txjobs: Run, words: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    refused(txjobs("configure", *words), 2, *parts)


def test_queues_and_kinds_show_their_settings(txjobs: Run, conn: Connection) -> None:
    assert txjobs("kinds").out.startswith("no kind yet")
    conn.execute("select jobs.configure_queue('mail', timeout => '5 s')")
    conn.execute("select jobs.configure_kind('send', queue => 'mail')")
    conn.execute("select jobs.pause(queue => 'mail')")
    shown = txjobs("queues")
    assert "mail (paused)" in shown.out
    assert "timeout 5.0 s" in shown.out
    shown = txjobs("kinds", "send")
    lines = [line.split() for line in shown.out.splitlines()]
    assert lines[:2] == [["kind", "send"], ["paused", "no"]]
    assert ["lease", "–"] in lines
    assert ["queue", "mail", "(set)"] in lines
    assert txjobs("queues", "mail", "--json").json["queues"][0]["changed"] == ["timeout"]
    refused(txjobs("queues", "nothing"), 1, "no queue nothing")
    refused(txjobs("kinds", "nothing"), 1, "no kind nothing")
