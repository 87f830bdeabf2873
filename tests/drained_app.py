"""Tasks whose handlers write down what they do, on the session on which they are drained."""

from typing import Any

import psycopg

from txjobs import Context, Discard, Jobs, Retry, Skip, Snooze

Conn = psycopg.Connection[Any]

TABLE = "create table effect (id serial, what text not null)"


def effects(conn: Conn) -> list[str]:
    """What they wrote, in order."""
    return [what for (what,) in conn.execute("select what from effect order by id")]


def shop() -> Jobs:
    """The tasks."""
    app = Jobs()

    @app.task
    def write(ctx: Context, what: str, then: str | None = None) -> str:
        with ctx.transaction() as conn:
            conn.execute("insert into effect (what) values (%s)", (what,))
            if then is not None:
                write.enqueue(conn, then)
        return what

    @app.task
    async def write_async(ctx: Context, what: str, then: str | None = None) -> str:
        async with ctx.transaction() as conn:
            await conn.execute("insert into effect (what) values (%s)", (what,))
            if then is not None:
                await write_async.enqueue(conn, then)
        return what

    @app.task(max_attempts=2)
    def fail(ctx: Context, what: str) -> None:
        with ctx.transaction() as conn:
            conn.execute("insert into effect (what) values (%s)", (what,))
        raise ValueError(what)

    @app.task
    def put(outcome: str) -> Any:
        return {
            "skip": Skip("why"),
            "discard": Discard("why"),
            "retry": Retry(in_=5, error="later"),
            "snooze": Snooze(60),
            "set": {object()},
            "long": "x" * 2_000_000,
        }[outcome]

    return app
