"""`app.queue` and `app.kind`: settings that an application declares, and `reconcile`."""

from typing import Any

import psycopg
import pytest

import command_line
from command_line import Run
from txjobs import Backoff, Change, Client, ConfigurationError, Jobs, Worker, reconcile

Connection = psycopg.Connection[Any]

bare = command_line.bare
txjobs = command_line.txjobs


def declared(max_pending: int = 10) -> Jobs:
    """An application that says what its queue and kinds are to be like."""
    app = Jobs()
    app.kind("new", queue="mail", timeout=5, backoff=Backoff(base=2, max_attempts=4))
    app.kind("old", alias_of="new")
    app.queue("mail", max_pending=max_pending, overflow="drop", keep=86400)

    @app.task(name="new")
    def new() -> None: ...

    return app


def test_settings_are_put_in_force_once(conn: Connection) -> None:
    assert reconcile(conn, declared()) == [
        Change("queue", "mail", "create"),
        Change("kind", "new", "create"),
        Change("kind", "old", "create"),
    ]
    client = Client(conn)
    (mail,) = client.queues("mail")
    assert mail.changed == ["keep", "max_pending", "overflow"]
    (new,) = client.kinds("new")
    assert new.changed == ["backoff", "max_attempts", "queue", "timeout"]
    assert client.kinds("old")[0].settings["alias_of"] == "new"
    assert {change.action for change in reconcile(conn, declared())} == {"keep"}


def test_what_differs_is_told_and_the_rest_is_left(conn: Connection) -> None:
    reconcile(conn, declared())
    client = Client(conn)
    client.configure_queue("mail", lease=60)
    wanted = Change("queue", "mail", "change", ("max_pending: 10 -> 20",))
    assert reconcile(conn, declared(20), dry_run=True)[0] == wanted
    assert client.queues("mail")[0].settings["max_pending"] == 10
    assert reconcile(conn, declared(20))[0] == wanted
    (mail,) = client.queues("mail")
    assert (mail.settings["max_pending"], mail.settings["lease"]) == (20, 60)


def test_a_kind_has_of_its_own_what_is_declared_though_its_queue_says_the_same(
    conn: Connection,
) -> None:
    client = Client(conn)
    client.configure_queue("mail", timeout=5)
    client.configure_kind("new", queue="mail")
    app = Jobs()
    app.kind("new", timeout=5)
    assert reconcile(conn, app) == [Change("kind", "new", "change", ("timeout: None -> 5",))]
    client.configure_queue("mail", timeout=9)
    assert client.kinds("new")[0].settings["timeout"] == 5
    assert reconcile(conn, app) == [Change("kind", "new", "keep")]


def test_a_declaration_that_cannot_work_is_refused() -> None:
    app = Jobs()
    with pytest.raises(ConfigurationError, match="no setting colour"):
        app.queue("mail", colour="red")  # type: ignore[call-arg]
    with pytest.raises(ConfigurationError, match="no setting of kind 'send' is given"):
        app.kind("send")
    app.queue("mail", lease=60)
    with pytest.raises(ConfigurationError, match="declared twice"):
        app.queue("mail", timeout=60)
    with pytest.raises(ConfigurationError, match="required_args is a list"):
        app.kind("send", required_args="to")


def test_a_worker_configures_only_what_is_not_in_force(
    conn: Connection, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    conn.execute("create role configures_nothing login in role jobs_worker")
    try:
        limited = psycopg.conninfo.make_conninfo(dsn, user="configures_nothing")
        assert Worker(declared(), limited, drain=True).main() == 1
        assert "txjobs migrate --app" in caplog.text
        reconcile(conn, declared())
        assert Worker(declared(), limited, drain=True).main() == 0
    finally:
        conn.execute("drop role configures_nothing")


def test_the_command_line_puts_them_in_force(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker_app.app", declared())
    checked = txjobs("subscriptions", "sync", "worker_app:app", "--check")
    assert (checked.code, "pending: create queue mail" in checked.out) == (1, True)
    assert txjobs("migrate", "--app", "worker_app:app").code == 0
    again = txjobs("subscriptions", "sync", "worker_app:app", "--check")
    assert (again.code, again.out) == (0, "up to date: what worker_app:app declares\n")
    assert Client(conn).queues("mail")[0].settings["max_pending"] == 10
