"""The examples run, each in a process of its own as its README says."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_orders_are_placed_paid_and_told_of_and_their_projection_can_be_rebuilt(
    empty_dsn: str,
) -> None:
    ran = subprocess.run(
        [sys.executable, EXAMPLES / "orders" / "run.py", "--dsn", empty_dsn],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("\nok ") == 6
    assert "NOT MET" not in ran.stdout
