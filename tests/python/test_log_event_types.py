"""Event types: classes, schema versions and upcasters."""

import datetime as dt
import subprocess
import sys
import uuid
from dataclasses import dataclass
from typing import Any, Self

import psycopg
import pytest

from txjobs import (
    Client,
    ConfigurationError,
    Event,
    Jobs,
    TxjobsError,
    Undecodable,
    UndecodableEvent,
    UnknownEventType,
    UnknownEventVersion,
    UnreadableEvent,
)

Conn = psycopg.Connection[Any]


@dataclass(frozen=True)
class Money:
    cents: int
    currency: str


@dataclass(frozen=True)
class OrderPlaced:
    total: Money
    at: dt.datetime


AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def stored(type_: str, data: Any, schema_version: int = 1) -> Event[Any]:
    return Event(17, AT, "order-7", 1, type_, schema_version, None, {}, data)


@pytest.fixture
def app() -> Jobs:
    app = Jobs()
    app.event("order.placed", schema_version=3)(OrderPlaced)

    @app.upcast("order.placed", from_version=1)
    def in_cents(data: dict[str, Any]) -> dict[str, Any]:
        data["cents"] = data.pop("total") * 100
        return data

    @app.upcast("order.placed", from_version=2)
    def with_currency(data: dict[str, Any]) -> dict[str, Any]:
        return {"total": {"cents": data["cents"], "currency": "EUR"}, "at": AT.isoformat()}

    return app


def test_what_was_appended_is_read_as_the_same_object(app: Jobs, conn: Conn) -> None:
    placed = OrderPlaced(Money(4999, "EUR"), AT)
    app.append(conn, "order-7", placed)
    (event,) = Client(conn).read_stream("order-7")
    assert app.decode(event) == placed


@pytest.mark.parametrize(
    ("schema_version", "data"),
    [
        (1, {"total": 50}),
        (2, {"cents": 5000}),
        (3, {"total": {"cents": 5000, "currency": "EUR"}, "at": AT.isoformat()}),
    ],
)
def test_data_of_every_version_is_read_as_the_newest(
    app: Jobs, schema_version: int, data: dict[str, Any]
) -> None:
    event = stored("order.placed", data, schema_version)
    assert app.decode(event) == OrderPlaced(Money(5000, "EUR"), AT)
    assert app.decode(event) == OrderPlaced(Money(5000, "EUR"), AT), "it was changed by reading"


def test_a_decoded_event_is_of_the_newest_version_and_stays_as_it_is(app: Jobs) -> None:
    decoded = app.event_types.decode(stored("order.placed", {"total": 50}))
    assert decoded.schema_version == 3
    assert app.event_types.decode(decoded) is decoded


def test_an_unknown_type_says_how_it_becomes_known(app: Jobs) -> None:
    with pytest.raises(UnknownEventType, match=r'@app\.event\("order\.paid"\)') as raised:
        app.decode(stored("order.paid", {}))
    assert (raised.value.type, raised.value.pos, raised.value.schema_version) == (
        "order.paid",
        17,
        1,
    )


def test_a_later_version_than_is_known_is_an_error(app: Jobs) -> None:
    with pytest.raises(UnknownEventVersion, match="up to 3") as raised:
        app.decode(stored("order.placed", {}, 4))
    assert (raised.value.pos, raised.value.schema_version) == (17, 4)


def test_a_missing_upcaster_is_named() -> None:
    app = Jobs()
    app.event("order.placed", schema_version=3)(OrderPlaced)
    app.upcast("order.placed", from_version=1)(lambda data: data)
    with pytest.raises(UnknownEventVersion, match=r"from 2 to 3: write .*from_version=2"):
        app.decode(stored("order.placed", {"total": 50}))


@pytest.mark.parametrize(
    ("schema_version", "data", "message"),
    [
        (3, {"total": 1}, "not what OrderPlaced takes"),
        (3, {"surplus": 1}, "not what OrderPlaced takes"),
        (3, [1], "not what OrderPlaced takes"),
        (1, {}, "upcaster from version 1 failed: KeyError"),
    ],
)
def test_data_that_does_not_fit_is_undecodable(
    app: Jobs, schema_version: int, data: Any, message: str
) -> None:
    with pytest.raises(UndecodableEvent, match=message) as raised:
        app.decode(stored("order.placed", data, schema_version))
    assert raised.value.pos == 17


