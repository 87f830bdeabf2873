"""Puts the files of sql/ together into the install script and the extension's script.

    python3 sql/build.py                 build/txjobs.sql, build/extension/ and the package's copy
    python3 sql/build.py --schema NAME   the script for another schema, on standard output

One script serves a fresh installation and an upgrade, and may be run any number of times: tables
are made or migrated as the database needs, everything else is replaced. Only the standard library
is used.
"""

import argparse
import hashlib
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SQL = Path(__file__).resolve().parent
ROOT = SQL.parent
FOLDERS = ("tables", "private", "views", "functions")


class BuildError(Exception):
    """The sources contradict one another; the message says which file to mend."""


@dataclass(frozen=True)
class Source:
    """One file of sql/."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """The file's name without folder and suffix, which is the object's name."""
        return Path(self.path).stem

    @property
    def header(self) -> str:
        """The comment block that opens the file, without its dashes."""
        lines = []
        for line in self.text.splitlines():
            if not line.startswith("--"):
                break
            lines.append(line.removeprefix("--").removeprefix(" "))
        return "\n".join(lines).strip()


@dataclass(frozen=True)
class Schema:
    """The sources, in order, with what names this build."""

    version: str
    sources: tuple[Source, ...]
    migrations: tuple[Source, ...]
    extension_tail: str

    @property
    def number(self) -> int:
        """The number of the newest migration; 0 if there is none."""
        return max((migration_number(m) for m in self.migrations), default=0)

    @property
    def label(self) -> str:
        """What is recorded as the schema's comment, and compared by `txjobs migrate`."""
        digest = hashlib.sha256()
        for source in (*self.sources, *self.migrations):
            digest.update(f"{source.path}\0{source.text}\0".encode())
        return f"txjobs {self.version}, migration {self.number}, build {digest.hexdigest()[:12]}"


def migration_number(migration: Source) -> int:
    """The number that a migration's file name begins with."""
    match = re.fullmatch(r"(\d{4})_[a-z0-9_]+", migration.name)
    if not match or int(match[1]) == 0:
        raise BuildError(f"{migration.path}: name a migration NNNN_what_it_does.sql, from 0001")
    return int(match[1])


def read_order(sql: Path) -> Iterator[str]:
    """The files in the order of order.txt; every file is there once, and every line means one."""
    lines = [
        line.partition("#")[0].strip() for line in (sql / "order.txt").read_text().splitlines()
    ]
    named = [line for line in lines if line and not line.endswith("/*")]
    if twice := {line for line in named if named.count(line) > 1}:
        raise BuildError(f"order.txt names {sorted(twice)} twice")
    found = {f"{folder}/{file.name}" for folder in FOLDERS for file in (sql / folder).glob("*.sql")}
    taken = set()
    for line in filter(None, lines):
        if line.endswith("/*"):
            matches = sorted(
                path for path in found if path.startswith(line[:-1]) and path not in named
            )
        elif not (sql / line).is_file():
            raise BuildError(f"order.txt names {line}, which does not exist")
        else:
            matches = [line]
        taken.update(matches)
        yield from matches
    if forgotten := found - taken:
        raise BuildError(f"order.txt does not name {sorted(forgotten)}")


def read_schema(sql: Path = SQL, *, version: str | None = None) -> Schema:
    """Read the sources under `sql`; the version is that of pyproject.toml unless given."""
    if version is None:
        project = tomllib.loads((sql.parent / "pyproject.toml").read_text())
        version = project["project"]["version"]
    paths = list(read_order(sql))
    if paths != sorted(paths, key=lambda path: not path.startswith("tables/")):
        raise BuildError("order.txt: tables/ come before everything else")
    migrations = [
        Source(f"migrations/{file.name}", file.read_text())
        for file in sorted((sql / "migrations").glob("*.sql"))
    ]
    numbers = [migration_number(migration) for migration in migrations]
    if numbers != list(range(1, len(numbers) + 1)):
        raise BuildError(f"migrations are numbered from 1 without gaps, not {numbers}")
    return Schema(
        version=version,
        sources=tuple(Source(path, (sql / path).read_text()) for path in paths),
        migrations=tuple(migrations),
        extension_tail=(sql / "extension.sql").read_text(),
    )


def quote(text: str) -> str:
    """The text as an SQL string literal that stays readable."""
    tag = "$txjobs$"
    if tag in text:
        raise BuildError(f"sources must not contain {tag}")
    return f"{tag}{text}{tag}"


def tables_block(schema: Schema) -> str:
    """Make the tables, or bring those that exist up to date."""
    fresh = "\n".join(
        f"    execute {quote(source.text)};"
        for source in schema.sources
        if source.path.startswith("tables/")
    )
    steps = "\n".join(
        f"""\
    if _number < {migration_number(migration)} then
      execute {quote(migration.text)};
      insert into jobs.migration (number, name)
      values ({migration_number(migration)}, '{migration.name}');
    end if;"""
        for migration in schema.migrations
    )
    return f"""\
do $tables$
declare
  _number int;
begin
  if to_regclass('jobs.migration') is null then
    if to_regnamespace('jobs') is null then
      create schema jobs;
    end if;
{fresh}
    insert into jobs.migration (number, name)
    values ({schema.number}, 'installed {schema.version}');
  else
    select max(number) into strict _number from jobs.migration;
    if _number > {schema.number} then
      raise exception 'this database has migration %, newer than this script ({schema.version})',
        _number using hint = 'Install with the newer txjobs that made it.';
    end if;
{steps}
  end if;
end $tables$;
"""


