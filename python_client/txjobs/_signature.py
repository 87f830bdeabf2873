"""A handler's parameters: how a call becomes an object of named arguments, and back."""

import inspect
import types
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Union, get_args, get_origin

from . import _json
from ._convert import Converter, converter, hint_of
from .errors import ConfigurationError, Undecodable
from .outcomes import Outcome

__all__ = ["Signature", "without_outcomes"]

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Signature:
    """The signature of a handler, without its `Context`."""

    def __init__(self, function: Callable[..., Any], context_type: type) -> None:
        self._function = function
        full = inspect.signature(function)
        parameters = list(full.parameters.values())
        self.takes_context = bool(parameters) and self._is_context(parameters[0], context_type)
        if self.takes_context:
            parameters = parameters[1:]
        for parameter in parameters:
            self._refuse(parameter)
        self._bindable = full.replace(parameters=parameters)
        keywords = [p for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD]
        self._open = len(keywords) < len(parameters)
        self._extra = next((p.name for p in parameters if p not in keywords), None)
        self._allowed = frozenset(p.name for p in keywords)
        self._required = frozenset(p.name for p in keywords if p.default is p.empty)
        self.returns = full.return_annotation

    def _namespace(self) -> dict[str, Any]:
        return getattr(inspect.unwrap(self._function), "__globals__", {})

    def _is_context(self, parameter: inspect.Parameter, context_type: type) -> bool:
        if parameter.kind not in _POSITIONAL:
            return False
        hint = hint_of(parameter.annotation, self._namespace())
        if hint is None and isinstance(parameter.annotation, str):  # imported for typing only
            return parameter.annotation.rpartition(".")[2] == context_type.__name__
        return hint is context_type

    def _refuse(self, parameter: inspect.Parameter) -> None:
        name = getattr(self._function, "__qualname__", repr(self._function))
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            fix = "take it by name (remove the `/`)"
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            fix = "take a list instead"
        else:
            return
        raise ConfigurationError(
            f"{name}: arguments are stored by name, and {parameter.name!r} has none: {fix}"
        )

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The named arguments of a call; defaults are left out. TypeError as in a call."""
        if not args and self._required <= kwargs.keys() <= self._allowed:
            return dict(kwargs)
        bound = self._bindable.bind(*args, **kwargs).arguments
        if self._extra is not None:
            bound.update(bound.pop(self._extra, {}))
        return bound

    def encode(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """The JSON text of the named arguments of a call."""
        return _json.dumps(self.bind(args, kwargs), "an argument")

    @cached_property
    def _converters(self) -> dict[str, Converter]:
        namespace = self._namespace()
        found = {
            parameter.name: converter(hint_of(parameter.annotation, namespace))
            for parameter in self._bindable.parameters.values()
            if parameter.name != self._extra
        }
        return {name: convert for name, convert in found.items() if convert is not None}

    @cached_property
    def read_result(self) -> Converter | None:
        """What turns a stored result into the type that the handler is annotated to return."""
        return converter(without_outcomes(hint_of(self.returns, self._namespace())))

    def decode(self, text: str) -> dict[str, Any]:
        """Keyword arguments for the handler, or `Undecodable`."""
        try:
            kwargs = _json.loads(text)
        except ValueError as error:
            raise Undecodable(f"the arguments are not JSON: {error}") from error
        if type(kwargs) is not dict:
            raise Undecodable(
                'the arguments are not an object of named ones, as {"user_id": 7}: ' + text[:100]
            )
        names = kwargs.keys()
        if not self._required <= names:
            raise Undecodable(f"missing arguments: {', '.join(sorted(self._required - names))}")
        if not self._open and not names <= self._allowed:
            raise Undecodable(f"unexpected arguments: {', '.join(sorted(names - self._allowed))}")
        for name, convert in self._converters.items():
            if name in kwargs:
                try:
                    kwargs[name] = convert(kwargs[name])
                except Exception as error:
                    raise Undecodable(
                        f"argument {name!r} is not what the handler takes: {error}"
                    ) from error
        return kwargs


def without_outcomes(hint: object) -> object:
    """Of `datetime | Snooze`, only datetime is ever stored as a result."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    kept = [
        arg
        for arg in get_args(hint)
        if not (isinstance(arg, type) and issubclass(arg, Outcome | BaseException | types.NoneType))
    ]
    return kept[0] if len(kept) == 1 else hint
