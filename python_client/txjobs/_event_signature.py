"""The signature of a handler that is given an event: `def index(event: Event[OrderPlaced])`."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from . import _json
from ._append import event_object
from ._convert import hint_of
from ._event_types import EventTypes
from ._signature import Signature
from .context import Context
from .errors import ConfigurationError, Undecodable
from .event import Event

__all__ = ["EventSignature"]


class EventSignature(Signature):
    """One event, after a `Context` or not."""

    def __init__(
        self, function: Callable[..., Any], types: EventTypes, subscribed: Sequence[str]
    ) -> None:
        super().__init__(function, Context)
        self._types = types
        self._named = frozenset(subscribed)
        self._handler = getattr(function, "__qualname__", repr(function))
        parameters = list(self._bindable.parameters.values())
        if len(parameters) != 1 or self._open:
            raise ConfigurationError(
                f"{self._handler}: a handler of events takes one, as in "
                f"`def {self._handler}(event: Event)`, perhaps after a Context"
            )
        self._parameter = parameters[0].name
        self._check(hint_of(parameters[0].annotation, self._namespace()))

    def _check(self, hint: object) -> None:
        if hint in (None, Any, inspect.Parameter.empty, Event):
            return
        if get_origin(hint) is not Event:
            raise ConfigurationError(
                f"{self._handler}: its parameter {self._parameter!r} is given an Event, not "
                f"{hint!r}: annotate it so"
            )
        inner = get_args(hint)[0]
        classes = get_args(inner) if get_origin(inner) in (Union, UnionType) else (inner,)
        typed = [one for one in classes if isinstance(one, type) and self._types.is_data(one)]
        for one in typed:
            self._types.of_class(one)
        others = [one for one in classes if one not in typed]
        if Any in others or object in others:
            return
        for name in sorted(self._named):
            known = self._types.get(name)
            fits = bool(others) if known is None else known.cls in typed
            if not fits and "*" not in name:
                found = "JSON" if known is None else known.cls.__qualname__
                raise ConfigurationError(
                    f"{self._handler}: the data of {name} is {found}, but its parameter "
                    f"{self._parameter!r} is annotated {hint!r}"
                )

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The event of a call, by the name that a subscription's jobs have it by."""
        event = next(iter(self._bindable.bind(*args, **kwargs).arguments.values()))
        if not isinstance(event, Event):
            raise TypeError(f"{self._handler} takes an Event, not {event!r}")
        return {"event": event}

    def encode(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """The JSON text of the arguments of a subscription's job."""
        return f'{{"event":{event_object(self._types, self.bind(args, kwargs)["event"])}}}'

    def decode(self, text: str) -> dict[str, Any]:
        """The event by the parameter's name; `Undecodable`, or `UnreadableEvent`."""
        try:
            event: Event[Any] = Event.of_object(_json.loads(text)["event"])
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise Undecodable(
                f'the arguments are not an event, as {{"event": {{"pos": 17, …}}}}: {error!r}'
            ) from error
        return {self._parameter: self._types.read(event, self._named)}
