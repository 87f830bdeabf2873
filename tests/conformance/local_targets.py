"""Inline mode and the in-process runner as targets of the cases."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from conformance.case import START, Case, Script, play
from conformance.python_handlers import application, options_of
from txjobs import InProcessJobs, JobInfo
from txjobs._local_jobs import LocalJobs

NOON = dt.datetime.fromtimestamp(START, dt.UTC)


class Inline:
    """Between two steps `run` nothing is started: enqueuing would run what is due."""

    def __init__(self, jobs: LocalJobs) -> None:
        self._jobs = jobs
        jobs.pause()

    def enqueue(self, kind: str, args: Any, options: Mapping[str, Any]) -> int:
        """The job waits."""
        return self._jobs.enqueue(kind, args, **options_of(options)).id

    def run(self) -> None:
        """What is due runs."""
        self._jobs.resume()
        self._jobs.pause()

    def advance(self, seconds: float) -> None:
        """So much time passes."""
        self._jobs.advance(seconds)

    def cancel(self, job: int) -> str:
        """Ask for a job's cancellation."""
        return self._jobs.cancel(job)

    def get(self, job: int) -> JobInfo | None:
        """The job."""
        return self._jobs.get(job)

    def events(self, job: int) -> list[str]:
        """The types of its transitions."""
        return [event.type for event in self._jobs.history(job)]


class InProcess(Inline):
    """A runner in a thread."""

    def __init__(self, jobs: InProcessJobs) -> None:
        super().__init__(jobs)
        self._runner = jobs

    def run(self) -> None:
        """What is due runs."""
        self._runner.resume()
        assert self._runner.drain(30), "it does not come to rest"
        self._runner.pause()


def play_inline(case: Case, *, is_async: bool) -> None:
    """In the thread of the test."""
    script = Script(case)
    app = application(case, script, lambda job: jobs.cancel(job), is_async=is_async)
    with app.inline(skip_delays=False, now=NOON) as jobs:
        play(case, script, Inline(jobs))


def play_in_process(case: Case, *, is_async: bool) -> None:
    """In a runner with one slot."""
    script = Script(case)
    app = application(case, script, lambda job: jobs.cancel(job), is_async=is_async)
    with app.in_process(concurrency=1, now=NOON, drain_timeout=0) as jobs:
        play(case, script, InProcess(jobs))