def comments_block(schema: Schema) -> str:
    """Comment each object with its file's header; drop what older signatures left behind.

    A function whose arguments have changed stands beside its predecessor, and calls would be
    ambiguous. The predecessor is the one that this transaction has not written.
    """
    rows = ",\n".join(
        f"      ('{source.name}', '{source.path.partition('/')[0]}', {quote(source.header)})"
        for source in schema.sources
        if source.header and "/" in source.path
    )
    return f"""\
do $comments$
declare
  _object record;
begin
  for _object in
    select p.oid::regprocedure as signature, d.header,
      p.xmin::text = (pg_current_xact_id()::text::numeric % 4294967296)::text as is_current
    from (values
{rows}
    ) as d (name, folder, header)
    join pg_proc as p on p.proname = d.name and p.pronamespace = 'jobs'::regnamespace
    where d.folder in ('private', 'functions')
  loop
    if _object.is_current then
      execute format('comment on function %s is %L', _object.signature, _object.header);
    else
      execute format('drop function %s', _object.signature);
    end if;
  end loop;
  comment on schema jobs is '{schema.label}';
end $comments$;
"""


def render(schema: Schema) -> str:
    """The script without its transaction, which `create extension` brings itself."""
    parts = [tables_block(schema)]
    parts += [
        f"-- {source.path}\n{source.text}"
        for source in schema.sources
        if not source.path.startswith("tables/") and source.path != "grants.sql"
    ]
    parts.append(comments_block(schema))
    parts += [f"-- {s.path}\n{s.text}" for s in schema.sources if s.path == "grants.sql"]
    return "\n".join(parts).replace("@VERSION@", schema.version)


def install_script(schema: Schema) -> str:
    """The script for psql, for `txjobs migrate` and for any migration tool."""
    title = "\n-- ".join([schema.label, *(f"migration {m.name}" for m in schema.migrations)])
    return f"""\
-- {title}
-- Made by sql/build.py from the sources; do not edit. It installs and upgrades, and may be run
-- again: with psql -q -v ON_ERROR_STOP=1 -f, or through any driver as one simple query.

begin isolation level read committed;

do $begin$
begin
  perform pg_advisory_xact_lock(hashtextextended('txjobs.install', 0));
  if exists (select from pg_extension where extname = 'txjobs') then
    raise exception 'txjobs is installed here as an extension'
      using hint = 'Run: alter extension txjobs update';
  end if;
end $begin$;
set local client_min_messages = notice;
set local check_function_bodies = on;
set local search_path = pg_catalog, pg_temp;

{render(schema)}
commit;
"""


def extension_script(schema: Schema) -> str:
    """The script of `create extension txjobs`."""
    return f"""\
-- {schema.label}
\\echo Use "create extension txjobs" to load this file. \\quit

set local check_function_bodies = on;
set local search_path = pg_catalog, pg_temp;

{render(schema)}
{schema.extension_tail}"""


def rename_schema(script: str, name: str) -> str:
    """The same script for a schema of another name; the roles serve every installation."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise BuildError(f"not a plain lower-case schema name: {name!r}")
    return re.sub(r"\bjobs(?=\.[a-z_%])|(?<=\bschema )jobs\b|(?<=')jobs(?=')", name, script)


def write(path: Path, text: str) -> None:
    """Write the file unless it is already so, at once for whoever reads it meanwhile."""
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)


def write_package_data() -> Path:
    """Write the Python package's copy of the install script; returns where it is."""
    path = ROOT / "python_client" / "txjobs" / "_sql" / "txjobs.sql"
    write(path, install_script(read_schema()))
    return path


def write_all(target: Path) -> None:
    """Write the install script, the extension's files and the package's copy."""
    schema = read_schema()
    control = (SQL / "txjobs.control").read_text().replace("@VERSION@", schema.version)
    write(target / "txjobs.sql", install_script(schema))
    write(target / "extension" / f"txjobs--{schema.version}.sql", extension_script(schema))
    write(target / "extension" / "txjobs.control", control)
    write(target / "extension" / "Makefile", (SQL / "pgxs.mk").read_text())
    write_package_data()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Build the install script from sql/.")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="where to write")
    parser.add_argument("--schema", help="print the install script for a schema of this name")
    arguments = parser.parse_args()
    try:
        if arguments.schema:
            sys.stdout.write(rename_schema(install_script(read_schema()), arguments.schema))
        else:
            write_all(arguments.out)
    except BuildError as error:
        print(f"sql/build.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
