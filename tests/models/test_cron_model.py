"""next_run says what cronsim, a library of that purpose alone, says of random expressions.

TXJOBS_CRON_EXAMPLES=100000 for as many comparisons, TXJOBS_CRON_SEED=7 for others.
"""

import os
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError

from faults.sessions import Session, rows

EXAMPLES = int(os.environ.get("TXJOBS_CRON_EXAMPLES", "5000"))
SEED = int(os.environ.get("TXJOBS_CRON_SEED", "1"))
AT_ONCE = 1000

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Two kinds are only in tests/sql/what_happens_to_schedules_when_clocks_change.sql. The clocks of
# Australia/Lord_Howe change by half an hour, over which cronsim finds `* 9 * * *` at 9:30; those of
# Africa/Cairo from midnight to one o'clock, at which it finds `* */8 * * *`.
ZONES = (
    "UTC",
    "Europe/Rome",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Adelaide",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Asia/Jerusalem",
)
# What Python and Postgres know of zones may be of different years: no further than this, and only
# zones whose laws have long been the same.
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)

SAFE = """
create function public.safe_next_run(cron text, timezone text, after timestamptz)
returns text language plpgsql as $$
begin
  return coalesce(extract(epoch from jobs.next_run(cron, timezone, after))::bigint::text, 'never');
exception when sqlstate 'JB002' then
  return 'refused';
end $$"""


class Case(NamedTuple):
    """An expression, where and when it is asked for, and the answer."""

    cron: str
    timezone: str
    after: datetime
    expected: str


@cache
def transitions(timezone: str) -> list[datetime]:
    """When the clocks of this zone change, to the second."""
    zone = ZoneInfo(timezone)

    def offset(at: datetime) -> timedelta | None:
        return at.astimezone(zone).utcoffset()

    found = []
    day = FIRST
    while day < LAST:
        low, high = day, day + timedelta(days=1)
        if offset(low) != offset(high):
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
                low, high = (middle, high) if offset(middle) == offset(day) else (low, middle)
            found.append(high)
        day += timedelta(days=1)
    return found


