"""Leases that are not the worker's own."""

import asyncio
from typing import Any

import psycopg
import pytest

from txjobs import Client, Jobs
from waiting import until
from workers import running

Conn = psycopg.Connection[Any]


@pytest.mark.parametrize("from_settings", [False, True], ids=["of the job", "of its kind"])
def test_a_lease_shorter_than_the_workers_is_renewed_in_time(
    dsn: str, conn: Conn, from_settings: bool
) -> None:
    app = Jobs()

    @app.task
    async def takes_longer_than_its_lease() -> str:
        await asyncio.sleep(3.5)
        return "done"

    if from_settings:
        conn.execute("select jobs.configure_kind('takes_longer_than_its_lease', lease => '1.2 s')")
        job = takes_longer_than_its_lease.enqueue(conn)
    else:
        job = takes_longer_than_its_lease.using(lease=1.2).enqueue(conn)
    client = Client(conn)
    with running(app, dsn, lease=30.0, heartbeat=10.0):
        until(lambda: client.state(job) in ("completed", "dead"), "it has ended")
    assert client.result(job) == "done"
    assert [event.type for event in client.history(job)] == ["enqueued", "claimed", "completed"]
