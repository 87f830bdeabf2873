"""Appending from several sessions: whose version it is, and what is left of who comes second."""

import random
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest

from faults.sessions import (
    Connect,
    Session,
    at_once,
    begin,
    is_waiting,
    problems,
    rows,
    threads,
    until_waiting,
    value,
)

CONFLICT = "JB010"
REUSED = "JB020"
SERIALIZATION_FAILURE = "40001"
OLD_SNAPSHOTS: list[LiteralString] = ["repeatable read", "serializable"]
ISOLATIONS: list[LiteralString] = ["read committed", *OLD_SNAPSHOTS]
FIRST_ID, SECOND_ID, THIRD_ID = (UUID(int=n) for n in range(1, 4))

Places = list[tuple[int, int]]


@pytest.fixture
def first(connect: Connect) -> Session:
    """The session that appends first, in a transaction that is open."""
    session = connect()
    begin(session)
    return session


@pytest.fixture
def second(connect: Connect) -> Session:
    """The session that comes second; it gives up rather than wait for long."""
    session = connect()
    session.execute("set statement_timeout = '20s'")
    return session


def append(
    session: Session,
    stream: str = "order-1",
    expected: int | None = None,
    event_id: UUID | None = None,
) -> int:
    """Append an event; returns its position."""
    return int(
        value(
            session,
            "select jobs.append_event(%s, 't', expected_version => %s, event_id => %s)",
            stream,
            expected,
            event_id,
        )
    )


def append_list(
    session: Session,
    count: int,
    stream: str = "order-1",
    expected: int | None = None,
    ids: list[UUID | None] | None = None,
) -> Places:
    """Append a list of events; returns position and version of each."""
    return rows(
        session,
        """select a.pos, a.version from jobs.append_events(%s, (
            select jsonb_agg(jsonb_build_object('type', 't', 'data', n, 'event_id', i) order by n)
            from unnest(%s::uuid[]) with ordinality as u(i, n)), %s) as a
        order by a.ord""",
        stream,
        ids or [None] * count,
        expected,
    )


def stream_of(session: Session, stream: str = "order-1") -> Places:
    """Position and version of every event of a stream."""
    return rows(session, "select pos, version from jobs.read_stream(%s)", stream)


def versions(session: Session, stream: str = "order-1") -> list[int]:
    """The versions of a stream by position."""
    return [version for _, version in sorted(stream_of(session, stream))]


def second_waits(
    conn: Session, first: Session, second: Session, action: Callable[[], Any], end: LiteralString
) -> Any:
    """What the second session's action gives, which waits until the first one's end."""
    with threads(1) as pool:
        result: Future[Any] = pool.submit(action)
        until_waiting(conn, second)
        first.execute(end)
        return result.result(30)


def test_two_that_expect_nothing_both_succeed_in_the_order_of_their_commits(
    conn: Session, first: Session, second: Session
) -> None:
    one = append(first)
    two = second_waits(conn, first, second, lambda: append(second), "commit")
    assert stream_of(conn) == [(one, 1), (two, 2)]
    assert one < two


def test_of_two_that_expect_the_same_version_one_gets_the_other_conflict(
    conn: Session, first: Session, second: Session
) -> None:
    append(first, expected=0)
    with pytest.raises(psycopg.Error) as refused:
        second_waits(conn, first, second, lambda: append(second, expected=0), "commit")
    assert refused.value.sqlstate == CONFLICT
    assert refused.value.diag.message_detail == "expected 0, actual 1"
    assert versions(conn) == [1]


@pytest.mark.parametrize("expected", [None, 0])
def test_who_waited_for_an_append_that_is_rolled_back_gets_its_version(
    expected: int | None, conn: Session, first: Session, second: Session
) -> None:
    append(first, expected=0)
    second_waits(conn, first, second, lambda: append(second, expected=expected), "rollback")
    assert versions(conn) == [1]


