"""Appending events from Python, in the caller's own transaction."""

import uuid
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from txjobs import (
    Appended,
    Client,
    ConfigurationError,
    Context,
    InvalidArgument,
    Jobs,
    KeyReused,
    NewEvent,
    TooLarge,
    Unencodable,
    VersionConflict,
)
from workers import drain

Conn = psycopg.Connection[Any]


@dataclass(frozen=True)
class OrderPlaced:
    total: int


@pytest.fixture
def app() -> Jobs:
    app = Jobs()
    app.event("order.placed", schema_version=2)(OrderPlaced)
    return app


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


def test_an_instance_is_appended_with_its_type_and_schema_version(
    app: Jobs, conn: Conn, client: Client
) -> None:
    pos = app.append(conn, "order-7", OrderPlaced(total=4999))
    (event,) = client.read_stream("order-7")
    assert (event.pos, event.version, event.type) == (pos, 1, "order.placed")
    assert (event.schema_version, event.data) == (2, {"total": 4999})
    assert (event.category, event.is_job_event) == ("order", False)


def test_an_event_without_a_class_is_a_type_and_data(app: Jobs, conn: Conn, client: Client) -> None:
    app.append(conn, "note-1", "note.taken", {"text": "hi"}, schema_version=3)
    app.append(conn, "note-1", "note.closed")
    app.append(conn, "note-1", "note.emptied", None)
    app.append(conn, "note-1", "order.placed", {"total": 1})
    found = [
        (event.type, event.schema_version, event.data) for event in client.iter_stream("note-1")
    ]
    assert found == [
        ("note.taken", 3, {"text": "hi"}),
        ("note.closed", 1, {}),
        ("note.emptied", 1, None),
        ("order.placed", 2, {"total": 1}),  # a registered type is of its registered version
    ]


def test_an_event_exists_if_and_only_if_the_transaction_commits(
    app: Jobs, dsn: str, client: Client
) -> None:
    with psycopg.connect(dsn) as caller:
        app.append(caller, "order-7", OrderPlaced(1))
        caller.rollback()
        app.append(caller, "order-7", OrderPlaced(2))
        assert client.read_stream("order-7") == []
        caller.commit()
    assert [event.data for event in client.read_stream("order-7")] == [{"total": 2}]


async def test_the_same_on_an_async_connection(app: Jobs, dsn: str, client: Client) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as caller:
        await app.append(caller, "order-7", OrderPlaced(1), expected_version=0)
        appended = await app.append_many(
            caller, "order-7", [OrderPlaced(2), NewEvent("order.paid", {"cents": 2})]
        )
    assert [one.version for one in appended] == [2, 3]
    assert [event.data for event in client.read_stream("order-7")] == [
        {"total": 1},
        {"total": 2},
        {"cents": 2},
    ]


def test_a_version_conflict_tells_both_versions(app: Jobs, conn: Conn) -> None:
    app.append(conn, "order-7", OrderPlaced(1), expected_version=0)
    with pytest.raises(VersionConflict, match="read the stream again") as raised:
        app.append(conn, "order-7", OrderPlaced(1), expected_version=0)
    assert (raised.value.expected, raised.value.actual) == (0, 1)
    assert raised.value.sqlstate == "JB010"
    with pytest.raises(VersionConflict) as raised:
        app.append_many(conn, "order-7", [OrderPlaced(1)], expected_version=5)
    assert (raised.value.expected, raised.value.actual) == (5, 1)


def test_a_conflict_without_figures_has_none() -> None:
    assert (VersionConflict("conflict").expected, VersionConflict("conflict").actual) == (
        None,
        None,
    )


def test_an_event_id_makes_an_append_repeatable(app: Jobs, conn: Conn, client: Client) -> None:
    key = uuid.uuid4()
    first = app.append(conn, "order-7", OrderPlaced(1), event_id=key, expected_version=0)
    assert (
        app.append(conn, "order-7", OrderPlaced(1), event_id=str(key), expected_version=0) == first
    )
    (event,) = client.read_stream("order-7")
    assert event.event_id == key
    with pytest.raises(KeyReused) as raised:
        app.append(conn, "order-8", OrderPlaced(1), event_id=key)
    assert raised.value.sqlstate == "JB020"


