"""Consumers in a worker: what a batch does and its cursor are one commit; nothing is skipped."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from consumers import append, applied, consumer, listed, make_projection, of_consumers
from txjobs import ConfigurationError, Event, Jobs, Worker
from txjobs._consumer_window import Window
from waiting import until
from workers import drain, running

Conn = psycopg.Connection[Any]
AsyncConn = psycopg.AsyncConnection[Any]


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.fixture(autouse=True)
def projection(conn: Conn) -> None:
    """The table that the tests' consumers write."""
    make_projection(conn)


def note(conn: Conn, events: Sequence[Event[Any]], name: str = "sums") -> None:
    """Write a row for each event."""
    for event in events:
        conn.execute("insert into applied values (%s, %s, %s)", (name, event.pos, event.data["n"]))


@pytest.mark.parametrize("is_async", [False, True])
def test_every_event_is_applied_once_and_in_order(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    if is_async:

        @consumer(app, "sums", batch=7)
        async def sums(conn: AsyncConn, events: list[Event[Any]]) -> None:
            for one in events:
                values = ("sums", one.pos, one.data["n"])
                await conn.execute("insert into applied values (%s, %s, %s)", values)
    else:

        @consumer(app, "sums", batch=7)
        def sums(conn: Conn, events: list[Event[Any]]) -> None:
            note(conn, events)

    append(conn, range(50))
    with running(app, dsn) as worker:
        until(lambda: len(applied(conn)) == 50, "the first 50 are applied")
        append(conn, range(50, 60))
        until(lambda: worker.stats.consumed == 60, "the others follow")
    assert applied(conn) == list(range(60))
    found = listed(conn)
    assert (found["behind"], found["failures"], found["stuck"]) == (0, 0, False)


@pytest.mark.parametrize("is_async", [False, True])
def test_rows_of_a_batch_that_fails_roll_back_and_the_cursor_stays(
    app: Jobs, dsn: str, conn: Conn, is_async: bool
) -> None:
    seen: list[int] = []
    there: list[Any] = []
    count, insert = "select count(*) from applied", "insert into applied values ('sums', 0, %s)"

    def check(events: Sequence[Event[Any]]) -> None:
        first = not seen
        seen.extend(event.data["n"] for event in events)
        if first:
            raise RuntimeError("after the rows were written")

    if is_async:

        @consumer(app, "sums")
        async def sums(conn: AsyncConn, events: list[Event[Any]]) -> None:
            there.append(await (await conn.execute(count)).fetchone())
            for event in events:
                await conn.execute(insert, (event.data["n"],))
            check(events)
    else:

        @consumer(app, "sums")
        def sums(conn: Conn, events: list[Event[Any]]) -> None:
            there.append(conn.execute(count).fetchone())
            for event in events:
                conn.execute(insert, (event.data["n"],))
            check(events)

    append(conn, [0, 1, 2])
    stats = drain(app, dsn)
    assert seen == [0, 1, 2, 0, 1, 2]
    assert there == [(0,), (0,), (2,)]
    assert applied(conn) == [0, 1, 2]
    assert (stats.consumed, stats.consumer_failures) == (3, 1)


def test_a_failing_consumer_stops_before_the_event_and_shows_why(
    app: Jobs, dsn: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    @consumer(app, "sums", batch=100)
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        note(conn, events)
        if any(event.data["n"] == 37 for event in events):
            raise ValueError("37 is not a number")

    positions = append(conn, range(100))
    with running(app, dsn):
        until(lambda: listed(conn)["failures"], "its failure is noted")
        time.sleep(0.3)
    assert applied(conn) == list(range(37))
    found = listed(conn)
    assert (found["stuck"], found["failed_pos"]) == (True, positions[37])
    assert found["why"] == "failed 1 times: 37 is not a number"
    assert (found["error"]["type"], found["error"]["message"]) == (
        "ValueError",
        "37 is not a number",
    )
    assert "in sums" in found["error"]["traceback"]
    assert "_consumer_conn" not in found["error"]["traceback"]
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert f"consumer sums stops at position {positions[37]}, next try at" in record.getMessage()
    assert "37 is not a number" in record.getMessage()


def test_what_fails_alone_is_tried_again_when_its_time_has_come_and_then_all_follows(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    sizes: list[int] = []
    broken = True

    @consumer(app, "sums", batch=64)
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        sizes.append(len(events))
        note(conn, events)
        if broken and any(event.data["n"] == 5 for event in events):
            raise ValueError("not yet")

    append(conn, range(200))
    with running(app, dsn):
        until(lambda: listed(conn)["failures"] == 2, "its time has come once")
        assert applied(conn) == list(range(5))
        broken = False
        until(lambda: len(applied(conn)) == 200, "the others follow")
    assert applied(conn) == list(range(200))
    assert sizes[-9:-1] == [1, 2, 4, 8, 16, 32, 64, 64]
    assert listed(conn)["failures"] == 0


def test_a_failing_event_is_found_with_few_tries() -> None:
    for batch in (1, 2, 3, 7, 100, 500, 10_000):
        for bad in {0, 1, batch // 3, batch // 2, batch - 1}:
            window, done, tries = Window(batch), 0, 0
            while True:
                tries += 1
                asked = min(window.size, batch + 50 - done)
                assert asked <= batch
                if done <= bad < done + asked:
                    if not window.failed(asked):
                        break
                else:
                    done += asked
                    window.succeeded(asked)
            assert done == bad
            assert tries <= 2 * batch.bit_length()


def test_an_event_that_is_known_to_fail_is_reached_at_once() -> None:
    window = Window(500)
    assert window.failed(301, good=300)
    assert window.size == 300
    window.succeeded(300)
    assert window.size == 1
    assert not window.failed(1)


@dataclass
class Counted:
    """What an event of the tests is made of."""

    n: int


def test_an_event_that_cannot_be_decoded_stops_it_and_those_before_it_are_applied(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    app.event("counted")(Counted)
    calls: list[list[int]] = []

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Counted]]) -> None:
        calls.append([event.data.n for event in events])

    append(conn, range(7))
    bad = conn.execute("select jobs.append_event('c-1', 'counted', '{\"m\": 1}')").fetchone()
    append(conn, [8])
    with running(app, dsn):
        until(lambda: listed(conn)["failures"], "it stops")
    found = listed(conn)
    assert bad is not None
    assert found["failed_pos"] == bad[0]
    assert found["error"]["type"] == "txjobs.errors.UndecodableEvent"
    assert calls == [list(range(7))]


def test_an_unknown_type_stops_it_or_is_skipped_as_it_says(app: Jobs, dsn: str, conn: Conn) -> None:
    seen: dict[str, list[int]] = {"stop": [], "skip": []}
    app.event("counter")(Counted)

    @consumer(app, "stop", types=["count*"], unknown_types="stop")
    def stop(conn: Conn, events: list[Event[Counted]]) -> None:
        seen["stop"].extend(event.data.n for event in events)

    @consumer(app, "skip", types=["count*"], unknown_types="skip")
    def skip(conn: Conn, events: list[Event[Counted]]) -> None:
        seen["skip"].extend(event.data.n for event in events)

    append(conn, [1, 2], type="counter")
    positions = append(conn, [3])
    append(conn, [4], type="counter")
    append(conn, [5])
    with running(app, dsn) as worker:
        until(lambda: listed(conn, "stop")["failures"], "one stops")
        until(lambda: listed(conn, "skip")["behind"] == 0, "the other has gone on")
        assert worker.stats.consumed == 5
    found = listed(conn, "stop")
    assert found["error"]["type"] == "txjobs.errors.UnknownEventType"
    assert (found["behind"], found["failed_pos"]) == (3, positions[0])
    assert seen == {"stop": [1, 2], "skip": [1, 2, 4]}


def test_a_failure_at_the_commit_is_one_like_any_other(app: Jobs, dsn: str, conn: Conn) -> None:
    conn.execute("alter table applied add unique (n) deferrable initially deferred")

    @consumer(app, "sums", batch=10)
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        note(conn, events)

    append(conn, [1, 2, 3, 2, 4])
    with running(app, dsn):
        until(lambda: listed(conn)["failures"], "it stops")
    assert applied(conn) == [1, 2, 3]
    assert "UniqueViolation" in listed(conn)["error"]["type"]


def test_what_it_enqueues_and_appends_commits_with_it(app: Jobs, dsn: str, conn: Conn) -> None:
    fail = True

    @app.task
    async def greet(n: int) -> None: ...

    @consumer(app, "sums", batch=1)
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        nonlocal fail
        for event in events:
            greet.enqueue(conn, event.data["n"])
            conn.execute("select jobs.append_event('follow-1', 'followed')")
        fail, failed = False, fail
        if failed:
            raise RuntimeError("after all that")

    positions = append(conn, [1, 2])
    stats = drain(app, dsn)
    assert (stats.consumer_failures, stats.completed) == (1, 2)
    kinds = conn.execute(
        "select args ->> 'n', options #>> '{headers,causation_id}' from jobs.job order by id"
    ).fetchall()
    assert kinds == [("1", str(positions[0])), ("2", str(positions[1]))]
    assert conn.execute("select count(*) from jobs.read_stream('follow-1')").fetchone() == (2,)


def test_jobs_transitions_are_consumed_too(app: Jobs, dsn: str, conn: Conn) -> None:
    seen: list[tuple[str, str]] = []

    @app.task
    async def quick() -> None: ...

    @app.consumer("audit", from_position="beginning", types=["job.completed"], poll_interval=0.05)
    async def audit(conn: AsyncConn, events: list[Event[Any]]) -> None:
        seen.extend((event.type, event.data["kind"]) for event in events)

    quick.enqueue_many(conn, [quick.job() for _ in range(30)])
    stats = drain(app, dsn)
    assert (stats.completed, stats.consumed) == (30, 30)
    assert seen == [("job.completed", "quick")] * 30


def test_only_the_consumers_that_are_chosen_run(app: Jobs, dsn: str, conn: Conn) -> None:
    for name in ("a", "b"):

        @consumer(app, name)
        def one(conn: Conn, events: list[Event[Any]], name: str = name) -> None:
            note(conn, events, name)

    @app.task
    async def nothing() -> None: ...

    append(conn, [1])
    drain(app, dsn, consumers=[])
    assert of_consumers(conn) == set()
    drain(app, dsn, consumers=["b"])
    assert of_consumers(conn) == {"b"}
    drain(app, dsn)
    assert of_consumers(conn) == {"a", "b"}
    with pytest.raises(ConfigurationError, match="no consumer is named c"):
        Worker(app, dsn, consumers=["c"])
    with pytest.raises(ConfigurationError, match=r"write \['a'\]"):
        Worker(app, dsn, consumers="a")


def test_an_operators_reset_takes_effect_before_the_next_try_is_due(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        if events[0].data["n"] == 1:
            raise ValueError("never")
        note(conn, events)

    positions = append(conn, [1, 2])
    with running(app, dsn):
        until(lambda: listed(conn)["failures"], "it has failed")
        conn.execute("select jobs.nack('sums', retry_in => '1 h')")
        conn.execute("select jobs.reset_consumer('sums', %s)", (positions[0],))
        until(lambda: applied(conn) == [2], "it has passed over the event")


def test_an_acknowledgement_that_is_refused_takes_the_rows_back(
    app: Jobs, dsn: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        nonlocal calls
        note(conn, events)
        calls += 1
        if calls == 1:
            conn.execute("select jobs.reset_consumer('sums', 'beginning')")

    append(conn, [1, 2])
    with running(app, dsn) as worker:
        until(lambda: worker.stats.consumed == 2, "it is applied")
    assert applied(conn) == [1, 2]
    assert "what it has applied is rolled back" in caplog.text
    assert worker.stats.consumer_failures == 1


@pytest.mark.parametrize(
    ("misdeed", "message"),
    [
        (lambda conn: conn.execute("rollback"), "has ended the transaction"),
        (lambda conn: conn.execute("commit"), "has ended the transaction"),
        (lambda conn: swallow(conn), "returned although a statement of its has failed"),
        (lambda conn: conn.commit(), "forbidden within a Transaction"),
    ],
    ids=["rollback", "commit", "swallow", "conn.commit"],
)
def test_a_function_that_spoils_its_transaction_is_told(
    app: Jobs, dsn: str, conn: Conn, misdeed: Callable[[Conn], None], message: str
) -> None:
    spoil = True

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        if spoil:
            misdeed(conn)
        else:
            note(conn, events)

    append(conn, [1])
    with running(app, dsn):
        until(lambda: listed(conn)["failures"], "it is noted")
        assert message in listed(conn)["error"]["message"]
        spoil = False
        until(lambda: applied(conn) == [1], "it goes on")


def swallow(conn: Conn) -> None:
    """A statement fails, and nobody is told."""
    try:
        conn.execute("select 1 / 0")
    except psycopg.Error:
        return


def test_a_function_that_forgot_to_be_async_is_told(app: Jobs, dsn: str, conn: Conn) -> None:
    async def work() -> None: ...

    coroutines = []

    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> Any:
        coroutines.append(work())
        return coroutines[-1]

    append(conn, [1])
    with running(app, dsn):
        until(lambda: listed(conn)["failures"], "it is noted")
    for one in coroutines:
        one.close()
    assert "async def" in listed(conn)["error"]["message"]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), StopIteration("what")])
@pytest.mark.parametrize("is_async", [False, True])
def test_whatever_a_function_raises_ends_only_its_batch(
    app: Jobs, dsn: str, conn: Conn, is_async: bool, error: BaseException
) -> None:
    if is_async:

        @consumer(app, "sums")
        async def sums(conn: AsyncConn, events: list[Event[Any]]) -> None:
            raise error
    else:

        @consumer(app, "sums")
        def sums(conn: Conn, events: list[Event[Any]]) -> None:
            raise error

    append(conn, [1])
    with running(app, dsn) as worker:
        until(lambda: listed(conn)["failures"] == 2, "it is tried again")
        assert worker.alive
    assert listed(conn)["failed_pos"] is not None


def test_a_consumer_that_is_not_there_is_looked_for_until_it_is(
    app: Jobs, dsn: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    @consumer(app, "sums")
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        note(conn, events)

    append(conn, [1])
    with running(app, dsn, reconcile=False):
        until(lambda: "consumer sums cannot go on" in caplog.text, "it says so")
        conn.execute("select jobs.create_consumer('sums', 'beginning', '{counted}')")
        until(lambda: applied(conn) == [1], "it goes on")


def test_an_idle_consumer_writes_nothing_and_looks_at_most_twice_a_second(
    app: Jobs, dsn: str, conn: Conn
) -> None:
    @app.consumer("sums", from_position="beginning", types=["counted"])
    def sums(conn: Conn, events: list[Event[Any]]) -> None:
        note(conn, events)

    def transactions() -> int:
        row = conn.execute(
            "select xact_commit + xact_rollback from pg_stat_database "
            "where datname = current_database()"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def cursor() -> Any:
        return conn.execute("select ctid, xmin, * from jobs.consumer_cursor").fetchall()

    def in_four_seconds(**options: Any) -> int:
        with running(app, dsn, poll_cap=1.0, **options):
            time.sleep(2)
            seen = [transactions()]
            for _ in range(2):
                time.sleep(4)
                seen.append(transactions())
        return min(after - before for before, after in pairwise(seen))

    @app.task
    async def nothing() -> None: ...

    append(conn, [1])
    drain(app, dsn)
    before = cursor()
    without, with_it = in_four_seconds(consumers=[]), in_four_seconds()
    assert cursor() == before
    assert with_it - without <= 2 * 4 + 2