def test_an_append_that_is_rolled_back_to_a_savepoint_is_waited_for_no_longer(
    conn: Session, first: Session, second: Session
) -> None:
    append(first, "order-0")
    first.execute("savepoint before")
    append(first)
    second_waits(conn, first, second, lambda: append(second, expected=0), "rollback to before")
    append(first, expected=1)
    first.execute("commit")
    assert versions(conn) == [1, 2]
    assert versions(conn, "order-0") == [1]


def test_other_streams_are_not_waited_for(conn: Session, first: Session, second: Session) -> None:
    append(first)
    second.execute("set statement_timeout = '2s'")
    append(second, "order-2", event_id=FIRST_ID)
    append_list(second, 3, "order-3")
    assert not is_waiting(conn, second)


@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_a_list_that_loses_its_first_versions_goes_on_after_them_whole(
    ahead: int, conn: Session, first: Session, second: Session
) -> None:
    append_list(first, ahead)
    places = second_waits(conn, first, second, lambda: append_list(second, 3), "commit")
    assert [version for _, version in places] == [ahead + 1, ahead + 2, ahead + 3]
    assert places == stream_of(conn)[ahead:]
    assert places == sorted(places)
    assert versions(conn) == [*range(1, ahead + 4)]
    assert rows(conn, "select data from jobs.read_stream('order-1', %s)", ahead + 1) == [
        (1,),
        (2,),
        (3,),
    ]


def test_a_list_that_loses_the_version_it_expects_leaves_nothing(
    conn: Session, first: Session, second: Session
) -> None:
    append(first)
    with pytest.raises(psycopg.Error) as refused:
        second_waits(conn, first, second, lambda: append_list(second, 3, expected=0), "commit")
    assert refused.value.sqlstate == CONFLICT
    assert versions(conn) == [1]
    assert value(conn, "select count(*) from jobs.stream_event") == 1


def test_a_list_that_had_begun_again_is_delivered_to_its_subscriptions_once(
    conn: Session, first: Session, second: Session
) -> None:
    conn.execute("select jobs.subscribe('s', '{t}')")
    append(first)
    places = second_waits(conn, first, second, lambda: append_list(second, 3), "commit")
    delivered = rows(conn, "select (args #>> '{event,pos}')::bigint from jobs.job order by 1")
    assert [pos for (pos,) in delivered] == [pos for pos, _ in stream_of(conn)]
    assert [pos for (pos,) in delivered[1:]] == [pos for pos, _ in places]
    assert problems(conn) == []


def test_three_lists_that_meet_all_go_in_whole(
    conn: Session, connect: Connect, first: Session
) -> None:
    append(first)
    others = [connect(), connect()]
    with threads(2) as pool:
        results = [pool.submit(append_list, other, 3) for other in others]
        for other in others:
            until_waiting(conn, other)
        first.execute("commit")
        lists = sorted(result.result(30) for result in results)
    assert versions(conn) == [*range(1, 8)]
    assert [[version for _, version in places] for places in lists] == [[2, 3, 4], [5, 6, 7]]


def test_the_same_event_from_two_sessions_is_appended_once(
    conn: Session, first: Session, second: Session
) -> None:
    one = append(first, event_id=FIRST_ID)
    two = second_waits(conn, first, second, lambda: append(second, event_id=FIRST_ID), "commit")
    assert one == two
    assert stream_of(conn) == [(one, 1)]


def test_the_same_event_in_the_place_of_one_that_is_rolled_back_is_appended(
    conn: Session, first: Session, second: Session
) -> None:
    append(first, event_id=FIRST_ID)
    two = second_waits(
        conn, first, second, lambda: append(second, "order-2", event_id=FIRST_ID), "rollback"
    )
    assert stream_of(conn, "order-2") == [(two, 1)]
    assert stream_of(conn) == []


def test_an_event_id_that_another_stream_has_just_got_is_refused(
    conn: Session, first: Session, second: Session
) -> None:
    append(first, event_id=FIRST_ID)
    with pytest.raises(psycopg.Error) as refused:
        second_waits(
            conn, first, second, lambda: append(second, "order-2", event_id=FIRST_ID), "commit"
        )
    assert refused.value.sqlstate == REUSED
    assert stream_of(conn, "order-2") == []


