"""A batch handler's parameter: how one enqueued item becomes an object, and back."""

import collections.abc
import dataclasses
import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, get_args, get_origin, is_typeddict

from . import _json
from ._convert import Converter, converter, hint_of
from ._signature import Signature, without_outcomes
from .context import BatchContext, Context
from .errors import ConfigurationError, Undecodable

__all__ = ["BatchSignature"]

_LISTS = (
    list,
    collections.abc.Sequence,
    collections.abc.Collection,
    collections.abc.Iterable,
)


class BatchSignature(Signature):
    """The signature of a handler of many jobs: a list of items, after a `BatchContext` or not."""

    def __init__(self, function: Callable[..., Any], item_type: type) -> None:
        self._function = function
        self._item_type = item_type
        self._handler = getattr(function, "__qualname__", repr(function))
        full = inspect.signature(function)
        parameters = list(full.parameters.values())
        if parameters and self._is_context(parameters[0], Context):
            raise ConfigurationError(
                f"{self._handler}: a batch is of many jobs, and a Context of one: take a "
                "BatchContext, and what concerns a job from its item"
            )
        self.takes_context = bool(parameters) and self._is_context(parameters[0], BatchContext)
        if self.takes_context:
            parameters = parameters[1:]
        if len(parameters) != 1 or not self._takes_position(parameters[0]):
            raise ConfigurationError(
                f"{self._handler}: a batch handler takes one list, as in "
                f"`def {function.__name__}(items: list[BatchItem[Doc]])`"
            )
        self._items = parameters[0].annotation
        self.returns = full.return_annotation
        self._check(self._hint)

    @staticmethod
    def _takes_position(parameter: inspect.Parameter) -> bool:
        return parameter.kind in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        )

    @property
    def _hint(self) -> object:
        """The annotation of the arguments of one item; None if it has none, or not yet."""
        if self._items is inspect.Parameter.empty:
            return None
        hint = hint_of(self._items, self._namespace())
        if hint is None or hint is list:
            return None
        args = get_args(hint)
        if get_origin(hint) in _LISTS and len(args) == 1:
            if args[0] is self._item_type:
                return None
            if get_origin(args[0]) is self._item_type:
                return get_args(args[0])[0]
        raise ConfigurationError(
            f"{self._handler}: its items are not {self._items!r}: annotate them as "
            "list[BatchItem[Doc]], where Doc is a dataclass of one job's arguments"
        )

    def _check(self, hint: object) -> None:
        base = get_origin(hint) or hint
        if (
            hint in (None, Any, object)
            or is_typeddict(hint)
            or (isinstance(base, type) and issubclass(base, Mapping))
            or (isinstance(hint, type) and dataclasses.is_dataclass(hint))
        ):
            return
        raise ConfigurationError(
            f"{self._handler}: a job's arguments are stored by name, and {hint!r} has no names: "
            "make it a dataclass, or take BatchItem[dict[str, Any]]"
        )

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The one item of a call. TypeError if it is anything else."""
        if len(args) != 1 or kwargs:
            raise TypeError(
                f"{self._handler} takes items, and each job is one of them: pass exactly one "
                f"dataclass or mapping, not {len(args) + len(kwargs)} arguments"
            )
        item = args[0]
        is_dataclass = dataclasses.is_dataclass(item) and not isinstance(item, type)
        if not is_dataclass and not isinstance(item, Mapping):
            raise TypeError(
                f"{self._handler} cannot store {type(item).__name__} by name: pass a dataclass or "
                "a mapping"
            )
        return item

    @cached_property
    def _convert(self) -> Converter | None:
        return converter(self._hint)

    @cached_property
    def read_result(self) -> Converter | None:
        """What turns a stored result into what the handler is annotated to return for an item."""
        hint = without_outcomes(hint_of(self.returns, self._namespace()))
        args = get_args(hint)
        return converter(without_outcomes(args[0])) if get_origin(hint) in _LISTS and args else None

    def decode_item(self, text: str) -> Any:
        """The arguments of one job, or `Undecodable`."""
        try:
            found = _json.loads(text)
        except ValueError as error:
            raise Undecodable(f"the arguments are not JSON: {error}") from error
        if type(found) is not dict:
            raise Undecodable(
                'the arguments are not an object of named ones, as {"user_id": 7}: ' + text[:100]
            )
        if self._convert is None:
            return found
        try:
            return self._convert(found)
        except Exception as error:
            raise Undecodable(f"the arguments are not what the handler takes: {error}") from error
