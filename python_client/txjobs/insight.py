"""What the database says of why things are as they are, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Gate"]


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition that a job must pass to be run.

    `why` is what was seen, `remedy` what can be done if it is not `open`, `detail` the same in
    figures.
    """

    gate: str
    open: bool
    why: str
    remedy: str | None
    detail: Mapping[str, Any]
