"""A consumer, as an application declares it: a named cursor over the log, and who is given events.

The worker polls, calls the function and acknowledges in one transaction; see `Jobs.consumer`.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ._drivers import AsyncConn, Conn
from .errors import ConfigurationError
from .event import Event

__all__ = ["Consumer", "ConsumerFunction", "StartAt", "UnknownTypes", "start_text"]

StartAt = Literal["beginning", "now"] | int
"""Where reading begins: at the oldest event, after the newest, or after a position."""

UnknownTypes = Literal["stop", "skip"]

_Sync = Callable[[Conn, list[Event[Any]]], None]
_Async = Callable[[AsyncConn, list[Event[Any]]], Coroutine[Any, Any, None]]
ConsumerFunction = TypeVar("ConsumerFunction", bound=_Sync | _Async)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """One declaration.

    Attributes:
        name: the cursor's
        fn: takes a connection (a `psycopg.AsyncConnection` if it is async) and a list of events
        is_async: whether the function is `async`
        types: names or patterns such as `order.*`; None for any
        category: only events of its streams; None for any
        job_events: True: only jobs' events, False: only users', None: both, if `types` match
        batch: how many positions one call gets at most, 1 to 10000
        from_position: where a new one begins, as SQL takes it: `beginning`, `now` or a number
        unknown_types: what becomes of an event whose type the application does not know
        decode: whether events come as their registered classes, else as they were appended
        poll_interval: seconds between looking when there was nothing
    """

    name: str
    fn: Callable[..., Any]
    is_async: bool
    types: tuple[str, ...] | None
    category: str | None
    job_events: bool | None
    batch: int
    from_position: str
    unknown_types: UnknownTypes
    decode: bool
    poll_interval: float

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= 10_000:
            raise ConfigurationError(
                f"consumer {self.name}: batch is {self.batch!r}: it is between 1 and 10000"
            )
        if self.unknown_types not in ("stop", "skip"):
            raise ConfigurationError(
                f"consumer {self.name}: unknown_types is {self.unknown_types!r}: stop at an event "
                "of a type that the application does not know, or skip it"
            )
        if not self.poll_interval > 0:
            raise ConfigurationError(
                f"consumer {self.name}: poll_interval is {self.poll_interval!r}: it is more than 0"
            )


def start_text(from_position: StartAt, of: str) -> str:
    """The position as SQL takes it, or `ConfigurationError`; `of` says whose it is."""
    if from_position in ("beginning", "now"):
        return str(from_position)
    if isinstance(from_position, int) and not isinstance(from_position, bool):
        return str(from_position)
    raise ConfigurationError(
        f"{of}: from_position is {from_position!r}: it is 'beginning', 'now' or a position: "
        "events after it are read"
    )
