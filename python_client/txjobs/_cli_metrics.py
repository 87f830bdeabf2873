"""The command that serves metrics, and what `txjobs worker` needs for its own."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType, ModuleType
from typing import Annotated

import psycopg
import typer

from ._cli_errors import Usage
from ._cli_options import AsJson, Dsn, client, dsn_of
from ._cli_output import print_json, say
from .client import Client
from .errors import TxjobsError
from .observer import Observer
from .worker import Worker

__all__ = ["metrics", "observers", "serving"]

_HOST = "0.0.0.0"  # noqa: S104 - a scraper is on another machine


def metrics(
    dsn: Dsn = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0: any.")] = 9187,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = _HOST,
    max_labels: Annotated[
        int, typer.Option(min=1, metavar="N", help="Queues, and kinds, with labels of their own.")
    ] = 100,
    health: Annotated[bool, typer.Option("--health/--no-health", help="Ask health too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Serve /metrics of the database for Prometheus, /livez and /readyz, until SIGTERM."""
    found = _prometheus()
    address = dsn_of(dsn)
    with client(dsn) as asked:
        asked.version()  # better one line here than a log of failed scrapes
    registry = found.CollectorRegistry()
    registry.register(found.JobsCollector(address, max_labels=max_labels, health=health))
    served = found.serve(port, host=host, registry=registry, is_ready=lambda: _answers(address))
    with ExitStack() as stack:
        try:
            bound = stack.enter_context(served)
        except OSError as error:
            raise Usage(
                f"port {port} cannot be served: {error}: choose another with --port"
            ) from error
        _announce(host, bound, as_json)
        _until_signal()


def observers(metrics_port: int | None, otel: bool) -> list[Observer]:
    """What `txjobs worker` watches with."""
    found: list[Observer] = []
    if metrics_port is not None:
        found.append(_prometheus().WorkerMetrics())
    if otel:
        try:
            from .otel import Tracing
        except ImportError as error:
            raise Usage(f"--otel needs: pip install 'txjobs[otel]' ({error})") from error
        found.append(Tracing())
    return found


@contextmanager
def serving(worker: Worker, port: int | None, host: str, as_json: bool) -> Iterator[None]:
    """The worker's metrics and probes are served, if a port is given."""
    if port is None:
        yield
        return
    served = _prometheus().serve(port, host=host, is_live=worker.is_live, is_ready=worker.is_ready)
    with ExitStack() as stack:
        try:
            bound = stack.enter_context(served)
        except OSError as error:
            raise Usage(
                f"port {port} cannot be served: {error}: choose another with --metrics-port"
            ) from error
        _announce(host, bound, as_json)
        yield


def _prometheus() -> ModuleType:
    try:
        from . import prometheus
    except ImportError as error:
        raise Usage(f"metrics need: pip install 'txjobs[prometheus]' ({error})") from error
    return prometheus


def _announce(host: str, port: int, as_json: bool) -> None:
    if as_json:
        print_json({"event": "serving", "host": host, "port": port})
    else:
        say(f"serving http://{host}:{port}/metrics, /livez, /readyz")


def _answers(dsn: str) -> bool:
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=3) as conn:
            Client(conn).version()
    except (psycopg.Error, TxjobsError):
        return False
    return True


def _until_signal() -> None:
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    stopped.wait()
