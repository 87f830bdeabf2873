"""The clients' part of the log: reading, listing, operating."""

import inspect
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from txjobs import (
    Appended,
    AsyncClient,
    Client,
    ConfigurationError,
    Event,
    InvalidArgument,
    NewEvent,
    NotFound,
    PositionGone,
    Unencodable,
    VersionConflict,
    WrongState,
    _client_log,
)
from txjobs.info import Backfilled, Snapshot

Conn = psycopg.Connection[Any]
Connect = Callable[..., Conn]


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


def types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


def test_both_clients_have_one_shape() -> None:
    def methods(cls: type) -> dict[str, list[str]]:
        return {
            name: [f"{p}" for p in inspect.signature(value).parameters.values()]
            for name, value in vars(cls).items()
            if inspect.isfunction(value)
        }

    assert methods(_client_log.LogClient) == methods(_client_log.AsyncLogClient)


def test_a_stream_is_read_by_version_in_both_directions(client: Client) -> None:
    appended = client.append_many("order-7", [NewEvent(name) for name in "abc"])
    assert [one.version for one in appended] == [1, 2, 3]
    assert types(client.read_stream("order-7")) == ["a", "b", "c"]
    assert types(client.read_stream("order-7", 2)) == ["b", "c"]
    assert types(client.read_stream("order-7", max_events=1)) == ["a"]
    assert types(client.read_stream("order-7", backwards=True, max_events=2)) == ["c", "b"]
    assert types(client.read_stream("order-7", 2, backwards=True)) == ["b", "a"]
    assert client.read_stream("order-8") == []


def test_a_category_is_read_by_position(client: Client) -> None:
    first = client.append("order-7", "order.placed")
    client.append("note-1", "note.taken")
    client.append("order-8", "order.paid")
    assert types(client.read_category("order")) == ["order.placed", "order.paid"]
    assert types(client.read_category("order", first)) == ["order.paid"]
    assert types(client.read_category("order", types=["*.placed"])) == ["order.placed"]
    assert types(client.read_category("order", max_events=1)) == ["order.placed"]


def test_the_log_holds_users_and_jobs_events(client: Client) -> None:
    first = client.append("order-7", "order.placed")
    client.enqueue("work")
    client.append("order-7", "order.paid")
    assert types(client.read_all()) == ["order.placed", "job.enqueued", "order.paid"]
    assert types(client.read_all(job_events=False)) == ["order.placed", "order.paid"]
    assert types(client.read_all(job_events=True)) == ["job.enqueued"]
    assert types(client.read_all(first, types=["order.*"])) == ["order.paid"]
    assert types(client.read_all(max_events=2)) == ["order.placed", "job.enqueued"]
    assert client.read_all(client.last_pos()) == []


def test_iterators_go_on_from_page_to_page(client: Client) -> None:
    names = [f"t{n}" for n in range(7)]
    client.append_many("order-7", [NewEvent(name) for name in names])
    assert types(list(client.iter_all(page=2))) == names
    assert types(list(client.iter_stream("order-7", page=3))) == names
    assert types(list(client.iter_stream("order-7", 5, page=3))) == names[4:]
    after = client.read_all()[4].pos
    assert types(list(client.iter_all(after, types=["t*"], page=1))) == names[5:]


async def test_the_same_on_an_async_connection(dsn: str) -> None:
    async with AsyncClient(dsn) as client:
        assert await client.append("order-7", "a", {"n": 1}, expected_version=0)
        (second,) = await client.append_many("order-7", [NewEvent("b")], expected_version=1)
        assert second == Appended(second.pos, 2)
        assert types([event async for event in client.iter_all(page=1)]) == ["a", "b"]
        assert types([event async for event in client.iter_stream("order-7", page=1)]) == ["a", "b"]
        assert types(await client.read_all()) == ["a", "b"]
        assert types(await client.read_category("order")) == ["a", "b"]
        assert types(await client.read_stream("order-7", backwards=True)) == ["b", "a"]
        found = await client.latest("order-7")
        assert found is not None
        assert found.pos == second.pos == await client.last_pos()
        assert [one.stream for one in await client.streams()] == ["order-7"]
        assert await client.save_snapshot("order-7", 2, {"n": 1})
        assert await client.load_snapshot("order-7") == Snapshot(2, {"n": 1})


