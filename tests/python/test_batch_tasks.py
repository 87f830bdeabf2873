"""Batch handlers without a worker: registering, enqueuing, calling."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypedDict

import psycopg
import pytest

from txjobs import (
    BatchContext,
    BatchItem,
    Client,
    ConfigurationError,
    Context,
    Jobs,
    Snooze,
    Unencodable,
)
from txjobs.batch import Batching

Conn = psycopg.Connection[Any]


@dataclass(frozen=True)
class Doc:
    n: int
    at: dt.datetime | None = None


class Loose(TypedDict):
    n: int


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"batch_size": 0}, "at least 1, not 0"),
        ({"batch_size": -3}, "at least 1"),
        ({"batch_size": True}, "not True"),
        ({"batch_size": 2.5}, "not 2.5"),
        ({"batch_size": "9"}, "not '9'"),
        ({"batch_size": 9, "batch_timeout": -1}, "0 or more seconds"),
        ({"batch_size": 9, "batch_timeout": float("inf")}, "0 or more seconds"),
        ({"batch_size": 9, "batch_timeout": dt.timedelta(seconds=-1)}, "0 or more seconds"),
        ({"batch_timeout": 2.0}, "give batch_size too"),
    ],
)
def test_batch_options_that_cannot_work_are_refused(
    app: Jobs, options: dict[str, Any], fix: str
) -> None:
    with pytest.raises(ConfigurationError, match=fix):
        app.task(**options)


@pytest.mark.parametrize("timeout", [2.5, dt.timedelta(seconds=2.5)])
def test_a_batch_timeout_is_seconds_or_a_timedelta(timeout: Any) -> None:
    assert Batching.checked(9, timeout) == Batching(9, 2.5)


def test_a_batch_waits_for_a_second_if_nothing_is_said() -> None:
    assert Batching.checked(9, None) == Batching(9, 1.0)


def nothing() -> None: ...
def two(items: list[BatchItem[Doc]], more: int) -> None: ...
def scattered(*items: BatchItem[Doc]) -> None: ...
def named(*, items: list[BatchItem[Doc]]) -> None: ...
def of_one(ctx: Context, items: list[BatchItem[Doc]]) -> None: ...
def bare(items: list[Doc]) -> None: ...
def single(items: BatchItem[Doc]) -> None: ...
def numbers(items: list[BatchItem[int]]) -> None: ...
def lists(items: list[BatchItem[list[int]]]) -> None: ...
async def yields(items: list[BatchItem[Doc]]) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "fix"),
    [
        (nothing, "takes one list"),
        (two, "takes one list"),
        (scattered, "takes one list"),
        (named, "takes one list"),
        (of_one, "take a BatchContext"),
        (bare, r"annotate them as list\[BatchItem\[Doc\]\]"),
        (single, r"annotate them as list\[BatchItem\[Doc\]\]"),
        (numbers, "make it a dataclass"),
        (lists, "make it a dataclass"),
        (yields, "return a list"),
    ],
)
def test_a_function_that_takes_no_list_of_items_is_refused(
    app: Jobs, function: Any, fix: str
) -> None:
    with pytest.raises(ConfigurationError, match=fix):
        app.task(batch_size=10)(function)
    assert not app.tasks


def test_what_is_enqueued_is_one_item(app: Jobs, conn: Conn) -> None:
    @app.task(batch_size=10, queue="docs")
    def index(items: list[BatchItem[Doc]]) -> None: ...

    client = Client(conn)
    at = dt.datetime(2030, 1, 2, tzinfo=dt.UTC)
    first = index.enqueue(conn, Doc(1, at))
    second, third = index.enqueue_many(conn, [index.job(Doc(2)), index.job(Doc(3))])
    fourth = index.using(queue="elsewhere").enqueue(conn, Doc(4))
    found = [client.get(job) for job in (first, second, third, fourth)]
    assert [(one.args["n"], one.kind, one.queue) for one in found if one is not None] == [
        (1, "index", "docs"),
        (2, "index", "docs"),
        (3, "index", "docs"),
        (4, "index", "elsewhere"),
    ]
    assert found[0] is not None
    assert found[0].args == {"n": 1, "at": at.isoformat()}


def test_an_item_may_be_a_mapping(app: Jobs, conn: Conn) -> None:
    @app.task(batch_size=10)
    def index(items: list[BatchItem[dict[str, Any]]]) -> None: ...

    @app.task(batch_size=10)
    def index_loose(items: list[BatchItem[Loose]]) -> None: ...

    jobs = [index.enqueue(conn, {"n": 1}), index_loose.enqueue(conn, {"n": 2})]
    found = [Client(conn).get(job) for job in jobs]
    assert [one.args for one in found if one is not None] == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("args", "kwargs", "fix"),
    [
        ((), {}, "exactly one"),
        ((Doc(1), Doc(2)), {}, "exactly one"),
        ((), {"n": 1}, "exactly one"),
        ((7,), {}, "cannot store int by name"),
        (([Doc(1)],), {}, "cannot store list by name"),
        ((Doc,), {}, "cannot store type by name"),
    ],
)
def test_what_is_not_one_item_is_a_type_error(
    app: Jobs, conn: Conn, args: Any, kwargs: Any, fix: str
) -> None:
    @app.task(batch_size=10)
    def index(items: list[BatchItem[Doc]]) -> None: ...

    with pytest.raises(TypeError, match=fix):
        index.enqueue(conn, *args, **kwargs)


def test_an_item_that_is_not_json_is_unencodable(app: Jobs, conn: Conn) -> None:
    @app.task(batch_size=10)
    def index(items: list[BatchItem[dict[str, Any]]]) -> None: ...

    with pytest.raises(Unencodable, match="an argument"):
        index.enqueue(conn, {"n": object()})


async def test_a_batch_task_is_called_with_items_as_its_function_is(app: Jobs) -> None:
    @app.task(batch_size=10)
    def double(items: list[BatchItem[Doc]]) -> list[int | Snooze]:
        return [one.args.n * 2 for one in items]

    @app.task(batch_size=10)
    async def attempts(ctx: BatchContext, items: list[BatchItem[Doc]]) -> list[int]:
        ctx.raise_if_cancelled()
        return [one.attempt for one in items]

    items = [BatchItem(Doc(1)), BatchItem(Doc(2), id=7, attempt=3)]
    assert double(items) == [2, 4]
    assert await attempts(items) == [1, 3]


def test_a_batch_handler_runs_inline_on_a_connection_that_is_given(app: Jobs, conn: Conn) -> None:
    @app.task(batch_size=10)
    def write(ctx: BatchContext, items: list[BatchItem[Doc]]) -> None:
        with ctx.transaction() as own:
            for one in items:
                own.execute("insert into effect values (%s)", (one.args.n + ctx.deps,))

    conn.execute("create table effect (n int)")
    write.fn(BatchContext.inline(conn, deps=10), [BatchItem(Doc(1)), BatchItem(Doc(2))])
    assert conn.execute("select n from effect order by n").fetchall() == [(11,), (12,)]
