"""From JSON back to the type that an annotation names: the inverse of what `_json` writes."""

import dataclasses
import datetime as dt
import decimal
import enum
import types
import typing
import uuid
from collections.abc import Callable
from typing import Any, Union, get_args, get_origin

__all__ = ["converter", "hint_of"]

Converter = Callable[[Any], Any]

_SCALARS: dict[object, Converter] = {
    dt.datetime: dt.datetime.fromisoformat,
    dt.date: dt.date.fromisoformat,
    dt.time: dt.time.fromisoformat,
    dt.timedelta: lambda seconds: dt.timedelta(seconds=seconds),
    uuid.UUID: uuid.UUID,
    decimal.Decimal: decimal.Decimal,
}


def converter(hint: object) -> Converter | None:
    """What turns the JSON value into the annotated type; None if it is that already."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _dataclass(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin is typing.Annotated:
        return converter(args[0])
    if origin in (Union, types.UnionType):
        return _optional(args)
    if hint in (set, frozenset, tuple):
        return typing.cast("Converter", hint)
    if origin in (list, set, frozenset) and args:
        return _sequence(typing.cast("Converter", origin), converter(args[0]))
    if origin is tuple and args:
        return _tuple(args)
    if origin is dict and len(args) == 2:
        return _mapping(converter(args[1]))
    return None


def _optional(args: tuple[Any, ...]) -> Converter | None:
    # Only `X | None`: of a wider union, nothing says which member a JSON value was.
    inner = [arg for arg in args if arg is not types.NoneType]
    convert = converter(inner[0]) if len(inner) == 1 else None
    if convert is None:
        return None
    return lambda value: None if value is None else convert(value)


def _sequence(build: Converter, convert: Converter | None) -> Converter | None:
    if convert is not None:
        return lambda value: build(map(convert, value))
    return None if build is list else build


def _tuple(args: tuple[Any, ...]) -> Converter:
    if len(args) == 2 and args[1] is Ellipsis:
        each = converter(args[0])
        return tuple if each is None else lambda value: tuple(map(each, value))
    converters = [converter(arg) for arg in args]
    return lambda value: tuple(
        item if one is None else one(item) for item, one in zip(value, converters, strict=True)
    )


def _mapping(convert: Converter | None) -> Converter | None:
    if convert is None:
        return None
    return lambda value: {key: convert(item) for key, item in value.items()}


def _dataclass(cls: type) -> Converter:
    converters: dict[str, Converter] | None = None

    def convert(value: Any) -> Any:
        nonlocal converters
        if converters is None:  # on first use, so that a class may refer to itself
            hints = typing.get_type_hints(cls)
            found = {field.name: converter(hints[field.name]) for field in dataclasses.fields(cls)}
            converters = {name: one for name, one in found.items() if one is not None}
        known = converters
        return cls(
            **{key: known[key](item) if key in known else item for key, item in value.items()}
        )

    return convert


def hint_of(annotation: object, namespace: dict[str, Any]) -> object:
    """The annotation, evaluated if it is text; None if its names are not there at run time."""
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, namespace)  # noqa: S307 - the application's own source
    except (NameError, AttributeError, TypeError, SyntaxError):
        return None