def test_the_same_list_from_two_sessions_is_appended_once(
    conn: Session, first: Session, second: Session
) -> None:
    ids: list[UUID | None] = [FIRST_ID, SECOND_ID, THIRD_ID]
    one = append_list(first, 3, expected=0, ids=ids)
    two = second_waits(
        conn, first, second, lambda: append_list(second, 3, expected=0, ids=ids), "commit"
    )
    assert one == two == stream_of(conn)


@pytest.mark.parametrize("stream", ["order-1", "order-2"])
def test_a_list_of_which_one_id_is_taken_meanwhile_leaves_nothing(
    stream: str, conn: Session, first: Session, second: Session
) -> None:
    append(conn)
    append(first, event_id=SECOND_ID)
    ids: list[UUID | None] = [FIRST_ID, SECOND_ID, THIRD_ID]
    with pytest.raises(psycopg.Error) as refused:
        second_waits(conn, first, second, lambda: append_list(second, 3, stream, ids=ids), "commit")
    assert refused.value.sqlstate == REUSED
    assert versions(conn) == [1, 2]
    assert stream_of(conn, "order-2") == []


def test_a_list_of_which_one_id_becomes_free_is_appended_whole(
    conn: Session, first: Session, second: Session
) -> None:
    append(first, event_id=SECOND_ID)
    ids: list[UUID | None] = [FIRST_ID, SECOND_ID, THIRD_ID]
    places = second_waits(
        conn, first, second, lambda: append_list(second, 3, "order-2", ids=ids), "rollback"
    )
    assert places == stream_of(conn, "order-2")
    assert versions(conn, "order-2") == [1, 2, 3]


@pytest.mark.parametrize("isolation", OLD_SNAPSHOTS)
@pytest.mark.parametrize(
    ("expected", "states"),
    [
        (None, {SERIALIZATION_FAILURE}),
        (1, {SERIALIZATION_FAILURE, CONFLICT}),
        (2, {SERIALIZATION_FAILURE, CONFLICT}),
        (0, {CONFLICT}),
    ],
)
def test_an_append_in_an_old_snapshot_conflicts_and_leaves_no_gap(
    expected: int | None,
    states: set[str],
    isolation: LiteralString,
    conn: Session,
    second: Session,
) -> None:
    append(conn)
    begin(second, isolation)
    assert versions(second) == [1]
    append(conn)
    with pytest.raises(psycopg.Error) as refused:
        append(second, expected=expected)
    assert refused.value.sqlstate in states
    second.execute("rollback")
    append(second)
    assert versions(conn) == [1, 2, 3]


@pytest.mark.parametrize("isolation", OLD_SNAPSHOTS)
@pytest.mark.parametrize("count", [1, 3])
def test_a_list_in_an_old_snapshot_conflicts_and_leaves_nothing(
    count: int, isolation: LiteralString, conn: Session, second: Session
) -> None:
    begin(second, isolation)
    assert versions(second) == []
    append_list(conn, 2)
    with pytest.raises(psycopg.errors.SerializationFailure):
        append_list(second, count)
    second.execute("rollback")
    assert versions(conn) == [1, 2]


@pytest.mark.parametrize("isolation", OLD_SNAPSHOTS)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_an_old_snapshot_that_waits_fails_if_the_other_one_commits(
    end: LiteralString, isolation: LiteralString, conn: Session, first: Session, second: Session
) -> None:
    begin(second, isolation)
    assert versions(second) == []
    append(first)
    if end == "commit":
        with pytest.raises(psycopg.errors.SerializationFailure):
            second_waits(conn, first, second, lambda: append(second), end)
        second.execute("rollback")
    else:
        second_waits(conn, first, second, lambda: append(second), end)
        second.execute("commit")
    assert versions(conn) == [1]


