"""Random sequences of the log's verbs do what a model of them in Python says.

TXJOBS_MODEL_EXAMPLES=2000 for a longer search, with new examples at every run.
"""

import os
from collections.abc import Callable
from copy import copy
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from psycopg.types.json import Jsonb

from faults.sessions import Session, rows, value
from models.log_model import Consumer, Event, Filter, LogModel, New, Refused, Snapshot

EXAMPLES = int(os.environ.get("TXJOBS_MODEL_EXAMPLES", "12"))
STEPS = 50
COLUMNS = "pos, at, stream, version, type, schema_version, event_id, headers, data"
EMPTY = """
truncate jobs.job, jobs.event, jobs.ready, jobs.scheduled, jobs.lease, jobs.stream_event,
  jobs.subscription, jobs.consumer, jobs.consumer_cursor, jobs.snapshot;
"""
LAST_POS = "select case when is_called then last_value else 0 end from jobs.pos_seq"

streams = st.sampled_from(["a-1", "a-1", "a-2", "a", "ab-1", "b-c-1"])
categories = st.sampled_from([None, None, "a", "b", "nothing"])
types = st.sampled_from(["x.made", "x.made.late", "x_made", "y"])
patterns = st.sampled_from([None, None, ("x.*",), ("x_*", "y"), ("x.made",), ("*",), ("z",)])
filters = st.builds(Filter, patterns, categories)
ids = st.sampled_from([None, None, None, *(UUID(int=n) for n in range(1, 9))])
events = st.builds(
    New,
    types,
    st.fixed_dictionaries({"n": st.integers(0, 2)}),
    ids,
    st.sampled_from([1, 1, 2]),
    st.sampled_from([None, None, {"traceparent": "00-1"}]),
)
# where a call expects the stream to be: None any, a number that far from where it is
expectations = st.sampled_from([None, None, 0, 0, 0, 1, -1])
sizes = st.sampled_from([1, 2, 3, 100])
names = st.sampled_from(["one", "two"])
starts = st.sampled_from(["beginning", "now", "somewhere"])
number = st.integers(0, 10_000)
tokens = st.sampled_from([True, True, True, False, None])  # its own, none, another
rarely = st.sampled_from([False, False, True])


