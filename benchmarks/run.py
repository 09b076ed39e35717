"""One run: fill, serve, measure. Django is set up before this module is imported."""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from benchmarks import entries, logins, pages
from benchmarks.fill import Shop, add_tickets, make_shop, refresh_statistics
from benchmarks.load import Result
from benchmarks.pages import Page
from benchmarks.report import PageFigures, Report
from benchmarks.stack import BenchError, Server, machine, measure_memory, run_load
from benchmarks.statements import PgbenchResult, run_pgbench, script_of
from daedap.config.cli import migrate_database
from daedap.config.embedded import EmbeddedPostgres

IDLE_SECONDS = 3.0
WARM_UP = 10


@dataclass(frozen=True)
class ServerTime:
    """Seconds that one request took in this process, and how many of them this process computed."""

    wall: float
    computing: float


class Run:
    """The steps of a run, in order."""

    def __init__(self, home: Path, options: argparse.Namespace, say: Callable[[str], None]) -> None:
        self.home = home
        self.options = options
        self.say = say
        self.database = EmbeddedPostgres(home)
        self.server = Server(home)
        self.report = Report(facts=machine(home))

    def __call__(self) -> Report:
        few, many = self.options.tickets // 10, self.options.tickets
        self.say(f"database with a shop of {many} tickets, one of {few}, and a neighbour of {many}")
        shop, small_shop = self._prepare(few, many)
        self.server.start()
        listed, form = pages.list_page(shop, shop.agents[0]), pages.form_page(shop)
        self._measure_memory(listed, form)
        with self.server.asleep():
            times = self._server_times(pages.list_page(small_shop, small_shop.agents[0]), listed)
        self.report.growth = (few, times[0].wall, many, times[1].wall)
        self._page(listed)
        self._page(form, share=0.5)
        self._page(pages.enquiry_page(shop), grows=True)
        if self.options.entries:
            self.say(f"{self.options.entries} entries with a token")
            self.report.entries = entries.measure(
                shop, self.options.entries, waves=1 if self.options.quick else entries.WAVES
            )
        self.say("log-ins, and a flood of wrong ones")
        self.report.logins = logins.measure(
            small_shop, form, seconds=1.0 if self.options.quick else self.options.seconds / 2
        )
        self.report.facts |= {"clients": self.options.clients, "seconds_each": self.options.seconds}
        return self.report

    # --- Steps -----------------------------------------------------------------------------------

    def _prepare(self, few: int, many: int) -> tuple[Shop, Shop]:
        if not (settings.STATIC_ROOT / "staticfiles.json").exists():
            raise BenchError(f"No static files in {settings.STATIC_ROOT}: run `make setup` first.")
        self.database.start()
        migrate_database()
        shop, small_shop, neighbour = make_shop("bench"), make_shop("small"), make_shop("neighbour")
        for seed, (each, number) in enumerate(((shop, many), (small_shop, few), (neighbour, many))):
            add_tickets(each, number, seed=seed)
        refresh_statistics()
        return shop, small_shop

    def _measure_memory(self, *asked: Page) -> None:
        """Idle, but after each page was asked for: what is loaded at first use is loaded."""
        for page in asked:
            run_load(page.plan(clients=2, seconds=5, requests=20))
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # of the PostgreSQL backend
        time.sleep(0.2 if self.options.quick else IDLE_SECONDS)
        self.report.memory = measure_memory(self.server, self.home)

    def _page(self, page: Page, *, grows: bool = False, share: float = 1.0) -> None:
        """Measure a page from outside and from inside, and its statements, for its share of the time."""
        options = self.options
        seconds = options.seconds * share / options.rounds
        app: list[Result] = []
        database: list[PgbenchResult] = []
        script = script_of(page.statements, page.rules, page.variables)
        for turn in range(options.rounds):
            self.say(f"{page.name}: application, then pgbench ({turn + 1} of {options.rounds})")
            with self._grows_by(lambda: app[-1].succeeded, if_=grows):
                app.append(run_load(page.plan(clients=options.clients, seconds=seconds, warm_up=0 if turn else 5)))
            with self.server.asleep(), self._grows_by(lambda: database[-1].transactions, if_=grows):
                database.append(
                    run_pgbench(
                        script, url=self.database.url, folder=self.home, clients=options.clients, seconds=seconds
                    )
                )
                if grows:
                    pages.forget_jobs()
        with self.server.asleep():
            (alone,) = self._server_times(page)
        self.report.pages.append(
            PageFigures(
                page.name,
                Result.merged(app),
                PgbenchResult.merged(database),
                page.statements,
                server_time=alone.wall,
                cpu_time=alone.computing,
            )
        )

    def _server_times(self, *asked: Page) -> list[ServerTime]:
        """Return the median times of pages in this process, asked for in turn, so that noise falls on all alike.

        Middleware, view, template and database are in it, network and waiting for a free thread are not.
        """
        taken: list[list[ServerTime]] = [[] for _ in asked]
        for turn in range(20 if self.options.quick else 120):
            for page, times in zip(asked, taken, strict=True):
                begun, begun_cpu = time.perf_counter(), time.process_time()
                page.act()
                if turn >= WARM_UP:
                    times.append(ServerTime(time.perf_counter() - begun, time.process_time() - begun_cpu))
        return [
            ServerTime(statistics.median(one.wall for one in times), statistics.median(one.computing for one in times))
            for times in taken
        ]

    @contextlib.contextmanager
    def _grows_by(self, number: Callable[[], int], *, if_: bool) -> Iterator[None]:
        """Check that the block adds exactly as many tickets as it says."""
        before = pages.count_tickets() if if_ else 0
        yield
        grown = pages.count_tickets() - before if if_ else 0
        if if_ and grown != number():
            raise BenchError(f"{number()} successes, but {grown} new tickets.")
