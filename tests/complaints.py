"""What `mypy --strict` says of programs that a user might write."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mypy import api

SIGNATURE = "(conn: psycopg.Connection[Any], client: Client) -> None:"
ASYNC_SIGNATURE = "(conn: psycopg.AsyncConnection[Any], client: AsyncClient) -> None:"


def complaints(
    folder: Path, preamble: str, functions: Mapping[str, Sequence[str]]
) -> dict[str, set[str]]:
    """The codes of the errors in each function, which is its head and the lines of its body."""
    lines = preamble.split("\n")
    owner: dict[int, str] = {}
    for name, (head, *body) in functions.items():
        lines.append(head)
        for line in body:
            lines.append(f"    {line}")
            owner[len(lines)] = name
    file = folder / "example.py"
    file.write_text("\n".join(lines))
    output, errors, _ = api.run(
        ["--strict", "--config-file=", f"--cache-dir={folder / 'cache'}", str(file)]
    )
    assert not errors, errors
    said: dict[str, set[str]] = {name: set() for name in functions}
    for number, code in re.findall(r":(\d+): error: .*\[([a-z-]+)\]$", output, re.MULTILINE):
        said[owner.get(int(number), f"the preamble, line {number}: {output}")].add(code)
    return said
