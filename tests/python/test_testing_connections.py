"""Draining on connections of every sort, and what is left of them."""

import asyncio
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row, tuple_row

from drained_app import TABLE, effects, shop
from txjobs import Client, ConfigurationError, Jobs
from txjobs.testing import assert_enqueued, drain


async def test_an_async_session_runs_handlers_of_both_sorts(dsn: str) -> None:
    app = shop()
    async with (
        await psycopg.AsyncConnection.connect(dsn) as session,
        session.transaction(force_rollback=True),
    ):
        await session.execute(TABLE)
        await app.tasks["write"].enqueue(session, "one", then="three")
        await app.tasks["write_async"].enqueue(session, "two", then="four")
        drained = await drain(app, session)
        found = await session.execute("select what from effect order by id")
        assert await found.fetchall() == [("one",), ("two",), ("three",), ("four",)]
    assert drained.counts == {"completed": 4}


async def test_a_sync_handler_of_an_async_session_runs_in_a_thread_without_a_loop(dsn: str) -> None:
    app = Jobs()

    @app.task
    def look() -> bool:
        return asyncio.run(asyncio.sleep(0, True))

    async with await psycopg.AsyncConnection.connect(dsn) as session:
        job = await look.enqueue(session)
        assert (await drain(app, session)).completed[0].id == job.id


async def test_a_sync_session_in_a_running_loop_runs_sync_handlers_only(dsn: str) -> None:
    app = shop()
    with psycopg.connect(dsn) as session:
        session.execute(TABLE)
        app.tasks["write"].enqueue(session, "one")
        assert drain(app, session).counts == {"completed": 1}
        app.tasks["write_async"].enqueue(session, "two")
        with pytest.raises(ConfigurationError, match="AsyncConnection, and await it"):
            drain(app, session)


@pytest.mark.parametrize("options", [{"row_factory": dict_row}, {"autocommit": True}, {}])
def test_any_connection_will_do(dsn: str, options: dict[str, Any]) -> None:
    app = shop()
    with psycopg.connect(dsn, **options) as session:
        session.execute(TABLE)
        for n in range(12):  # often enough for statements to be prepared
            app.tasks["write"].enqueue(session, f"w{n}")
            app.tasks["write_async"].enqueue(session, f"a{n}")
        app.tasks["fail"].enqueue(session, "no")
        counts = drain(app, session, raise_on_failure=False).counts
    assert counts == {"completed": 24, "failed": 1}
    with psycopg.connect(dsn) as other:
        assert len(effects(other)) == 24
        assert sum(queue.completed for queue in Client(other).stats()) == 24


@pytest.mark.parametrize("row_factory", [dict_row, tuple_row])
def test_a_connection_is_left_as_it_was(dsn: str, row_factory: Any) -> None:
    app, notices = shop(), []
    with psycopg.connect(dsn, autocommit=True, row_factory=row_factory) as session:
        session.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        session.execute(TABLE)
        app.tasks["write_async"].enqueue(session, "one")
        assert_enqueued(session)
        assert session.info.transaction_status == TransactionStatus.IDLE
        drain(app, session)
        assert session.info.transaction_status == TransactionStatus.IDLE
        session.execute("do $$ begin raise notice 'heard'; end $$")
        assert notices == ["heard"]


def test_what_is_no_connection_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="str is not a connection"):
        drain(Jobs(), "postgresql:///shop")  # type: ignore[call-overload]
