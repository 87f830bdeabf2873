"""How long the stress lasts: --stress-seconds N, or TXJOBS_STRESS_SECONDS."""

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --stress-seconds; name tests/faults too, or pytest learns of it too late."""
    parser.addoption("--stress-seconds", type=float, help="how long each stress lasts, default 20")


@pytest.fixture(scope="session")
def stress_seconds(pytestconfig: pytest.Config) -> float:
    """How long the stress lasts."""
    given = pytestconfig.getoption("--stress-seconds", None)
    return float(given or os.environ.get("TXJOBS_STRESS_SECONDS", "20"))
