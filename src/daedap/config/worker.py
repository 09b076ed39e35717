"""Runs queued jobs: inside `daedap serve`, or alone as `daedap worker`.

Jobs wait in the database, so a worker may come and go at any time. PostgreSQL wakes it when a job is queued; what a
killed worker left half done is taken up again once its heartbeat is `STALLED_SECONDS` old.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from copy import copy

import procrastinate
import psycopg
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.db_cleanup import DjangoApp
from procrastinate.contrib.django.utils import connector_params

CONCURRENCY = 4
STOP_SECONDS = 8.0
HEARTBEAT_SECONDS = 5.0
STALLED_SECONDS = 20.0
RETRY_SECONDS = 2.0
"""How long to wait for a lost database before trying again."""

logger = logging.getLogger(__name__)


async def run_worker(stop: asyncio.Event) -> None:
    """Run jobs until `stop` is set, across outages of the database; let running jobs finish for `STOP_SECONDS`."""
    told = ""
    while not stop.is_set():
        reason = "one of its parts has ended"
        try:
            await _run_once(stop, is_new=not told)
            told = ""
        except _NoDatabase as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - whatever ended the worker must not end the running of jobs
            reason, told = type(error).__name__, ""
        if not stop.is_set() and reason != told:  # once, not with every try
            logger.warning("the job worker cannot run now and will try again", extra={"reason": reason})
            told = reason
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RETRY_SECONDS)


class _NoDatabase(Exception):
    """It cannot be reached; the text says why."""


async def _reach_database() -> None:
    """Raise _NoDatabase if no connection can be made; a pool would wait instead."""
    try:
        probe = await psycopg.AsyncConnection.connect(**{**connector_params(), "connect_timeout": 3})
    except psycopg.OperationalError as error:
        raise _NoDatabase(" ".join(str(error).split())) from error
    await probe.close()


async def _run_once(stop: asyncio.Event, *, is_new: bool) -> None:
    app = _worker_app()
    await _reach_database()
    async with app.open_async():
        if not is_new:
            logger.info("the job worker runs again")
        worker = asyncio.create_task(
            app.run_worker_async(
                name="daedap",
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                shutdown_graceful_timeout=STOP_SECONDS,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                delete_jobs="successful",
            )
        )
        rescue = asyncio.create_task(_rescue_for_ever(app))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({worker, rescue, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (worker, rescue, stopping):
                task.cancel()  # to the worker this means: finish what runs, then end
            results = await asyncio.gather(worker, rescue, stopping, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


def _worker_app() -> procrastinate.App:
    """Return an app with the tasks of Django's but a connector of its own.

    The connector of Django's app must stay as it is: pages queue their jobs through it, in their own transactions.
    Periodic jobs are queued through the worker's: a connection of Django's in the event loop's thread is given back by
    nobody, and once an outage had broken it, every new worker would fail on it.
    """
    connector = procrastinate.PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=4, timeout=5)
    app = DjangoApp(connector=connector, import_paths=django_app.import_paths)
    app.tasks = django_app.tasks
    for periodic in django_app.periodic_registry.periodic_tasks.values():
        task = copy(periodic.task)
        task.blueprint = app
        app.periodic_registry.register_task(
            task, cron=periodic.cron, periodic_id=periodic.periodic_id, configure_kwargs=periodic.configure_kwargs
        )
    return app


async def _rescue_for_ever(app: procrastinate.App) -> None:
    while True:
        await rescue_stalled_jobs(app)
        await asyncio.sleep(STALLED_SECONDS / 2)


async def rescue_stalled_jobs(app: procrastinate.App) -> int:
    """Queue again what a worker was doing when it was killed; return how many jobs that were."""
    jobs = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS))
    for job in jobs:
        await app.job_manager.retry_job(job)
    if jobs:
        logger.warning("jobs of a lost worker are queued again", extra={"count": len(jobs)})
    return len(jobs)
