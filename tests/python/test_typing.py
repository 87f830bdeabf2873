"""What a type checker must say to users of the package."""

import pytest

from complaints import ASYNC_SIGNATURE, SIGNATURE
from complaints import complaints as complaints_of

PREAMBLE = """
import asyncio
from dataclasses import dataclass
from typing import Any, assert_type
import psycopg
from txjobs import *

app = Jobs()

@app.task
async def send(to: str, subject: str = "hi") -> int:
    return 1

@app.task(queue="mail", retry=Backoff(max_attempts=8, cap=600), timeout=30)
def charge(ctx: Context, user: int, *, cents: int) -> str:
    with ctx.transaction() as conn:
        conn.execute("select 1")
        return "done"

@app.task
async def sometimes(ctx: Context, n: int) -> bytes | Snooze:
    async with ctx.transaction() as conn:
        await conn.execute("select 1")
    return b"" if n else Snooze(60)

@dataclass
class Doc:
    n: int

@app.task(batch_size=100, batch_timeout=2.0)
async def index(items: list[BatchItem[Doc]]) -> list[int | BaseException]:
    return await asyncio.gather(*(send(str(item.args.n)) for item in items), return_exceptions=True)

@app.task(batch_size=100)
def store(ctx: BatchContext, items: list[BatchItem[Doc]]) -> list[int | Skip]:
    with ctx.transaction() as conn:
        conn.execute("select 1")
    return [item.args.n if item.attempt == 1 else Skip() for item in items]

@app.task(batch_size=100)
async def drop(ctx: BatchContext, items: list[BatchItem[dict[str, int]]]) -> None: ...

@app.task(batch_size=100)
def drop_sync(items: list[BatchItem[Doc]]) -> None: ...
"""

RIGHT = """
assert_type(send.enqueue(conn, "a"), Job[int])
assert_type(send.enqueue(conn, to="a", subject="b"), Job[int])
assert_type(charge.enqueue(conn, 7, cents=5), Job[str])
assert_type(charge.using(delay=60).enqueue(conn, 7, cents=5), Job[str])
assert_type(charge.enqueue_many(conn, [charge.job(7, cents=5)]), list[Job[str]])
assert_type(sometimes.enqueue(conn, 1), Job[bytes])
assert_type(client.result(send.enqueue(conn, "a")), int)
assert_type(client.result(17), Any)
assert_type(charge(7, cents=5), str)
app.enqueue(conn, [send.job("a"), charge.job(7, cents=5)])
assert_type(index.enqueue(conn, Doc(1)), Job[int])
assert_type(index.using(delay=60).enqueue(conn, Doc(1)), Job[int])
assert_type(store.enqueue_many(conn, [store.job(Doc(1))]), list[Job[int]])
assert_type(drop.enqueue(conn, {"n": 1}), Job[None])
assert_type(drop_sync.enqueue(conn, Doc(1)), Job[None])
assert_type(client.result(store.enqueue(conn, Doc(1))), int)
store([BatchItem(Doc(1))])
"""

RIGHT_ASYNC = """
assert_type(await send.enqueue(conn, "a"), Job[int])
assert_type(await charge.enqueue(conn, 7, cents=5), Job[str])
assert_type(await client.result(await send.enqueue(conn, "a")), int)
assert_type(await send("a"), int)
await app.enqueue(conn, [send.job("a"), charge.job(7, cents=5)])
assert_type(await index.enqueue(conn, Doc(1)), Job[int])
await index([BatchItem(Doc(1))])
"""

WRONG = {
    "an argument of a wrong type": ("send.enqueue(conn, 7)", "call-overload"),
    "a missing argument": ("charge.enqueue(conn, 7)", "call-overload"),
    "an unknown argument": ('send.enqueue(conn, "a", body="b")', "call-overload"),
    "no connection": ('send.enqueue("a")', "call-overload"),
    "a wrong argument of job()": ("send.job(7)", "arg-type"),
    "a job of another task": ('charge.enqueue_many(conn, [send.job("a")])', "list-item"),
    "an unknown option": ("send.using(dely=1)", "call-arg"),
    "an item of a wrong type": ("index.enqueue(conn, 7)", "call-overload"),
    "two items": ("index.enqueue(conn, Doc(1), Doc(2))", "call-overload"),
    "a batch called with what is no list": ("store(BatchItem(Doc(1)))", "arg-type"),
    "too many arguments": ('send.job("a", "b", "c")', "call-arg"),
}

WRONG_ASYNC = {
    "a forgotten await": ('send.enqueue(conn, "a")', "unused-coroutine"),
    "a forgotten await of a value": ('send.enqueue(conn, "a").id', "attr-defined"),
    "a forgotten await of many": ('app.enqueue(conn, [send.job("a")])', "unused-coroutine"),
    "a forgotten await of a client": ("client.cancel(7)", "unused-coroutine"),
    "a forgotten await of a call": ('send("a")', "unused-coroutine"),
    "a forgotten await of a batch": ("index.enqueue(conn, Doc(1))", "unused-coroutine"),
    "an argument of a wrong type": ("await send.enqueue(conn, 7)", "call-overload"),
}


def functions() -> dict[str, list[str]]:
    """The lines of a function for each name."""
    found = {
        "right": [f"def right{SIGNATURE}", *RIGHT.split("\n")],
        "async right": [f"async def async_right{ASYNC_SIGNATURE}", *RIGHT_ASYNC.split("\n")],
    }
    for number, (name, (line, _)) in enumerate(WRONG.items()):
        found[name] = [f"def wrong_{number}{SIGNATURE}", line]
    for number, (name, (line, _)) in enumerate(WRONG_ASYNC.items()):
        found[f"async: {name}"] = [f"async def async_wrong_{number}{ASYNC_SIGNATURE}", line]
    return found


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What mypy --strict says of each function, as the codes of its errors."""
    return complaints_of(tmp_path_factory.mktemp("typing"), PREAMBLE, functions())


def test_right_programs_have_no_complaints(complaints: dict[str, set[str]]) -> None:
    assert complaints["right"] == complaints["async right"] == set()


def test_a_wrong_argument_is_a_type_error(complaints: dict[str, set[str]]) -> None:
    assert {name: complaints[name] for name in WRONG} == {
        name: {code} for name, (_, code) in WRONG.items()
    }


def test_a_forgotten_await_is_a_type_error(complaints: dict[str, set[str]]) -> None:
    assert {name: complaints[f"async: {name}"] for name in WRONG_ASYNC} == {
        name: {code} for name, (_, code) in WRONG_ASYNC.items()
    }
