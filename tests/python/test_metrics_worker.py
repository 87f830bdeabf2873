"""A worker that is watched: its metrics, its probes, and observers that fail."""

import asyncio
import threading
import urllib.error
import urllib.request
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from txjobs import Abort, Client, Jobs, Retry, Worker
from txjobs.observer import Ended, Execution, Observer
from txjobs.prometheus import WorkerMetrics, serve
from waiting import until
from workers import Running, drain, running

Conn = psycopg.Connection[Any]


def status(port: int, path: str) -> int:
    """What a probe is answered with."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.fixture
def app() -> Jobs:
    app = Jobs()

    @app.task
    async def fine() -> None:
        return None

    @app.task
    def fine_in_a_thread() -> None:
        return None

    @app.task
    async def again() -> Retry | None:
        return Retry(60)

    @app.task
    async def dies() -> None:
        raise Abort("no")

    @app.task
    async def exits() -> None:
        raise SystemExit(3)

    @app.task
    def interrupts() -> None:
        raise KeyboardInterrupt

    @app.task
    async def cancels() -> None:
        raise asyncio.CancelledError

    return app


def counts(registry: CollectorRegistry, name: str, *labels: str) -> dict[tuple[str, ...], float]:
    """The samples of that name by these labels, without those that are 0."""
    return {
        tuple(sample.labels[label] for label in labels): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name and sample.value
    }


def test_jobs_are_counted_by_kind_queue_and_outcome(app: Jobs, dsn: str, conn: Conn) -> None:
    client, registry = Client(conn), CollectorRegistry()
    kinds = ("fine", "fine_in_a_thread", "again", "dies", "exits", "interrupts", "cancels")
    for kind in (*kinds, "fine"):
        client.enqueue(kind, max_attempts=1 if kind != "again" else None)
    drain(app, dsn, observers=[WorkerMetrics(registry)], drain_horizon=0)
    started = counts(registry, "txjobs_jobs_started_total", "kind", "queue")
    assert started == {(kind, "default"): 2 if kind == "fine" else 1 for kind in kinds}
    finished = counts(registry, "txjobs_jobs_finished_total", "kind", "outcome")
    assert finished == {
        ("fine", "completed"): 2,
        ("fine_in_a_thread", "completed"): 1,
        ("again", "retried"): 1,
        **{(kind, "dead"): 1 for kind in ("dies", "exits", "interrupts", "cancels")},
    }
    assert counts(registry, "txjobs_job_duration_seconds_count", "kind") == {
        (kind,): 2 if kind == "fine" else 1 for kind in kinds
    }


def test_nothing_runs_any_more_however_handlers_have_ended(app: Jobs, dsn: str, conn: Conn) -> None:
    client, registry = Client(conn), CollectorRegistry()
    for kind in app.tasks:
        client.enqueue(kind, max_attempts=1)
    drain(app, dsn, observers=[WorkerMetrics(registry)], drain_horizon=0)
    names = {s.name for family in registry.collect() for s in family.samples}
    assert "txjobs_jobs_running" in names
    assert counts(registry, "txjobs_jobs_running", "kind") == {}


def test_what_runs_is_counted_while_it_does_and_not_after_it_was_cut(dsn: str, conn: Conn) -> None:
    app, registry = Jobs(), CollectorRegistry()

    @app.task
    async def hangs() -> None:
        await asyncio.sleep(1000)

    Client(conn).enqueue("hangs")
    with running(app, dsn, observers=[WorkerMetrics(registry)], drain_timeout=0.1) as one:
        until(lambda: counts(registry, "txjobs_jobs_running", "kind") == {("hangs",): 1}, "it runs")
        assert one.stop() == 3
    assert counts(registry, "txjobs_jobs_running", "kind") == {}
    assert counts(registry, "txjobs_jobs_finished_total", "outcome") == {("released",): 1}


def test_no_label_is_a_job(app: Jobs, dsn: str, conn: Conn) -> None:
    registry = CollectorRegistry()
    Client(conn).enqueue("fine")
    drain(app, dsn, observers=[WorkerMetrics(registry)])
    labels = {
        name for family in registry.collect() for sample in family.samples for name in sample.labels
    }
    assert labels == {"kind", "queue", "outcome", "le"}


def test_an_observer_that_fails_harms_no_job(
    app: Jobs, dsn: str, conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Observer):
        def began(self, execution: Execution) -> Ended:
            if execution.kind == "fine":
                raise ValueError("broken at the beginning")

            def ended(_error: BaseException | None) -> None:
                raise ValueError("broken at the end")

            return ended

        def settled(self, *_: str) -> None:
            raise ValueError("broken at the outcome")

    client, registry = Client(conn), CollectorRegistry()
    jobs = [client.enqueue(kind) for kind in ("fine", "fine_in_a_thread")]
    drain(app, dsn, observers=[Broken(), WorkerMetrics(registry)])
    assert [client.state(job) for job in jobs] == ["completed", "completed"]
    assert len(counts(registry, "txjobs_jobs_finished_total", "kind", "outcome")) == 2
    for when in ("beginning", "end", "outcome"):
        assert f"broken at the {when}" in caplog.text


def test_a_worker_is_live_and_ready_until_it_drains(dsn: str, conn: Conn) -> None:
    app, go_on = Jobs(), threading.Event()

    @app.task
    def waits() -> None:
        go_on.wait(30)

    Client(conn).enqueue("waits")
    one = Running(app, dsn)
    try:
        with serve(
            0, host="127.0.0.1", is_live=one.worker.is_live, is_ready=one.worker.is_ready
        ) as p:
            until(lambda: status(p, "/readyz") == 200, "it is ready")
            assert (status(p, "/livez"), status(p, "/metrics"), status(p, "/")) == (200, 200, 404)
            until(lambda: one.stats.running, "the job runs")
            one.worker.stop()
            until(lambda: status(p, "/readyz") == 503, "it drains, and takes no more jobs")
            assert status(p, "/livez") == 200
            go_on.set()
            one.join()
            assert (status(p, "/livez"), status(p, "/readyz")) == (503, 503)
    finally:
        go_on.set()
        one.join()


def test_a_worker_is_live_but_not_ready_without_its_database(
    server: Any, dsn: str, conn: Conn
) -> None:
    app = Jobs()

    @app.task
    async def fine() -> None:
        return None

    with running(app, dsn) as one:
        until(one.worker.is_ready, "it is ready")
        name = conn.info.dbname
        with psycopg.connect(server.dsn, autocommit=True) as admin:
            admin.execute(f"alter database {name} allow_connections false")
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
            )
            try:
                until(lambda: not one.worker.is_ready(1.0), "the database has not answered")
                assert one.worker.is_live(1.0)
            finally:
                admin.execute(f"alter database {name} allow_connections true")
        until(lambda: one.worker.is_ready(7.0), "it is back")


def test_a_handler_that_blocks_the_loop_is_seen_from_outside(dsn: str, conn: Conn) -> None:
    app, go_on = Jobs(), threading.Event()

    @app.task
    async def blocks() -> None:
        go_on.wait(30)

    with running(app, dsn) as one:
        until(one.worker.is_ready, "it is ready")
        Client(conn).enqueue("blocks")
        until(lambda: not one.worker.is_live(0.8), "the loop does not turn")
        assert not one.worker.is_ready(0.8)
        go_on.set()
        until(lambda: one.worker.is_live(0.8), "it turns again")


def test_a_worker_that_has_not_started_is_live_and_not_ready(dsn: str) -> None:
    app = Jobs()

    @app.task
    async def fine() -> None:
        return None

    worker = Worker(app, dsn)
    assert (worker.is_live(0), worker.is_ready()) == (True, False)
