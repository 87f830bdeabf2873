"""`txjobs events tail`: the last events, and those to come, each once and in order."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

import command_line
from command_line import Run, refused
from txjobs import _cli_log, _cli_tail, embedded
from waiting import until

Connection = psycopg.Connection[Any]

bare = command_line.bare
txjobs = command_line.txjobs


class Tail:
    """A process that follows the log."""

    def __init__(self, dsn: str, *words: str) -> None:
        command = [sys.executable, "-m", "txjobs.cli", "events", "tail", "--dsn", dsn]
        self.process = subprocess.Popen(
            [*command, "--poll-interval", "20ms", *words],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.lines: list[str] = []
        self.remarks: list[str] = []
        self._threads = [
            threading.Thread(target=self._keep, args=(self.process.stdout, self.lines)),
            threading.Thread(target=self._keep, args=(self.process.stderr, self.remarks)),
        ]
        for thread in self._threads:
            thread.start()

    def _keep(self, pipe: Any, lines: list[str]) -> None:
        with pipe:
            lines.extend(line.rstrip("\n") for line in pipe)

    @property
    def events(self) -> list[Any]:
        """What it has printed, with --json."""
        return [json.loads(line) for line in self.lines]

    @property
    def positions(self) -> list[int]:
        """Theirs."""
        return [event["pos"] for event in self.events]

    def seen(self, number: int) -> None:
        """Wait until so many lines are there."""
        until(lambda: len(self.lines) >= number, f"{number} lines, of which are {self.lines}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        for thread in self._threads:
            thread.join(30)
        return code


Follow = Callable[..., Tail]


@pytest.fixture
def follow(dsn: str) -> Iterator[Follow]:
    """Starts one with -f; it is gone at the end."""
    running: list[Tail] = []

    def start(*words: str, at: str = dsn) -> Tail:
        running.append(Tail(at, "-f", *words))
        return running[-1]

    yield start
    for one in running:
        one.stop(signal.SIGKILL)


def append(conn: Connection, stream: str, event_type: str = "a") -> int:
    """An event, by SQL."""
    (row,) = conn.execute("select jobs.append_event(%s, %s)", (stream, event_type))
    return int(row[0])


def looks(conn: Connection, number: int) -> None:
    """Wait until who follows has looked for events so many times more."""
    last = """
    select max(query_start) from pg_stat_activity
    where datname = current_database() and query like '%jobs.read\\_all%'
      and pid <> pg_backend_pid()
    """
    for _ in range(number):
        (before,) = conn.execute(last).fetchone() or (None,)
        until(lambda: conn.execute(last).fetchone() != (before,), "a look")  # noqa: B023


def types(answer: command_line.Answer) -> list[str]:
    """Those of the events."""
    return [event["type"] for event in answer.lines]


# Without -f


def test_tail_is_the_last_events_in_order(txjobs: Run, conn: Connection) -> None:
    assert (txjobs("events", "tail").code, txjobs("events", "tail").out) == (0, "")
    expected = [append(conn, f"order-{nth}") for nth in range(12)]

    def positions(*words: object) -> list[int]:
        return [event["pos"] for event in txjobs("events", "tail", *words, "--json").lines]

    assert positions() == expected[-10:]
    assert positions("-n", 3) == expected[-3:]
    assert positions("-n", 0) == []
    assert positions("-n", 99) == expected
    assert positions("--after", expected[9]) == expected[10:]
    assert positions("--after", "beginning") == expected
    assert positions("--after", "now") == []
    lines = txjobs("events", "tail", "-n", 2).out.splitlines()
    assert [line.split()[0] for line in lines] == [str(pos) for pos in expected[-2:]]


def test_the_last_events_of_a_type_are_found_wherever_they_are(
    txjobs: Run, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("txjobs._cli_log.PAGE", 7)
    rare = [append(conn, "order-1", "rare") for _ in range(3)]
    conn.execute("select count(jobs.append_event('noise-1', 'b')) from generate_series(1, 500)")
    rare.append(append(conn, "order-1", "rare"))
    for words in (("--type", "ra*"), ("--category", "order")):
        for number in (1, 2, 4, 5):
            found = txjobs("events", "tail", *words, "-n", number, "--json").lines
            assert [event["pos"] for event in found] == rare[-number:]
    assert txjobs("events", "tail", "--type", "none").out == ""


def test_the_last_events_of_a_pruned_log_are_those_that_are_there(
    txjobs: Run, conn: Connection
) -> None:
    for _ in range(50):
        append(conn, "order-1")
    conn.execute("select jobs.configure_category('order', keep => '0')")
    conn.execute("select * from jobs.prune()")
    assert len(txjobs("events", "tail", "-n", 2, "--json").lines) == 1


def test_jobs_events_may_be_left_out(txjobs: Run, conn: Connection) -> None:
    append(conn, "order-1")
    conn.execute("select jobs.enqueue('greet')")
    assert types(txjobs("events", "tail", "--json")) == ["a", "job.enqueued"]
    assert types(txjobs("events", "tail", "--no-job-events", "--json")) == ["a"]
    found = txjobs("events", "tail", "--job-events", "--cloudevents").lines
    assert [(event["specversion"], event["type"]) for event in found] == [("1.0", "job.enqueued")]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--after", "yesterday"), "beginning"),
        (("--after", "-1"), "beginning"),
        (("--after", "²"), "beginning"),
        (("--after", "1", "--last", "1"), "exclude"),
        (("--last", "-1"), "--last"),
        (("--poll-interval", "soon"), "5m"),
        (("--type", ""), "types"),
        (("--category", "a", "--job-events"), "exclude"),
    ],
    ids=str,
)
def test_what_cannot_be_followed_is_one_line(
    txjobs: Run, words: tuple[str, ...], part: str
) -> None:
    refused(txjobs("events", "tail", *words), 2, part)


def test_a_position_that_is_not_in_the_log_is_a_no(txjobs: Run) -> None:
    refused(txjobs("events", "tail", "-f", "--after", "99"), 1, "ahead of the log")


# With -f


def test_what_is_appended_follows_and_ctrl_c_is_how_it_ends(
    follow: Follow, conn: Connection
) -> None:
    first = append(conn, "order-1")
    tail = follow("--json")
    tail.seen(1)
    more = [append(conn, "order-1") for _ in range(3)]
    tail.seen(4)
    assert tail.positions == [first, *more]
    assert tail.stop() == 0
    assert tail.remarks == []


def test_for_people_an_event_is_a_line(follow: Follow, conn: Connection) -> None:
    tail = follow("--after", "beginning")
    pos = append(conn, "order-1", "order.placed")
    tail.seen(1)
    assert tail.lines[0].split()[0] == str(pos)
    assert tail.lines[0].endswith("order-1 1  order.placed  {}")


def test_only_what_was_asked_for_follows(follow: Follow, conn: Connection) -> None:
    of_type = follow("--type", "b*", "--json", "--after", "beginning")
    of_category = follow("--category", "cart", "--json", "--after", "beginning")
    append(conn, "order-1", "a")
    append(conn, "order-1", "b1")
    append(conn, "cart-1", "c")
    append(conn, "order-1", "b2")
    of_type.seen(2)
    of_category.seen(1)
    assert [event["type"] for event in of_type.events] == ["b1", "b2"]
    assert [event["type"] for event in of_category.events] == ["c"]


def test_a_late_commit_is_neither_missed_nor_out_of_order(
    follow: Follow, conn: Connection, connect: Callable[..., Connection]
) -> None:
    tail = follow("--json", "--after", "beginning")
    first = append(conn, "order-1")
    tail.seen(1)
    slow = connect(autocommit=False)
    late = append(slow, "order-2")
    after = [append(conn, "order-3") for _ in range(3)]
    looks(conn, 2)
    assert tail.positions == [first]
    slow.commit()
    tail.seen(5)
    assert tail.positions == [first, late, *after]


def test_now_begins_with_what_can_be_read_from_now_on(
    follow: Follow, conn: Connection, connect: Callable[..., Connection]
) -> None:
    append(conn, "order-1")
    slow = connect(autocommit=False)
    late = append(slow, "order-2")
    tail = follow("--json", "--after", "now")
    looks(conn, 1)
    assert late not in tail.positions
    slow.commit()
    until(lambda: late in tail.positions, "what was open when it began")
    assert tail.positions in ([late], [late - 1, late])  # the log may be decided a little less far


def test_what_is_committed_while_it_reads_is_not_passed_over(
    conn: Connection, connect: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile = connect()
    expected = []

    def pages(*args: Any) -> Iterator[list[_cli_log.Found]]:
        yield from _cli_log.pages(*args)
        expected.append(append(meanwhile, "order-1"))

    monkeypatch.setattr(_cli_tail, "pages", pages)
    found: list[_cli_log.Found] = []
    reader = _cli_tail._Reader(_cli_log.Selection(None, None, None, False), found.extend)
    reader.begin_with(conn, 2)
    for _ in range(3):
        reader.go_on(conn)
    assert [event.pos for event in found] == expected[:-1]


def test_a_lost_connection_is_taken_up_again_without_a_gap(
    follow: Follow, conn: Connection, server: embedded.Server
) -> None:
    tail = follow("--json", "--after", "beginning")
    expected = [append(conn, "order-1") for _ in range(3)]
    tail.seen(3)
    allow = f"alter database {conn.info.dbname} allow_connections"
    with psycopg.connect(server.dsn, autocommit=True) as elsewhere:
        elsewhere.execute(f"{allow} false".encode())
        gone = """
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
          and backend_type = 'client backend'
        """
        assert conn.execute(gone).fetchall() == [(1,)]
        until(lambda: tail.remarks, "a remark")
        expected += [append(conn, "order-1") for _ in range(3)]
        elsewhere.execute(f"{allow} true".encode())
    tail.seen(6)
    expected.append(append(conn, "order-1"))
    tail.seen(7)
    assert tail.positions == expected
    lost, back = [json.loads(line)["note"] for line in tail.remarks]
    assert "lost" in lost
    assert back.endswith(f"after position {expected[2]}")
    assert tail.stop() == 0


def test_an_error_of_the_database_ends_it(follow: Follow, conn: Connection) -> None:
    tail = follow("--after", "beginning")
    append(conn, "order-1")
    tail.seen(1)
    conn.execute("drop schema jobs cascade")
    until(lambda: tail.process.poll() is not None, "its end")
    assert tail.stop() == 3
    (line,) = tail.remarks
    assert "txjobs migrate" in line


def test_a_reader_that_goes_away_is_no_error(dsn: str, conn: Connection) -> None:
    append(conn, "order-1")
    append(conn, "order-1")
    command = f"{sys.executable} -m txjobs.cli events tail -f --json | head -1"
    env = {"TXJOBS_DSN": dsn, "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(  # noqa: S602
        command, shell=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as ran:
        until(lambda: append(conn, "order-1") and ran.poll() is not None, "its end")
        out, err = ran.communicate()
    assert json.loads(out)["type"] == "a"
    assert err == ""
