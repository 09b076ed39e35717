"""The screens of member integration and the help centre, looked at by axe: wide and narrow, light and dark."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import resize
from tests.installation import ROOT

pytestmark = [pytest.mark.browser]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
LOOK = """axe.run(document, {resultTypes: ["violations"]}).then((found) => JSON.stringify(
  found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html} ${node.failureSummary}`))))"""


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong. It is told by the debugger, which the page's policy does not bind."""
    debugger = page.context.new_cdp_session(page)
    debugger.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    answer = debugger.send("Runtime.evaluate", {"expression": LOOK, "awaitPromise": True, "returnByValue": True})
    debugger.detach()
    found: list[str] = json.loads(answer["result"]["value"])
    return found


def look(page: Page, name: str) -> None:
    """Look at the page wide and light, then narrow and dark; nothing may be wrong and nothing may scroll sideways."""
    looks: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (375, "dark")]
    for width, scheme in looks:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        resize(page, width, 800)
        assert violations(page) == [], f"{name}, {width} px, {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls at {width} px"
    page.set_viewport_size({"width": 1280, "height": 800})


def send(page: Page) -> None:
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_load_state()


def test_given_the_settings_screens_when_looked_at_then_nothing_bars_the_way(
    facts: dict[str, Any], visitor: Any
) -> None:
    someone = visitor()
    page, site = someone.page, facts["organization"]["url"]
    page.goto(f"{site}login/")
    page.locator("[name=login_id]").fill(facts["administrator"]["id"])
    page.locator("[name=password]").fill(facts["administrator"]["password"])
    send(page)
    settings = f"{site}{facts['service']['id']}/settings/member-integration/"
    page.goto(settings)
    look(page, "settings")
    page.locator("[name=login_type][value=post]").check()  # what ends all sessions is said before it is saved
    assert page.locator("[data-logs-out]").is_visible()
    send(page)
    look(page, "settings with errors")
    assert page.evaluate("document.activeElement.name") == "login_url"
    page.goto(f"{settings}test/")
    page.locator("[name=pasted]").fill(f"{site}{facts['service']['id']}/hc/?usercode=a&email=a@b.co&time=1&token=x")
    send(page)
    look(page, "result of a test")
    assert someone.complaints == []


def test_given_the_help_centre_when_looked_at_then_nothing_bars_the_way(facts: dict[str, Any], visitor: Any) -> None:
    someone = visitor()
    page, home = someone.page, facts["service"]["helpcenter_url"]
    for name, path in (
        ("main", ""),
        ("form", "ticket/"),
        ("form in a frame", "ticket/?iframe=true"),
        ("guest who wanted the list", "ticket/list/"),
        ("no such page", "nothing/"),
    ):
        page.goto(home + path)
        look(page, name)
    page.goto(f"{home}ticket/")
    send(page)
    look(page, "form with errors")
    assert page.evaluate("document.activeElement.name") == "category"
    page.goto(facts["integrator"]["url"] + "login")
    page.locator("input[name=login]").fill("hong")
    page.locator("input[type=password]").fill("shop1234")
    page.locator("button.button").click()
    page.goto(facts["integrator"]["url"] + "oc/open?page=list")
    look(page, "list")
    page.locator(".hc-enquiries a").first.click()
    page.locator(".hc-again summary").click()
    look(page, "detail")
    assert someone.complaints == []
