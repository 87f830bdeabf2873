"""Metrics for Prometheus: of the database (`JobsCollector`) and of a worker (`WorkerMetrics`).

Needs `pip install 'txjobs[prometheus]'`. Labels are queue, kind, state, outcome and check, and
never a job. `serve` has /metrics, /livez and /readyz on prometheus-client's own server.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import monotonic
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import psycopg
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, CollectorRegistry

from .client import Client
from .errors import TxjobsError
from .observer import Ended, Execution, Observer

__all__ = ["JobsCollector", "WorkerMetrics", "serve"]

_log = logging.getLogger("txjobs.metrics")

_STATES = ("ready", "scheduled", "blocked", "running")
_SEVERITY = {"ok": 0, "warning": 1, "critical": 2}
_OTHERS = "_others"
_BUCKETS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800
)  # fmt: skip


class JobsCollector:
    """What waits and runs in a database, and whether it is well, asked anew for each scrape.

    dsn: where the database is; the role needs what `jobs_reader` has
    max_labels: how many queues, and kinds, have labels of their own, those with the most jobs
        first; the others are counted together as `_others`
    health: whether `jobs.health` is asked too

        REGISTRY.register(JobsCollector("postgresql://localhost/app"))
    """

    def __init__(self, dsn: str, *, max_labels: int = 100, health: bool = True) -> None:
        self._dsn = dsn
        self._max_labels = max_labels
        self._health = health

    def describe(self) -> Iterable[Metric]:
        """Its names are known without asking the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families; without a database that answers, only `txjobs_up`, which is 0."""
        try:
            with Client(self._dsn) as client:
                found = [
                    *self._by_queue(client),
                    *self._by_kind(client),
                    _workers(client),
                    *([_health(client)] if self._health else []),
                ]
        except (psycopg.Error, TxjobsError) as error:
            _log.warning("the database could not be asked: %s", str(error).strip())
            found = []
        yield GaugeMetricFamily("txjobs_up", "Does the database answer?", value=float(bool(found)))
        yield from found

    def _by_queue(self, client: Client) -> list[Metric]:
        queues = client.stats(0)
        counts = {one.queue: {state: getattr(one, state) for state in _STATES} for one in queues}
        ages = {
            one.queue: one.oldest_due_age.total_seconds() for one in queues if one.oldest_due_age
        }
        paused = {one.queue: float(one.paused) for one in queues}
        return [
            self._counted("txjobs_jobs", "Jobs that have not ended.", "queue", counts),
            self._largest(
                "txjobs_oldest_due_age_seconds",
                "How long the job that is due longest has been due.",
                "queue",
                counts,
                {name: ages.get(name, 0.0) for name in counts},
            ),
            self._largest("txjobs_paused", "Is it paused?", "queue", counts, paused),
        ]

    def _by_kind(self, client: Client) -> list[Metric]:
        counts = {
            one.kind: {state: getattr(one, state) for state in _STATES}
            for one in client.stats_by_kind(0)
        }
        return [self._counted("txjobs_jobs_of_kind", "The same by kind.", "kind", counts)]

    def _own(self, counts: Mapping[str, Mapping[str, int]]) -> set[str]:
        """Those that have a label of their own."""
        most_first = sorted(counts, key=lambda name: (-sum(counts[name].values()), name))
        return set(most_first[: self._max_labels])

    def _counted(
        self, name: str, text: str, label: str, counts: Mapping[str, Mapping[str, int]]
    ) -> Metric:
        own = self._own(counts)
        family = GaugeMetricFamily(name, text, labels=[label, "state"])
        sums: dict[tuple[str, str], int] = {}
        for one, states in counts.items():
            for state, number in states.items():
                key = (one if one in own else _OTHERS, state)
                sums[key] = sums.get(key, 0) + number
        for (one, state), number in sums.items():
            family.add_metric([one, state], number)
        return family

    def _largest(
        self,
        name: str,
        text: str,
        label: str,
        counts: Mapping[str, Mapping[str, int]],
        values: Mapping[str, float],
    ) -> Metric:
        own = self._own(counts)
        largest: dict[str, float] = {}
        for one, value in values.items():
            key = one if one in own else _OTHERS
            largest[key] = max(value, largest.get(key, value))
        family = GaugeMetricFamily(name, text, labels=[label])
        for one, value in largest.items():
            family.add_metric([one], value)
        return family


def _workers(client: Client) -> Metric:
    live = sum(one.live for one in client.list_workers())
    return GaugeMetricFamily("txjobs_workers", "Registered workers that live.", value=live)


def _health(client: Client) -> Metric:
    family = GaugeMetricFamily(
        "txjobs_health", "0 ok, 1 warning, 2 critical, by check.", labels=["check"]
    )
    for check in client.health():
        family.add_metric([check.name], _SEVERITY[check.status])
    return family


class WorkerMetrics(Observer):
    """What a worker does; an observer for `Worker(observers=[…])`.

    `txjobs_jobs_running` is counted down when a handler has ended, however it did.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        labels = ["kind", "queue"]
        self._started = Counter(
            "txjobs_jobs_started", "Jobs whose handler was called.", labels, registry=registry
        )
        self._finished = Counter(
            "txjobs_jobs_finished",
            "Jobs by the outcome that the database accepted.",
            [*labels, "outcome"],
            registry=registry,
        )
        self._running = Gauge(
            "txjobs_jobs_running", "Jobs whose handler runs.", labels, registry=registry
        )
        self._duration = Histogram(
            "txjobs_job_duration_seconds",
            "How long handlers took, however they ended.",
            labels,
            buckets=_BUCKETS,
            registry=registry,
        )

    def began(self, execution: Execution) -> Ended:
        """A handler is about to be called."""
        labels = (execution.kind, execution.queue)
        count = len(execution.jobs)
        started = monotonic()
        self._started.labels(*labels).inc(count)
        self._running.labels(*labels).inc(count)

        def ended(_error: BaseException | None) -> None:
            self._running.labels(*labels).dec(count)
            self._duration.labels(*labels).observe(monotonic() - started)

        return ended

    def settled(self, kind: str, queue: str, outcome: str) -> None:
        """An outcome is known."""
        self._finished.labels(kind, queue, outcome).inc()


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Probes come every few seconds: they are not logged."""


@contextlib.contextmanager
def serve(
    port: int,
    *,
    host: str = "0.0.0.0",  # noqa: S104 - a scraper is on another machine
    registry: CollectorRegistry = REGISTRY,
    is_live: Callable[[], bool] = lambda: True,
    is_ready: Callable[[], bool] = lambda: True,
) -> Iterator[int]:
    """Serves /metrics, /livez and /readyz during the block; the port, which may have been 0.

    A probe is answered with 200, or 503 if it does not hold. Raises OSError if the port is taken.
    """
    metrics: WSGIApplication = make_wsgi_app(registry)
    probes = {"/livez": is_live, "/readyz": is_ready}

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            return metrics(environ, start)
        if path not in probes:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics, /livez, /readyz\n"]
        holds = probes[path]()
        start(
            "200 OK" if holds else "503 Service Unavailable",
            [("Content-Type", "text/plain"), ("Cache-Control", "no-store")],
        )
        return [b"ok\n" if holds else b"no\n"]

    server = make_server(host, port, application, ThreadingWSGIServer, handler_class=_Silent)
    thread = threading.Thread(target=server.serve_forever, name="txjobs-metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