def test_a_list_that_was_appended_is_found_where_it_is(app: Jobs, conn: Conn) -> None:
    events = [NewEvent(OrderPlaced(n), event_id=uuid.uuid4()) for n in range(2)]
    first = app.append_many(conn, "order-7", events)
    assert first == [Appended(first[0].pos, 1), Appended(first[1].pos, 2)]
    again = app.append_many(conn, "order-7", events)
    assert again == [Appended(one.pos, one.version, created=False) for one in first]


def test_one_bad_event_of_many_leaves_none(app: Jobs, conn: Conn, client: Client) -> None:
    with pytest.raises(InvalidArgument, match="index 2"):
        app.append_many(conn, "order-7", [OrderPlaced(1), NewEvent("job.mine")])
    assert client.read_stream("order-7") == []


def test_headers_of_many_are_each_ones_own(app: Jobs, conn: Conn, client: Client) -> None:
    app.append_many(
        conn,
        "order-7",
        [NewEvent("a", headers={"source": 'a "quoted" one'}), NewEvent("b", schema_version=4)],
    )
    first, second = client.read_stream("order-7")
    assert (first.headers, first.schema_version) == ({"source": 'a "quoted" one'}, 1)
    assert (second.headers, second.schema_version) == ({}, 4)


@pytest.mark.parametrize(
    ("arguments", "error", "fix"),
    [
        ((7,), ConfigurationError, "register it with @app.event"),
        ((OrderPlaced(1), {"total": 2}), ConfigurationError, "an event as it is"),
        (("order.placed", {"total": float("nan")}), Unencodable, "the data of order.placed"),
        ((OrderPlaced(object()),), Unencodable, "the data of order.placed"),  # type: ignore[arg-type]
        (("order.placed", "x" * 3_000_000), TooLarge, "bytes"),
        (("job.mine",), InvalidArgument, "jobs' own"),
    ],
)
def test_what_is_not_an_event_is_refused(
    app: Jobs, conn: Conn, arguments: tuple[Any, ...], error: type[Exception], fix: str
) -> None:
    with pytest.raises(error, match=fix):
        app.append(conn, "order-7", *arguments)


def test_a_schema_version_that_there_is_not_is_refused(app: Jobs, conn: Conn) -> None:
    with pytest.raises(InvalidArgument, match="schema_version"):
        app.append(conn, "order-7", "order.placed", {}, schema_version=0)


def test_an_event_id_that_is_no_uuid_is_refused_with_a_way_out(app: Jobs, conn: Conn) -> None:
    with pytest.raises(Unencodable, match=r"uuid\.uuid5"):
        app.append(conn, "order-7", OrderPlaced(1), event_id="evt_1")


def test_no_events_at_all_are_refused(app: Jobs, conn: Conn) -> None:
    with pytest.raises(ConfigurationError, match="at least one"):
        app.append_many(conn, "order-7", [])


def test_no_connection_is_an_error_that_says_what_one_is(app: Jobs) -> None:
    with pytest.raises(ConfigurationError, match=r"psycopg\.Connection"):
        app.append("postgresql://", "order-7", OrderPlaced(1))  # type: ignore[call-overload]


@pytest.mark.parametrize("together", [False, True])
def test_an_event_of_a_handler_carries_its_jobs_context_on(
    app: Jobs, dsn: str, client: Client, together: bool
) -> None:
    @app.task
    def place(ctx: Context, order: int) -> None:
        with ctx.transaction() as conn:
            if together:
                app.append_many(conn, f"order-{order}", [OrderPlaced(1)])
            else:
                app.append(conn, f"order-{order}", OrderPlaced(1), headers={"tenant": "a"})

    trace = {
        "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        "correlation_id": "request-1",
    }
    job = client.enqueue("place", {"order": 7}, headers=trace)
    assert drain(app, dsn).completed == 1
    (event,) = client.read_stream("order-7")
    own = {} if together else {"tenant": "a"}
    assert event.headers == {**trace, "causation_id": str(job.id), **own}


def test_headers_of_the_caller_go_before_those_of_the_job(
    app: Jobs, dsn: str, client: Client
) -> None:
    @app.task
    async def place(ctx: Context) -> None:
        async with ctx.transaction() as conn:
            await app.append(conn, "order-7", OrderPlaced(1), headers={"correlation_id": "mine"})

    client.enqueue("place", headers={"correlation_id": "theirs"})
    assert drain(app, dsn).completed == 1
    assert client.read_stream("order-7")[0].headers["correlation_id"] == "mine"
