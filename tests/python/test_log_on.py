"""`@app.on(...)`: events become jobs of a handler that takes an event."""

import uuid
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from txjobs import (
    Client,
    ConfigurationError,
    Context,
    Event,
    Jobs,
    reconcile,
)
from workers import drain

Conn = psycopg.Connection[Any]


@dataclass(frozen=True)
class OrderPlaced:
    total: int


@dataclass(frozen=True)
class OrderPaid:
    cents: int


@pytest.fixture
def app() -> Jobs:
    app = Jobs()
    app.event("order.placed", schema_version=2)(OrderPlaced)
    app.event("order.paid")(OrderPaid)
    app.upcast("order.placed", from_version=1)(lambda data: {"total": data["euros"] * 100})
    return app


@pytest.fixture
def client(conn: Conn) -> Client:
    return Client(conn)


def test_the_handler_is_given_the_event_with_its_data_typed(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    seen: list[Event] = []

    @app.on(OrderPlaced, "order.paid")
    def index(event: Event[OrderPlaced | OrderPaid]) -> int:
        seen.append(event)
        return event.pos

    reconcile(conn, app)
    event_id = uuid.uuid4()
    pos = app.append(conn, "order-7", OrderPlaced(5), event_id=event_id, headers={"a": 1})
    app.append(conn, "order-7", OrderPaid(5))
    app.append(conn, "order-7", "order.closed")
    assert drain(app, dsn).completed == 2
    first, second = sorted(seen, key=lambda event: event.pos)
    assert (first.data, second.data) == (OrderPlaced(5), OrderPaid(5))
    assert (first.pos, first.stream, first.version, first.type) == (
        pos,
        "order-7",
        1,
        "order.placed",
    )
    assert (first.event_id, first.headers, first.schema_version) == (event_id, {"a": 1}, 2)
    assert first.at == client.read_stream("order-7")[0].at
    assert {job.kind for job in client.list("completed")} == {"index"}


def test_an_async_handler_may_take_a_context_first(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    @app.on("order.placed", name="ledger", queue="slow", routing_key="eu")
    async def book(ctx: Context, placed: Event[OrderPlaced]) -> dict[str, Any]:
        async with ctx.transaction() as transaction:
            await app.append(transaction, "ledger-1", "booked", {"total": placed.data.total})
        return {"subscription": ctx.job.headers["subscription"], "queue": ctx.job.queue}

    reconcile(conn, app)
    app.append(conn, "order-7", OrderPlaced(5), headers={"correlation_id": "request-1"})
    assert drain(app, dsn, routing=["eu"]).completed == 1
    (job,) = client.list(kind="ledger")
    assert client.result(job.id) == {"subscription": "ledger", "queue": "slow"}
    (booked,) = client.read_stream("ledger-1")
    assert booked.data == {"total": 5}
    # from event to job to event: one correlation id, each with what caused it
    assert booked.headers == {"correlation_id": "request-1", "causation_id": str(job.id)}


def test_events_of_an_older_version_come_as_the_newest(app: Jobs, dsn: str, conn: Conn) -> None:
    seen: list[Event] = []

    @app.on("order.*")
    def index(event: Event) -> None:
        seen.append(event)

    reconcile(conn, app)
    Client(conn).append("order-7", "order.placed", {"euros": 5}, schema_version=1)
    assert drain(app, dsn).completed == 1
    assert [(event.data, event.schema_version) for event in seen] == [(OrderPlaced(500), 2)]


def test_a_type_that_is_named_in_full_needs_no_class(app: Jobs, dsn: str, conn: Conn) -> None:
    seen: list[Any] = []

    @app.on("note.taken")
    def index(event: Event) -> None:
        seen.append(event.data)

    reconcile(conn, app)
    app.append(conn, "note-1", "note.taken", {"text": "hi"})
    assert drain(app, dsn).completed == 1
    assert seen == [{"text": "hi"}]


@pytest.mark.parametrize(
    ("type_", "schema_version", "data", "state", "error"),
    [
        ("order.new", 1, {}, "scheduled", "UnknownEventType"),  # a deployment may cure these
        ("order.placed", 3, {}, "scheduled", "UnknownEventVersion"),
        ("order.placed", 2, {"surplus": 1}, "dead", "UndecodableEvent"),
    ],
)
def test_an_event_that_cannot_be_read_is_tried_again_unless_it_never_will_be(
    app: Jobs,
    dsn: str,
    conn: Conn,
    client: Client,
    type_: str,
    schema_version: int,
    data: Any,
    state: str,
    error: str,
) -> None:
    @app.on("order.*")
    def index(event: Event) -> None: ...

    reconcile(conn, app)
    client.append("order-7", type_, data, schema_version=schema_version)
    drain(app, dsn, drain_horizon=0)
    (listed,) = client.list(kind="index")
    found = client.get(listed.id)
    assert found is not None
    assert found.state == state
    assert found.errors[0]["error"]["type"] == f"txjobs.errors.{error}"


def test_arguments_that_are_no_event_are_undecodable(app: Jobs, dsn: str, client: Client) -> None:
    @app.on("order.placed")
    def index(event: Event) -> None: ...

    jobs = [client.enqueue("index", args) for args in ({}, {"event": 1}, {"event": {"pos": 1}})]
    drain(app, dsn)
    for job in jobs:
        found = client.get(job)
        assert found is not None
        assert (found.state, found.reason) == ("dead", "undecodable")


def test_an_event_can_be_handed_to_a_handler_by_hand(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    seen: list[Event] = []

    @app.on("order.placed")
    def index(event: Event) -> None:
        seen.append(event)

    client.append("order-7", "order.placed", {"euros": 5})
    (stored,) = client.read_stream("order-7")
    index.enqueue(conn, stored)
    decoded = app.event_types.decode(stored)
    index.enqueue_many(conn, [index.job(decoded)])
    assert drain(app, dsn).completed == 2
    assert seen == [decoded, decoded]
    index(decoded)
    assert len(seen) == 3
    with pytest.raises(TypeError, match="takes an Event"):
        index.enqueue(conn, 7)  # type: ignore[call-overload]


def test_a_model_can_be_handed_to_a_handler_by_hand(app: Jobs, dsn: str, conn: Conn) -> None:
    class Shipped:
        """What there is of a pydantic model, to us."""

        def __init__(self, by: str) -> None:
            self.by = by

        @classmethod
        def model_validate(cls, data: Any) -> "Shipped":
            return cls(data["by"])

        def model_dump(self, *, mode: str) -> dict[str, str]:
            assert mode == "json"
            return {"by": self.by}

    app.event("order.shipped")(Shipped)
    seen: list[str] = []

    @app.on(Shipped)
    def index(event: Event[Shipped]) -> None:
        seen.append(event.data.by)

    app.append(conn, "order-7", Shipped("mail"))
    (stored,) = Client(conn).read_stream("order-7")
    index.enqueue(conn, app.event_types.decode(stored))
    assert drain(app, dsn).completed == 1
    assert seen == ["mail"]


def test_one_receiver_that_is_down_keeps_no_other_from_its_events(
    app: Jobs, dsn: str, conn: Conn, client: Client
) -> None:
    indexes: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    down = {"b"}

    def declare(name: str) -> None:
        @app.on(OrderPlaced, name=name)
        def index(event: Event[OrderPlaced]) -> None:
            if name in down:
                raise ConnectionError("down")
            indexes[name].append(event.data.total)

    for name in indexes:
        declare(name)
    reconcile(conn, app)
    for total in range(3):
        app.append(conn, f"order-{total}", OrderPlaced(total))
    drain(app, dsn, drain_horizon=0)
    assert {name: sorted(seen) for name, seen in indexes.items()} == {
        "a": [0, 1, 2],
        "b": [],
        "c": [0, 1, 2],
    }
    assert [job.kind for job in client.list("scheduled")] == ["b"] * 3
    down.clear()
    assert drain(app, dsn, drain_horizon=30).completed == 3
    assert sorted(indexes["b"]) == [0, 1, 2]


def test_options_that_a_subscriptions_jobs_do_not_have_are_refused(app: Jobs) -> None:
    with pytest.raises(ConfigurationError, match=r"max_attempts, timeout: .*jobs\.configure_kind"):
        app.on("order.placed", timeout=5, max_attempts=3)  # type: ignore[arg-type]


def test_a_subscription_to_everything_is_asked_for(app: Jobs) -> None:
    with pytest.raises(ConfigurationError, match='"\\*" for all'):
        app.on()

    @app.on("*")
    def all_types(event: Event) -> None: ...

    @app.on(category="order")
    def all_orders(event: Event) -> None: ...

    assert app.subscriptions["all_types"].types == ("*",)
    assert app.subscriptions["all_orders"].types is None


@dataclass
class Unregistered:
    n: int


def nothing() -> None: ...


def two(event: Event, more: int) -> None: ...


def keywords(**event: Event) -> None: ...


def the_data(event: OrderPlaced) -> None: ...


def other_data(event: Event[OrderPaid]) -> None: ...


def unregistered(event: Event[Unregistered]) -> None: ...


def json_data(event: Event[dict[str, Any]]) -> None: ...


def unannotated(event): ...  # type: ignore[no-untyped-def]


def anything(event: Event[Any]) -> None: ...


def either(event: Event[OrderPlaced | dict[str, Any]]) -> None: ...


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (nothing, "takes one"),
        (two, "takes one"),
        (keywords, "takes one"),
        (the_data, "is given an Event"),
        (other_data, "the data of order.placed is OrderPlaced"),
        (unregistered, "Unregistered is no event"),
        (json_data, "the data of order.placed is OrderPlaced"),
    ],
)
def test_a_handler_that_cannot_take_the_event_is_refused(
    app: Jobs, handler: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        app.on("order.placed")(handler)
    assert not app.tasks
    assert not app.subscriptions


@pytest.mark.parametrize("handler", [unannotated, anything, either])
def test_a_handler_that_takes_any_data_is_accepted(app: Jobs, handler: Any) -> None:
    app.on("order.placed", "note.taken")(handler)
    assert app.subscriptions[handler.__name__].types == ("order.placed", "note.taken")


def test_a_class_that_does_not_cover_an_untyped_event_is_refused(app: Jobs) -> None:
    def index(event: Event[OrderPlaced]) -> None: ...

    with pytest.raises(ConfigurationError, match=r"the data of note\.taken is JSON"):
        app.on("order.placed", "note.taken")(index)
    app.on("order.placed", "note.*")(index)  # nobody knows yet what that will be


def test_a_subscription_has_the_name_of_no_other_task(app: Jobs) -> None:
    @app.task
    def index(n: int) -> None: ...

    with pytest.raises(ConfigurationError, match="two tasks are named 'index'"):

        @app.on("order.placed", name="index")
        def other(event: Event) -> None: ...

    assert app.subscriptions == {}


def test_a_start_that_is_none_is_refused(app: Jobs) -> None:
    with pytest.raises(ConfigurationError, match="'beginning', 'now' or a position"):

        @app.on("order.placed", from_position="start")  # type: ignore[arg-type]
        def index(event: Event) -> None: ...
