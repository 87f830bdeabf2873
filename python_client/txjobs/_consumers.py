"""The consumers that a worker runs, each in a loop of its own."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any

import psycopg

from ._config import Config
from ._consumer_loop import ConsumerLoop
from ._reconcile import reconcile
from ._state import WorkerStats
from .errors import ConfigurationError

if TYPE_CHECKING:
    from .app import Jobs

__all__ = ["Consumers", "declare"]

_log = logging.getLogger("txjobs.worker")


class Consumers:
    """All of them at once, as `Run` sees them."""

    def __init__(self, app: "Jobs", config: Config, stats: WorkerStats) -> None:
        chosen = [app.consumers[name] for name in config.consumers]
        self._loops = [ConsumerLoop(app, one, config, stats) for one in chosen]

    def parts(self) -> Iterable[Coroutine[Any, Any, None]]:
        """What runs them, until they are stopped or cancelled."""
        return [loop.run() for loop in self._loops]

    @property
    def busy(self) -> bool:
        """A batch is under way."""
        return any(loop.busy for loop in self._loops)

    @property
    def batches(self) -> int:
        """How many batches were applied."""
        return sum(loop.batches for loop in self._loops)

    def stop(self) -> None:
        """No batch begins any more; those under way may end."""
        for loop in self._loops:
            loop.stop()

    def cut(self) -> None:
        """What is under way is given up, and rolls back."""
        for loop in self._loops:
            loop.cut()

    async def have_nothing_left(self, within: float) -> bool:
        """No event is left that one of them has yet to apply, here or in another process."""
        looks = [loop.has_nothing_left(within) for loop in self._loops]
        return all(await asyncio.gather(*looks))


async def declare(app: "Jobs", config: Config) -> None:
    """The database has what the application declares."""
    if not (app.settings or app.subscriptions or app.consumers or app.schedules):
        return
    conn = await psycopg.AsyncConnection.connect(config.dsn, autocommit=True, **config.connect)
    try:
        async with conn:
            changes = await reconcile(conn, app)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            "this role may not declare what the application does "
            f"({error.diag.message_primary}): run `txjobs migrate --app MODULE:APP` as one that "
            "may, and the worker with reconcile=False (--no-reconcile)"
        ) from error
    for change in changes:
        if change.pending:
            _log.info(
                "%s %s: %s%s",
                change.what,
                change.name,
                "created" if change.action == "create" else "changed",
                f" ({', '.join(change.differences)})" if change.differences else "",
            )