async def test_subscriptions_and_consumers_are_operated_on_asynchronously(
    dsn: str, conn: Conn
) -> None:
    conn.execute("select jobs.subscribe('index'), jobs.create_consumer('billing', 'now', '{a}')")
    async with AsyncClient(dsn) as client:
        await client.pause(subscription="index")
        assert [one.state for one in await client.subscriptions()] == ["paused"]
        await client.resume(subscription="index")
        pos = await client.append("order-7", "a")
        assert [one.behind for one in await client.consumers("billing")] == [1]
        assert await client.reset_consumer("billing", pos) == pos
        assert await client.delete_consumer("billing") is True
        assert [one.name for one in await client.backfill()] == ["index"]
        assert await client.unsubscribe("index") is True


def test_the_latest_event_is_found_by_stream_type_and_content(client: Client) -> None:
    for n in range(3):
        client.append(f"order-{n}", "order.placed", {"n": n, "kind": "odd" if n % 2 else "even"})
    client.append("order-0", "order.paid")
    latest = client.latest(type="order.placed", contains={"kind": "odd"})
    assert latest is not None
    assert latest.stream == "order-1"
    by_stream = client.latest("order-0")
    assert by_stream is not None
    assert by_stream.type == "order.paid"
    assert client.latest("order-0", type="order.shipped") is None
    with pytest.raises(InvalidArgument, match="Give one of them"):
        client.latest()


def test_streams_are_listed_page_by_page(client: Client) -> None:
    for name in ("note-1", "order-1", "order-2", "order-3"):
        client.append_many(name, [NewEvent("opened"), NewEvent("closed")])
    first = client.streams("order", max_streams=2)
    assert [(one.stream, one.version, one.type) for one in first] == [
        ("order-1", 2, "closed"),
        ("order-2", 2, "closed"),
    ]
    assert first[0].at == client.read_stream("order-1")[-1].at
    assert [one.stream for one in client.streams("order", after=first[-1])] == ["order-3"]
    assert [one.stream for one in client.streams(after="order-2")] == ["order-3"]
    assert len(client.streams()) == 4


def test_a_position_that_is_ahead_of_the_log_says_where_to_restart(client: Client) -> None:
    pos = client.append("order-7", "order.placed")
    with pytest.raises(PositionGone, match="ahead of the log") as raised:
        client.read_all(10**12)
    assert (raised.value.restart_at, raised.value.sqlstate) == (pos, "JB011")


def test_versions_that_are_pruned_say_where_to_restart(client: Client, conn: Conn) -> None:
    client.append_many("order-7", [NewEvent(name) for name in "abc"])
    conn.execute("select jobs.configure_category('order', keep => '0')")
    conn.execute("select jobs.prune()")
    with pytest.raises(PositionGone, match="first versions") as raised:
        client.read_stream("order-7", 1)
    assert raised.value.restart_at == 3
    assert types(client.read_stream("order-7")) == ["c"]
    with pytest.raises(PositionGone, match="are gone") as raised:
        client.read_category("order", 0)
    assert raised.value.restart_at is not None
    assert types(client.read_category("order", raised.value.restart_at)) == ["c"]


def test_an_error_without_figures_says_nothing_of_where_to_restart() -> None:
    assert PositionGone("gone").restart_at is None


def test_a_snapshot_is_replaced_by_a_newer_one_only(client: Client) -> None:
    client.append_many("order-7", [NewEvent(name) for name in "abc"])
    assert client.load_snapshot("order-7") is None
    assert client.save_snapshot("order-7", 2, {"total": 5}, expected_version=0)
    assert not client.save_snapshot("order-7", 1, {"total": 1})
    assert client.load_snapshot("order-7") == Snapshot(2, {"total": 5})
    assert client.load_snapshot("order-7", schema_version=2) is None
    with pytest.raises(VersionConflict) as raised:
        client.save_snapshot("order-7", 3, {}, expected_version=0)
    assert (raised.value.expected, raised.value.actual) == (0, 2)
    with pytest.raises(WrongState):
        client.save_snapshot("order-7", 4, {})
    with pytest.raises(Unencodable, match="the snapshot"):
        client.save_snapshot("order-7", 3, object())
    assert client.save_snapshot("order-7", 3, [1], schema_version=2)
    assert client.load_snapshot("order-7", schema_version=2) == Snapshot(3, [1])


