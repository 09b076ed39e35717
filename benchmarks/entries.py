"""Members who enter with a token.

How fast they come in when the company answers at once; how many wait while it takes a second, and what an ordinary page
takes meanwhile; and what checking the token alone costs, beside its HMAC.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import connection

from benchmarks.crowd import CrowdPlan, CrowdResult
from benchmarks.fill import Shop
from benchmarks.load import percentile
from benchmarks.report import judged
from benchmarks.stack import BenchError, free_port, run_module
from daedap.members.tokens import MemberClaims, build_message, check, read_entry, sign
from daedap.members.verification import CALLS_AT_ONCE
from daedap.services.models import Service
from tests import factories

PER_SERVICE = CALLS_AT_ONCE
"""Entries of one service at once: as many as the application lets wait for one company."""
WAVES = 3
VERIFICATION_SECONDS = 1.0
INSTANT_WAVE = 60
PAGE_BUDGET = 3
"""How many times as long an ordinary page's slowest hundredth may take meanwhile (issue: member integration)."""
LIFETIME_MS = 300_000


@dataclass(frozen=True)
class EntryFigures:
    """What the crowd saw."""

    in_flight: int
    result: CrowdResult
    instant_rate: float
    """Entries a second when the company answers at once."""
    checks: float
    """Tokens checked a second, by one thread that does nothing else: reading the query, time window, HMAC."""
    digests: float
    """HMACs of the same messages a second."""

    def as_dict(self) -> dict[str, Any]:
        def ms(latencies: list[float], percent: float) -> float:
            return round(percentile(latencies, percent) * 1000, 1)

        of = self.result
        return {
            "in_flight": self.in_flight,
            "waited_at_once": of.peak,
            "entered": len(of.entries),
            "entry_p50_ms": ms(of.entries, 50),
            "entry_p99_ms": ms(of.entries, 99),
            "page_quiet_p50_ms": ms(of.quiet, 50),
            "page_quiet_p99_ms": ms(of.quiet, 99),
            "page_meanwhile_p50_ms": ms(of.meanwhile, 50),
            "page_meanwhile_p99_ms": ms(of.meanwhile, 99),
            "instant_entries_per_second": round(self.instant_rate, 1),
            "token_checks_per_second": round(self.checks),
            "token_checks_ratio": round(self.checks / self.digests, 3),
        }

    def rows(self) -> list[tuple[str, str, str, str]]:
        of = self.as_dict()
        name = f"{self.in_flight} entries at once: p50 {of['entry_p50_ms']:.0f}, p99 {of['entry_p99_ms']:.0f} ms"
        quiet = f"{of['page_quiet_p50_ms']} / {of['page_quiet_p99_ms']}"
        meanwhile = f"{of['page_meanwhile_p50_ms']} / {of['page_meanwhile_p99_ms']}"
        times = round(of["page_meanwhile_p99_ms"] / of["page_quiet_p99_ms"], 2)
        ratio = of["token_checks_ratio"]
        return [
            ("Entries a second, the company answers at once", f"{of['instant_entries_per_second']}", "", ""),
            (f"{name}; waiting at once", f"{of['waited_at_once']}", "", ""),
            ("Help-centre page p50 / p99 ms, quiet", quiet, "", ""),
            ("Help-centre page p50 / p99 ms, meanwhile", meanwhile, "", ""),
            judged("Help-centre page p99, meanwhile over quiet, times", times, PAGE_BUDGET),
            (f"Token checks a second (of HMACs alone {ratio})", f"{of['token_checks_per_second']}", "", ""),
        ]


def measure(shop: Shop, number: int, *, waves: int = WAVES) -> EntryFigures:
    """Send `number` entries at once, `waves` times; before that, smaller waves to a company that answers at once."""
    few = min(number, INSTANT_WAVE)
    instant = _send(shop, few, waves, first_service=100, verification_seconds=0)
    checks, digests = _checks(shop)
    return EntryFigures(
        number,
        _send(shop, number, waves, first_service=0, verification_seconds=VERIFICATION_SECONDS),
        instant_rate=few * waves / sum(instant.waves),
        checks=checks,
        digests=digests,
    )


def _send(shop: Shop, number: int, waves: int, *, first_service: int, verification_seconds: float) -> CrowdResult:
    port = free_port()
    services = [_integrated(shop, first_service + index, port) for index in range(-(-number // PER_SERVICE))]
    plan = CrowdPlan(
        port=settings.PORT,
        host=shop.host,
        verification_port=port,
        verification_seconds=verification_seconds,
        waves=[
            [_address(services[index // PER_SERVICE], f"member{index}", wave) for index in range(number)]
            for wave in range(waves)
        ],
        page=f"/{shop.service.service_id}/hc/",
        page_text=shop.service.name,
        quiet_seconds=waves * 2 * VERIFICATION_SECONDS,
    )
    result = CrowdResult(**json.loads(run_module("benchmarks.crowd", json.dumps(asdict(plan)), patience=300)))
    if result.errors or len(result.entries) != number * waves:
        raise BenchError(
            f"Of {number * waves} entries {len(result.entries)} made a session: {result.errors}, {_reasons()}"
        )
    return result


def _checks(shop: Shop) -> tuple[float, float]:
    """Return how many tokens, and how many HMACs of the same length, one thread manages in a second."""
    key = shop.service.organization.key
    query = urlsplit(_address(shop.service, "member", 0)).query.encode()
    entry = read_entry(query, shop.service.service_id)
    now = int(entry.claims.time)
    text = build_message(entry.claims).encode()

    def check_token() -> None:
        check(read_entry(query, shop.service.service_id), [key], now_ms=now, lifetime_ms=LIFETIME_MS)

    return _rate(check_token), _rate(lambda: hmac.digest(key.encode(), text, hashlib.sha256))


def _rate(act: Callable[[], object], *, seconds: float = 0.5) -> float:
    number, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        for _ in range(50):
            act()
        number += 50
    return number / (time.perf_counter() - begun)


def _reasons() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason, count(*) FROM members_loginevent WHERE NOT ok GROUP BY reason")
        return dict(cursor.fetchall())


def _integrated(shop: Shop, index: int, port: int) -> Service:
    organization = shop.service.organization
    letters = "abcdefghijklmnopqrstuvwxyz"
    service = factories.make_service(organization, f"entry{letters[index // 26]}{letters[index % 26]}")
    factories.integrate(service, token_verification_url=f"http://127.0.0.1:{port}/verify")
    return service


def _address(service: Service, usercode: str, wave: int) -> str:
    now = str(time.time_ns() // 1_000_000 + wave)
    contact = {"username": "홍길동", "email": f"{usercode}@example.com", "phone": "01012345678"}
    claims = MemberClaims(
        service=service.service_id, usercode=usercode, **contact, memberno="", return_url="", time=now
    )
    query = {"usercode": usercode, **contact, "time": now, "token": sign(claims, service.organization.key)}
    return f"/{service.service_id}/hc/?{urlencode(query)}"
