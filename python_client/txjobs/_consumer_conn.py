"""A consumer's own connection, on which one transaction follows another: async, or in a thread.

Both have the same methods, all of them awaited, so that a consumer's loop is written once.
"""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from inspect import isawaitable
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from ._calls import Call
from ._config import Config
from ._drivers import AsyncConn, Conn, run, run_async
from ._running import Parent, current
from ._threads import SlotThread
from .consumer import Consumer
from .event import Event

__all__ = ["ConsumerConn", "Interrupted", "connect"]

T = TypeVar("T")

_CLOSE = 1.0  # seconds for a thread to close its connection


class Interrupted(Exception):
    """Nobody waits for the function any more: roll back."""


class ConsumerConn(Protocol):
    """What a consumer's loop does with its connection."""

    @property
    def closed(self) -> bool:
        """It is lost, or was closed."""

    @property
    def status(self) -> TransactionStatus:
        """How its transaction is."""

    async def begin(self) -> None:
        """A transaction has begun."""

    async def run(self, call: Call[T]) -> T:
        """The call's value, in that transaction."""

    async def compute(self, function: Callable[[], T]) -> T:
        """The function's value; where there is a thread, it does not keep the event loop."""

    async def apply(
        self, fn: Callable[..., Any], events: list[Event[Any]], parent: Parent | None
    ) -> BaseException | None:
        """The function has ended: what it raised, or None; raises `Interrupted`."""

    async def commit(self) -> None:
        """What was written is there."""

    async def rollback(self) -> None:
        """Nothing was written; a connection that cannot say so is closed."""

    def interrupt(self) -> bool:
        """Whether a function ran: it is cancelled, or if it has a thread, left to itself."""

    async def close(self) -> None:
        """It is closed, at once or when the function that was left to itself has ended."""


async def connect(consumer: Consumer, config: Config) -> ConsumerConn:
    """A new connection."""
    settings = config.connect
    if consumer.is_async:
        return _AsyncConn(
            await psycopg.AsyncConnection.connect(config.dsn, autocommit=True, **settings)
        )
    thread = SlotThread(f"txjobs-consumer-{consumer.name}")
    made: list[Conn] = []

    def make() -> None:
        made.append(psycopg.connect(config.dsn, autocommit=True, **settings))

    def discard() -> None:
        for conn in made:
            conn.close()

    try:
        await thread.submit(make)
    except BaseException:
        _ = thread.submit(discard)  # it may be made when nobody waits for it any more
        thread.retire()
        raise
    return _SyncConn(made[0], thread)


class _AsyncConn:
    def __init__(self, conn: AsyncConn) -> None:
        self._conn = conn
        self._transaction: Any = None
        self._task: asyncio.Task[BaseException | None] | None = None
        self._interrupted = False

    @property
    def closed(self) -> bool:
        return self._conn.closed

    @property
    def status(self) -> TransactionStatus:
        return self._conn.info.transaction_status

    async def begin(self) -> None:
        transaction = self._conn.transaction()
        await transaction.__aenter__()
        self._transaction = transaction

    async def run(self, call: Call[T]) -> T:
        return await run_async(self._conn, call)

    async def compute(self, function: Callable[[], T]) -> T:
        return function()

    async def apply(
        self, fn: Callable[..., Any], events: list[Event[Any]], parent: Parent | None
    ) -> BaseException | None:
        context = copy_context()
        context.run(current.set, parent)
        coroutine = _apply_async(fn, self._conn, events)
        task = self._task = asyncio.get_running_loop().create_task(coroutine, context=context)
        await asyncio.wait([task])
        self._task = None
        if self._interrupted:
            raise Interrupted
        return task.result()

    async def commit(self) -> None:
        transaction, self._transaction = self._transaction, None
        await transaction.__aexit__(None, None, None)

    async def rollback(self) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is None:
            return
        error = Interrupted()
        try:
            await transaction.__aexit__(Interrupted, error, None)
        except psycopg.Error:
            await self._conn.close()  # which rolls back as well

    def interrupt(self) -> bool:
        if self._task is None:
            return False
        self._interrupted = True
        return self._task.cancel()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self._conn.close()


# What a function raises is handed on as a value: its own CancelledError must not be taken for one
# of the loop that waits for it, and its SystemExit is not to end the process.


async def _apply_async(
    fn: Callable[..., Any], conn: AsyncConn, events: list[Event[Any]]
) -> BaseException | None:
    try:
        await fn(conn, events)
    except GeneratorExit:
        raise
    except BaseException as error:
        return error
    return None


def _apply(fn: Callable[..., Any], conn: Conn, events: list[Event[Any]]) -> BaseException | None:
    try:
        returned = fn(conn, events)
        if isawaitable(returned):
            raise TypeError(
                f"{fn!r} is not an async function, but what it returned is to be awaited: "
                "make it `async def`, so that it is given an async connection"
            )
    except BaseException as error:
        return error
    return None


class _SyncConn:
    def __init__(self, conn: Conn, thread: SlotThread) -> None:
        self._conn = conn
        self._thread = thread
        self._transaction: Any = None
        self._applying: asyncio.Future[BaseException | None] | None = None
        self._interrupted = False

    @property
    def closed(self) -> bool:
        return self._conn.closed

    @property
    def status(self) -> TransactionStatus:
        return self._conn.info.transaction_status

    async def begin(self) -> None:
        transaction = self._conn.transaction()
        await self._thread.submit(transaction.__enter__)
        self._transaction = transaction

    async def run(self, call: Call[T]) -> T:
        return await self.compute(partial(run, self._conn, call))

    async def compute(self, function: Callable[[], T]) -> T:
        value: T = await self._thread.submit(function)
        return value

    async def apply(
        self, fn: Callable[..., Any], events: list[Event[Any]], parent: Parent | None
    ) -> BaseException | None:
        context = copy_context()
        context.run(current.set, parent)
        applying = self._thread.submit(partial(context.run, _apply, fn, self._conn, events))
        self._applying = applying
        await asyncio.wait([applying])
        if self._interrupted:
            raise Interrupted
        self._applying = None
        error: BaseException | None = applying.result()
        return error

    async def commit(self) -> None:
        transaction, self._transaction = self._transaction, None
        await self._thread.submit(partial(transaction.__exit__, None, None, None))

    async def rollback(self) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is None or self._interrupted:
            return
        error = Interrupted()
        try:
            await self._thread.submit(partial(transaction.__exit__, Interrupted, error, None))
        except psycopg.Error:
            await self._thread.submit(self._conn.close)

    def interrupt(self) -> bool:
        if self._applying is None:
            return False
        self._interrupted = True
        return self._applying.cancel()

    async def close(self) -> None:
        # In the thread, behind what still runs there: a connection is for one thread at a time.
        closed = self._thread.submit(self._conn.close)
        self._thread.retire()
        if self._applying is None:
            await asyncio.wait([closed], timeout=_CLOSE)
