"""One thread per slot for handlers that are not async."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["SlotThread"]

Work = tuple[Callable[[], Any], asyncio.Future[Any]]


class SlotThread:
    """Runs one function at a time. It is a daemon: a handler that hangs never holds up an exit."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, function: Callable[[], Any]) -> asyncio.Future[Any]:
        """A future of the function's result; cancelling it abandons the result, not the thread."""
        future = self._loop.create_future()
        self._inbox.put((function, future))
        return future

    def retire(self) -> None:
        """The thread ends after what it is doing."""
        self._inbox.put(None)

    def _run(self) -> None:
        while (work := self._inbox.get()) is not None:
            function, future = work
            try:
                result = function()
            except BaseException as error:
                self._answer(_set_error, future, error)
            else:
                self._answer(_set_result, future, result)
            del work, function, future

    def _answer(self, setter: Callable[..., None], future: asyncio.Future[Any], value: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(setter, future, value)
        except RuntimeError:  # the loop is closed: nobody waits for the answer
            self.retire()


def _set_result(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _set_error(future: asyncio.Future[Any], error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, StopIteration | GeneratorExit):  # they mean something else to a coroutine
        wrapped = RuntimeError(f"the handler raised {type(error).__name__}: {error}")
        wrapped.__cause__ = error
        error = wrapped
    future.set_exception(error)
