"""The pruner: what is older than its queue keeps it goes, now and then, a little at a time."""

import asyncio

import psycopg

from . import _calls
from ._config import Config
from ._drivers import AsyncConn, run_async
from ._retry import Reconnect, jitter
from ._state import WorkerStats
from .errors import TxjobsError

__all__ = ["prune_regularly"]

_STEP = 1000  # jobs a transaction: readers of the log wait for it
_PAUSE = 0.05  # seconds between two steps, for others


async def prune_regularly(config: Config, stats: WorkerStats) -> None:
    """Until cancelled. Its connection is its own, and open only while there is something to do.

    Ticks and claims never wait for it. Workers do not agree on who does it: one that finds another
    at it has nothing to do, and so has one that comes after.
    """
    reconnect = Reconnect("pruning", stats)
    while config.prune_interval is not None:
        await asyncio.sleep(config.prune_interval * jitter(0.5, 1.5))
        try:
            conn = await psycopg.AsyncConnection.connect(
                config.dsn, autocommit=True, **config.connect
            )
            async with conn:
                await _until_nothing_is_left(conn)
            reconnect.succeeded()
        except (psycopg.Error, TxjobsError) as error:
            await reconnect.wait(error)


async def _until_nothing_is_left(conn: AsyncConn) -> None:
    while True:
        if not await run_async(conn, _calls.prune(_STEP, dry_run=False)):
            return
        await asyncio.sleep(_PAUSE)
