"""Looking at the jobs that were enqueued, and complaining in a way that shows what was instead."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

from .. import _requests
from .._drivers import AsyncConn, Conn, run
from .._options import Seconds
from ..errors import ConfigurationError
from ..info import JobInfo, ListedJob
from ..task import Task
from ._faces import sync_face
from ._matching import Wanted, shown

__all__ = ["Filters", "assert_enqueued", "enqueued_jobs", "refute_enqueued"]

_PAGE = 1000
_COMPARED = 200  # jobs that a complaint looks at, at most
_NEAREST = 5
_WAITING = ("ready", "scheduled", "blocked")

Kind = str | Task[Any, Any]


@dataclass(frozen=True, slots=True)
class _Near:
    job: JobInfo
    differences: list[str]

    @property
    def distance(self) -> tuple[int, int]:
        wrong_kind = any("its kind is" in one for one in self.differences)
        return wrong_kind, len(self.differences)

    def __str__(self) -> str:
        job = self.job
        when = f" for {job.run_at.isoformat()}" if job.run_at is not None else ""
        why = "".join(f"\n      {one}" for one in self.differences)
        return (
            f"  job {job.id} {job.kind} {shown(job.args)}, {job.state}{when}, "
            f"queue {job.queue!r}{why}"
        )


class _Look:
    """One look at the jobs of a session, at those in certain states."""

    def __init__(self, session: Conn, state: str | None) -> None:
        self._session = session
        self._state = state

    def listed(self, kind: str | None) -> list[ListedJob]:
        """Oldest first."""
        states: Sequence[str | None] = _WAITING if self._state is None else (self._state,)
        if self._state == "any":
            states = (None,)
        found = [one for state in states for one in self._pages(state, kind)]
        return sorted(found, key=lambda one: one.id)

    def _pages(self, state: str | None, kind: str | None) -> Iterator[ListedJob]:
        after = None
        while True:
            page = run(self._session, _requests.list_jobs(state, None, kind, after, _PAGE))
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].cursor

    def matching(self, wanted: Wanted) -> list[JobInfo]:
        """Those that were asked for, in the order in which they were enqueued."""
        found = []
        for line in self.listed(wanted.kind):
            if any(wanted.listed_differences(line)):
                continue
            job = run(self._session, _requests.get(line.id))
            if job is not None and not any(wanted.differences(job)):
                found.append(job)
        return found

    def nearest(self, wanted: Wanted) -> tuple[list[_Near], int]:
        """Those that differ least from what was asked for, and how many there are in all."""
        lines = self.listed(None)
        # The newest of the right kind, then the newest others: a test's own are among them.
        lines.sort(key=lambda one: (one.kind != wanted.kind, -one.id))
        near = []
        for line in lines[:_COMPARED]:
            job = run(self._session, _requests.get(line.id))
            if job is not None:
                differences = [*wanted.listed_differences(line), *wanted.differences(job)]
                near.append(_Near(job, differences))
        near.sort(key=lambda one: one.distance)
        return near[:_NEAREST], len(lines)


class Filters(TypedDict, total=False):
    """What may be asked of a job besides its kind.

    args, headers: these members at least, also of the objects in them; a value that is not JSON is
        compared by its own `==`, such as `mock.ANY`
    queue, priority: those that it was given in the end
    run_at, delay: when it may run, or how long after it was enqueued, give or take `within` seconds
    """

    args: object
    queue: str
    priority: int
    headers: Mapping[str, Any]
    run_at: datetime
    delay: Seconds
    within: Seconds


def _wanted(kind: Kind | None, filters: Filters) -> Wanted:
    return Wanted(kind=kind.name if isinstance(kind, Task) else kind, **filters)


def enqueued_jobs(
    conn: Conn | AsyncConn,
    kind: Kind | None = None,
    *,
    state: str | None = None,
    **filters: Unpack[Filters],
) -> list[JobInfo]:
    """The jobs that this session sees and that fit, oldest first; not to be awaited.

    kind: a task, or the name of a kind
    filters: what else is asked of it: args, queue, priority, headers, run_at, delay (see `Filters`)
    state: only in this state, or `any`; the default is jobs that wait for their turn or their time
    """
    with sync_face(conn) as session:
        return _Look(session, state).matching(_wanted(kind, filters))


def assert_enqueued(
    conn: Conn | AsyncConn,
    kind: Kind | None = None,
    *,
    state: str | None = None,
    count: int | None = None,
    **filters: Unpack[Filters],
) -> list[JobInfo]:
    """At least one job fits, or exactly `count`; these jobs. The rest is as for `enqueued_jobs`.

    The AssertionError shows the jobs that are most like what was asked for, and in what they
    differ.

        [job] = assert_enqueued(conn, send_mail, args={"to": "ada@example.org"})
    """
    __tracebackhide__ = True
    if count is not None and count < 1:
        raise ConfigurationError("count is at least 1: for none there is refute_enqueued")
    wanted = _wanted(kind, filters)
    with sync_face(conn) as session:
        look = _Look(session, state)
        found = look.matching(wanted)
        if len(found) == count or (found and count is None):
            return found
        raise AssertionError(_complaint(session, look, wanted, found, count, state))


def refute_enqueued(
    conn: Conn | AsyncConn,
    kind: Kind | None = None,
    *,
    state: str | None = None,
    **filters: Unpack[Filters],
) -> None:
    """No job fits; the arguments are those of `enqueued_jobs`."""
    __tracebackhide__ = True
    wanted = _wanted(kind, filters)
    with sync_face(conn) as session:
        found = _Look(session, state).matching(wanted)
    if found:
        lines = [str(_Near(job, [])) for job in found[:_NEAREST]]
        more = [f"  and {len(found) - _NEAREST} more"] if len(found) > _NEAREST else []
        head = f"{_jobs(len(found))} {_verb(state, len(found))}, and none should: {wanted}"
        raise AssertionError("\n".join([head, *lines, *more]))


def _complaint(
    session: Conn,
    look: _Look,
    wanted: Wanted,
    found: list[JobInfo],
    count: int | None,
    state: str | None,
) -> str:
    if found:
        lines = [f"{_jobs(len(found))} {_verb(state, len(found))}, not {count}: {wanted}"]
        lines += [str(_Near(job, [])) for job in found[:_NEAREST]]
        return "\n".join(lines)
    lines = [f"no job {_verb(state, 1)}: {wanted}"]
    near, total = look.nearest(wanted)
    if near:
        lines.append(f"the nearest of {total} that {_verb(state, total)}:")
        lines += map(str, near)
    elif state is None:
        others = _Look(session, "any").matching(Wanted(kind=wanted.kind))
        if others:
            lines.append("none waits at all; with state='any' there are:")
            lines += [str(_Near(job, [])) for job in others[-_NEAREST:]]
        else:
            lines.append("none waits at all: was it enqueued on this connection, or committed?")
    else:
        lines.append("there is none in that state")
    return "\n".join(lines)


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


def _verb(state: str | None, count: int) -> str:
    if state is None:
        return "waits" if count == 1 else "wait"
    be = "is" if count == 1 else "are"
    return f"{be} there" if state == "any" else f"{be} {state}"
