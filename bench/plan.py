"""How much is measured: the full benchmark, or a quick one to try things."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """Sizes and durations; every figure is the median of `rounds`."""

    quick: bool = False
    hold: int = 60
    pgmq: Path | None = None
    without: frozenset[str] = frozenset()

    @property
    def rounds(self) -> int:
        return 1 if self.quick else 3

    @property
    def life_seconds(self) -> int:
        return 3 if self.quick else 10

    @property
    def wal_jobs(self) -> int:
        """Jobs of a WAL measurement, by batches of 100 and of 10 (a tenth of it singly)."""
        return 20_000 if self.quick else 100_000

    @property
    def drained(self) -> int:
        return 10_000 if self.quick else 50_000

    @property
    def samples(self) -> int:
        return 60 if self.quick else 300

    @property
    def held_seconds(self) -> int:
        return 20 if self.quick else self.hold

    @property
    def offered(self) -> int:
        """Jobs a second offered while a snapshot is held."""
        return 2_000

    @property
    def backlog(self) -> int:
        return 200_000 if self.quick else 2_000_000

    @property
    def future(self) -> int:
        return 100_000 if self.quick else 1_000_000

    @property
    def idle_seconds(self) -> int:
        return 10 if self.quick else 20

    @property
    def appended(self) -> int:
        """Appends of a round, by all connections together."""
        return 2_000 if self.quick else 10_000

    @property
    def read(self) -> int:
        """Events that a consumer reads in a round."""
        return 50_000 if self.quick else 500_000

    @property
    def lives(self) -> int:
        """Lives of a batch of 100 whose calls are timed one by one (ten times as many singly)."""
        return 100 if self.quick else 500