def act(verb: str, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A method of the machine with its arguments."""
    return st.fixed_dictionaries({"verb": st.just(verb), **arguments})


APPENDS = st.one_of(
    st.none(),
    act("append_event", stream=streams, new=events, expected=expectations),
    act(
        "append_events",
        stream=streams,
        new=st.lists(events, min_size=1, max_size=4),
        expected=expectations,
        again=st.booleans(),
    ),
    act("append_more_than_a_step_of_backfill", some=st.sampled_from([0, 0, 1100])),
)
CHANGES = st.one_of(
    act(
        "save_snapshot",
        stream=streams,
        back=st.integers(-1, 2),
        schema_version=st.sampled_from([1, 1, 2]),
        data=number,
        expected=st.sampled_from([None, None, 0, 1, 2, 3]),
        again=st.booleans(),
    ),
    act(
        "subscribe",
        name=st.sampled_from(["one", "two", "three"]),
        what=filters,
        where=starts,
        nth=number,
    ),
    act("unsubscribe", name=names, really=rarely),
    act("pause_or_resume", name=names, pauses=st.booleans()),
    act("backfill", most=st.sampled_from([1, 2, 1000]), only=st.one_of(st.none(), names)),
    act("create_consumer", name=names, what=filters, where=starts, nth=number),
    act("poll_alone", name=names, most=sizes),
    act("poll_then_ack", name=names, most=sizes, nth=number, with_token=tokens),
    act("poll_then_ack", name=names, most=sizes, nth=number, with_token=tokens),
    act(
        "ack_alone",
        name=names,
        nth=number,
        with_token=tokens,
    ),
    act(
        "poll_and_ack",
        name=names,
        most=sizes,
        half=st.booleans(),
        commits=st.sampled_from([True, True, False]),
    ),
    act("nack", name=names, retry_in=st.sampled_from([0.0, 10.0]), with_token=tokens),
    act("reset_consumer", name=names, where=starts, nth=number),
    act("delete_consumer", name=names, really=rarely),
    act("advance", seconds=st.sampled_from([1.0, 11.0, 31.0])),
)
READS = st.one_of(
    act(
        "read_stream",
        stream=streams,
        version=st.sampled_from([None, 0, 1, 2, 5]),
        most=sizes,
        back=st.booleans(),
    ),
    act("read_category_and_all", what=filters, nth=number, most=sizes, from_start=st.booleans()),
    act("read_ahead_of_the_log", ahead=st.integers(1, 3)),
    act(
        "latest",
        stream=st.one_of(st.none(), streams),
        event_type=st.one_of(st.none(), types),
        contains=st.sampled_from([{}, {"n": 0}, {"n": 1}]),
    ),
    act(
        "list_streams",
        category=categories,
        after=st.sampled_from([None, "a", "a-1", "b"]),
        most=sizes,
    ),
    act("load_snapshot", stream=streams, schema_version=st.sampled_from([1, 2])),
)


class Log(RuleBasedStateMachine):
    """Each method calls a verb and tells the model; after each step both must agree.

    One rule chooses among them: of many, Hypothesis leaves some out of each example.
    """

    conn: ClassVar[Session]

    def __init__(self) -> None:
        super().__init__()
        self.model = LogModel()
        self.conn.execute(EMPTY)
        self.conn.execute("update jobs.fan_out set live = false")
        self.conn.execute("select jobs.set_test_clock('2040-01-01T00:00:00Z')")
        self.began = value(self.conn, LAST_POS)

    def call(self, query: str, *parameters: object) -> Any:
        """The rows of a query, or what it raises."""
        try:
            return self.conn.execute(query.encode(), parameters).fetchall()
        except psycopg.Error as error:
            if not str(error.sqlstate).startswith("JB"):
                raise
            detail = error.diag.message_detail if error.sqlstate == "JB010" else None
            return error.sqlstate, detail

    def said(self, act: Callable[[], object]) -> Any:
        """The same of the model."""
        try:
            return [(act(),)]
        except Refused as refused:
            return refused.sqlstate, refused.detail

    def read(self, source: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The events that a reading function returns, with times as the model has them."""
        query = f"""select pos, extract(epoch from at - '2040-01-01T00:00:00Z')::float8, stream,
          version, type, schema_version, event_id, headers, data from {source}"""
        return self.conn.execute(query.encode(), parameters).fetchall()

    def position(self, nth: int) -> int:
        """A position of the log: of an event, or just before one."""
        some = [event.pos - nth % 2 for event in self.model.events] or [self.began]
        return some[nth % len(some)]

    def start(self, where: str, nth: int) -> tuple[str, int]:
        """How to say where a reader begins, and the position."""
        if where == "somewhere":
            return str(self.position(nth)), self.position(nth)
        return where, 0 if where == "beginning" else value(self.conn, LAST_POS)

    @initialize(what=filters, where=starts)
    def begin(self, what: Filter, where: str) -> None:
        """Somebody reads."""
        self.subscribe("one", Filter(), "now", 0)
        for name in ("one", "two"):
            self.create_consumer(name, what, where, 0)

    @rule(append=APPENDS, change=CHANGES, read=READS)
    def step(
        self, append: dict[str, Any] | None, change: dict[str, Any], read: dict[str, Any]
    ) -> None:
        """Append something, do something, read something."""
        for each in filter(None, (append, change, read)):
            arguments = dict(each)
            getattr(self, arguments.pop("verb"))(**arguments)

    # streams

    def append_event(self, stream: str, new: New, expected: int | None) -> None:
        expected = self.expect(stream, expected)
        answer = self.call(
            """select jobs.append_event(%s, %s, %s, expected_version => %s::bigint,
            event_id => %s::uuid, headers => %s, schema_version => %s)""",
            *(stream, new.type, Jsonb(new.data), expected, new.event_id),
            *(None if new.headers is None else Jsonb(new.headers), new.schema_version),
        )
        said = self.said(lambda: self.model.before(stream, [new], expected))
        if said == [(None,)]:
            self.model.append(stream, [new], [answer[0][0]])
        else:
            assert answer == ([(said[0][0][0].pos,)] if isinstance(said, list) else said)

    def append_events(self, stream: str, new: list[New], expected: int | None, again: bool) -> None:
        given = [each.event_id for each in new if each.event_id is not None]
        if len(set(given)) < len(given):
            return
        self.append_many(stream, new, self.expect(stream, expected))
        if again:
            self.append_many(stream, new, None)

    def append_many(self, stream: str, new: list[New], expected: int | None) -> None:
        """A list, as one call."""
        objects = [
            {"type": each.type, "data": each.data, "schema_version": each.schema_version}
            | ({"event_id": str(each.event_id)} if each.event_id else {})
            | ({"headers": each.headers} if each.headers else {})
            for each in new
        ]
        answer = self.call(
            "select ord, pos, version, created from jobs.append_events(%s, %s, %s::bigint)",
            *(stream, Jsonb(objects), expected),
        )
        said = self.said(lambda: self.model.before(stream, new, expected))
        if said == [(None,)]:
            version = len(self.model.stream(stream))
            assert [(ord_, version_, created) for ord_, _, version_, created in answer] == [
                (nth, version + nth, True) for nth in range(1, len(new) + 1)
            ]
            self.model.append(stream, new, [pos for _, pos, _, _ in answer])
        elif isinstance(said, list):
            assert answer == [
                (nth, event.pos, event.version, False) for nth, event in enumerate(said[0][0], 1)
            ]
        else:
            assert answer == said

    def expect(self, stream: str, expected: int | None) -> int | None:
        """The number for `expectations`."""
        if expected is None:
            return None
        return max(0, len(self.model.stream(stream)) + expected)

    def append_more_than_a_step_of_backfill(self, some: int) -> None:
        if some and len(self.model.events) < some:
            self.append_many("a-many", [New("x.made", {"n": n}) for n in range(some)], None)

    def read_stream(self, stream: str, version: int | None, most: int, back: bool) -> None:
        expected = self.model.stream(stream)
        if back:
            expected = [e for e in expected[::-1] if version is None or e.version <= version]
        else:
            expected = [e for e in expected if e.version >= (version or 0)]
        got = self.read("jobs.read_stream(%s, %s, %s, %s)", stream, version, most, back)
        assert got == [event.row for event in expected[:most]]

    def read_category_and_all(self, what: Filter, nth: int, most: int, from_start: bool) -> None:
        after = None if from_start else self.position(nth)
        types = None if what.types is None else list(what.types)
        if what.category is None:
            got = self.read("jobs.read_all(%s, %s, %s, false)", after, most, types)
        else:
            got = self.read("jobs.read_category(%s, %s, %s, %s)", what.category, after, most, types)
        assert got == [event.row for event in self.model.read(what, after or 0)[:most]]

    def read_ahead_of_the_log(self, ahead: int) -> None:
        last = value(self.conn, LAST_POS)
        assert self.call("select from jobs.read_all(%s)", last) == []
        assert self.call("select from jobs.read_all(%s)", last + ahead) == ("JB011", None)

    def latest(self, stream: str | None, event_type: str | None, contains: dict[str, int]) -> None:
        if stream is None and event_type is None:
            return
        got = self.read("jobs.latest(%s, %s, %s)", stream, event_type, Jsonb(contains))
        expected = self.model.latest(stream, event_type, contains)
        assert got == [event.row for event in expected]

    def list_streams(self, category: str | None, after: str | None, most: int) -> None:
        got = self.call(
            "select stream, version, type from jobs.list_streams(%s, %s, %s)", category, after, most
        )
        assert got == [
            (event.stream, event.version, event.new.type)
            for event in self.model.streams(category, after or "", most)
        ]

    # snapshots

    def save_snapshot(
        self,
        stream: str,
        back: int,
        schema_version: int,
        data: int,
        expected: int | None,
        again: bool,
    ) -> None:
        new = Snapshot(len(self.model.stream(stream)) - back, schema_version, data)
        answer = self.call(
            "select jobs.save_snapshot(%s, %s, %s, %s, %s::bigint)",
            *(stream, new.version, Jsonb(data), schema_version, expected),
        )
        assert answer == self.said(lambda: self.model.save(stream, new, expected))
        if again:
            self.save_snapshot(stream, back, schema_version, data + 1, None, again=False)

    def load_snapshot(self, stream: str, schema_version: int) -> None:
        kept = self.model.snapshots.get(stream)
        assert self.call(
            "select version, data from jobs.load_snapshot(%s, %s)", stream, schema_version
        ) == ([(kept.version, kept.data)] if kept and kept.schema_version == schema_version else [])

    # subscriptions

    def subscribe(self, name: str, what: Filter, where: str, nth: int) -> None:
        said, after = self.start(where, nth)
        answer = self.call(
            "select jobs.subscribe(%s, %s, %s, from_position => %s)",
            *(name, None if what.types is None else list(what.types), what.category, said),
        )
        assert answer == [(self.model.subscribe(name, what, None if said == "now" else after),)]

    def unsubscribe(self, name: str, really: bool) -> None:
        if really:
            there = self.model.subscriptions.pop(name, None)
            assert self.call("select jobs.unsubscribe(%s)", name) == [(there is not None,)]

    def pause_or_resume(self, name: str, pauses: bool) -> None:
        verb = "pause" if pauses else "resume"
        answer = self.call(f"select jobs.{verb}(subscription => %s)", name)
        if name not in self.model.subscriptions:
            assert answer == ("JB004", None)
        elif pauses:
            self.model.pause(name)
        else:
            self.model.resume(name)

    def backfill(self, most: int, only: str | None) -> None:
        rows = self.call("select name, made from jobs.backfill(%s, %s)", only, most)
        if only is not None and only not in self.model.subscriptions:
            assert rows == ("JB004", None)
            return
        answer = dict(rows)
        chosen = [name for name in self.model.subscriptions if only in (None, name)]
        made = {name: self.model.backfill(name, most) for name in chosen}
        # one that is up to date has a row, or none, by how far it has settled
        assert {name: n for name, n in answer.items() if n} == {n: m for n, m in made.items() if m}

    # consumers

    def create_consumer(self, name: str, what: Filter, where: str, nth: int) -> None:
        said, after = self.start(where, nth)
        answer = self.call(
            "select jobs.create_consumer(%s, %s, %s, %s, false)",
            *(name, said, None if what.types is None else list(what.types), what.category),
        )
        old = self.model.consumers.get(name)
        if old is None:
            self.model.consumers[name] = Consumer(what, after, self.model.now)
            assert answer == [("created",)]
        else:
            assert answer == [("unchanged" if old.filter == what else "changed",)]
            if old.filter != what:  # a batch that is out was chosen by what it was
                old.filter, old.token, old.until = what, None, None

    def poll(self, name: str, most: int) -> list[Event]:
        """Poll, in a transaction or not; returns the batch."""
        consumer = self.model.consumers[name]
        expected = self.model.candidates(consumer, most)
        last = value(self.conn, LAST_POS)
        got = self.call(f"select token, {COLUMNS} from jobs.poll(%s, %s)", name, most)
        assert [row[1] for row in got] == [event.pos for event in expected]
        assert [row[3:] for row in got] == [event.row[2:] for event in expected]
        if got:
            (token,) = {row[0] for row in got}
            self.model.poll(consumer, expected, most, last, token, 30.0)
        else:
            self.model.look(consumer, last)
        return expected

    def poll_alone(self, name: str, most: int) -> None:
        if name in self.model.consumers:
            self.poll(name, most)
        else:
            assert self.call("select from jobs.poll(%s)", name) == ("JB004", None)

    def poll_then_ack(self, name: str, most: int, nth: int, with_token: bool | None) -> None:
        self.poll_alone(name, most)
        self.ack_alone(name, nth, with_token)

    def ack_alone(self, name: str, nth: int, with_token: bool | None) -> None:
        """By its token, without, or with another."""
        consumer = self.model.consumers.get(name)
        if consumer is None:
            assert self.call("select jobs.ack(%s, 1, 1)", name) == ("JB004", None)
            return
        token = {True: consumer.token, False: None, None: 1}[with_token]
        batch = [event.pos for event in self.model.read(consumer.filter, consumer.pos)]
        known = [consumer.pos, consumer.polled, consumer.acked, *batch[:3]]
        some = [pos for pos in known if pos is not None]
        pos = some[nth % len(some)]
        self.compare_ack(name, pos, token)

    def compare_ack(self, name: str, pos: int, token: int | None, *, here: bool = False) -> None:
        """What ack answers, and what the model does."""
        consumer = self.model.consumers[name]
        answer = self.call("select jobs.ack(%s, %s, %s::bigint)", name, pos, token)
        assert answer == self.said(lambda: self.model.ack(consumer, pos, token, here=here))

    def poll_and_ack(self, name: str, most: int, half: bool, commits: bool) -> None:
        """In one transaction, twice."""
        if name not in self.model.consumers:
            return
        before = copy(self.model.consumers[name])
        self.conn.execute("begin")
        for _ in range(2):
            if got := self.poll(name, most):
                pos = got[(len(got) - 1) // 2 if half else -1].pos
                self.compare_ack(name, pos, None, here=True)
        self.conn.execute("commit" if commits else "rollback")
        if not commits:
            self.model.consumers[name] = before

    def nack(self, name: str, retry_in: float, with_token: bool | None) -> None:
        if name not in self.model.consumers:
            return
        consumer = self.model.consumers[name]
        token = {True: consumer.token, False: None, None: 1}[with_token]
        answer = self.call(
            """select extract(epoch from jobs.nack(%s, '"broken"', %s * interval '1 s',
            token => %s::bigint) - jobs.now())::float8""",
            *(name, retry_in, token),
        )
        assert answer == self.said(lambda: self.model.nack(consumer, token, retry_in))

    def reset_consumer(self, name: str, where: str, nth: int) -> None:
        said, after = self.start(where, nth)
        answer = self.call("select jobs.reset_consumer(%s, %s)", name, said)
        if name not in self.model.consumers:
            assert answer == ("JB004", None)
            return
        assert answer == [(after,)]
        self.model.consumers[name] = Consumer(
            self.model.consumers[name].filter, after, self.model.now
        )

    def delete_consumer(self, name: str, really: bool) -> None:
        if really:
            there = self.model.consumers.pop(name, None)
            assert self.call("select jobs.delete_consumer(%s)", name) == [(there is not None,)]

    def advance(self, seconds: float) -> None:
        self.conn.execute(
            "select jobs.set_test_clock(jobs.now() + %s * interval '1 s')", (seconds,)
        )
        self.model.now += seconds

    # what must agree after each step

    @invariant()
    def jobs_agree(self) -> None:
        """Each subscription has made its jobs, once, in order."""
        got = dict(
            rows(
                self.conn,
                """select k.name, array_agg((j.args -> 'event' ->> 'pos')::bigint order by j.id)
                from jobs.job j join jobs.kind k on k.id = j.kind_id group by 1""",
            )
        )
        assert got == {name: made for name, made in self.model.jobs.items() if made}

    @invariant()
    def subscriptions_agree(self) -> None:
        """And is as far as it should be."""
        got = self.call("select name, state, behind from jobs.list_subscriptions()")
        assert got == [
            (name, each.state, len(each.behind))
            for name, each in sorted(self.model.subscriptions.items())
        ]

    @invariant()
    def consumers_agree(self) -> None:
        """And each consumer is where it should be."""
        got = self.call(
            """select name, pos, behind, failures, leased_until is not null,
              coalesce(retry_at > jobs.now(), false), stuck
            from jobs.list_consumers(stuck_for => '100 years')"""
        )
        now = self.model.now
        assert got == [
            (
                name,
                each.pos,
                len(self.model.read(each.filter, each.pos)),
                each.failures,
                each.is_leased(now),
                each.is_waiting(now),
                each.failures > 0,
            )
            for name, each in sorted(self.model.consumers.items())
        ]


@pytest.mark.timeout(600)
def test_the_log_does_what_the_model_says(conn: Session) -> None:
    conn.execute("update jobs.setting set test_clock = true")
    Log.conn = conn
    run_state_machine_as_test(
        Log,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=EXAMPLES == 12,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