@pytest.mark.parametrize("isolation", OLD_SNAPSHOTS)
def test_an_event_id_that_an_old_snapshot_does_not_see_is_not_used_again(
    isolation: LiteralString, conn: Session, second: Session
) -> None:
    begin(second, isolation)
    assert versions(second) == []
    one = append(conn, event_id=FIRST_ID)
    with pytest.raises(psycopg.errors.SerializationFailure):
        append(second, event_id=FIRST_ID)
    second.execute("rollback")
    assert append(second, event_id=FIRST_ID) == one
    assert stream_of(conn) == [(one, 1)]


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_appending_works_in_every_isolation(
    isolation: LiteralString, conn: Session, second: Session
) -> None:
    append(conn)
    begin(second, isolation)
    append(second, expected=1)
    second.execute("savepoint before")
    append_list(second, 2, expected=2)
    second.execute("rollback to before")
    append_list(second, 2, expected=2)
    append(second, "order-2", expected=0, event_id=FIRST_ID)
    append(second, "order-2", expected=0, event_id=FIRST_ID)
    second.execute("commit")
    assert versions(conn) == [1, 2, 3, 4]
    assert versions(conn, "order-2") == [1]
    assert problems(conn) == []


@pytest.mark.parametrize("expected", [None, 0, 1])
def test_of_two_snapshots_the_first_that_saves_counts(
    expected: int | None, conn: Session, first: Session, second: Session
) -> None:
    append_list(conn, 3)
    save: LiteralString = """select jobs.save_snapshot(
        'order-1', %s, '{}', expected_version => %s)"""
    if expected == 1:
        value(conn, save, 1, None)
    assert value(first, save, 3, expected)

    def save_second() -> Any:
        return value(second, save, 2, expected)

    if expected is None:
        assert second_waits(conn, first, second, save_second, "commit") is False
    else:
        with pytest.raises(psycopg.Error) as refused:
            second_waits(conn, first, second, save_second, "commit")
        assert refused.value.sqlstate == CONFLICT
        assert refused.value.diag.message_detail == f"expected {expected}, actual 3"
    assert rows(conn, "select version from jobs.load_snapshot('order-1')") == [(3,)]


@pytest.mark.timeout(120)
def test_many_sessions_leave_streams_without_gaps_whose_positions_ascend(
    conn: Session, connect: Connect
) -> None:
    conn.execute("select jobs.subscribe('s', '{t}')")

    def work(seed: int) -> list[int]:
        session, chance = connect(), random.Random(seed)
        kept: list[int] = []
        for _ in range(60):
            mine: list[int] = []
            begin(session, chance.choice(ISOLATIONS))
            try:
                for stream in sorted(f"order-{chance.randrange(3)}" for _ in range(2)):
                    if chance.random() < 0.5:
                        mine += [pos for pos, _ in append_list(session, 4, stream)]
                    else:
                        expected = value(
                            session, "select max(version) from jobs.read_stream(%s)", stream
                        )
                        mine.append(append(session, stream, expected))
                if chance.random() < 0.2:
                    session.execute("rollback")
                else:
                    session.execute("commit")
                    kept += mine
            except psycopg.Error as error:
                if error.sqlstate not in {CONFLICT, SERIALIZATION_FAILURE}:
                    raise
                session.execute("rollback")
        return kept

    kept = sorted(
        pos for each in at_once([partial(work, seed) for seed in range(6)]) for pos in each
    )
    assert kept, "nobody has appended anything: this proves nothing"
    assert [pos for (pos,) in rows(conn, "select pos from jobs.stream_event order by pos")] == kept
    for number in range(3):
        places = stream_of(conn, f"order-{number}")
        assert [version for _, version in places] == [*range(1, len(places) + 1)]
        assert places == sorted(places)
    delivered = rows(conn, "select (args #>> '{event,pos}')::bigint from jobs.job order by 1")
    assert [pos for (pos,) in delivered] == kept
    assert problems(conn) == []
