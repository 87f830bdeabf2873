"""Every case holds wherever jobs can be run: the README here says how they are read."""

from typing import Any

import psycopg
import pytest

from conformance.case import HERE, Case, actions, load
from conformance.local_targets import play_in_process, play_inline
from conformance.postgres_targets import play_verbs, play_worker

CASES = load()
EVERYWHERE = [case for case in CASES if not case.durable]


def each(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


HANDLERS = pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])


def skip_if_it_cannot_be_interrupted(case: Case, *, is_async: bool) -> None:
    if case.hangs and not is_async:
        pytest.skip("a function cannot be interrupted")


@HANDLERS
@each(EVERYWHERE)
def test_inline_mode_meets(case: Case, is_async: bool) -> None:
    skip_if_it_cannot_be_interrupted(case, is_async=is_async)
    play_inline(case, is_async=is_async)


@HANDLERS
@each(EVERYWHERE)
def test_the_in_process_runner_meets(case: Case, is_async: bool) -> None:
    skip_if_it_cannot_be_interrupted(case, is_async=is_async)
    play_in_process(case, is_async=is_async)


@each(CASES)
def test_postgres_meets_by_its_verbs(case: Case, conn: psycopg.Connection[Any]) -> None:
    play_verbs(case, conn)


@each(CASES)
def test_postgres_meets_through_the_python_worker(
    case: Case, conn: psycopg.Connection[Any], dsn: str
) -> None:
    play_worker(case, conn, dsn, is_async=True)


def test_a_case_says_nothing_that_its_readme_does_not() -> None:
    readme = (HERE / "README.md").read_text()
    words = {word for case in CASES for step in case.steps for word in step}
    words |= {
        word
        for case in CASES
        for kind in case.kinds.values()
        for action in actions(kind)
        for word in action
    }
    assert {word for word in words if f'"{word}"' not in readme} == set()
    assert len(EVERYWHERE) >= 25


@pytest.mark.parametrize(
    "step",
    [
        {"expect": {"a": {"state": "dead"}}},
        {"expect": {"a": {"events": ["enqueued", "completed"]}}},
        {"expect": {"a": {"errors": 1}}},
        {"expect": {"a": {"error": "none"}}},
        {"expect": {"a": {"run_in": [0, 0]}}},
        {"expect": {"a": {"result": 2}}},
        {"expect": {"a": None}},
        {"expect": {"b": {"state": "completed"}}},
        {"order": []},
        {"cancel": "a", "answer": "cancelled"},
        {"cancel": "a", "error": "JB002"},
        {"enqueue": {"as": "b", "kind": "work", "options": {"priority": 101}}},
        {"enqueue": {"as": "b", "kind": "work"}, "error": "JB002"},
        {"dance": True},
    ],
    ids=lambda step: str(step),
)
def test_a_step_that_does_not_hold_is_noticed(step: dict[str, Any]) -> None:
    case = Case(
        name="broken",
        sentence="",
        kinds={"work": {"behaviour": [{"complete": 1}]}},
        steps=[{"enqueue": {"as": "a", "kind": "work"}}, {"run": True}, step],
    )
    with pytest.raises(AssertionError, match="broken, step 3"):
        play_inline(case, is_async=False)
