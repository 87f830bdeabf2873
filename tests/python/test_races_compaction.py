"""A few jobs that stay pin no old partition: they are moved, and nobody loses sight of them."""

from collections.abc import Callable

import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    claim,
    complete,
    complete_many,
    enqueue,
    problems,
    rows,
    state,
    value,
)

FIRST = 1 << 24


def partitions(session: Session, parent: str = "job") -> list[str]:
    return [
        str(name).removeprefix("jobs.")
        for (name,) in rows(
            session, "select name from jobs._partitions() where parent = %s order by low", parent
        )
    ]


def go_to(session: Session, position: int) -> None:
    session.execute("select setval('jobs.pos_seq', %s)", (position,))
    session.execute("select jobs.maintain()")


def run(session: Session, count: int) -> list[int]:
    jobs = enqueue(session, count)
    assert complete_many(session, claim(session, 1000).values()) == {}
    return jobs


def prune(session: Session, times: int = 6) -> dict[str, int]:
    """The partitions that went, and how many jobs each of them still held."""
    session.execute("select jobs.tick()")
    gone = [
        line
        for _ in range(times)
        for line in rows(session, "select name, jobs from jobs.prune() where state = 'partition'")
    ]
    return {str(name).removeprefix("jobs."): int(jobs) for name, jobs in gone}


def next_year(session: Session, count: int = 1) -> list[int]:
    session.execute(
        "select count(*) from jobs.enqueue_many('later', array_fill('{\"n\": 1}'::jsonb, "
        "array[%s]), delay => '1 year')",
        (count,),
    )
    return [int(job) for (job,) in rows(session, "select id from jobs.job order by id desc")][
        :count
    ]


@pytest.fixture
def session(conn: Session) -> Session:
    conn.execute("select jobs.configure_queue('default', keep => '0')")
    return conn


