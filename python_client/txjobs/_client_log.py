"""What the clients ask of the log, in their two forms; the logic is in `_log_requests`."""

import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import _log_calls, _log_requests
from ._client_conn import AsyncClientBase, ClientBase
from ._options import Seconds
from .consumer import StartAt
from .event import NO_DATA, Appended, Event, NewEvent
from .info import Backfilled, ConsumerInfo, Snapshot, StreamInfo, SubscriptionInfo

__all__ = ["AsyncLogClient", "LogClient"]


class LogClient(ClientBase):
    """Streams, subscriptions and consumers."""

    def append(
        self,
        stream: str,
        event_type: str,
        data: Any = NO_DATA,
        /,
        *,
        expected_version: int | None = None,
        event_id: uuid.UUID | str | None = None,
        headers: Mapping[str, Any] | None = None,
        schema_version: int = 1,
    ) -> int:
        """The event is in the stream; its position.

        `Jobs.append` says what the arguments are, and takes instances of registered classes too.
        """
        new = NewEvent(
            event_type, data, event_id=event_id, headers=headers, schema_version=schema_version
        )
        return self._run(_log_requests.append(stream, new, expected_version))

    def append_many(
        self, stream: str, events: Iterable[NewEvent], /, *, expected_version: int | None = None
    ) -> list[Appended]:
        """The events are in the stream with contiguous versions, or none of them is."""
        return self._run(_log_requests.append_many(stream, events, expected_version))

    def read_all(
        self,
        after: int | None = None,
        *,
        max_events: int = 1000,
        types: Sequence[str] | None = None,
        job_events: bool | None = None,
        allow_gaps: bool = False,
    ) -> list[Event]:
        """A page of the log in order, users' events and jobs': what comes after a position.

        Nothing that commits later has a lower position than what is returned: go on from the last.

        Arguments:
            after: the last position that was read; default from the oldest event that is there
            max_events: positions at most, 1 to 10000; the jobs of one transition share one
            types: patterns such as `order.*` or `job.dead`; default any
            job_events: True: only jobs' events, False: only users', default both
            allow_gaps: read on though events after that position were pruned

        Raises `PositionGone`, which says where to restart.
        """
        return self._run(_log_requests.read_all(after, max_events, types, job_events, allow_gaps))

    def read_category(
        self,
        category: str,
        after: int | None = None,
        *,
        max_events: int = 1000,
        types: Sequence[str] | None = None,
        allow_gaps: bool = False,
    ) -> list[Event]:
        """A page of the events of all streams of a category, as `read_all`."""
        return self._run(
            _log_requests.read_category(category, after, max_events, types, allow_gaps)
        )

    def read_stream(
        self,
        stream: str,
        from_version: int | None = None,
        *,
        max_events: int = 1000,
        backwards: bool = False,
    ) -> list[Event]:
        """A page of a stream by version, newest first with `backwards`; empty if there is none.

        It sees what its own transaction has appended. Raises `PositionGone` if the versions from
        there on are not all there any more.
        """
        return self._run(_log_requests.read_stream(stream, from_version, max_events, backwards))

    def latest(
        self,
        stream: str | None = None,
        *,
        type: str | None = None,  # noqa: A002
        contains: Mapping[str, Any] | None = None,
    ) -> Event | None:
        """The newest event of a stream, of a type, or both, whose data contains this JSON."""
        return self._run(_log_requests.latest(stream, type, contains))

    def last_pos(self) -> int:
        """The position up to which the log can be read; what commits later lies after it."""
        return self._run(_log_calls.last_pos())

    def streams(
        self,
        category: str | None = None,
        *,
        after: StreamInfo | str | None = None,
        max_streams: int = 100,
    ) -> list[StreamInfo]:
        """A page of streams by name; `after` is the last one of the page before."""
        return self._run(_log_requests.streams(category, after, max_streams))

    def save_snapshot(
        self,
        stream: str,
        version: int,
        data: Any,
        /,
        *,
        schema_version: int = 1,
        expected_version: int | None = None,
    ) -> bool:
        """The stream's state as of a version is kept; False if a newer one is there.

        `expected_version` is that of the snapshot that it takes the place of (0: of none), else
        `VersionConflict`.
        """
        return self._run(
            _log_requests.save_snapshot(stream, version, data, schema_version, expected_version)
        )

    def load_snapshot(self, stream: str, /, *, schema_version: int = 1) -> Snapshot | None:
        """The newest snapshot of a stream, of that schema; None if there is none."""
        return self._run(_log_requests.load_snapshot(stream, schema_version))

    def subscriptions(self, name: str | None = None) -> list[SubscriptionInfo]:
        """A line per subscription."""
        return self._run(_log_requests.subscriptions(name))

    def unsubscribe(self, name: str) -> bool:
        """Whether there was one; the jobs that it has made stay."""
        return self._run(_log_calls.unsubscribe(name))

    def backfill(self, name: str | None = None, *, max_events: int = 1000) -> list[Backfilled]:
        """Subscriptions that begin in the past, or were paused, come nearer to the present.

        Workers do the same in their idle time; this is for those who cannot wait.
        """
        return self._run(_log_requests.backfill(name, max_events))

    def consumers(self, name: str | None = None, *, stuck_for: Seconds = 60) -> list[ConsumerInfo]:
        """A line per consumer: where it stands, how far behind, and what keeps it.

        `stuck_for`: seconds that one may have something to read and not move.
        """
        return self._run(_log_requests.consumers(name, stuck_for))

    def reset_consumer(self, name: str, from_position: StartAt, *, allow_gaps: bool = False) -> int:
        """The consumer goes on after it, forwards or backwards; its failures are forgotten.

        With `allow_gaps` also where events after that position were pruned.
        """
        return self._run(_log_requests.reset_consumer(name, from_position, allow_gaps))

    def delete_consumer(self, name: str) -> bool:
        """Whether there was one; its position is gone."""
        return self._run(_log_calls.delete_consumer(name))

    def iter_all(
        self,
        after: int | None = None,
        *,
        page: int = 1000,
        types: Sequence[str] | None = None,
        job_events: bool | None = None,
    ) -> Iterator[Event]:
        """Every event after a position up to now, a page at a time, as `read_all`.

        From the beginning (no `after`) that is what retention has left.
        """
        gaps = after is None
        while events := self.read_all(
            after, max_events=page, types=types, job_events=job_events, allow_gaps=gaps
        ):
            yield from events
            after = events[-1].pos

    def iter_stream(
        self, stream: str, from_version: int | None = None, *, page: int = 1000
    ) -> Iterator[Event]:
        """Every event of a stream from a version on, a page at a time, as `read_stream`."""
        while events := self.read_stream(stream, from_version, max_events=page):
            yield from events
            from_version = (events[-1].version or 0) + 1


