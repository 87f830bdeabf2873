"""The commands about settings: configure queue, configure kind, queues, kinds.

The options of `configure` are made of what `settings` says: one line there is a setting here too.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from . import _drivers, _json, _settings_calls
from ._calls import Call
from ._cli_options import AsJson, Dsn, connection, json_value, seconds
from ._cli_output import console, facts, print_json, say, table
from ._cli_text import clean, count, duration
from ._settings_calls import What
from .info import KindInfo, QueueInfo

__all__ = ["configure_kind", "configure_queue", "kinds", "queues"]

Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this one, in full.")]
_REQUIRED = inspect.Parameter.empty
_METAVARS = {
    "int": "N",
    "text": "WORD",
    "interval": "TIME",
    "jsonb": "JSON",
    "text[]": "WORD",
    "double precision": "NUMBER",
}
_TYPES: Mapping[str, Any] = {"int": int, "boolean": bool, "text[]": list[str]}


def _configure(what: What) -> Callable[..., None]:
    known = _settings_calls.declared(what)

    def run(
        name: str, dsn: str | None, reset: list[str] | None, as_json: bool, **given: Any
    ) -> None:
        settings = {
            setting: _value(setting, known[setting][0], value)
            for setting, value in given.items()
            if value is not None
        }
        call = _settings_calls.configure(what, name, settings, [_plain(one) for one in reset or []])
        with connection(dsn) as conn:
            _drivers.run(conn, call)
            (info,) = _drivers.run(conn, _list(what, name))
        if as_json:
            print_json(info)
        else:
            say(f"{what} {name}: {_changed(what, info)}")

    parameters = [
        _parameter("name", str, typer.Argument(metavar="NAME"), default=_REQUIRED),
        _parameter("dsn", Dsn),
        *(_option(setting, *about) for setting, about in known.items()),
        _parameter(
            "reset",
            list[str] | None,
            typer.Option(metavar="SETTING", help="Back to its default; may be repeated."),
        ),
        _parameter("as_json", AsJson, default=False),
    ]
    run.__doc__ = f"Change settings of a {what}, which exists afterwards; the others stay."
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _parameter(name: str, type_: Any, about: Any = None, default: Any = None) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=type_ if about is None else Annotated[type_, about],
    )


def _option(setting: str, sql_type: str, about: str) -> inspect.Parameter:
    if sql_type == "text[]":
        about += " May be repeated."
    option = typer.Option(metavar=_METAVARS.get(sql_type), help=about)
    return _parameter(setting, _TYPES.get(sql_type, str) | None, option)


def _plain(setting: str) -> str:
    """Options are written with hyphens, settings with underscores: both are understood."""
    return setting.replace("-", "_")


def _value(setting: str, sql_type: str, text: Any) -> Any:
    if sql_type == "interval":
        return seconds(text)
    if sql_type == "jsonb":
        return json_value(text, f"--{setting.replace('_', '-')}")
    return text


configure_queue = _configure("queue")
configure_kind = _configure("kind")


def _list(what: What, name: str | None) -> Call[Any]:
    return _settings_calls.queues(name) if what == "queue" else _settings_calls.kinds(name)


def queues(name: Name = None, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Queues and their settings: those that are not at their default, or of one queue all."""
    with connection(dsn) as conn:
        infos = _drivers.run(conn, _list("queue", name))
    _show("queue", name, infos, as_json)


def kinds(name: Name = None, dsn: Dsn = None, as_json: AsJson = False) -> None:
    """Kinds and their settings: those that are not at their default, or of one kind all."""
    with connection(dsn) as conn:
        infos = _drivers.run(conn, _list("kind", name))
    _show("kind", name, infos, as_json)


def _show(
    what: What, name: str | None, infos: Sequence[QueueInfo | KindInfo], as_json: bool
) -> None:
    if as_json:
        print_json({f"{what}s": infos})
    elif not infos:
        say(f"no {what} yet: the first enqueue makes one, and so does txjobs configure {what}")
    elif name is not None:
        (info,) = infos
        rows = [(what, info.name), ("paused", "yes" if info.paused else "no")]
        for setting in info.settings:
            mark = " (set)" if setting in info.changed else ""
            rows.append((setting, _shown(what, info, setting) + mark))
        console().print(facts(rows))
    else:
        columns = (what, "settings that are not at their default")
        console().print(table(columns, [(_named(info), _changed(what, info)) for info in infos]))
        say(Text(f"{count(len(infos), what)}; all settings of one: txjobs {what}s NAME", "dim"))


def _named(info: QueueInfo | KindInfo) -> Text:
    name = Text(clean(info.name))
    if info.paused:
        name.append(" (paused)", style="yellow")
    return name


def _changed(what: What, info: QueueInfo | KindInfo) -> str:
    return ", ".join(f"{one} {_shown(what, info, one)}" for one in info.changed) or "–"


def _shown(what: What, info: QueueInfo | KindInfo, setting: str) -> str:
    value = info.settings[setting]
    sql_type = _settings_calls.declared(what).get(setting, ("jsonb", ""))[0]
    if value is None:
        return "–"
    if sql_type == "interval":
        return duration(value)
    return value if isinstance(value, str) else _json.dumps(value)
