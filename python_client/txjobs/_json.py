"""JSON as text, in and out: what goes to Postgres is a str that is cast to jsonb there."""

import dataclasses
import datetime as dt
import decimal
import enum
import json
import uuid
from collections.abc import Mapping
from typing import Final

from .errors import Unencodable

__all__ = ["dumps", "loads"]

loads: Final = json.JSONDecoder().decode
"""The value of a JSON text; integers of any size keep every digit."""


def _default(value: object) -> object:
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, uuid.UUID | decimal.Decimal):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a value of type {type(value).__qualname__} is not JSON")


_encode: Final = json.JSONEncoder(
    default=_default, ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode


def dumps(value: object, what: str = "value") -> str:
    r"""The JSON text of a value, which jsonb accepts.

    Beyond JSON's own types: datetime, date and time as ISO 8601, timedelta as seconds, UUID and
    Decimal as text, an Enum as its value, a dataclass as an object, a set as an array. Raises
    `Unencodable`, which names `what`, for anything else, and for what jsonb cannot hold: NaN,
    infinity, `\u0000`, half a surrogate pair.
    """
    try:
        text = _encode(value)
        if not text.isascii():
            text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Unencodable(f"{what} cannot be stored as JSON: {error}") from error
    if "\\u0000" in text and _holds_nul(value):
        raise Unencodable(
            f"{what} holds the character \\u0000, which Postgres cannot store: remove it, "
            "or send the bytes as base64"
        )
    return text


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(k) or _holds_nul(v) for k, v in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_holds_nul, value))
    if value is None or isinstance(value, bool | int | float):
        return False
    return _holds_nul(_default(value))
