"""The calls of settings, as values like those of `_calls`; made of what `settings` says."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from . import _json
from ._calls import Call, Row, array, nothing, rows_as_they_are
from ._options import Seconds, interval
from .backoff import Backoff
from .errors import ConfigurationError
from .info import KindInfo, QueueInfo
from .settings import KindSettings, QueueSettings

__all__ = ["What", "configure", "declared", "kinds", "queues"]

T = TypeVar("T")
What = Literal["queue", "kind"]


@cache
def declared(what: What) -> Mapping[str, tuple[str, str]]:
    """The settings of a queue or a kind: the SQL type of each, and what it is."""
    settings = QueueSettings if what == "queue" else KindSettings
    found = {}
    for name, hint in get_type_hints(settings, include_extras=True).items():
        type_, about = get_args(hint)
        found[name] = (_sql_type(type_), str(about))
    return found


def _sql_type(type_: Any) -> str:
    if type_ == Seconds:
        return "interval"
    simple = {int: "int", bool: "boolean", float: "double precision", str: "text"}
    if type_ in simple:
        return simple[type_]
    of = {Literal: "text", Sequence: "text[]"}
    return of.get(get_origin(type_), "jsonb")


def _text(name: str, sql_type: str, value: Any) -> str | None:
    if value is None:
        return None
    if sql_type == "interval":
        return interval(value)
    if sql_type == "boolean":
        return "true" if value else "false"
    if sql_type == "text[]":
        if isinstance(value, str):
            raise ConfigurationError(f"{name} is a list of texts: write [{value!r}]")
        return array(value)
    if sql_type == "jsonb":
        return _json.dumps(value.as_json() if isinstance(value, Backoff) else value, name)
    return str(value)


def configure(
    what: What, name: str, settings: Mapping[str, Any], reset: Sequence[str]
) -> Call[None]:
    """These settings are in force, those named in reset are at their default."""
    known = declared(what)
    if unknown := sorted(settings.keys() - known.keys()):
        raise ConfigurationError(
            f"a {what} has no setting {', '.join(unknown)}: it has {', '.join(known)}"
        )
    given = dict(settings)
    backoff = given.get("backoff")
    if isinstance(backoff, Backoff):
        if backoff.max_attempts is not None:
            given.setdefault("max_attempts", backoff.max_attempts)
        if not backoff.as_json():
            del given["backoff"]
    texts = {key: _text(key, known[key][0], value) for key, value in given.items()}
    named = "".join(f", {key} => %s::text::{known[key][0]}" for key in texts)
    return Call(
        f"select jobs.configure_{what}(%s::text{named}, reset => %s::text::text[])",
        (name, *texts.values(), array([reset] if isinstance(reset, str) else reset)),
        nothing,
    )


def queues(name: str | None) -> Call[list[QueueInfo]]:
    """A line per queue."""
    return _list("queues", name, lambda row: QueueInfo(*_read(row)))


def kinds(name: str | None) -> Call[list[KindInfo]]:
    """A line per kind."""
    return _list("kinds", name, lambda row: KindInfo(*_read(row)))


def _list(verb: str, name: str | None, read: Callable[[Row], T]) -> Call[list[T]]:
    return Call(
        f"select name, paused, settings::text, changed, created_at from jobs.list_{verb}(%s::text)",
        (name,),
        lambda rows: [read(row) for row in rows_as_they_are(rows)],
        writes=False,
    )


def _read(row: Row) -> Row:
    name, paused, settings, changed, created_at = row
    return name, paused, _json.loads(settings), changed, created_at