def test_the_errors_of_reading_are_one_family() -> None:
    for error in (UnknownEventType, UnknownEventVersion, UndecodableEvent):
        assert issubclass(error, UnreadableEvent)
        assert issubclass(error, TxjobsError)
    assert issubclass(UndecodableEvent, Undecodable)  # a job that holds one is dead at once
    assert not issubclass(UnknownEventType, Undecodable)  # while a deployment may cure this


def test_registrations_that_cannot_work_are_refused(app: Jobs) -> None:
    @dataclass
    class Other:
        n: int

    class Plain:
        pass

    refused: list[tuple[str, int, type, str]] = [
        ("order.placed", 1, Other, "two classes"),
        ("other", 1, OrderPlaced, "registered for order.placed"),
        ("other", 1, Plain, "write @dataclass"),
        ("other", 0, Other, "begin at 1"),
        ("other.*", 1, Other, r"without \*"),
        ("job.mine", 1, Other, "the jobs' own"),
        ("", 1, Other, "order.placed"),
    ]
    for name, version, cls, message in refused:
        with pytest.raises(ConfigurationError, match=message):
            app.event(name, schema_version=version)(cls)
    app.event("other")(Other)


def test_upcasters_that_cannot_work_are_refused(app: Jobs) -> None:
    with pytest.raises(ConfigurationError, match="two upcasters"):
        app.upcast("order.placed", from_version=1)(lambda data: data)
    with pytest.raises(ConfigurationError, match="raise schema_version="):
        app.upcast("order.placed", from_version=3)(lambda data: data)
    with pytest.raises(ConfigurationError, match="begin at 1"):
        app.upcast("order.placed", from_version=0)(lambda data: data)

    @dataclass
    class Other:
        n: int

    app.upcast("other", from_version=1)(lambda data: data)
    with pytest.raises(ConfigurationError, match="raise schema_version="):
        app.event("other")(Other)
    app.event("other", schema_version=2)(Other)


class Model:
    """What there is of a pydantic model, to us."""

    def __init__(self, total: int) -> None:
        self.total = total

    @classmethod
    def model_validate(cls, data: Any) -> Self:
        return cls(int(data["total"]))

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        assert mode == "json"
        return {"total": self.total}


def test_a_model_is_dumped_and_validated_by_its_own_methods(app: Jobs, conn: Conn) -> None:
    app.event("model.made")(Model)
    app.append(conn, "model-1", Model(5))
    (event,) = Client(conn).read_stream("model-1")
    assert event.data == {"total": 5}
    assert app.decode(event).total == 5
    with pytest.raises(UndecodableEvent, match="not what Model takes"):
        app.decode(stored("model.made", {}))


def test_a_pydantic_model_is_an_event(app: Jobs, conn: Conn) -> None:
    pydantic = pytest.importorskip("pydantic")
    paid = pydantic.create_model("Paid", cents=(int, ...), when=(dt.datetime, ...))
    app.event("order.paid")(paid)
    app.append(conn, "order-7", paid(cents=5, when=AT))
    (event,) = Client(conn).read_stream("order-7")
    assert app.decode(event) == paid(cents=5, when=AT)
    with pytest.raises(UndecodableEvent, match="cents"):
        app.decode(stored("order.paid", {"cents": "many", "when": AT.isoformat()}))


def test_pydantic_is_not_imported_at_the_start() -> None:
    code = "import sys, txjobs; assert 'pydantic' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_event_reads_the_same_from_a_row_and_from_a_jobs_arguments(
    app: Jobs, conn: Conn
) -> None:
    conn.execute("select jobs.subscribe('index', '{order.*}')")
    app.append(
        conn, "order-7", OrderPlaced(Money(1, "EUR"), AT), event_id=uuid.uuid4(), headers={"a": 1}
    )
    client = Client(conn)
    (event,) = client.read_stream("order-7")
    (job,) = client.list(kind="index")
    found = client.get(job.id)
    assert found is not None
    assert Event.of_object(found.args["event"]) == event
    assert hash(event) == hash(Event.of_object(found.args["event"]))


def test_a_jobs_event_is_told_from_a_users(app: Jobs, conn: Conn) -> None:
    client = Client(conn)
    job = client.enqueue("work")
    app.append(conn, "order-7", "order.closed")
    jobs, users = client.iter_all()
    assert (jobs.type, jobs.stream, jobs.version) == ("job.enqueued", f"job-{job.id}", None)
    assert (jobs.is_job_event, users.is_job_event) == (True, False)
    assert jobs.data["job_id"] == job.id
