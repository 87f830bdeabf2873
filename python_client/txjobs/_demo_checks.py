"""What the demo expects of each job, and whether it came to pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ._cli_text import parse_time
from ._demo_view import Watched

__all__ = ["Check", "checks"]

_PUNCTUAL = 5.0  # seconds after its time at which a delayed job must have started, on any machine


@dataclass(frozen=True, slots=True)
class Check:
    """An expectation, and what was found instead or in detail."""

    what: str
    ok: bool
    detail: str = ""


def checks(
    jobs: Sequence[Watched],
    *,
    counts: Sequence[tuple[int, int]],
    paid: Sequence[int],
    problems: Sequence[str],
    exit_code: int,
) -> Iterator[Check]:
    """All of them, in the order of the story."""
    charge, receipt, ship, review, from_psql = jobs
    before, inside, after = counts
    gone = before == after and inside != before
    yield Check("the transaction that rolled back left neither order nor job", gone)
    yield _succeeded("the job enqueued in Python", charge)
    yield _succeeded("the job enqueued in plain SQL", from_psql)
    yield Check("its order was marked as paid in the same commit", list(paid) == [1, 2])
    yield _third_time(receipt)
    yield _dead(ship)
    yield _delayed(review)
    yield Check("the worker ended by itself, with nothing left to do", exit_code == 0)
    yield Check("verify(): the log and the live tables agree", not problems, "; ".join(problems))


def _succeeded(what: str, job: Watched) -> Check:
    info = job.info
    ok = info is not None and info.state == "completed" and info.result is not None
    return Check(f"{what} succeeded at once", ok and job.types() == _ONCE, _path(job))


_ONCE = ["enqueued", "claimed", "completed"]


def _third_time(job: Watched) -> Check:
    ended = [one for one in job.types() if one not in ("enqueued", "claimed", "promoted")]
    ok = ended == ["failed", "failed", "completed"] and job.types().count("claimed") == 3
    return Check("one failed twice, and succeeded on its third attempt", ok, " → ".join(ended))


def _dead(job: Watched) -> Check:
    info = job.info
    what = "one is dead, with the error of every attempt: type, message, traceback"
    if info is None or info.state != "dead" or len(info.errors) != info.max_attempts:
        return Check(what, False, _path(job))
    whole = all(
        (one.get("error") or {}).get(part)
        for one in info.errors
        for part in ("type", "message", "traceback")
    )
    last = info.errors[-1].get("error") or {}
    return Check(what, whole, f"{last.get('type')}: {last.get('message')}")


def _delayed(job: Watched) -> Check:
    what = "one waited for its time, and then started"
    if "claimed" not in job.types() or not job.ended or not isinstance(job.events[0].data, dict):
        return Check(what, False, _path(job))
    due = parse_time(job.events[0].data["run_at"])
    late = (job.at("claimed") - due).total_seconds()
    return Check(what, 0 <= late < _PUNCTUAL, f"{late * 1000:.0f} ms after it was due")


def _path(job: Watched) -> str:
    return " → ".join(job.types())
