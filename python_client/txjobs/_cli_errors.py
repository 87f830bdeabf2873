"""What went wrong, as one line and an exit code."""

import enum

import psycopg

from ._cli_text import clean
from .embedded import ServerUnavailable
from .errors import (
    ConfigurationError,
    DuplicateJob,
    InvalidArgument,
    NotFound,
    NotInstalled,
    PositionGone,
    QueueFull,
    TxjobsError,
    Unencodable,
    UnknownOutcome,
    VersionConflict,
    WrongState,
    translate,
)

__all__ = ["ExitCode", "Usage", "explain", "one_line"]


class ExitCode(enum.IntEnum):
    """What a script may rely on."""

    OK = 0
    NO = 1
    USAGE = 2
    UNAVAILABLE = 3
    REFUSED = 4
    CUT = 5
    CONFLICT = 6
    CRITICAL = 7
    FULL = 8
    DEFECT = 70
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """For --help and docs/cli.md."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.NO: "the answer is no: something is pending, stuck or worth a warning, not there, or "
    "has ended already",
    ExitCode.USAGE: "the command line, or a value in it, cannot be understood",
    ExitCode.UNAVAILABLE: "no database: it cannot be reached, or has no (or an older) schema",
    ExitCode.REFUSED: "the database refused, or the worker could not go on",
    ExitCode.CUT: "the worker stopped, and had to cut off a running job (it was given back)",
    ExitCode.CONFLICT: "another writer was first: the stream is not at the version expected",
    ExitCode.CRITICAL: "a check of the installation is critical",
    ExitCode.FULL: "the queue is full: try again later, or wait with --wait",
    ExitCode.DEFECT: "a defect in txjobs",
    ExitCode.INTERRUPTED: "interrupted",
}


class Usage(TxjobsError):
    """The command line cannot be understood; the message says what to write."""


# By the first of them that fits; what a message lacks to name a fix is added here.
_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (NotFound, ExitCode.NO),
    (DuplicateJob, ExitCode.NO),
    (WrongState, ExitCode.NO),
    (PositionGone, ExitCode.NO),
    (VersionConflict, ExitCode.CONFLICT),
    (QueueFull, ExitCode.FULL),
    (Usage, ExitCode.USAGE),
    (ConfigurationError, ExitCode.USAGE),
    (InvalidArgument, ExitCode.USAGE),
    (Unencodable, ExitCode.USAGE),
    (NotInstalled, ExitCode.UNAVAILABLE),
    (ServerUnavailable, ExitCode.UNAVAILABLE),
    (UnknownOutcome, ExitCode.UNAVAILABLE),
    (TxjobsError, ExitCode.REFUSED),
)
_UNREACHABLE = ("08", "28", "3D", "53300", "57P")
_ROLES = "jobs_producer, jobs_worker, jobs_operator or jobs_reader"


def explain(error: Exception) -> tuple[str, ExitCode]:
    """One line that names the fix, and the exit code."""
    if isinstance(error, psycopg.Error):
        translated = translate(error)
        if isinstance(translated, psycopg.Error):
            return _explain_driver(translated)
        error = translated
    for kind, code in _CODES:
        if isinstance(error, kind):
            return one_line(str(error)), code
    what = f"{type(error).__name__}: {error}"
    return one_line(f"a defect in txjobs, please report it with --debug: {what}"), ExitCode.DEFECT


def _explain_driver(error: psycopg.Error) -> tuple[str, ExitCode]:
    state = error.sqlstate
    message = error.diag.message_primary or _first_line(error)
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        fix = f"connect as a role that is granted {_ROLES}, whichever the command needs"
        return one_line(f"{message}: {fix}"), ExitCode.REFUSED
    if state is None and isinstance(error, psycopg.OperationalError):
        return one_line(f"{message}: is --dsn (or TXJOBS_DSN) right?"), ExitCode.UNAVAILABLE
    if state is not None and state.startswith(_UNREACHABLE):
        return one_line(f"{message}: is --dsn (or TXJOBS_DSN) right?"), ExitCode.UNAVAILABLE
    parts = (message, error.diag.message_detail, error.diag.message_hint)
    said = " · ".join(part for part in parts if part)
    return one_line(f"the database refused ({state}): {said}"), ExitCode.REFUSED


def _first_line(error: psycopg.Error) -> str:
    """What libpq says; where it tried several hosts, of each of them."""
    text = str(error)
    return text if text.startswith("Multiple") else text.partition("\n")[0]


def one_line(text: str) -> str:
    """The text without line breaks and control characters."""
    return clean(" ".join(text.split()))
