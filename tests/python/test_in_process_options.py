"""What the in-process runner refuses."""

import datetime as dt
from typing import Any

import pytest

from txjobs import (
    Backoff,
    ConfigurationError,
    InvalidArgument,
    Jobs,
    NewJob,
    RunnerClosed,
)
from txjobs._options import Options
from txjobs.in_process import InProcess

AT_ONCE = Backoff(strategy="constant", base=0)
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def app() -> Jobs:
    return Jobs()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"priority": 101}, "priority is 101"),
        ({"max_attempts": 40_000}, "max_attempts is 40000"),
        ({"timeout": 0}, "timeout is 0"),
        ({"delay": -1}, "in -1"),
        ({"delay": 1, "run_at": NOON}, "both run_at and delay"),
        ({"retry": Backoff(cap=0.5)}, "out of range"),
        ({"retry": Backoff(factor=0.5)}, "out of range"),
        ({"retry": Backoff(delays=())}, "go together"),
        ({"unique_key": "k"}, "unique_key: only the database"),
    ],
)
def test_an_option_that_cannot_be_met_is_refused(
    app: Jobs, options: dict[str, Any], message: str
) -> None:
    @app.task
    def note() -> None: ...

    with (
        app.in_process() as jobs,
        pytest.raises((InvalidArgument, ConfigurationError), match=message),
    ):
        app.enqueue(jobs, [NewJob("note", "{}", Options(**options))])
    assert jobs.list() == []


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 0},
        {"concurrency": True},
        {"max_pending": 0},
        {"keep": -1},
        {"when_full": "drop"},
        {"drain_timeout": -1},
        {"now": dt.datetime(2026, 1, 1)},
    ],
)
def test_settings_out_of_range_are_refused(app: Jobs, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        InProcess(app, **options)


def test_two_runners_of_one_application_are_refused(app: Jobs) -> None:
    first = app.in_process()
    with first:
        with pytest.raises(ConfigurationError, match="already has"), app.in_process():
            pass
        with pytest.raises(ConfigurationError, match="already has"), app.inline():
            pass
    with pytest.raises(ConfigurationError, match="make another"), first:
        pass
    with app.in_process():
        pass


def test_a_closed_runner_takes_nothing(app: Jobs) -> None:
    @app.task
    def note() -> None: ...

    with app.in_process() as jobs:
        pass
    with pytest.raises(RunnerClosed):
        note.enqueue(jobs)
