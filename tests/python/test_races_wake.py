"""Notifications: one when work comes for a worker that sleeps, none otherwise."""

import time

import pytest

from faults.sessions import (
    Connect,
    Session,
    advance,
    allow_test_clock,
    at_once,
    claim,
    enqueue,
    value,
)


class Listener:
    """A session that listens."""

    def __init__(self, session: Session) -> None:
        self.session = session
        session.execute('listen "jobs.ready"')

    def sleep(self, *queues: str) -> None:
        """Say that the worker of these queues sleeps; it hears nothing of before."""
        self.session.execute("select jobs.idle(%s)", (list(queues) or None,))
        self.heard()

    def heard(self) -> list[str]:
        """The payloads since the last call."""
        # what was committed before this round trip is delivered with it
        self.session.execute("select 1")
        return [note.payload for note in self.session.notifies(timeout=0)]


@pytest.fixture
def listener(conn: Session, connect: Connect) -> Listener:
    """A listener; queues and kinds exist."""
    for queue in ("default", "mail"):
        conn.execute("select jobs.enqueue('work', queue => %s)", (queue,))
    claim(conn, 100)
    return Listener(connect())


def test_nobody_is_told_while_nobody_sleeps(conn: Session, listener: Listener) -> None:
    enqueue(conn, 5)
    assert listener.heard() == []


def test_the_first_enqueue_after_idle_tells_once(conn: Session, listener: Listener) -> None:
    listener.sleep("default")
    for _ in range(5):
        enqueue(conn, 3)
    assert listener.heard() == ["default"]
    enqueue(conn)
    assert listener.heard() == []
    listener.sleep("default")
    enqueue(conn)
    assert listener.heard() == ["default"]


def test_a_transaction_tells_when_it_commits_and_once_a_queue(
    conn: Session, connect: Connect, listener: Listener
) -> None:
    listener.sleep()
    other = connect()
    other.execute("begin")
    for queue in ("mail", "default", "mail", "default"):
        enqueue(other, queue=queue)
    assert listener.heard() == []
    other.execute("commit")
    assert sorted(listener.heard()) == ["default", "mail"]


def test_another_queue_is_not_told_of(conn: Session, listener: Listener) -> None:
    listener.sleep("mail")
    enqueue(conn, queue="default")
    assert listener.heard() == []
    enqueue(conn, queue="mail")
    assert listener.heard() == ["mail"]


def test_nobody_is_told_of_what_was_rolled_back(
    conn: Session, connect: Connect, listener: Listener
) -> None:
    listener.sleep("default")
    other = connect()
    other.execute("begin")
    enqueue(other)
    other.execute("rollback")
    assert listener.heard() == []


def test_nobody_is_told_of_a_delayed_job_before_its_time(
    conn: Session, connect: Connect, listener: Listener
) -> None:
    allow_test_clock(conn)
    listener.sleep("default")
    conn.execute("select jobs.enqueue('work', delay => '1 hour')")
    conn.execute("select jobs.tick()")
    assert listener.heard() == []
    later = connect()
    advance(later, 3601)
    assert value(later, "select jobs.tick()")
    assert listener.heard() == ["default"]


@pytest.mark.parametrize(
    "verb",
    [
        "select jobs.release(%s)",
        "select jobs.fail(%s, retry_in => '0')",
        "select jobs.snooze(%s, delay => '0')",
    ],
)
def test_a_job_that_is_given_back_tells(verb: str, conn: Session, listener: Listener) -> None:
    (job,) = enqueue(conn)
    token = claim(conn)[job]
    listener.sleep("default")
    conn.execute(verb.encode(), (token,))
    assert listener.heard() == ["default"]


def test_a_retry_a_reset_and_a_resume_tell(
    conn: Session, connect: Connect, listener: Listener
) -> None:
    allow_test_clock(conn)
    retried, lost = enqueue(conn, 2)
    tokens = claim(conn, 2)
    listener.sleep("default")
    conn.execute("select jobs.fail(%s, reason => 'aborted')", (tokens[retried],))
    assert listener.heard() == []
    conn.execute("select jobs.retry(%s)", (retried,))
    assert listener.heard() == ["default"]
    listener.sleep("default")
    later = connect()
    advance(later, 3600)
    assert lost in [row[0] for row in later.execute("select id from jobs.reset_stale_claims()")]
    assert listener.heard() == ["default"]
    conn.execute("select jobs.pause('default')")
    listener.sleep("default")
    conn.execute("select jobs.resume('default')")
    assert listener.heard() == ["default"]


def test_a_worker_that_claims_once_more_after_idle_misses_nothing(
    conn: Session, connect: Connect
) -> None:
    enqueue(conn)
    claim(conn, 10)
    worker = Listener(connect())
    producer = connect()
    for _ in range(30):
        found: list[int] = []

        def go_to_sleep(found: list[int] = found) -> None:
            worker.session.execute("select jobs.idle(array['default'])")
            found.extend(claim(worker.session, 10))

        at_once([go_to_sleep, lambda: enqueue(producer)])
        deadline = time.monotonic() + 5
        while not found and not worker.heard():
            assert time.monotonic() < deadline, "neither claimed nor told"
        found.extend(claim(worker.session, 10))
        worker.heard()
        assert len(found) == 1
