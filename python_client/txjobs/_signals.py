"""SIGTERM and SIGINT ask a worker to stop; from a third one on, the process just ends."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ._state import EXIT_CUT

__all__ = ["handle_signals"]

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def handle_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    """Within the block, a signal calls `stop` in the loop.

    A handler that blocks the loop cannot keep the process from ending: the third signal does not go
    through the loop. What was running then is recovered by its lease.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal received
        received += 1
        if received > 2:
            os._exit(EXIT_CUT)
        loop.call_soon_threadsafe(stop)

    previous = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
