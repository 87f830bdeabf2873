"""Jobs with fair keys take turns, whatever the backlogs, and whoever claims at the same time."""

import random
from functools import partial
from pathlib import Path

import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    claim,
    column,
    complete_many,
    pages_read,
    problems,
    value,
)
from guides import examples, run_in_psql
from txjobs import embedded

GUIDE = Path(__file__).parents[2] / "docs" / "fairness.md"


def add(session: Session, key: str, count: int = 1) -> list[int]:
    """So many jobs of a key."""
    return column(
        session,
        """select id from jobs.enqueue_many('work', array_fill('{}'::jsonb, array[%s]),
        queue => 'fair', fair_key => %s) order by ord""",
        count,
        key,
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_nth_job_of_a_key_starts_within_n_and_one_rounds_of_the_keys_that_wait(
    seed: int, conn: Session
) -> None:
    chance = random.Random(seed)
    waiting: dict[int, str] = {}
    place: dict[int, int] = {}  # of each job among those of its key, from 1
    claims: dict[int, int] = {}  # since it was enqueued
    rivals: dict[int, set[str]] = {}  # the keys that waited meanwhile
    for _ in range(250):
        if chance.random() < 0.3:
            key = f"tenant {chance.choice([0, 0, 0, chance.randrange(12)])}"
            before = sum(other == key for other in waiting.values())
            for nth, job in enumerate(add(conn, key, chance.choice([1, 1, 2, 12])), 1):
                waiting[job] = key
                place[job] = before + nth
                claims[job] = 0
                rivals[job] = set()
        present = set(waiting.values())
        found = [*claim(conn, 1, ["fair"])]
        assert bool(found) == bool(waiting)
        for job in waiting:
            claims[job] += 1
            rivals[job] |= present
        for job in found:
            assert claims[job] <= (place[job] + 1) * len(rivals[job]), (job, waiting[job])
            del waiting[job]


def test_claims_at_once_take_each_job_once(conn: Session, connect: Connect) -> None:
    jobs = [job for key in "abcdefgh" for job in add(conn, key, 40)]
    sessions = [connect() for _ in range(6)]

    def work(session: Session) -> list[int]:
        found: list[int] = []
        while tokens := claim(session, 7, ["fair"]):
            found += tokens
            assert complete_many(session, tokens.values()) == {}
        return found

    done = at_once([partial(work, session) for session in sessions])
    assert sorted(job for found in done for job in found) == sorted(jobs)
    assert problems(conn) == []


def test_an_open_producer_holds_up_nobody(conn: Session, connect: Connect) -> None:
    other = connect()
    add(conn, "before")
    claim(conn, 1, ["fair"])
    begin(other)
    (late,) = add(other, "slow")
    (early,) = add(conn, "quick")
    assert [*claim(conn, 9, ["fair"])] == [early]
    other.execute("commit")
    assert [*claim(conn, 9, ["fair"])] == [late]


def test_a_claim_that_is_rolled_back_gives_its_turn_back(conn: Session, connect: Connect) -> None:
    first, third = add(conn, "a", 2)
    (second,) = add(conn, "b")
    begin(conn)
    assert [*claim(conn, 1, ["fair"])] == [first]
    assert [*claim(connect(), 1, ["fair"])] == [third], "whoever comes meanwhile gets the next"
    conn.execute("rollback")
    assert [*claim(conn, 2, ["fair"])] == [first, second]


def test_a_tenant_with_many_jobs_makes_no_claim_dearer(conn: Session) -> None:
    add(conn, "few")
    claim(conn, 1, ["fair"])
    few = pages(conn)
    for _ in range(4):
        add(conn, "many", 5000)
    conn.execute("analyze jobs.fair_line")
    assert value(conn, "select count(*) from jobs.fair_line") >= 19_999
    many = pages(conn)
    assert many <= few + 40, (few, many)


def pages(conn: Session) -> int:
    """Pages that enqueuing and claiming one job of a small tenant touch, the claim's tick aside."""
    add(conn, "small")
    conn.execute("select jobs.tick()")
    conn.execute("begin")
    before = pages_read(conn)
    add(conn, "small")
    assert claim(conn, 1, ["fair"]) != {}
    after = pages_read(conn)
    conn.execute("commit")
    return after - before


def test_the_guide_runs(dsn: str, binaries: embedded.Binaries) -> None:
    printed = run_in_psql("\n".join(examples(GUIDE, "sql")), dsn, binaries)
    turns = [line.strip() for line in printed.splitlines() if line.strip() in ("acme", "initech")]
    assert turns == ["acme", "acme", "initech"]
