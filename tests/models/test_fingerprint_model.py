"""Of any error there is a fingerprint, and what differs from one to the next does not matter."""

import json
import uuid
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faults.sessions import Session, column, value

quiet = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
letters = st.text("ghijklmnopqrstuvwxyzäß", min_size=1, max_size=8)
# what Postgres can store in a jsonb
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
values = st.none() | st.booleans() | st.integers() | texts
errors = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)
varying = (
    st.integers(-(10**20), 10**20).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.uuids().map(str)
    | st.uuids().map(lambda found: found.hex)
    | st.datetimes().map(lambda found: found.isoformat(" "))
    | st.ip_addresses(v=4).map(str)
)
quoted = st.text("abc 123_", max_size=12).map(lambda text: f"'{text}'")


def fingerprint(conn: Session, error: Any) -> str:
    """That of an error of kind k."""
    found = value(conn, "select jobs.fingerprint('k', %s::jsonb)", json.dumps(error))
    return str(found)


@quiet
@given(error=st.dictionaries(st.sampled_from(["type", "message", "traceback", "frame"]), errors))
def test_every_error_has_a_fingerprint_always_the_same(conn: Session, error: Any) -> None:
    found = fingerprint(conn, error)
    assert len(found) == 16
    assert int(found, 16) >= 0
    assert fingerprint(conn, error) == found


@quiet
@given(words=st.lists(letters, min_size=2, max_size=5), data=st.data())
def test_messages_that_differ_in_what_varies_have_one_fingerprint(
    conn: Session, words: list[str], data: st.DataObject
) -> None:
    kinds = [data.draw(st.sampled_from(["value", "quoted"])) for _ in words[1:]]

    def message() -> str:
        parts = [data.draw(varying if kind == "value" else quoted) for kind in kinds]
        blank = data.draw(st.sampled_from([" ", "  ", "\n", "\t "]))
        return blank.join(
            [words[0], *(x for pair in zip(parts, words[1:], strict=True) for x in pair)]
        )

    one, other = message(), message()
    messages = column(
        conn,
        "select jobs._error_message(jsonb_build_object('message', m)) from unnest(%s::text[]) as m",
        [one, other],
    )
    signs = [text.replace("# #", "#") for text in messages]  # a date and its time are two
    assert signs[0] == signs[1], (one, other)


def test_a_uuid_in_capitals_is_one_too(conn: Session) -> None:
    found = {
        fingerprint(conn, {"message": f"no row {text}"})
        for text in (str(uuid.UUID(int=7)), str(uuid.UUID(int=1 << 127)).upper())
    }
    assert len(found) == 1
