"""The rules for the files of sql/ that a reader relies on and PostgreSQL does not check.

Whether the SQL is right is tested by installing it with check_function_bodies, by the catalog tests
and by plpgsql_check; this is about form. Run by `make lint`; prints file:line: what is wrong.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

SQL = Path(__file__).resolve().parent.parent / "sql"
LONGEST_LINE = 100
LONGEST_FILE = 150

KEYWORDS = """
alter and any array as asc begin between by case check coalesce column comment commit constraint
create cross declare default delete desc distinct do drop else elsif end exception execute
exists exit fetch for foreach from full function grant group having if in index inner insert
into is join key language lateral left like limit loop materialized no not null of offset on or
order outer over partition perform primary raise record references replace return returning
returns revoke rollback row schema security select sequence set sql stable strict table then to
trigger truncate type union unique update using values view volatile when where while with
""".upper().split()

# Comments, strings and quoted names. A dollar quote is a string if it ends on its line, else code.
OPAQUE = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\"[^\"]*\"|\$(\w+)\$[^\n]*?\$\1\$")
FUNCTION = re.compile(r"^create (or replace )?(?:function|procedure) jobs\.(\w+)\(", re.MULTILINE)

Finding = tuple[int, str]


def code_of(text: str) -> str:
    """The text with comments and strings blanked, every line where it was."""
    return OPAQUE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def line_of(text: str, position: int) -> int:
    """The number of the line at this position."""
    return text.count("\n", 0, position) + 1


def check_form(text: str) -> Iterator[Finding]:
    """Lines, blanks and letters."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            yield number, f"{len(line)} columns, more than {LONGEST_LINE}"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if "\t" in line:
            yield number, "a tab"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield line_of(text, len(text)), "the file ends with exactly one newline"
    if (length := text.count("\n")) > LONGEST_FILE:
        yield length, f"{length} lines, more than {LONGEST_FILE}: where would you split it?"
    for match in re.finditer(rf"\b(?:{'|'.join(KEYWORDS)})\b", code_of(text)):
        yield line_of(text, match.start()), f"keyword in capitals: {match[0]}"


def check_header(text: str) -> Iterator[Finding]:
    """Every file says first what it is for; of a function this becomes the comment."""
    if not re.match(r"-- \S", text):
        yield 1, "no header: begin with a comment that says what holds"


def check_functions(path: Path, text: str) -> Iterator[Finding]:
    """One name per file, replaceable, with a pinned search_path."""
    functions = list(FUNCTION.finditer(code_of(text)))
    if not functions:
        yield 1, f"no function jobs.{path.stem} here"
    if (path.parent.name == "private") != path.stem.startswith("_"):
        yield 1, "helpers are in private/ and are named _like_this, verbs are not"
    for function, following in zip(functions, [*functions[1:], None], strict=True):
        line = line_of(text, function.start())
        if function[2] != path.stem:
            yield line, f"{function[2]} is not the function that this file is named after"
        if not function[1]:
            yield line, "create or replace: it is applied again at each upgrade"
        source = text[function.start() : following.start() if following else None]
        is_parsed = re.search(r"^(return |begin atomic)", source, re.MULTILINE)
        if not is_parsed and not re.search(
            r"^set search_path = .*\bpg_temp$", source, re.MULTILINE
        ):
            yield line, "set search_path = pg_catalog, pg_temp is missing"


def check(path: Path) -> Iterator[Finding]:
    """Everything that is wrong with one file."""
    text = path.read_text()
    yield from check_form(text)
    yield from check_header(text)
    if path.parent.name in ("functions", "private"):
        yield from check_functions(path, text)


def main(sql: Path = SQL) -> int:
    """Check every file below `sql`; the result is the exit code."""
    count = 0
    for path in sorted(sql.rglob("*.sql")):
        for line, message in check(path):
            print(f"{path.relative_to(sql.parent)}:{line}: {message}")
            count += 1
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
