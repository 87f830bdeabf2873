"""A backoff is reckoned in Python as the database does it."""

import math
import random
from typing import Any, Literal

import psycopg
import pytest

from txjobs import Backoff, InvalidArgument, _json


def some(rng: random.Random) -> Backoff:
    formulas: list[Literal["exponential", "linear", "constant"] | None]
    formulas = [None, "exponential", "linear", "constant"]
    if rng.random() < 0.2:
        delays = [rng.choice([0.0, 0.5, 3.0, 3600.0]) for _ in range(rng.randint(1, 4))]
        return Backoff(delays=delays, jitter=rng.choice([None, 0.0, 0.5, 1.0]))
    cap = rng.choice([None, 0.0, 1.0, 60.0, 1e6])
    base = rng.choice([None, 0.0, 0.1, 1.0, 59.0])
    if base is not None and cap is not None and base > cap:
        base = cap
    return Backoff(
        strategy=rng.choice(formulas),
        base=base,
        cap=cap,
        factor=rng.choice([None, 1.0, 1.5, 10.0, 1000.0]),
        jitter=rng.choice([None, 0.0, 0.3, 1.0]),
    )


def test_it_agrees_with_the_database_on_every_backoff_and_attempt(
    conn: psycopg.Connection[Any],
) -> None:
    rng = random.Random(7)
    compared = refused = 0
    for _ in range(1500):
        backoff, attempt = some(rng), rng.choice([1, 2, 3, 5, 10, 100, 20_000])
        jitter = rng.choice([0.0, 0.25, 1.0])
        text = _json.dumps(backoff.as_json())
        try:
            row = conn.execute(
                "select extract(epoch from jobs.backoff_delay(%s::jsonb, %s, %s))",
                (text, attempt, jitter),
            ).fetchone()
        except psycopg.DatabaseError:  # JB002
            with pytest.raises(InvalidArgument):
                backoff.delay(attempt, jitter)
            refused += 1
            continue
        assert row is not None
        assert math.isclose(float(row[0]), backoff.delay(attempt, jitter), abs_tol=2e-6), text
        compared += 1
    assert compared > 500
    assert refused > 10


@pytest.mark.parametrize(("attempt", "jitter"), [(0, 0.0), (1, -0.1), (1, 1.1)])
def test_an_attempt_or_a_jitter_out_of_range_is_refused(attempt: int, jitter: float) -> None:
    with pytest.raises(InvalidArgument):
        Backoff().delay(attempt, jitter)
