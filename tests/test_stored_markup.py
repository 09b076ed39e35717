"""Markup that people store is text wherever it is shown: to staff, to customers, in mails and in the mail viewer."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from daedap.core.mail.kept import list_kept_mails
from daedap.core.scoping import service_scope
from daedap.helpcenter.models import CompanyInformation
from daedap.members.models import LoginType, MemberSession
from daedap.members.sessions import cookie_name, open_session
from daedap.tickets import actions
from daedap.tickets.actions.additions import use_addition
from daedap.tickets.models import Status
from tests import factories
from tests.jobs import run_jobs

EVIL = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}"
RUNS = re.compile(r"<(?:img|script)[^>]*(?:onerror|>alert)|<script>alert|<img src=x", re.IGNORECASE)


@pytest.fixture
def hostile(acme, shop, agent):
    """A tenant in which every name that people choose is markup, and a member's ticket with an answer of it."""
    acme.name = EVIL[:70]
    acme.save()
    shop.name = EVIL
    shop.save()
    for who in (agent.member.user, agent):
        who.name = EVIL[:60]
        who.save()
    company = factories.make_company_information(shop, company=EVIL, copyright=EVIL, terms_title=EVIL, terms=EVIL)
    company.name = EVIL
    company.save()
    factories.integrate(shop, token_verification_url="https://x.example/")
    with service_scope(acme.pk, shop.pk):
        member = factories.make_member(shop, username=EVIL[:50])
        ticket = factories.make_ticket(
            shop, member=member, subject=EVIL, content=EVIL, customer_name=EVIL, customer_email="kim@example.com"
        )
        actor = agent.as_actor()
        actions.take_ticket(ticket_id=ticket.ticket_id, agent=agent, actor=actor)
        for body in (EVIL, f"<p onclick=alert(1)>{EVIL}</p><a href='javascript:alert(1)'>x</a>"):
            actions.add_comment(ticket_id=ticket.ticket_id, agent=agent, body=body, actor=actor)
        ticket.refresh_from_db()
        actions.answer_ticket(
            ticket_id=ticket.ticket_id, agent=agent, to=Status.SOLVED, body=f"<p>{EVIL}</p>",
            version=ticket.version, request_id=None, actor=actor,
        )  # fmt: skip
        addition_id = actions.store_addition(service=shop, content=EVIL, is_visible=True)
        assert use_addition(ticket, addition_id)
        actions.ask_again(
            ticket_id=ticket.ticket_id, member=member, content=EVIL, file_ids=[], uploader="", request_id=None,
            actor=member.as_actor(),
        )  # fmt: skip
        secret = open_session(service=shop, member=member, login_type=LoginType.GET)
    return ticket, secret


def check(page):
    assert RUNS.search(page) is None, RUNS.search(page)
    assert "javascript:alert" not in page
    assert "onclick=" not in page
    assert "{49}" not in page


def test_given_markup_in_every_name_and_text_when_staff_look_then_it_is_text(
    acme, shop, agent, owner, client_of, hostile
):
    ticket, _ = hostile
    detail = f"/shop/tickets/{ticket.ticket_id}/"
    for path in ("/shop/tickets/", "/shop/tickets/?q=<script>alert(1)</script>", detail, f"{detail}?tab=events"):
        page = client_of(acme, agent).get(path)
        assert page.status_code == 200
        check(page.text)
        part = client_of(acme, agent).get(path, headers={"hx-request": "true", "hx-target": "ticket-side"})
        check(part.text)
    [company] = CompanyInformation._base_manager.all()
    information = f"/admin/company-information/{company.pk}/"
    for path in (
        "/admin/services/",
        "/admin/organization/",
        "/admin/company-information/",
        information,
        f"{information}delete/",
        "/shop/agents/",
        f"/shop/agents/{agent.pk}/",
    ):
        page = client_of(acme, owner).get(path)
        assert page.status_code == 200
        check(page.text)


def test_given_markup_in_every_name_and_text_when_the_member_looks_then_it_is_text(acme, shop, client_of, hostile):
    ticket, secret = hostile
    client = client_of(acme)
    client.cookies[cookie_name()] = secret
    shown = 0
    for path in (
        "/shop/hc/",
        "/shop/hc/ticket/",
        "/shop/hc/ticket/list/",
        f"/shop/hc/ticket/list/{ticket.ticket_id}/",
        "/shop/hc/terms/",
    ):
        page = client.get(path)
        assert page.status_code == 200
        check(page.text)
        shown += "&lt;img src=x" in page.text
    assert shown == 5


def test_given_markup_in_every_name_and_text_when_the_founder_looks_then_it_is_text(
    acme, founder, platform_client, hostile
):
    platform_client.force_login(founder)
    names = ("organization", "members", "organization-settings", "wizard-done")
    for path in ["/console/", *(reverse(f"portal:{name}", args=[acme.public_id]) for name in names)]:
        page = platform_client.get(path)
        assert page.status_code == 200
        check(page.text)


def test_given_markup_in_an_answer_when_it_is_mailed_then_mail_and_viewer_show_text(
    settings, tmp_path, platform_client, hostile
):
    settings.EMAIL_BACKEND = "daedap.core.mail.backends.KeptMailBackend"
    settings.MAIL_FOLDER = tmp_path / "mail"
    run_jobs()
    [kept] = list_kept_mails()
    assert kept.recipient == "kim@example.com"
    check(kept.html)
    assert "&lt;img src=x" in kept.html
    for path in ("/-/mail/", f"/-/mail/{kept.name}/", f"/-/mail/{kept.name}/html/"):
        check(platform_client.get(path).text)


def test_given_a_session_of_one_service_when_used_elsewhere_then_a_guest(
    acme, shop, beta, beta_shop, client_of, hostile
):
    ticket, secret = hostile
    other = factories.make_service(acme, "other")
    for organization, service in ((acme, other), (beta, beta_shop)):
        factories.integrate(service)
        client = client_of(organization)
        client.cookies[cookie_name()] = secret
        page = client.get(f"/{service.service_id}/hc/ticket/list/{ticket.ticket_id}/")
        assert (page.status_code, page.headers["Location"]) == (302, f"/{service.service_id}/hc/ticket/")
    assert MemberSession._base_manager.count() == 1