@pytest.fixture
def stays(session: Session) -> list[int]:
    """A job for next year and one that is dead, among others, in a partition that is over."""
    run(session, 50)
    later = next_year(session)
    (dead,) = enqueue(session, 1)
    session.execute("select jobs.fail(%s, reason => 'aborted')", (claim(session)[dead],))
    run(session, 50)
    go_to(session, FIRST // 2)
    go_to(session, FIRST + 5)
    run(session, 5)
    return [*later, dead]


def seen(session: Session, jobs: list[int]) -> list[tuple[object, ...]]:
    return [
        row
        for job in jobs
        for row in rows(
            session,
            "select jobs.get(%s), array(select h.type from jobs.history(%s) h)",
            job,
            job,
        )
    ]


def test_a_job_for_next_year_pins_no_partition(session: Session, stays: list[int]) -> None:
    before = seen(session, stays)
    dry = rows(session, "select name, jobs from jobs.prune(dry_run => true) where name ~ 'from_0'")
    assert sorted(dry) == [("jobs.event_from_0", 0), ("jobs.job_from_0", 2)]
    assert prune(session) == {"job_from_0": 2, "event_from_0": 0}
    assert partitions(session)[0] == f"job_upto_{FIRST}"
    assert partitions(session, "event")[0] == f"event_upto_{FIRST}"
    assert f"job_from_{FIRST}" in partitions(session)
    assert seen(session, stays) == before
    assert value(session, "select count(*) from jobs.event") < 20
    assert problems(session) == []
    assert rows(session, "select id from jobs.list('dead')") == [(stays[1],)]
    assert prune(session) == {}


def test_a_job_that_was_moved_runs_and_goes(session: Session, stays: list[int]) -> None:
    prune(session)
    later, dead = stays
    token = value(session, "select token from jobs.claim_job(%s)", later)
    assert complete(session, token) == "completed"
    session.execute("select jobs.retry(%s)", (dead,))
    assert complete_many(session, claim(session, 5).values()) == {}
    assert problems(session) == []
    assert prune(session) == {f"job_upto_{FIRST}": 0, f"event_upto_{FIRST}": 0}
    assert value(session, "select count(*) from jobs.job") == 0


def test_what_was_moved_is_moved_again_with_what_stays_later(
    session: Session, stays: list[int]
) -> None:
    prune(session)
    stays += next_year(session, 2)
    bound = FIRST * 3  # the second is twice as wide, for the first filled within a day
    go_to(session, FIRST * 2)
    go_to(session, bound + 5)
    run(session, 5)
    before = seen(session, stays)
    gone = prune(session)
    assert gone[f"job_upto_{FIRST}"] == 2
    assert gone[f"job_from_{FIRST}"] == 2
    assert partitions(session)[0] == f"job_upto_{bound}"
    assert seen(session, stays) == before
    assert problems(session) == []


def test_a_partition_in_which_many_jobs_stay_is_left(session: Session, stays: list[int]) -> None:
    session.execute("update jobs.setting set max_kept_jobs = 1")
    assert prune(session) == {}
    assert partitions(session)[0] == "job_from_0"
    session.execute("update jobs.setting set max_kept_jobs = 2")
    assert prune(session)["job_from_0"] == len(stays)


@pytest.mark.parametrize("steps", [0, 1, 2], ids=["before", "after the copy", "after the look"])
def test_a_snapshot_of_before_or_between_never_loses_a_job(
    steps: int, session: Session, connect: Connect, stays: list[int]
) -> None:
    prune(session, 1)  # the jobs that go
    prune(session, steps)
    reader = connect()
    begin(reader, "repeatable read")
    reader.execute("select 1")  # its snapshot; it has yet to touch a table
    gone = prune(session)
    assert bool(gone) == (steps == 2)  # it was not there when the others were looked for
    for job, expected in zip(stays, ["scheduled", "dead"], strict=True):
        assert state(reader, job) == expected
    assert rows(reader, "select job_id, problem from jobs.verify()") == []
    reader.execute("commit")
    prune(session)
    assert partitions(session)[0] == f"job_upto_{FIRST}"
    assert problems(session) == []


def test_a_swap_waits_for_nobody_and_holds_up_nobody(
    session: Session, connect: Connect, stays: list[int]
) -> None:
    prune(session, 3)
    holder, other = connect(), connect()
    begin(holder)
    enqueue(holder)
    session.execute("set statement_timeout = '5s'")
    other.execute("set statement_timeout = '2s'")
    assert prune(session) == {}
    enqueue(other)
    holder.execute("rollback")
    assert "job_from_0" in prune(session)
    assert problems(session) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda session, stays: session.execute("select jobs.retry(%s)", (stays[1],)),
        lambda session, stays: session.execute(
            "update jobs.job set args = '{\"n\": 2}' where id = %s", (stays[0],)
        ),
    ],
    ids=["a retry", "a replacement"],
)
def test_a_job_that_is_changed_meanwhile_is_copied_again(
    change: Callable[[Session, list[int]], object], session: Session, stays: list[int]
) -> None:
    prune(session, 3)
    change(session, stays)
    before = seen(session, stays)
    assert prune(session, 2) == {}
    assert prune(session)["job_from_0"] == 2
    assert seen(session, stays) == before
    assert problems(session) == []


def test_a_job_that_ends_and_goes_meanwhile_does_not_come_back(
    session: Session, stays: list[int]
) -> None:
    prune(session, 3)
    session.execute("select jobs.cancel(%s)", (stays[0],))
    assert prune(session)["job_from_0"] == 1
    assert rows(session, "select id from jobs.job") == [(stays[1],)]
    assert problems(session) == []


def test_a_result_that_goes_meanwhile_does_not_come_back(session: Session) -> None:
    session.execute("select jobs.configure_queue('default', keep => '1 day')")
    (job,) = enqueue(session, 1)
    session.execute("select jobs.complete(%s, '7')", (claim(session)[job],))
    go_to(session, FIRST // 2)
    go_to(session, FIRST + 5)
    prune(session, 2)
    session.execute("select jobs.configure_queue('default', keep_results => '0')")
    assert "job_from_0" in prune(session)
    prune(session)
    found = rows(session, "select state, result, result_pruned from jobs.results(%s)", [job])
    assert found == [("completed", None, True)]


def test_many_prunes_at_once_move_each_job_once(
    session: Session, connect: Connect, stays: list[int]
) -> None:
    others = [connect() for _ in range(4)]
    for _ in range(10):
        at_once([lambda other=other: prune(other, 2) for other in others])  # type: ignore[misc]
    assert partitions(session)[0] == f"job_upto_{FIRST}"
    assert sorted(job for (job,) in rows(session, "select id from jobs.job")) == sorted(stays)
    assert problems(session) == []
