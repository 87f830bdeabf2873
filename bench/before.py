"""Scenario (h): the life of a job by the engine before it had a log for users, and by this one.

A statement's own time hardly differs between two good runs of it, but a busy machine adds to most:
so each call is timed by itself in the server, without its commit, and the tenth percentile counts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.figures import Budget, Figures, Table, median, paired, ratio
from bench.plan import Plan
from bench.servers import ROOT, Connection, Server, fetch, install_script
from bench.systems import ARGS, KIND, QUEUE

#: The last commit without users' streams.
BEFORE = "eea9203"
BATCHES = (1, 100)
#: Both take turns, so many lives of a batch each time.
TURN = {1: 100, 100: 10}
CALLS = ("enqueue", "claim", "complete")

PROCEDURE = f"""
create table public.took (enqueue float8, claim float8, complete float8);
create procedure public.live(lives int, batch int) language plpgsql as $$
declare
  _args jsonb := '{ARGS}';
  _many jsonb[] := array_fill(_args, array[batch]);
  _tokens bigint[];
  _t timestamptz[];
begin
  for _ in 1..lives loop
    _t[1] := clock_timestamp();
    if batch = 1 then
      perform jobs.enqueue('{KIND}', _args, queue => '{QUEUE}');
    else
      perform count(*) from jobs.enqueue_many('{KIND}', _many, queue => '{QUEUE}');
    end if;
    _t[2] := clock_timestamp();
    commit;
    _t[3] := clock_timestamp();
    select array_agg(c.token) into _tokens
    from jobs.claim(queues => '{{{QUEUE}}}', max_jobs => batch) c;
    _t[4] := clock_timestamp();
    commit;
    _t[5] := clock_timestamp();
    if batch = 1 then
      perform jobs.complete(_tokens[1]);
    else
      perform count(*) from jobs.complete_many(_tokens);
    end if;
    _t[6] := clock_timestamp();
    commit;
    insert into pg_temp.took
    select extract(epoch from _t[2] - _t[1]), extract(epoch from _t[4] - _t[3]),
      extract(epoch from _t[6] - _t[5]);
  end loop;
end $$
"""


def measure(server: Server, plan: Plan, say: Callable[[str], None]) -> Figures:
    script = _script_before()
    if script is None:
        say(f"not measured: commit {BEFORE} is not in this checkout")
        return _figures({}, {})
    took: dict[tuple[str, int], list[dict[str, float]]] = defaultdict(list)
    wal: dict[tuple[str, int], float] = {}
    with ExitStack() as stack:
        sessions: dict[str, Connection] = {}
        for name, schema in (("before", script), ("now", install_script())):
            database = stack.enter_context(server.database(f"engine_{name}"))
            server.run(schema, database)
            server.run("update jobs.setting set test_clock = true", database)
            server.run(PROCEDURE, database)
            sessions[name] = stack.enter_context(server.connect(database))
            sessions[name].execute("create extension if not exists pg_stat_statements")
            sessions[name].execute("create temp table took (like public.took)")
        for batch in BATCHES:
            for session in sessions.values():
                _live(session, batch, TURN[batch])
            for _ in range(plan.rounds):
                for name, found in _round(sessions, plan, batch).items():
                    took[name, batch].append(found)
                    say(f"batch {batch}, {name}: {sum(found.values()) / batch:.1f} µs/job")
            with server.without_page_images():
                for name, session in sessions.items():
                    wal[name, batch] = _wal(server, session, batch, TURN[batch] * 10)
    return _figures(took, wal)


def _script_before() -> str | None:
    """The install script of that commit; None where there is no history."""
    archive = subprocess.run(
        ["git", "archive", BEFORE, "sql", "pyproject.toml"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if archive.returncode:
        return None
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["tar", "-x", "-C", directory], input=archive.stdout, check=True)
        subprocess.run(
            [sys.executable, "sql/build.py"], cwd=directory, check=True, capture_output=True
        )
        return (Path(directory) / "build" / "txjobs.sql").read_text()


def _live(session: Connection, batch: int, lives: int) -> None:
    session.execute(f"call public.live({lives}, {batch})".encode())


def _round(sessions: dict[str, Connection], plan: Plan, batch: int) -> dict[str, dict[str, float]]:
    """Microseconds of each call."""
    for session in sessions.values():
        session.execute("truncate pg_temp.took")
    lives = plan.lives * (10 if batch == 1 else 1)
    for nth in range(lives // TURN[batch]):
        for name in sorted(sessions, reverse=nth % 2 == 0):
            _live(sessions[name], batch, TURN[batch])
    tenths = ", ".join(
        f"1e6 * percentile_cont(0.1) within group (order by {call})" for call in CALLS
    )
    return {
        name: dict(
            zip(
                CALLS,
                (float(str(us)) for us in fetch(session, f"select {tenths} from pg_temp.took")[0]),
                strict=True,
            )
        )
        for name, session in sessions.items()
    }


def _wal(server: Server, session: Connection, batch: int, lives: int) -> float:
    """Bytes of WAL per job, of this session alone and without commits; nothing ticks meanwhile.

    The session's clock stands still, so that the marks are never old enough for a tick.
    """
    session.execute("select jobs.tick()")
    session.execute("select jobs.set_test_clock(jobs.now())")
    server.run("select pg_stat_statements_reset()")
    _live(session, batch, lives)
    written = fetch(
        session,
        "select sum(wal_bytes) from pg_stat_statements where query like 'call public.live(%' "
        "and dbid = (select oid from pg_database where datname = current_database())",
    )[0][0]
    session.execute("select jobs.set_test_clock(null)")
    return float(str(written)) / lives / batch


def _figures(
    took: dict[tuple[str, int], list[dict[str, float]]], wal: dict[tuple[str, int], float]
) -> Figures:
    table = Table(
        f"(h) The engine at {BEFORE}, before the log, and now: time in the server, without commits",
        ["batch", "engine", *(f"{call} µs" for call in CALLS), "of before", "WAL B/job"],
        notes=["Tenth percentiles of many single calls, in turns; nobody subscribes to anything."],
    )
    budgets = []
    for batch in BATCHES:
        now, before = (
            [sum(found.values()) for found in took.get((name, batch), [])]
            for name in ("now", "before")
        )
        for name in ("before", "now"):
            for_name = took.get((name, batch), [])
            if for_name:
                sums = [sum(found.values()) for found in for_name]
                table.rows.append([
                    *(batch, name),
                    *(median(found[call] for found in for_name) for call in CALLS),
                    *(paired(sums, before), wal.get((name, batch))),
                ])  # fmt: skip
        budgets += [
            Budget(f"engine's time, batch {batch}, of that before the log", 1.03, True,
                   paired(now, before), "×"),
            Budget(f"engine's WAL, batch {batch}, of that before the log", 1.005, True,
                   ratio(wal.get(("now", batch)), wal.get(("before", batch))), "×"),
        ]  # fmt: skip
    return Figures("h", [table], budgets)
