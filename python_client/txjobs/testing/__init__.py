"""Helpers for the tests of an application, on the real engine.

`drain` runs the jobs of a test in its own transaction, `assert_enqueued` looks at them, `travel`
moves the session's clock. They work with any psycopg connection, sync or async, and any test
runner; the fixtures for pytest are in `txjobs.testing.plugin`, which pytest finds by itself.
"""

from ._asserts import Filters, assert_enqueued, enqueued_jobs, refute_enqueued
from ._clock import Clock, freeze, travel
from ._drain import drain
from ._steps import Runaway
from ._summary import Drained, DrainedJob

__all__ = [
    "Clock",
    "Drained",
    "DrainedJob",
    "Filters",
    "Runaway",
    "assert_enqueued",
    "drain",
    "enqueued_jobs",
    "freeze",
    "refute_enqueued",
    "travel",
]
