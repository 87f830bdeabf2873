"""A conformance case: what it says, and checking what a target answers. See README.md."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from txjobs import Backoff, JobInfo

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One file."""

    name: str
    sentence: str
    kinds: Mapping[str, Mapping[str, Any]]
    steps: Sequence[Mapping[str, Any]]
    requires: Sequence[str] = ()

    @property
    def durable(self) -> bool:
        """Whether only a database can meet it."""
        return "durable" in self.requires

    @property
    def hangs(self) -> bool:
        """Whether a handler of it has to be interrupted."""
        return any("hang" in action for kind in self.kinds.values() for action in actions(kind))


def load() -> list[Case]:
    """All cases, by name."""
    found = [Case(**json.loads(path.read_text())) for path in sorted(HERE.glob("*.json"))]
    for case, path in zip(found, sorted(HERE.glob("*.json")), strict=True):
        assert case.name == path.stem
    return found


def actions(kind: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Everything that the kind's handler may do."""
    behaviour = kind["behaviour"]
    for script in behaviour.values() if isinstance(behaviour, Mapping) else [behaviour]:
        yield from script


class Target(Protocol):
    """Where a case is run: an adapter of a few methods."""

    def enqueue(self, kind: str, args: Any, options: Mapping[str, Any]) -> int:
        """The job's id; raises an error whose `sqlstate` is the one expected."""

    def run(self) -> None:
        """Run what is due, until nothing is."""

    def advance(self, seconds: float) -> None:
        """So much time passes."""

    def cancel(self, job: int) -> str:
        """Ask for a job's cancellation; the answer."""

    def get(self, job: int) -> JobInfo | None:
        """The job."""

    def events(self, job: int) -> list[str]:
        """The types of its transitions, oldest first."""


class DurableTarget(Target, Protocol):
    """What a database can do besides."""

    def transaction(self, verb: str) -> None:
        """`begin`, `commit` or `rollback`: of what is enqueued."""

    def claim(self, lease: float) -> int:
        """The token of a claim of the next job, made by a worker that is not heard of again."""

    def reset(self) -> None:
        """Give back the jobs of leases that have ended."""

    def outcome(self, token: int, outcome: Mapping[str, Any]) -> str:
        """Report an outcome; the answer, or an error with a `sqlstate`."""


@dataclass
class Script:
    """What the handlers of one run of a case do, and what was seen of them."""

    case: Case
    now: float = 0.0
    ids: dict[str, int] = field(default_factory=dict)
    started: list[int] = field(default_factory=list)

    def start(self, kind: str, job: int, args: Any) -> Mapping[str, Any]:
        """The job's handler was started: what it is to do."""
        about = self.case.kinds[kind]
        behaviour = about["behaviour"]
        if isinstance(behaviour, Mapping):
            behaviour = behaviour[args[about["by"]]]
        done = self.started.count(job)
        self.started.append(job)
        action: Mapping[str, Any] = behaviour[min(done, len(behaviour) - 1)]
        return action

    def options(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The options of an `enqueue`, with its kind's under them."""
        return {
            **self.case.kinds.get(spec["kind"], {}).get("options", {}),
            **spec.get("options", {}),
        }


def value_of(wanted: Any, *, args: Any, headers: Any, attempt: int) -> Any:
    """A result as it is written in a case."""
    if isinstance(wanted, Mapping) and "$" in wanted:
        return {"args": args, "headers": headers, "attempt": attempt}[wanted["$"]]
    return wanted


def backoff_of(options: Mapping[str, Any]) -> Backoff | None:
    """The backoff among a case's options."""
    given = options.get("backoff")
    if given is None:
        return None
    if given.get("strategy") == "list":
        given = {name: value for name, value in given.items() if name != "strategy"}
    return Backoff(**given)


def play(case: Case, script: Script, target: Any) -> None:
    """Go through the steps; an AssertionError names the one that does not hold."""
    claims: dict[str, int] = {}
    for number, step in enumerate(case.steps, 1):
        at = f"{case.name}, step {number}: {json.dumps(step, ensure_ascii=False)}"
        if "claim" in step or "outcome" in step or "reset" in step:
            _play_lease(step, target, claims, at)
        else:
            _play(step, script, target, at)


def _play(step: Mapping[str, Any], script: Script, target: Any, at: str) -> None:
    match step:
        case {"enqueue": spec, **rest}:
            options = script.options(spec)
            job = _answer(
                lambda: target.enqueue(spec["kind"], spec.get("args", {}), options), rest, at
            )
            if job is not None:
                script.ids[spec["as"]] = job
        case {"run": True}:
            target.run()
        case {"advance": seconds}:
            script.now += seconds
            target.advance(seconds)
        case {"cancel": name, **rest}:
            _answer(lambda: target.cancel(script.ids[name]), rest, at)
        case {"expect": jobs}:
            for name, wanted in jobs.items():
                _check(name, wanted, script, target, at)
        case {"order": wanted}:
            names = {job: name for name, job in script.ids.items()}
            assert [names[job] for job in script.started] == wanted, at
        case {"begin": True} | {"commit": True} | {"rollback": True}:
            target.transaction(next(iter(step)))
        case _:
            raise AssertionError(f"{at}: there is no such step")


def _play_lease(step: Mapping[str, Any], target: Any, claims: dict[str, int], at: str) -> None:
    match step:
        case {"outcome": outcome, "claim": claim, **rest}:
            _answer(lambda: target.outcome(claims[claim], outcome), rest, at)
        case {"claim": claim, "lease": lease}:
            claims[claim] = target.claim(lease)
        case {"reset": True}:
            target.reset()
        case _:
            raise AssertionError(f"{at}: there is no such step")


def _answer(ask: Any, wanted: Mapping[str, Any], at: str) -> Any:
    """The answer, which is the one wanted; None if it is an error, and that was wanted."""
    try:
        answer = ask()
    except Exception as error:
        if wanted.get("error") is None or getattr(error, "sqlstate", None) != wanted["error"]:
            raise AssertionError(at) from error
        return None
    assert wanted.get("error") is None, f"{at}: it was accepted"
    if "answer" in wanted:
        assert answer == wanted["answer"], f"{at}: {answer}"
    return answer


def _check(
    name: str, wanted: Mapping[str, Any] | None, script: Script, target: Any, at: str
) -> None:
    job = script.ids.get(name)
    found = None if job is None else target.get(job)
    if wanted is None:
        assert found is None, f"{at}: {found}"
        return
    assert job is not None, f"{at}: {name} was not enqueued"
    assert found is not None, f"{at}: there is no {name}"
    for key, value in wanted.items():
        if key == "events":
            assert target.events(job) == value, at
        elif key == "errors":
            assert len(found.errors) == value, f"{at}: {found.errors}"
        elif key == "error":
            assert found.error is not None, f"{at}: {name} has no error"
            assert found.error["message"] == value, at
        elif key == "run_in":
            assert found.run_at is not None, f"{at}: {found}"
            seconds = found.run_at.timestamp() - START - script.now
            assert value[0] - 0.001 <= seconds <= value[1] + 0.001, f"{at}: in {seconds} s"
        else:
            value = _ids(value, script)
            assert getattr(found, key) == value, f"{at}: {name}.{key} is {getattr(found, key)!r}"


def _ids(value: Any, script: Script) -> Any:
    if isinstance(value, Mapping):
        if "$id" in value:
            return str(script.ids[value["$id"]])
        return {key: _ids(one, script) for key, one in value.items()}
    return value


START = 1_767_268_800.0
"""When the clock of every case begins: 2026-01-01 12:00 UTC."""
