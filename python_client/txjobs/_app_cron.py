"""The schedules' part of `Jobs`: what runs when."""

import datetime as dt
import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import fields
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, get_args, overload

from ._app_log import LogRegistry
from ._options import Options, Seconds, timestamp
from ._signature import Signature
from .batch import BatchTask
from .context import Context
from .errors import ConfigurationError
from .outcomes import Outcome
from .schedule import CatchUp, Overlap, Schedule
from .task import AsyncTask, SyncTask, Task

__all__ = ["CronRegistry"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=Task[Any, Any])

_KEPT = {"queue", "priority"}  # what a schedule gives to its jobs; the rest is their kind's


class _Cron(Protocol):
    """What `@app.cron(...)` is: a task stays what it is, a function becomes one."""

    @overload
    def __call__(self, task: T, /) -> T: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, fn: Callable[Concatenate[Context, P], Coroutine[Any, Any, R | Outcome]], /
    ) -> AsyncTask[P, R]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, fn: Callable[P, Coroutine[Any, Any, R | Outcome]], /
    ) -> AsyncTask[P, R]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[Context, P], R | Outcome], /) -> SyncTask[P, R]: ...
    @overload
    def __call__(self, fn: Callable[P, R | Outcome], /) -> SyncTask[P, R]: ...


class CronRegistry(LogRegistry):
    """The declarations of schedules."""

    def __init__(self) -> None:
        super().__init__()
        self._schedules: dict[str, Schedule] = {}

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """The declared schedules, by name."""
        return self._schedules

    def cron(
        self,
        cron: str,
        /,
        *,
        name: str | None = None,
        timezone: str = "UTC",
        args: Mapping[str, Any] | None = None,
        catch_up: CatchUp = "skip",
        overlap: Overlap = "allow",
        jitter: Seconds | None = None,
        starts_at: dt.datetime | None = None,
        ends_at: dt.datetime | None = None,
    ) -> _Cron:
        """Declares a schedule: a job of this task at each time that the expression fits.

        Exactly one each time, however many workers run. Above `@app.task` it schedules that task,
        above a plain function it makes it one; there may be several, each with a name. `reconcile`
        makes the schedule; a worker does so when it starts.

        >>> from txjobs import Jobs
        >>> app = Jobs()
        >>> @app.cron("0 9 * * mon-fri", timezone="Europe/Rome")
        ... def report() -> None: ...
        >>> app.schedules["report"].cron
        '0 9 * * mon-fri'

        Arguments:
            cron: five fields (minute hour day month weekday), six with the second first, `@daily`
                and the like, or an interval such as `15 minutes`
            name: of the schedule; default the task's
            timezone: whose clock on the wall the fields are read from
            args: the task's arguments
            catch_up: what becomes of times at which no worker ran: `skip` them, one job `once`, for
                the last of them, or `all`: a job each
            overlap: if the job of the time before has not ended: `allow` another, `skip` this time,
                or `queue` it until that one has
            jitter: each job waits a random part of this, in seconds
            starts_at, ends_at: no time is before or after

        The jobs have the task's queue and priority. Attempts, retries, lease and timeout are
        settings of the kind in the database, which makes the jobs:
        `select jobs.configure_kind('report', max_attempts => 5)`.
        """
        for what, value, allowed in (
            ("catch_up", catch_up, get_args(CatchUp)),
            ("overlap", overlap, get_args(Overlap)),
        ):
            if value not in allowed:
                raise ConfigurationError(f"{what} is one of {', '.join(allowed)}, not {value!r}")
        for at in (starts_at, ends_at):
            timestamp(at)  # it has a time zone

        def declare(given: Any) -> Any:
            task = given if isinstance(given, Task) else self._task_of(given)
            schedule = Schedule(
                name=name or task.name,
                cron=cron,
                kind=task.name,
                args=_encoded(task, args or {}),
                queue=task.options.queue,
                priority=task.options.priority,
                timezone=timezone,
                catch_up=catch_up,
                overlap=overlap,
                jitter=jitter,
                starts_at=starts_at,
                ends_at=ends_at,
            )
            _refuse_options(task)
            if schedule.name in self._schedules:
                raise ConfigurationError(
                    f"two schedules are named {schedule.name!r}: give one of them name="
                )
            if task is not given:
                self._add(task)
            self._schedules[schedule.name] = schedule
            return task

        return declare

    @staticmethod
    def _task_of(fn: Callable[..., Any]) -> Task[Any, Any]:
        cls: type[Task[Any, Any]] = AsyncTask if inspect.iscoroutinefunction(fn) else SyncTask
        return cls(fn, fn.__name__, Options(), Signature(fn, Context))


def _encoded(task: Task[Any, Any], args: Mapping[str, Any]) -> str:
    try:
        if isinstance(task, BatchTask):
            return task.signature.encode((args,), {})
        return task.signature.encode((), args)
    except TypeError as error:
        raise ConfigurationError(
            f"{task.name} cannot be scheduled with args={dict(args)!r}: {error}"
        ) from error


def _refuse_options(task: Task[Any, Any]) -> None:
    lost = [
        one.name
        for one in fields(task.options)
        if one.name not in _KEPT and getattr(task.options, one.name) is not None
    ]
    if lost:
        raise ConfigurationError(
            f"{task.name}: {', '.join(sorted(lost))}: jobs of a schedule are made in the database, "
            "which knows this of their kind: select jobs.configure_kind(name, max_attempts => …, "
            "backoff => …, lease => …, timeout => …)"
        )
