"""Any number of sessions tick, change and look at schedules: each time has exactly one job."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    column,
    problems,
    rollback,
    rows,
    threads,
    until_waiting,
    value,
)

SCHEDULES = 12
START = "2035-01-01 00:00:00+00"


def set_clock(session: Session, at: str) -> None:
    """That session's clock stands at this time."""
    session.execute("select jobs.set_test_clock(%s)", (at,))


def tick(session: Session) -> bool:
    """A tick of its own; whether it was one."""
    return bool(value(session, "select jobs.tick()"))


def run_schedules(session: Session) -> int:
    """What a tick does of schedules, also beside another tick; how many jobs were made."""
    return int(value(session, "select jobs._run_schedules()"))


def maintain(session: Session) -> bool:
    """As a worker does every few seconds."""
    return bool(value(session, "select (jobs.maintain() ->> 'ticked')::boolean"))


def made(session: Session) -> Counter[tuple[str, str]]:
    """How many jobs there are of each schedule and time."""
    return Counter(
        rows(
            session,
            """select options #>> '{headers,schedule}', options #>> '{headers,due_at}'
            from jobs.job where options -> 'headers' ? 'schedule'""",
        )
    )


@pytest.fixture
def sessions(conn: Session, connect: Connect) -> list[Session]:
    """Eight sessions whose clocks stand half a minute after many schedules were due."""
    conn.execute("update jobs.setting set test_clock = true")
    set_clock(conn, START)
    for number in range(SCHEDULES):
        conn.execute(
            "select jobs.schedule(%s, '1 minute', catch_up => 'all', jitter => '1 minute')",
            (f"s{number}",),
        )
    found = [connect() for _ in range(8)]
    for session in (conn, *found):
        set_clock(session, "2035-01-01 00:10:30+00")
    return found


def check(session: Session, times: int) -> None:
    """Each schedule has one job of each of so many times, and the history says the same."""
    jobs = made(session)
    assert len(jobs) == SCHEDULES * times
    assert set(jobs.values()) == {1}
    assert (
        column(session, "select count(*) from jobs.schedule_run group by schedule_id")
        == [times] * SCHEDULES
    )
    assert value(session, "select count(distinct job_id) from jobs.schedule_run") == len(jobs)
    assert problems(session) == []


@pytest.mark.parametrize("act", [tick, run_schedules, maintain])
def test_many_sessions_at_once_make_one_job_of_each_time(
    act: Callable[[Session], object], conn: Session, sessions: list[Session]
) -> None:
    at_once([partial(act, session) for session in sessions])
    check(conn, 10)
    for minute in range(11, 16):
        for session in sessions:
            set_clock(session, f"2035-01-01 00:{minute}:00+00")
        at_once([partial(act, session) for session in sessions])
    run_schedules(sessions[0])
    check(conn, 15)


def test_ticks_and_maintenance_beside_one_another_make_one_job_of_each_time(
    conn: Session, sessions: list[Session]
) -> None:
    acts = [tick, run_schedules, maintain, run_schedules, tick, run_schedules, maintain, tick]
    at_once([partial(act, session) for act, session in zip(acts, sessions, strict=True)])
    run_schedules(conn)
    check(conn, 10)


def test_a_tick_that_is_rolled_back_leaves_its_times_to_the_next(
    conn: Session, sessions: list[Session]
) -> None:
    first, second, *_ = sessions
    begin(first)
    assert run_schedules(first) == SCHEDULES * 10
    assert run_schedules(second) == 0, "what another session is at is skipped, not waited for"
    assert made(conn) == Counter()
    rollback(first)
    assert run_schedules(second) == SCHEDULES * 10
    check(conn, 10)


def test_a_tick_that_is_open_for_long_holds_up_only_the_schedules_it_has_locked(
    conn: Session, sessions: list[Session]
) -> None:
    first, second, *_ = sessions
    begin(first)
    first.execute("select from jobs.schedule where name = 's3' for update")
    assert tick(second)
    assert len(made(conn)) == (SCHEDULES - 1) * 10
    rollback(first)
    set_clock(second, "2035-01-01 00:10:31+00")
    assert tick(second)
    check(conn, 10)


def test_a_schedule_that_is_ended_while_it_runs_leaves_no_history(
    conn: Session, sessions: list[Session]
) -> None:
    first, second, *_ = sessions
    begin(first)
    run_schedules(first)
    with threads(1) as pool:
        ended = pool.submit(value, second, "select jobs.unschedule('s0')")
        until_waiting(conn, second)
        first.execute("commit")
        assert ended.result() is True
    assert len(made(conn)) == SCHEDULES * 10
    assert value(conn, "select count(distinct schedule_id) from jobs.schedule_run") == SCHEDULES - 1


def test_a_schedule_that_was_changed_meanwhile_runs_at_its_new_times_only(
    conn: Session, sessions: list[Session]
) -> None:
    first, second, *_ = sessions
    begin(first)
    first.execute("select jobs.schedule('s0', '0 12 * * *')")
    run_schedules(second)
    first.execute("commit")
    run_schedules(second)
    assert not [one for one in made(conn) if one[0] == "s0"]
    assert len(made(conn)) == (SCHEDULES - 1) * 10


def test_a_schedule_that_is_paused_before_a_tick_sees_it_makes_no_job(
    conn: Session, sessions: list[Session]
) -> None:
    first, second, *_ = sessions
    begin(first)
    first.execute("select jobs.pause(schedule => 's0')")
    run_schedules(second)
    first.execute("commit")
    run_schedules(second)
    assert not [one for one in made(conn) if one[0] == "s0"]


def test_a_schedule_that_many_declare_at_once_is_made_once(
    conn: Session, sessions: list[Session]
) -> None:
    declare = "select jobs.schedule('new', '*/5 * * * *')"
    answers = at_once([partial(value, session, declare) for session in sessions])
    assert Counter(answers) == {"created": 1, "unchanged": len(sessions) - 1}
    assert value(conn, "select count(*) from jobs.schedule where name = 'new'") == 1


def test_a_job_made_by_hand_beside_a_tick_is_one_more(
    conn: Session, sessions: list[Session]
) -> None:
    first, second, *_ = sessions
    at_once(
        [partial(run_schedules, first), partial(value, second, "select jobs.run_schedule('s0')")]
    )
    run_schedules(conn)
    jobs = made(conn)
    assert sum(jobs.values()) == SCHEDULES * 10 + 1
    assert set(jobs.values()) == {1}
