"""Running the command line in this process: what it printed, and its exit code.

A module of tests takes the fixtures with `bare = command_line.bare` and
`txjobs = command_line.txjobs`.
"""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from txjobs import cli

NOWHERE = "postgresql://127.0.0.1:1/nothing"


@dataclass
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The documents on standard output, one a line."""
        return [json.loads(line) for line in self.out.split("\n")[:-1]]

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        (line,) = self.out.splitlines()
        return json.loads(line)


Run = Callable[..., Answer]


class Terminal(io.TextIOWrapper):
    """Standard input with a person at it."""

    def isatty(self) -> bool:
        """There is."""
        return True


def typed(
    monkeypatch: pytest.MonkeyPatch,
    text: str | bytes,
    kind: type[io.TextIOWrapper] = io.TextIOWrapper,
) -> None:
    """Standard input is this."""
    written = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr(sys, "stdin", kind(io.BytesIO(written), encoding="utf-8"))


@pytest.fixture
def bare(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command without a database."""
    for name in ("TXJOBS_DSN", "PGHOST", "PGDATABASE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> Answer:
        code = cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        return Answer(int(code), out, err)

    return run


@pytest.fixture
def txjobs(bare: Run, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the test's database."""
    monkeypatch.setenv("TXJOBS_DSN", dsn)
    return bare


def refused(answer: Answer, code: int, *parts: str) -> None:
    """One line on standard error, nothing on standard output, and that exit code."""
    assert answer.code == code
    assert answer.out == ""
    (line,) = answer.err.splitlines()
    for part in parts:
        assert part in line
