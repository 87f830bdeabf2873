"""What a type checker must say to users of schedules."""

import pytest

from complaints import ASYNC_SIGNATURE, SIGNATURE, complaints

PREAMBLE = """
import datetime as dt
from typing import Any, assert_type
import psycopg
from txjobs import *

app = Jobs()

@app.cron("0 9 * * mon-fri", timezone="Europe/Rome", args={"to": "ops"})
@app.task(queue="mail")
def report(to: str) -> int:
    return len(to)

@app.cron("@daily", catch_up="once", overlap="queue", jitter=60)
def plain(day: int = 1) -> str:
    return str(day)

@app.cron("15 minutes", starts_at=dt.datetime.now(dt.UTC), name="often")
async def waited(ctx: Context, n: int = 1) -> float | Snooze:
    return 1.0

@app.cron("@weekly", args={"id": 7})
@app.task(batch_size=10)
def index(items: list[BatchItem[dict[str, int]]]) -> None: ...
"""

RIGHT = """
assert_type(report("ops"), int)
assert_type(report.enqueue(conn, "ops"), Job[int])
assert_type(plain(3), str)
assert_type(plain.enqueue(conn, day=3), Job[str])
assert_type(waited.enqueue(conn, 3), Job[float])
assert_type(index, SyncBatchTask[dict[str, int], None])
assert_type(client.schedules("a"), list[ScheduleInfo])
assert_type(client.schedule_history("a", max_runs=3), list[ScheduleRun])
assert_type(client.run_schedule("a"), int)
assert_type(client.unschedule("a"), bool)
assert_type(client.next_run("@daily", timezone="UTC"), dt.datetime | None)
client.pause(schedule="a")
client.resume(schedule="a")
for schedule in app.schedules.values():
    assert_type(schedule, Schedule)
"""

RIGHT_ASYNC = """
assert_type(await waited.enqueue(conn), Job[float])
assert_type(await waited(3), float)
assert_type(await client.schedules(), list[ScheduleInfo])
assert_type(await client.next_run("@daily"), dt.datetime | None)
"""

WRONG = {
    "no expression": ("app.cron()", "call-arg"),
    "a wrong catch_up": ('app.cron("@daily", catch_up="twice")', "arg-type"),
    "a wrong overlap": ('app.cron("@daily", overlap="never")', "arg-type"),
    "an option of tasks": ('app.cron("@daily", queue="mail")', "call-arg"),
    "an argument that does not fit": ("report.enqueue(conn, 7)", "call-overload"),
    "what is no function": ('app.cron("@daily")(7)', "call-overload"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    functions = {
        "right": [f"def right{SIGNATURE}", *RIGHT.split("\n")],
        "async right": [f"async def async_right{ASYNC_SIGNATURE}", *RIGHT_ASYNC.split("\n")],
        "async wrong": [f"async def async_wrong{ASYNC_SIGNATURE}", "client.schedules()"],
    }
    for number, (name, (line, _)) in enumerate(WRONG.items()):
        functions[name] = [f"def wrong_{number}{SIGNATURE}", line]
    return complaints(tmp_path_factory.mktemp("typing"), PREAMBLE, functions)


def test_right_programs_have_no_complaints(said: dict[str, set[str]]) -> None:
    assert said["right"] == said["async right"] == set()


def test_what_is_wrong_is_a_type_error(said: dict[str, set[str]]) -> None:
    assert {name: said[name] for name in WRONG} == {
        name: {code} for name, (_, code) in WRONG.items()
    }


def test_a_forgotten_await_is_a_type_error(said: dict[str, set[str]]) -> None:
    assert said["async wrong"] == {"unused-coroutine"}
