"""The examples of a page of documentation: those that are marked to run as a test."""

import re
import subprocess
from pathlib import Path

from txjobs import embedded


def examples(page: Path, language: str) -> list[str]:
    """The marked blocks of this language, in the order of the page."""
    return re.findall(
        rf"<!-- runs as a test -->\n```{language}\n(.*?)```", page.read_text(), re.DOTALL
    )


def run_in_psql(script: str, dsn: str, binaries: embedded.Binaries) -> str:
    """What psql prints of it; the first error ends it."""
    ran = subprocess.run(
        [binaries.bindir / "psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", dsn],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
