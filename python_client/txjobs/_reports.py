"""What the jobs of one execution come to, and reporting it in the handler's own transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from . import _verdict
from . import _worker_calls as calls
from ._calls import Call
from ._claimed import Claimed, Unit
from ._transaction import AsyncTransactions, SyncTransactions
from ._verdict import Verdict
from .errors import StaleClaim, TooLarge, TxjobsError, UnknownOutcome

__all__ = ["Committed", "Judged", "Report", "RolledBack", "commit", "commit_async", "judge"]

Judged = list[tuple[Claimed, Verdict]]


@dataclass(frozen=True, slots=True)
class Committed:
    """The handler's own transaction is committed.

    `accepted` outcomes were written in it: `(job, verdict, status)`. `unwritten` ones were not, as
    it is not in the database that has the jobs.
    """

    accepted: Sequence[tuple[Claimed, str, str]]
    unwritten: Judged = field(default_factory=list)


class RolledBack(Exception):
    """An outcome was refused in the handler's own transaction, and nothing of it was written.

    By token: `stale` are verdicts on claims that are over, `failed` what becomes of jobs whose
    outcome the database does not take. The others are none the worse for it.
    """

    def __init__(self, stale: Mapping[int, str], failed: Mapping[int, Verdict]) -> None:
        super().__init__(f"stale: {sorted(stale)}, failed: {sorted(failed)}")
        self.stale = stale
        self.failed = failed


def judge(unit: Unit, value: Any) -> Judged:
    """The verdicts on what a handler returned; `Unencodable` if that cannot be stored."""
    if isinstance(unit, Claimed):
        return [(unit, _verdict.of_value(value))]
    outcomes = [None] * len(unit.members) if value is None else value
    return list(zip(unit.members, map(_verdict.of_item, outcomes), strict=True))


def commit(unit: Unit, value: Any, transactions: SyncTransactions) -> Committed:
    """The handler's writes and the outcome of each job are one commit, or none of them is."""
    report = Report(judge(unit, value))
    if not transactions.holds_outcome:
        report.refuse()
        transactions.commit(())
        return Committed((), report.judged)
    with report.refusals():
        transactions.commit(report.calls())
    return Committed(report.accepted)


async def commit_async(unit: Unit, value: Any, transactions: AsyncTransactions) -> Committed:
    """The same for an async handler."""
    report = Report(judge(unit, value))
    if not transactions.holds_outcome:
        report.refuse()
        await transactions.commit(())
        return Committed((), report.judged)
    with report.refusals():
        await transactions.commit(report.calls())
    return Committed(report.accepted)


@dataclass(slots=True)
class Report:
    """Verdicts on their way into a transaction."""

    judged: Judged
    sending: Judged = field(default_factory=list)
    accepted: list[tuple[Claimed, str, str]] = field(default_factory=list)

    def refuse(self) -> None:
        """Raises `RolledBack` if there is a value that cannot be stored."""
        refused = {job.token: verdict for job, verdict in self.judged if verdict.refused}
        if refused:
            raise RolledBack({}, refused)

    def calls(self) -> Iterator[Call[None]]:
        """One call for neighbours with the same verdict.

        Claims are locked in ascending order, whatever their verdicts: others that hold slots of the
        same claims do so too, and never wait for each other in a circle.
        """
        self.refuse()
        in_order = sorted(self.judged, key=lambda one: one[0].token)
        for (name, _), group in groupby(in_order, key=_kind_of_call):
            self.sending = list(group)
            yield self._call(name)

    def _call(self, name: str) -> Call[None]:
        tokens = [job.token for job, _ in self.sending]
        verdicts = [verdict for _, verdict in self.sending]
        if len(tokens) == 1:
            strict = verdicts[0].call(tokens[0])
            return Call(
                strict.statement, strict.params, lambda rows: self._note({tokens[0]: rows[0][0]})
            )
        many = (
            calls.complete_many(tokens, [one.result for one in verdicts])
            if name == "completed"
            else calls.fail_many(
                tokens,
                [one.error for one in verdicts],
                [one.retry_in for one in verdicts],
                [one.reason for one in verdicts],
                [one.charge for one in verdicts],
            )
        )
        return Call(many.statement, many.params, lambda rows: self._note(dict(rows)))

    def _note(self, statuses: Mapping[int, str]) -> None:
        stale, failed = {}, {}
        for job, verdict in self.sending:
            status = statuses.get(job.token, verdict.name)
            if status == "stale":
                stale[job.token] = verdict.name
            elif verdict.name == "completed" and status not in ("completed", "already_done"):
                failed[job.token] = _verdict.of_error(
                    TooLarge("the result is too large to be stored: return less, or a reference")
                )
            self.accepted.append((job, verdict.name, status))
        if stale or failed:
            raise RolledBack(stale, failed)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """An error about one job's outcome is that job's; what concerns all is passed on."""
        try:
            yield
        except UnknownOutcome:
            raise
        except TxjobsError as error:
            if len(self.sending) != 1:
                raise
            job, verdict = self.sending[0]
            if isinstance(error, StaleClaim):
                raise RolledBack({job.token: verdict.name}, {}) from error
            raise RolledBack({}, {job.token: _verdict.of_error(error)}) from error


def _kind_of_call(one: tuple[Claimed, Verdict]) -> tuple[str, int]:
    """Equal for neighbours that one call takes; the rarer verdicts have only calls for one."""
    job, verdict = one
    return verdict.name, 0 if verdict.name in ("completed", "failed") else job.token
