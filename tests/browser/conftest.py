"""A real browser against a real installation."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.installation import PRIVATE_CALLBACKS, ROOT, Installation, Shop, free_port, short_folder

SCREENSHOTS = ROOT / "build" / "screenshots"
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """One for all tests with a browser, begun as everybody begins: `daedap serve` with an empty home."""
    with short_folder() as home:
        running = Installation(home, **PRIVATE_CALLBACKS)
        try:
            running.serve()
            yield running
            assert running.stop() == 0
        finally:
            running.remove()


@pytest.fixture(scope="session")
def facts(installation: Installation) -> Iterator[dict[str, Any]]:
    """What the demo tells, with the example shop running beside it for both services."""
    port = free_port()
    facts = installation.fill_demo(port)
    shop = Shop(
        oc_base_url=facts["organization"]["url"].rstrip("/"),
        service=facts["service"]["id"],
        post_service=facts["post_service"]["id"],
        key=facts["organization"]["key"],
        log=installation.home / "demo-shop.log",
        port=port,
    )
    shop.start()
    yield facts
    shop.stop()


def browser_path() -> str | None:
    """Return the system's Chromium; None for the one Playwright has downloaded."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def browser_arguments() -> list[str]:
    """Return what any Chromium is started with here."""
    return [*ARGUMENTS, *([] if os.geteuid() else ["--no-sandbox"])]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=browser_arguments())
        yield browser
        browser.close()


SETTLED = """async (width) => {
  const frame = () => new Promise(requestAnimationFrame);
  while (innerWidth !== width) await frame();
  await frame();
  await frame();
}"""


def resize(page: Page, width: int, height: int) -> None:
    """Give the page this size, and return when it has settled in it: two frames later all is laid out and drawn."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(SETTLED, width)


class Visitor:
    """One person with a browser of their own. Keeps what the console complained about."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _console(self, message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def shot(self, name: str) -> None:
        """See that the page fits, wide and narrow; with SCREENSHOTS=1 keep pictures for people to look at."""
        size = self.page.viewport_size
        for width, height in ((1280, 900), (375, 812)):
            resize(self.page, width, height)
            overflow = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, f"{name} scrolls sideways at {width} px by {overflow} px"
            if os.environ.get("SCREENSHOTS"):
                self.page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)
        if size:
            self.page.set_viewport_size(size)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()
PATIENCE = 20_000
"""Milliseconds that a page may take on a busy machine."""
expect.set_options(timeout=PATIENCE)


@pytest.fixture
def visitor(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return a maker of visitors; each has cookies of their own. After a failure their pages are kept as pictures."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> Visitor:
        context = chromium.new_context(**({"locale": "ko-KR", "viewport": {"width": 1280, "height": 900}} | options))
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return Visitor(context)

    yield make
    for number, context in enumerate(contexts):
        if request.node.stash.get(FAILED, False):
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            for page in context.pages:
                page.screenshot(path=SCREENSHOTS / f"failed-{number}.png")
        context.close()
