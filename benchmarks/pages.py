"""The two pages that are measured: how to ask for them, what success is, and what pgbench must vary."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from benchmarks.fill import SENTENCES, SUBJECTS, Shop
from benchmarks.load import UNIQUE, Plan, visitors_of
from benchmarks.stack import BenchError
from benchmarks.statements import Rule, Statements, capture
from daedap.core.scoping import service_scope
from daedap.services.models import Agent
from daedap.tickets.models import Category, Ticket

_TICKET_ID = re.compile(r"T\d{13}[0-9A-Za-z]{5}")
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_FORM = "application/x-www-form-urlencoded"
_blocks = itertools.count(1)
_addresses = visitors_of(next(_blocks))


@dataclass(frozen=True)
class Page:
    """One page, ready to be asked for in this process, by the load generator, and as statements."""

    name: str
    act: Callable[[], Any]
    """Asks for it once in this process and checks the answer."""
    plan: Callable[..., Plan]
    statements: Statements
    rules: list[Rule] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)


def list_page(shop: Shop, agent: Agent) -> Page:
    """The agent's ticket list as the first menu shows it: 50 rows and the counts of all menus."""
    path = reverse("tickets:list", args=(shop.service.service_id,), urlconf=settings.ORGANIZATION_URLCONF)
    client = shop.browser(agent)
    answer = client.get(path, follow=True)
    if answer.redirect_chain:
        path = answer.redirect_chain[-1][0]
    found = _TICKET_ID.findall(answer.content.decode())
    if answer.status_code != 200 or not found:
        raise BenchError(f"The ticket list answers {answer.status_code} and shows {len(found)} tickets.")

    def act() -> None:
        if found[0] not in client.get(path).content.decode():
            raise BenchError("The ticket list does not show its first ticket any more.")

    def plan(**options: Any) -> Plan:
        headers = {"Host": shop.host, "Cookie": _cookies(client)}
        return Plan(port=settings.PORT, path=path, headers=headers, expect_status=200, expect_text=found[0], **options)

    act()
    return Page("list", act, plan, capture(act))


def form_page(shop: Shop) -> Page:
    """A guest opens the enquiry form: the help-centre page that stands for the others."""
    path = reverse("helpcenter:enquiry", args=(shop.service.service_id,), urlconf=settings.ORGANIZATION_URLCONF)
    client = shop.browser()

    def act() -> None:
        answer = client.get(path)
        if answer.status_code != 200 or not _CSRF.search(answer.content.decode()):
            raise BenchError(f"The enquiry form answers {answer.status_code} and shows no form.")

    def plan(**options: Any) -> Plan:
        return Plan(
            port=settings.PORT,
            path=path,
            headers={"Host": shop.host, "Cookie": _cookies(client)},
            expect_status=200,
            expect_text="csrfmiddlewaretoken",
            **options,
        )

    act()
    return Page("form", act, plan, capture(act))


def enquiry_page(shop: Shop) -> Page:
    """A guest sends the enquiry form. Every guest has an address of his own, since one may send 20 an hour."""
    path = reverse("helpcenter:enquiry", args=(shop.service.service_id,), urlconf=settings.ORGANIZATION_URLCONF)
    client = shop.browser(enforce_csrf_checks=True)
    page = client.get(path, REMOTE_ADDR="127.0.0.1")
    token = _CSRF.search(page.content.decode())
    if page.status_code != 200 or token is None:
        raise BenchError(f"The enquiry form answers {page.status_code} and shows no form.")
    form = _enquiry(shop) | {"csrfmiddlewaretoken": token[1]}
    sent: list[str] = []

    def act() -> None:
        form_id = secrets.token_hex(16)
        body = urlencode({name: value.replace(UNIQUE, form_id) for name, value in form.items()})
        answer = client.post(path, body, content_type=_FORM, REMOTE_ADDR=next(_addresses))
        _check_sent(answer)
        sent.append(form_id)

    def plan(**options: Any) -> Plan:
        headers = {"Host": shop.host, "Cookie": _cookies(client)}
        return Plan(
            port=settings.PORT,
            path=path,
            headers=headers,
            form=form,
            expect_status=302,
            expect_text="/hc/ticket/done/",
            visitors=next(_blocks),
            **options,
        )

    act()
    act()
    _keep_apart_from_microseconds()
    statements = capture(act)
    with service_scope(shop.service.organization_id, shop.service.pk):
        ticket = Ticket.objects.get(form_id=sent[-1])
    rules = [
        Rule(rf"\b{ticket.pk}\b", ":ticket_id"),
        Rule(r"$", r" \\gset ticket_", where=r'^INSERT INTO "tickets_ticket" '),
        Rule(re.escape(ticket.ticket_id), "T:drawn"),
        Rule(sent[-1], "bench000000000:drawn"),
        Rule(r"'[0-9a-f]{64}'", "'bench-:visitor'", where=r"^\s*INSERT INTO core_limitcounter"),
    ]
    variables = [
        r"\set drawn random(100000000000000000, 999999999999999999)",  # with its T as long as a ticket ID
        r"\set visitor random(1, 100000)",
    ]
    return Page("enquiry", act, plan, statements, rules, variables)


def count_tickets() -> int:
    """Return the number of all tickets of all tenants."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tickets_ticket")
        return int(cursor.fetchone()[0])


def forget_jobs() -> None:
    """Remove jobs that pgbench has queued: their tickets are the benchmark's, and the worker has better to do."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")


def _enquiry(shop: Shop) -> dict[str, str]:
    with service_scope(shop.service.organization_id, shop.service.pk):
        category = Category.objects.get()
    return {
        "form_id": UNIQUE,
        "category": str(category.pk),
        "name": "홍길동",
        "email": f"{UNIQUE}@example.com",
        "phone": "010-1234-5678",
        "subject": SUBJECTS[0],
        "content": "\n".join(SENTENCES[:4]),
        "personal_agree": "on",
    }


def _check_sent(answer: HttpResponse) -> None:
    if answer.status_code != 302 or "/hc/ticket/done/" not in answer["Location"]:
        raise BenchError(f"Sending the enquiry form answers {answer.status_code}.")


def _cookies(client: Client) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def _keep_apart_from_microseconds() -> None:
    """Give the next ticket a number of more digits than the fraction of a second has, so that it stands out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('tickets_ticket', 'id'), 70000000)")
