"""Log-ins beside raw Argon2, and what a flood of wrong ones at one organization does to a page of another."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import get_hasher, make_password

from benchmarks.fill import Shop
from benchmarks.load import Plan, Result
from benchmarks.pages import Page
from benchmarks.stack import BenchError, run_load, run_module
from tests import factories

FLOOD_CLIENTS = 32
LOG_IN_CLIENTS = 2
VISITORS = 90  # a block of loopback addresses of its own, so that the brake per address does not end the flood
CSRF = "0" * 32


@dataclass(frozen=True)
class LoginFigures:
    """Rates per second; the page's latencies with nobody at the door and during the flood."""

    verifies: float
    logins: float
    quiet: Result
    meanwhile: Result
    flood: dict[str, int]
    flood_seconds: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "argon2_per_second": round(self.verifies, 1),
            "logins_per_second": round(self.logins, 1),
            "ratio": round(self.logins / self.verifies, 2),
            "page_quiet_ms": [round(self.quiet.percentile(percent) * 1000, 1) for percent in (50, 99)],
            "page_meanwhile_ms": [round(self.meanwhile.percentile(percent) * 1000, 1) for percent in (50, 99)],
            "flood_answers": self.flood,
            "flood_per_second": round(sum(self.flood.values()) / self.flood_seconds, 1),
        }

    def rows(self) -> list[tuple[str, str, str, str]]:
        of = self.as_dict()
        quiet, meanwhile = (" / ".join(map(str, of[name])) for name in ("page_quiet_ms", "page_meanwhile_ms"))
        flood = ", ".join(f"{number} {answer}" for answer, number in sorted(self.flood.items()))
        return [
            (f"Log-ins/s (Argon2 alone {of['argon2_per_second']}/s)", f"{of['logins_per_second']}", "", ""),
            ("Log-ins, share of what Argon2 alone does", f"{of['ratio']}", "", ""),
            ("Page of another organization p50 / p99 ms, quiet", quiet, "", ""),
            (f"… during {of['flood_per_second']} wrong log-ins/s ({flood})", meanwhile, "", ""),
        ]


def measure(crowded: Shop, page: Page, *, seconds: float) -> LoginFigures:
    """Log in at `crowded` as fast as it goes, then flood its log-in page while `page` of another shop is asked for."""
    verifies = _verifies(seconds)
    logged_in = run_load(_log_in(crowded, crowded.agents[0].member.user.login_id, factories.PASSWORD, seconds))
    asked = replace(page.plan(clients=2, seconds=seconds), warm_up=2)
    quiet = run_load(asked)
    flood = _Flood(_log_in(crowded, "nobody-{unique}", "wrong!72", seconds + 3))
    flood.start()
    time.sleep(1.5)
    meanwhile = run_load(asked)
    flood.join()
    return LoginFigures(verifies, logged_in.rate, quiet, meanwhile, flood.answers(), seconds + 3)


def _verifies(seconds: float) -> float:
    """Return how many passwords one thread checks in a second with nothing else to do."""
    encoded, number = make_password(factories.PASSWORD), 0
    hasher = get_hasher()
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        if not hasher.verify(factories.PASSWORD, encoded):
            raise BenchError("A right password was refused.")
        number += 1
    return number / (time.perf_counter() - begun)


def _log_in(shop: Shop, login_id: str, password: str, seconds: float) -> Plan:
    is_right = password == factories.PASSWORD
    return Plan(
        port=settings.PORT,
        path="/login/",
        headers={"Host": shop.host, "Cookie": f"{settings.CSRF_COOKIE_NAME}={CSRF}"},
        form={"csrfmiddlewaretoken": CSRF, "login_id": login_id, "password": password},
        expect_status=302 if is_right else 422,
        expect_text="/",
        clients=LOG_IN_CLIENTS if is_right else FLOOD_CLIENTS,
        seconds=seconds,
        visitors=VISITORS,
    )


class _Flood(threading.Thread):
    """Runs the plan in a process of its own; answers other than the expected one are what a flood is for."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan, self.result = plan, Result(0, 0, 0.0, [], {})

    def run(self) -> None:
        told = run_module("benchmarks.load", json.dumps(asdict(self.plan)), self.plan.seconds + 60)
        self.result = Result(**json.loads(told))

    def answers(self) -> dict[str, int]:
        """Return how often each answer came."""
        if not self.result.measured:
            raise BenchError(f"The flood did not get in: {self.result.errors}")
        return dict(Counter({"refused": self.result.measured}) + Counter(self.result.errors))
