"""The calls that ask why: see `_calls`."""

from collections.abc import Sequence

from . import _json
from ._calls import Call, Row
from .insight import Gate

__all__ = ["explain"]


def explain(job: int) -> Call[list[Gate]]:
    """A row per gate."""

    def read(rows: Sequence[Row]) -> list[Gate]:
        return [
            Gate(gate, is_open, why, remedy, _json.loads(detail))
            for gate, is_open, why, remedy, detail in rows
        ]

    return Call(
        "select gate, open, why, remedy, detail::text from jobs.explain(%s::text::bigint)",
        (str(job),),
        read,
        writes=False,
    )