class AsyncLogClient(AsyncClientBase):
    """The same on an async connection: every method is awaited, but the iterators."""

    async def append(
        self,
        stream: str,
        event_type: str,
        data: Any = NO_DATA,
        /,
        *,
        expected_version: int | None = None,
        event_id: uuid.UUID | str | None = None,
        headers: Mapping[str, Any] | None = None,
        schema_version: int = 1,
    ) -> int:
        """The event is in the stream; its position.

        `Jobs.append` says what the arguments are, and takes instances of registered classes too.
        """
        new = NewEvent(
            event_type, data, event_id=event_id, headers=headers, schema_version=schema_version
        )
        return await self._run(_log_requests.append(stream, new, expected_version))

    async def append_many(
        self, stream: str, events: Iterable[NewEvent], /, *, expected_version: int | None = None
    ) -> list[Appended]:
        """The events are in the stream with contiguous versions, or none of them is."""
        return await self._run(_log_requests.append_many(stream, events, expected_version))

    async def read_all(
        self,
        after: int | None = None,
        *,
        max_events: int = 1000,
        types: Sequence[str] | None = None,
        job_events: bool | None = None,
        allow_gaps: bool = False,
    ) -> list[Event]:
        """A page of the log in order: what comes after a position; see `LogClient.read_all`."""
        return await self._run(
            _log_requests.read_all(after, max_events, types, job_events, allow_gaps)
        )

    async def read_category(
        self,
        category: str,
        after: int | None = None,
        *,
        max_events: int = 1000,
        types: Sequence[str] | None = None,
        allow_gaps: bool = False,
    ) -> list[Event]:
        """A page of the events of all streams of a category, as `read_all`."""
        return await self._run(
            _log_requests.read_category(category, after, max_events, types, allow_gaps)
        )

    async def read_stream(
        self,
        stream: str,
        from_version: int | None = None,
        *,
        max_events: int = 1000,
        backwards: bool = False,
    ) -> list[Event]:
        """A page of a stream by version, newest first with `backwards`; empty if there is none.

        It sees what its own transaction has appended. Raises `PositionGone` if the versions from
        there on are not all there any more.
        """
        return await self._run(
            _log_requests.read_stream(stream, from_version, max_events, backwards)
        )

    async def latest(
        self,
        stream: str | None = None,
        *,
        type: str | None = None,  # noqa: A002
        contains: Mapping[str, Any] | None = None,
    ) -> Event | None:
        """The newest event of a stream, of a type, or both, whose data contains this JSON."""
        return await self._run(_log_requests.latest(stream, type, contains))

    async def last_pos(self) -> int:
        """The position up to which the log can be read; what commits later lies after it."""
        return await self._run(_log_calls.last_pos())

    async def streams(
        self,
        category: str | None = None,
        *,
        after: StreamInfo | str | None = None,
        max_streams: int = 100,
    ) -> list[StreamInfo]:
        """A page of streams by name; `after` is the last one of the page before."""
        return await self._run(_log_requests.streams(category, after, max_streams))

    async def save_snapshot(
        self,
        stream: str,
        version: int,
        data: Any,
        /,
        *,
        schema_version: int = 1,
        expected_version: int | None = None,
    ) -> bool:
        """The stream's state as of a version is kept; False if a newer one is there.

        `expected_version` is that of the snapshot that it takes the place of (0: of none), else
        `VersionConflict`.
        """
        return await self._run(
            _log_requests.save_snapshot(stream, version, data, schema_version, expected_version)
        )

    async def load_snapshot(self, stream: str, /, *, schema_version: int = 1) -> Snapshot | None:
        """The newest snapshot of a stream, of that schema; None if there is none."""
        return await self._run(_log_requests.load_snapshot(stream, schema_version))

    async def subscriptions(self, name: str | None = None) -> list[SubscriptionInfo]:
        """A line per subscription."""
        return await self._run(_log_requests.subscriptions(name))

    async def unsubscribe(self, name: str) -> bool:
        """Whether there was one; the jobs that it has made stay."""
        return await self._run(_log_calls.unsubscribe(name))

    async def backfill(
        self, name: str | None = None, *, max_events: int = 1000
    ) -> list[Backfilled]:
        """Subscriptions that begin in the past, or were paused, come nearer to the present.

        Workers do the same in their idle time; this is for those who cannot wait.
        """
        return await self._run(_log_requests.backfill(name, max_events))

    async def consumers(
        self, name: str | None = None, *, stuck_for: Seconds = 60
    ) -> list[ConsumerInfo]:
        """A line per consumer: where it stands, how far behind, and what keeps it.

        `stuck_for`: seconds that one may have something to read and not move.
        """
        return await self._run(_log_requests.consumers(name, stuck_for))

    async def reset_consumer(
        self, name: str, from_position: StartAt, *, allow_gaps: bool = False
    ) -> int:
        """The consumer goes on after it, forwards or backwards; its failures are forgotten.

        With `allow_gaps` also where events after that position were pruned.
        """
        return await self._run(_log_requests.reset_consumer(name, from_position, allow_gaps))

    async def delete_consumer(self, name: str) -> bool:
        """Whether there was one; its position is gone."""
        return await self._run(_log_calls.delete_consumer(name))

    async def iter_all(
        self,
        after: int | None = None,
        *,
        page: int = 1000,
        types: Sequence[str] | None = None,
        job_events: bool | None = None,
    ) -> AsyncIterator[Event]:
        """Every event after a position up to now, a page at a time, as `read_all`.

        From the beginning (no `after`) that is what retention has left.
        """
        gaps = after is None
        while events := await self.read_all(
            after, max_events=page, types=types, job_events=job_events, allow_gaps=gaps
        ):
            for event in events:
                yield event
            after = events[-1].pos

    async def iter_stream(
        self, stream: str, from_version: int | None = None, *, page: int = 1000
    ) -> AsyncIterator[Event]:
        """Every event of a stream from a version on, a page at a time, as `read_stream`."""
        while events := await self.read_stream(stream, from_version, max_events=page):
            for event in events:
                yield event
            from_version = (events[-1].version or 0) + 1
