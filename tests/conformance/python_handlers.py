"""Handlers of a case as an application writes them: sync or async tasks that follow the script."""

import asyncio
import datetime as dt
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from conformance.case import START, Case, Script, backoff_of, value_of
from txjobs import (
    Abort,
    BatchItem,
    Complete,
    Context,
    Discard,
    Jobs,
    Outcome,
    Reject,
    Retry,
    Skip,
    Snooze,
)

Cancel = Callable[[int], str]


class Failure(Exception):
    """What a handler raises."""


def application(case: Case, script: Script, cancel: Cancel, *, is_async: bool) -> Jobs:
    """A task for each kind of the case."""
    app = Jobs()
    for name, about in case.kinds.items():
        if "batch_size" in about:
            size = about["batch_size"]
            app.task(name=name, batch_size=size, batch_timeout=30)(
                _batch_handler(name, script, is_async=is_async)
            )
        else:
            handler = _handler(name, app, script, cancel, is_async=is_async)
            _give_signature(handler, about.get("parameters"))
            app.task(name=name)(handler)
    return app


def options_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a case, as `using()` takes them."""
    found = {name: value for name, value in options.items() if name not in ("backoff", "run_at")}
    if "backoff" in options:
        found["retry"] = backoff_of(options)
    if "run_at" in options:
        found["run_at"] = dt.datetime.fromtimestamp(START + options["run_at"], dt.UTC)
    return found


def _give_signature(handler: Any, parameters: list[str] | None) -> None:
    kind = inspect.Parameter
    own = [kind("ctx", kind.POSITIONAL_OR_KEYWORD, annotation=Context)]
    if parameters is None:
        own.append(kind("args", kind.VAR_KEYWORD))
    else:
        own += [kind(name, kind.POSITIONAL_OR_KEYWORD) for name in parameters]
    handler.__signature__ = inspect.Signature(own)


def _handler(
    name: str, app: Jobs, script: Script, cancel: Cancel, *, is_async: bool
) -> Callable[..., Any]:
    def begin(ctx: Context, args: Any) -> Mapping[str, Any]:
        action = script.start(name, ctx.job.id, args)
        if "cancel_self" in action:
            assert cancel(ctx.job.id) == action["cancel_self"]
        return action

    def follow_up(spec: Mapping[str, Any]) -> tuple[Any, Any]:
        task = app.tasks[spec["kind"]].using(**options_of(script.options(spec)))
        return task, spec.get("args", {})

    def end(ctx: Context, action: Mapping[str, Any], args: Any) -> Any:
        return _outcome(action, args, dict(ctx.job.headers), ctx.attempt)

    def handle(ctx: Context, **args: Any) -> Any:
        action = begin(ctx, args)
        for spec in action.get("enqueue", ()):
            task, its_args = follow_up(spec)
            with ctx.transaction() as conn:
                script.ids[spec["as"]] = task.enqueue(conn, **its_args).id
        return end(ctx, action, args)

    async def handle_async(ctx: Context, **args: Any) -> Any:
        action = begin(ctx, args)
        if "hang" in action:
            await asyncio.sleep(60)
        for spec in action.get("enqueue", ()):
            task, its_args = follow_up(spec)
            async with ctx.transaction() as conn:
                script.ids[spec["as"]] = (await task.enqueue(conn, **its_args)).id
        return end(ctx, action, args)

    return handle_async if is_async else handle


def _batch_handler(name: str, script: Script, *, is_async: bool) -> Callable[..., Any]:
    def outcome(item: BatchItem[Any]) -> Any:
        action = script.start(name, item.id, item.args)
        if "fail_batch" in action:
            return ConnectionError(action["fail_batch"])
        try:
            return _outcome(action, item.args, dict(item.headers), item.attempt)
        except Failure as error:
            return error

    def handle(items: list[BatchItem[dict[str, Any]]]) -> list[Any]:
        found = [outcome(item) for item in items]
        for one in found:
            if isinstance(one, ConnectionError):
                raise one
        return found

    async def handle_async(items: list[BatchItem[dict[str, Any]]]) -> list[Any]:
        return handle(items)

    return handle_async if is_async else handle


def _outcome(action: Mapping[str, Any], args: Any, headers: Any, attempt: int) -> Any:
    """The value that the handler returns, unless it raises."""
    if "complete" in action:
        wanted = action["complete"]
        return Complete(value_of(wanted, args=args, headers=headers, attempt=attempt))
    if "fail" in action:
        if "retry_in" in action:
            return Retry(action["retry_in"], error=Failure(action["fail"]))
        raise Failure(action["fail"])
    if "abort" in action:
        raise Abort(action["abort"])
    if "reject" in action:
        raise Reject(action["reject"])
    if "crash" in action:
        raise SystemExit(7)
    if "complete_with_what_is_not_json" in action:
        return object()
    return _rare(action)


def _rare(action: Mapping[str, Any]) -> Outcome:
    if "skip" in action:
        return Skip(action["skip"])
    if "discard" in action:
        return Discard(action["discard"])
    (name,) = set(action) - {"enqueue", "cancel_self"}
    assert name == "snooze", f"no handler can do this: {action}"
    snooze = action["snooze"]
    until = snooze.get("until")
    return Snooze(
        snooze.get("delay"),
        until=None if until is None else dt.datetime.fromtimestamp(START + until, dt.UTC),
        max_snoozes=snooze.get("max_snoozes"),
    )
