"""The listener: a connection that does nothing but wait for notifications, which are hints."""

from collections.abc import Callable

import psycopg

from ._config import Config
from ._drivers import run_async
from ._retry import Reconnect
from ._state import WorkerStats
from ._worker_calls import LISTEN
from .errors import TxjobsError

__all__ = ["listen"]


async def listen(config: Config, stats: WorkerStats, nudge: Callable[[], None]) -> None:
    """Calls `nudge` for each notification, and after each reconnection; until cancelled.

    A notification of a queue that is not this worker's counts too: queues share idle flags, and one
    that was cleared for another's sake must be set again.
    """
    reconnect = Reconnect("notifications", stats)
    while True:
        try:
            conn = await psycopg.AsyncConnection.connect(
                config.dsn, autocommit=True, **config.connect
            )
            async with conn:
                await run_async(conn, LISTEN)
                reconnect.succeeded()
                nudge()  # whatever was said before this moment was not heard
                async for _ in conn.notifies():
                    nudge()
        except (psycopg.Error, TxjobsError) as error:
            await reconnect.wait(error)