class Cases:
    """Random cases, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __iter__(self) -> Iterator[Case]:
        while True:
            case = self._case()
            if case is not None:
                yield case

    def _case(self) -> Case | None:
        cron = self._cron()
        timezone = self._random.choice(ZONES)
        after = self._instant(timezone)
        # In the second pass of an hour that comes twice cronsim may go back to the first one;
        # next_run is always later than what it is given.
        if after.astimezone(ZoneInfo(timezone)).fold:
            return None
        expected = answer(cron, timezone, after)
        if expected is not None and expected > LAST and timezone != "UTC":
            timezone = "UTC"
            expected = answer(cron, timezone, after)
        if expected is None:
            text = "refused" if is_refused(cron) else "never"
        else:
            text = str(int(expected.timestamp()))
        return Case(cron, timezone, after, text)

    def _instant(self, timezone: str) -> datetime:
        changes = transitions(timezone)
        if changes and self._random.random() < 0.4:
            seconds = self._random.choice([-1, 0, self._random.randint(-9000, 9000)])
            return self._random.choice(changes) + timedelta(seconds=seconds)
        return FIRST + timedelta(
            seconds=self._random.randint(0, int((LAST - FIRST).total_seconds()))
        )

    def _cron(self) -> str:
        fields = [
            self._field(0, 59, any_value=0.2),
            self._field(0, 23, any_value=0.3),
            self._day_of_month(),
            self._field(1, 12, MONTHS, any_value=0.7),
            self._day_of_week(),
        ]
        if self._random.random() < 0.3:
            fields.insert(0, self._field(0, 59, any_value=0.2))
        if self._random.random() < 0.03:
            fields[self._random.randrange(len(fields))] = self._random.choice(
                ["60", "x", "1-", "5-2", "*/0", "", "1,,2", "0#6", "-1", "32", "jann"]
            )
        return " ".join(fields)

    def _day_of_month(self) -> str:
        if self._random.random() < 0.1:
            return self._random.choice(["L", "LW", "L,15", "LW,1", "1,L"])
        return self._field(1, 31, any_value=0.5)

    def _day_of_week(self) -> str:
        kind = self._random.random()
        if kind < 0.12:
            day = self._random.randint(0, 7)
            return self._random.choice([f"{day}L", f"{day}#1", f"{day}#2", f"{day}#5"])
        if kind < 0.16:
            return f"{self._random.choice(WEEKDAYS)}#{self._random.randint(1, 5)}"
        return self._field(0, 7, WEEKDAYS, any_value=0.5)

    def _field(
        self, low: int, high: int, names: Sequence[str] = (), *, any_value: float = 0.4
    ) -> str:
        if self._random.random() < any_value:
            return "*"
        items = self._random.choice([1, 1, 1, 2, 3])
        return ",".join(self._item(low, high, names) for _ in range(items))

    def _item(self, low: int, high: int, names: Sequence[str]) -> str:
        def value(number: int) -> str:
            if number - low < len(names) and self._random.random() < 0.4:
                name = names[number - low]
                return self._random.choice([name, name.upper()])
            return str(number)

        first = self._random.randint(low, high - 1)
        # never a-a: with a step, cronsim takes it for a and all that follows
        last = self._random.randint(first + 1, high)
        step = self._random.randint(1, high)
        kind = self._random.random()
        if kind < 0.15:
            return "*"
        if kind < 0.35:
            return f"*/{self._random.randint(1, max(2, high // 2))}"
        if kind < 0.65:
            return value(first)
        if kind < 0.8:
            return f"{value(first)}-{value(last)}"
        if kind < 0.92:
            return f"{value(first)}-{value(last)}/{step}"
        return f"{value(first)}/{step}"


def is_refused(cron: str) -> bool:
    """It cannot be parsed."""
    try:
        CronSim(cron, FIRST)
    except CronSimError:
        return True
    return False


def answer(cron: str, timezone: str, after: datetime) -> datetime | None:
    """What cronsim says; None if it refuses the expression, or that never fits."""
    if is_refused(cron):
        return None
    found = next(CronSim(cron, after.astimezone(ZoneInfo(timezone))), None)
    return None if found is None else found.astimezone(UTC)


def differences(conn: Session, cases: Sequence[Case]) -> list[str]:
    """Where next_run says something else."""
    asked = rows(
        conn,
        """select public.safe_next_run(c.cron, c.timezone, c.after)
        from unnest(%s::text[], %s::text[], %s::timestamptz[]) with ordinality
          as c(cron, timezone, after, nth)
        order by c.nth""",
        [case.cron for case in cases],
        [case.timezone for case in cases],
        [case.after for case in cases],
    )
    return [
        f"{case.cron!r} in {case.timezone} after {case.after.isoformat()}: "
        f"{case.expected}, not {got}"
        for case, (got,) in zip(cases, asked, strict=True)
        # a 30th of February, which cronsim refuses, never comes
        if got != case.expected and (got, case.expected) != ("never", "refused")
    ]


@pytest.mark.timeout(60 + EXAMPLES // 50)
def test_next_run_agrees_with_cronsim(conn: Session) -> None:
    conn.execute(SAFE)
    cases = iter(Cases(SEED))
    kinds: dict[str, int] = {}
    found: list[str] = []
    for begin in range(0, EXAMPLES, AT_ONCE):
        some = list(islice(cases, min(AT_ONCE, EXAMPLES - begin)))
        found += differences(conn, some)
        for case in some:
            kind = case.expected if case.expected in ("refused", "never") else "at"
            kinds[kind] = kinds.get(kind, 0) + 1
    assert not found, f"{len(found)} of {EXAMPLES}:\n" + "\n".join(found[:20])
    assert kinds["at"] > EXAMPLES * 0.9, kinds
    assert kinds["refused"] > EXAMPLES * 0.005, kinds
