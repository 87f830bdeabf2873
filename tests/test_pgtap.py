"""Runs tests/sql/*.sql, which are pgTAP scripts: one test per file."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from databases import database
from txjobs import embedded
from txjobs.embedded import Binaries

HERE = Path(__file__).parent / "sql"
FILES = sorted(HERE.glob("*.sql"))


def pgtap_source() -> Path | None:
    """The definition of pgTAP's functions: plain SQL, which fits any server; the newest here."""
    found = Path("/usr/share/postgresql").glob("*/extension/pgtap--*.*.*.sql")
    scripts = [path for path in found if re.fullmatch(r"pgtap--\d+\.\d+\.\d+", path.stem)]
    return max(scripts, key=lambda path: int(path.parts[4]), default=None)


@pytest.fixture(scope="session")
def pgtap_template(binaries: Binaries, server: embedded.Server, template: str) -> Iterator[str]:
    """The name of a template database with the schema, and pgTAP in schema `tap`."""
    source = pgtap_source()
    if source is None:
        pytest.skip("pgTAP is not installed here (postgresql-NN-pgtap)")
    name = "txjobs_pgtap"
    with database(server.dsn, name, template=template, as_template=True) as dsn:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("create schema tap")
            conn.execute(f"alter database {name} set search_path = tap, public".encode())
        load = [str(binaries.bindir / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", dsn]
        subprocess.run([*load, "-f", source], check=True, capture_output=True)
        yield name


def complaints(output: str) -> list[str]:
    """What is wrong with the TAP output of one file; nothing if all that was planned has passed."""
    results = re.findall(r"^(not ok|ok) (\d+)", output, re.MULTILINE)
    plans = re.findall(r"^1\.\.(\d+)", output, re.MULTILINE)
    found = re.findall(r"^not ok .*(?:\n# .*)*", output, re.MULTILINE)
    if len(plans) != 1:
        found.append(f"one plan is expected, not {len(plans)}")
    elif len(results) != int(plans[0]):
        found.append(f"{plans[0]} tests were planned, {len(results)} have run")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_pgtap(
    file: Path, binaries: Binaries, server: embedded.Server, pgtap_template: str
) -> None:
    with database(server.dsn, "txjobs_test", template=pgtap_template) as dsn:
        command = [str(binaries.bindir / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        ran = subprocess.run(
            [*command, "-d", dsn, "-f", file.name],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    assert not complaints(ran.stdout), "\n".join(complaints(ran.stdout))