def test_a_paused_subscription_catches_up_when_it_is_resumed(client: Client, conn: Conn) -> None:
    conn.execute("select jobs.subscribe('index', '{order.*}', queue => 'search', delay => '1 min')")
    client.append("order-7", "order.placed")
    client.pause(subscription="index")
    client.append("order-7", "order.paid")
    (found,) = client.subscriptions("index")
    assert (found.state, found.behind, found.waiting) == ("paused", 1, 1)
    assert (found.types, found.category, found.kind, found.queue, found.routing_key) == (
        ["order.*"],
        None,
        "index",
        "search",
        None,
    )
    assert found.delay is not None
    assert found.delay.total_seconds() == 60
    client.resume(subscription="index")
    while any(one.more for one in client.backfill("index")):
        pass
    (found,) = client.subscriptions()
    assert (found.behind, found.waiting) == (0, 2)
    assert client.unsubscribe("index") is True
    assert client.unsubscribe("index") is False
    with pytest.raises(NotFound):
        client.subscriptions("index")


def test_backfilling_says_what_it_made(client: Client, conn: Conn) -> None:
    client.append_many("order-7", [NewEvent("order.placed") for _ in range(1003)])
    conn.execute("select jobs.subscribe('index', from_position => 'beginning')")
    assert client.backfill("index", max_events=2) == [Backfilled("index", 2, more=True)]
    while any(one.more for one in client.backfill()):
        pass
    (found,) = client.subscriptions()
    assert (found.behind, found.waiting) == (0, 1003)
    with pytest.raises(InvalidArgument):
        client.backfill(max_events=0)


def test_a_consumer_shows_where_it_stands_and_what_keeps_it(client: Client, conn: Conn) -> None:
    pos = client.append("order-7", "order.placed")
    conn.execute("select jobs.create_consumer('billing', 'beginning', '{order.*}')")
    (found,) = client.consumers()
    assert (found.name, found.types, found.behind, found.stuck) == (
        "billing",
        ["order.*"],
        1,
        False,
    )
    assert (found.category, found.job_events, found.unknown_types) == (None, None, "stop")
    assert (found.error, found.why, found.retry_at) == (None, None, None)
    conn.execute("select jobs.poll('billing')")
    assert client.consumers("billing")[0].leased_until is not None
    client.reset_consumer("billing", "beginning")
    conn.execute("select jobs.nack('billing', '\"too bad\"', pos => %s)", (pos,))
    (found,) = client.consumers("billing")
    assert (found.failures, found.failed_pos, found.stuck) == (1, pos, True)
    assert found.error == {"message": "too bad"}
    assert found.why is not None
    assert "too bad" in found.why
    assert found.retry_at is not None
    assert client.reset_consumer("billing", pos) == pos
    (found,) = client.consumers()
    assert (found.pos, found.behind, found.failures) == (pos, 0, 0)


def test_a_consumer_that_has_not_moved_for_long_is_stuck(client: Client, conn: Conn) -> None:
    conn.execute("select jobs.create_consumer('billing', 'beginning')")
    client.append("order-7", "order.placed")
    assert client.consumers(stuck_for=0)[0].stuck
    assert not client.consumers(stuck_for=3600)[0].stuck


def test_consumers_that_are_not_there(client: Client) -> None:
    with pytest.raises(NotFound):
        client.consumers("billing")
    with pytest.raises(NotFound):
        client.reset_consumer("billing", "now")
    assert client.delete_consumer("billing") is False
    with pytest.raises(ConfigurationError, match="'beginning', 'now' or a position"):
        client.reset_consumer("billing", "start")  # type: ignore[arg-type]


def test_a_client_knows_no_classes(client: Client) -> None:
    with pytest.raises(ConfigurationError, match="register it with"):
        client.append_many("order-7", [NewEvent(object())])
