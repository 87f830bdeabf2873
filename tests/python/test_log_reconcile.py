"""`reconcile`: the database has the subscriptions and consumers that the application declares."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from txjobs import (
    Change,
    Client,
    ConfigurationError,
    Event,
    InvalidArgument,
    Jobs,
    PositionGone,
    reconcile,
)

Conn = psycopg.Connection[Any]
Connect = Callable[..., Conn]


def apply(conn: Conn, events: list[Event]) -> None: ...


def declared(
    *, queue: str | None = None, delay: float | None = None, types: tuple[str, ...] = ("order.*",)
) -> Jobs:
    app = Jobs()

    @app.on(*types, queue=queue, delay=delay)
    def index(event: Event) -> None: ...

    app.consumer("billing", from_position="beginning", types=types)(apply)
    return app


def actions(changes: list[Change]) -> dict[str, str]:
    return {change.name: change.action for change in changes}


def test_what_is_missing_is_created_once(conn: Conn) -> None:
    changes = reconcile(conn, declared())
    assert changes == [
        Change("subscription", "index", "create"),
        Change("consumer", "billing", "create"),
    ]
    assert all(change.pending for change in changes)
    again = reconcile(conn, declared())
    assert actions(again) == {"index": "keep", "billing": "keep"}
    assert not any(change.pending for change in again)


def test_what_differs_is_changed_and_told(conn: Conn) -> None:
    reconcile(conn, declared())
    pos = Client(conn).consumers()[0].pos
    changes = reconcile(conn, declared(queue="search", delay=60, types=("order.placed",)))
    assert {change.name: change.differences for change in changes} == {
        "index": (
            "types: ['order.*'] -> ['order.placed']",
            "queue: 'default' -> 'search'",
            "delay: None -> datetime.timedelta(seconds=60)",
        ),
        "billing": ("types: ['order.*'] -> ['order.placed']",),
    }
    client = Client(conn)
    (subscription,), (consumer,) = client.subscriptions(), client.consumers()
    assert (subscription.types, subscription.queue) == (["order.placed"], "search")
    assert (consumer.types, consumer.pos) == (["order.placed"], pos)


def test_a_queue_that_is_the_kinds_is_no_difference(conn: Conn) -> None:
    conn.execute("select jobs.configure_kind('index', queue => 'search')")
    reconcile(conn, declared())
    assert actions(reconcile(conn, declared(), dry_run=True))["index"] == "keep"
    (named, _) = reconcile(conn, declared(queue="search"), dry_run=True)
    assert (named.action, named.differences) == ("change", ())  # it does not follow the kind's
    (other, _) = reconcile(conn, declared(types=("order.placed",)), dry_run=True)
    assert other.differences == ("types: ['order.*'] -> ['order.placed']",)


def test_a_dry_run_tells_the_same_and_changes_nothing(conn: Conn) -> None:
    assert actions(reconcile(conn, declared(), dry_run=True)) == {
        "index": "create",
        "billing": "create",
    }
    client = Client(conn)
    assert not client.subscriptions()
    assert not client.consumers()
    reconcile(conn, declared())
    before = client.subscriptions(), client.consumers()[0].types
    changed = declared(queue="new", types=("order.placed",))
    dry = reconcile(conn, changed, dry_run=True)
    assert (client.subscriptions(), client.consumers()[0].types) == before
    assert dry == reconcile(conn, changed)


def test_what_is_not_declared_is_told_and_left(conn: Conn) -> None:
    reconcile(conn, declared())
    changes = reconcile(conn, Jobs())
    assert changes == [
        Change("subscription", "index", "undeclared"),
        Change("consumer", "billing", "undeclared"),
    ]
    assert not any(change.pending for change in changes)
    client = Client(conn)
    assert len(client.subscriptions()) == len(client.consumers()) == 1


def test_a_new_one_begins_where_it_is_declared_to(conn: Conn) -> None:
    first = Client(conn).append("order-7", "order.placed")
    Client(conn).append("order-7", "order.placed")
    app = Jobs()

    @app.on("order.placed", from_position=first)
    def index(event: Event) -> None: ...

    app.consumer("all", from_position="beginning")(apply)
    app.consumer("new", from_position="now")(apply)
    app.consumer("later", from_position=first)(apply)
    reconcile(conn, app)
    behind = {one.name: one.behind for one in Client(conn).consumers()}
    assert behind["new"] <= 1  # the job of the subscription was enqueued just before
    assert behind["all"] - behind["later"] == 1
    assert len(Client(conn).list(kind="index")) == 1


def test_in_the_callers_transaction_it_is_undone_with_it(dsn: str, conn: Conn) -> None:
    with psycopg.connect(dsn) as caller:
        reconcile(caller, declared())
        assert actions(reconcile(caller, declared())) == {"index": "keep", "billing": "keep"}
        assert reconcile(caller, declared(queue="new"), dry_run=True)[0].action == "change"
        caller.rollback()
    assert Client(conn).subscriptions() == []


async def test_the_same_on_an_async_connection(dsn: str, conn: Conn) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as caller:
        assert actions(await reconcile(caller, declared(), dry_run=True))["index"] == "create"
        assert Client(conn).subscriptions() == []
        await reconcile(caller, declared())
        assert actions(await reconcile(caller, declared(queue="q"), dry_run=True)) == {
            "index": "change",
            "billing": "keep",
        }
    assert [one.queue for one in Client(conn).subscriptions()] == ["default"]


def test_processes_that_start_together_make_each_once(connect: Connect) -> None:
    sessions = [connect() for _ in range(4)]
    gate = threading.Barrier(len(sessions))
    made: list[list[Change]] = []

    def start(session: Conn) -> None:
        gate.wait()
        made.append(reconcile(session, declared()))

    threads = [threading.Thread(target=start, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    created = [change.name for changes in made for change in changes if change.action == "create"]
    assert sorted(created) == ["billing", "index"]
    assert len(made) == len(sessions)


def test_a_workers_role_is_enough(conn: Conn) -> None:
    conn.execute("set role jobs_worker")
    reconcile(conn, declared())
    assert actions(reconcile(conn, declared(queue="search"))) == {
        "index": "change",
        "billing": "keep",
    }


def test_a_start_that_is_not_in_the_log_is_an_error(conn: Conn) -> None:
    app = Jobs()
    app.consumer("billing", from_position=10**12)(apply)
    with pytest.raises(PositionGone) as raised:
        reconcile(conn, app)
    assert raised.value.restart_at is not None
    negative = Jobs()
    negative.consumer("billing", from_position=-1)(apply)
    with pytest.raises(InvalidArgument):
        reconcile(conn, negative)


def test_no_connection_is_an_error_that_says_what_one_is() -> None:
    with pytest.raises(ConfigurationError, match=r"psycopg\.Connection"):
        reconcile("postgresql://", declared())  # type: ignore[call-overload]
