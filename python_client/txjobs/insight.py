"""What the database says of why things are as they are, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Gate", "HealthCheck"]


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


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check of the installation.

    `status` is ok, warning or critical; `saw` is what was seen, `why` it matters, `remedy` what can
    be done if it is not ok, `detail` the same in figures.
    """

    name: str
    status: str
    saw: str
    why: str
    remedy: str | None
    detail: Mapping[str, Any]
