"""What somebody tries who wants in: one part per attack, over every way in and both trees of addresses.

Parts that have a test of their own beside the code are named in docs/security.md and not repeated here.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from daedap.accounts.links import issue_link
from daedap.accounts.models import LinkKind, PlatformMember, User
from daedap.core.models import OutgoingMail
from daedap.core.scoping import organization_scope, service_scope
from daedap.files.models import PlatformFile
from daedap.organizations.models import IamMember, Organization
from daedap.services.models import Agent, Role
from daedap.tickets.models import Ticket
from tests import factories
from tests.jobs import queued, run_jobs
from tests.test_hostile_input import FOREIGN
from tests.test_permissions import EVERYBODY, ORGANIZATION_SITE, addresses, ask, make_browsers, make_objects

PASSWORD, OTHER = factories.PASSWORD, "River!83"
NEW = {"password": OTHER, "again": OTHER}
DAYS_91 = timedelta(days=91)


def platform_browser(**options):
    return Client(headers={"host": settings.BASE_HOST}, **options)


def mailed_link(mailoutbox, prefix):
    run_jobs()
    return re.search(rf"https?://[^/\s]+({prefix}\S+)", mailoutbox[-1].body)[1]


# --- Session fixation ----------------------------------------------------------------------------


def plant(client):
    """Put a session into the browser that the attacker knows, and return its key."""
    session = SessionStore()
    session["planted"] = True
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return session.session_key


def enter_platform(client, founder, owner, mailoutbox):
    assert client.post("/login/", {"email": founder.email, "password": PASSWORD}).status_code == 302


def enter_platform_with_code(client, founder, owner, mailoutbox):
    PlatformMember.objects.filter(user=founder).update(second_factor="email")
    enter_platform(client, founder, owner, mailoutbox)
    run_jobs()
    code = re.search(r"\b(\d{6})\b", mailoutbox[-1].body)[1]
    assert client.post("/login/code/", {"code": code}).status_code == 302


def enter_platform_with_old_password(client, founder, owner, mailoutbox):
    User.objects.filter(pk=founder.pk).update(password_set_at=timezone.now() - DAYS_91)
    enter_platform(client, founder, owner, mailoutbox)
    assert client.post("/login/change-password/", NEW).status_code == 302


def enter_platform_by_sign_up(client, founder, owner, mailoutbox):
    client.post("/signup/", {"country": "KR"})
    client.post("/signup/type/", {"membership_type": "individual"})
    client.post("/signup/terms/", {"service": "on", "privacy": "on", "age": "on"})
    client.post("/signup/email/", {"email": "fresh@example.com"})
    client.post(mailed_link(mailoutbox, "/signup/verify/"))
    facts = {"password": PASSWORD, "again": PASSWORD, "name": "김", "mobile": "010-1234-5678"}
    assert client.post("/signup/information/", facts).url == "/welcome/"


def enter_organization(client, founder, owner, mailoutbox):
    assert client.post("/login/", {"login_id": "owner", "password": PASSWORD}).status_code == 302


def enter_organization_with_old_password(client, founder, owner, mailoutbox):
    User.objects.filter(pk=owner.user.pk).update(password_set_at=timezone.now() - DAYS_91)
    enter_organization(client, founder, owner, mailoutbox)
    assert client.post("/login/change-password/", NEW).status_code == 302


WAYS_IN = [
    ("platform", enter_platform),
    ("platform", enter_platform_with_code),
    ("platform", enter_platform_with_old_password),
    ("platform", enter_platform_by_sign_up),
    ("organization", enter_organization),
    ("organization", enter_organization_with_old_password),
]


@pytest.mark.parametrize(("site", "enter"), WAYS_IN, ids=[enter.__name__ for _site, enter in WAYS_IN])
def test_given_planted_session_when_somebody_signs_in_then_the_attacker_has_nothing(
    site, enter, founder, acme, owner, client_of, mailoutbox
):
    client, spy = (platform_browser(), platform_browser()) if site == "platform" else (client_of(acme), client_of(acme))
    planted = plant(client)
    enter(client, founder, owner, mailoutbox)
    assert "_auth_user_id" in client.session
    assert client.session.session_key != planted
    assert "planted" not in client.session  # nor anything else that somebody else knows
    assert "_auth_user_id" not in SessionStore(planted)
    spy.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert spy.get("/me/" if site == "platform" else "/console/me/").url.startswith("/login/")


# --- Forged forms (CSRF) -------------------------------------------------------------------------

SIGNED_OTHERWISE = ("openapi:", "remote_login:", "portal:payment-notice")
"""Called by other systems, which sign each request and use no session of ours."""


class Objects(dict[str, object]):
    """The parameters of addresses; a number that nobody has for those that do not matter here."""

    def __missing__(self, name: str) -> object:
        return 999_999_999


def without_token(client, urlconf, objects):
    """Return the addresses that took a POST without a token."""
    taken = []
    for address in addresses(urlconf):
        answer = ask(client, "post", urlconf, address, objects)
        if not (answer.status_code == 403 and "csrfmiddlewaretoken" not in answer.text):
            taken.append(address.name)
    return [name for name in taken if not name.startswith(SIGNED_OTHERWISE)]


def test_given_owner_with_open_session_when_another_site_posts_to_any_organization_address_then_403(
    acme, owner, shop, agent, client_of
):
    objects = Objects(make_objects(shop, agent))
    client = client_of(acme, owner, enforce_csrf_checks=True)
    assert without_token(client, settings.ORGANIZATION_URLCONF, objects) == []


def test_given_founder_with_open_session_when_another_site_posts_to_any_platform_address_then_403(acme, founder):
    client = platform_browser(enforce_csrf_checks=True)
    client.force_login(founder)
    objects = platform_objects(acme, founder)
    assert without_token(client, settings.ROOT_URLCONF, objects) == []


def platform_objects(organization, member):
    return Objects(
        public_id=organization.public_id,
        method_id=member.payment_methods.get().pk,
        member_id=factories.make_iam_member(organization).pk,
        token="t" * 43,
    )


# --- Open redirect -------------------------------------------------------------------------------

ENCODED = ["/%2f%2fevil.example", "%2f%2fevil.example", "/%5cevil.example", "//evil.example/%2e%2e", "/\u2028/evil"]


def stays_here(answer):
    location = urlsplit(answer.headers["Location"])
    return not location.scheme and not location.netloc and not answer.headers["Location"].startswith(("//", "/\\"))


@pytest.mark.parametrize("target", [*FOREIGN, *ENCODED])
def test_given_foreign_next_when_a_step_of_sign_in_is_done_then_the_visitor_stays_here(
    target, founder, acme, owner, client_of, mailoutbox
):
    """The log-in pages themselves and the language: tests/test_hostile_input.py."""
    aged = timezone.now() - DAYS_91
    User.objects.filter(pk__in=[founder.pk, owner.user.pk]).update(password_set_at=aged)
    PlatformMember.objects.filter(user=founder).update(second_factor="email")
    browser = platform_browser()
    first = browser.post("/login/", {"email": founder.email, "password": PASSWORD, "next": target})
    run_jobs()
    code = re.search(r"\b(\d{6})\b", mailoutbox[-1].body)[1]
    second = browser.post("/login/code/", {"code": code, "next": target})
    third = browser.post("/login/change-password/", NEW | {"next": target})
    confirmed = browser.post("/me/confirm/", {"password": OTHER, "next": target})
    staff = client_of(acme)
    fourth = staff.post("/login/", {"login_id": "owner", "password": PASSWORD, "next": target})
    fifth = staff.post("/login/change-password/", {"later": "1", "next": target})
    for answer in (first, second, third, confirmed, fourth, fifth):
        assert answer.status_code == 302
        assert stays_here(answer), answer.headers["Location"]
        query = answer.headers["Location"].partition("?")[2]
        assert "evil.example" not in query or target in ENCODED


# --- Host header ---------------------------------------------------------------------------------

HOSTS = [
    {"host": "localhost", "x-forwarded-host": "evil.example"},
    {"host": "localhost", "forwarded": "host=evil.example"},
    {"host": "localhost:9999"},
    {"host": "LOCALHOST."},
    {"host": "localhost", "x-forwarded-proto": "https", "x-forwarded-port": "1"},
]


@pytest.mark.parametrize("headers", HOSTS, ids=str)
def test_given_strange_host_headers_when_mails_are_asked_for_then_their_links_come_from_the_settings(
    headers, founder, mailoutbox
):
    browser = Client(headers=headers)
    assert browser.post("/login/find-password/", {"email": founder.email}).status_code == 200
    browser.post("/signup/", {"country": "KR"})
    browser.post("/signup/type/", {"membership_type": "individual"})
    browser.post("/signup/terms/", {"service": "on", "privacy": "on", "age": "on"})
    browser.post("/signup/email/", {"email": "fresh@example.com"})
    run_jobs()
    assert len(mailoutbox) == 2
    for mail in mailoutbox:
        links = re.findall(r"https?://\S+", mail.body)
        assert links
        assert all(link.startswith(f"{settings.PUBLIC_URL}/") for link in links), links
        assert "evil.example" not in str(mail.message())


@pytest.mark.parametrize("host", ["localhost@evil.example", "evil.example", "localhost.evil.example", "evil@localhost"])
def test_given_host_that_is_not_ours_when_a_mail_is_asked_for_then_none_leaves(host, founder):
    answer = Client(headers={"host": host}).post("/login/find-password/", {"email": founder.email})
    assert answer.status_code in {400, 404}
    run_jobs()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("host", ["ACME.oc.localhost.", "acme.oc.localhost:1"])
def test_given_strange_host_of_an_organization_when_a_mail_is_asked_for_then_its_link_comes_from_the_settings(
    host, acme, owner, mailoutbox
):
    headers = {"host": host, "x-forwarded-host": "evil.example"}
    facts = {"login_id": "owner", "email": owner.user.email}
    assert Client(headers=headers).post("/login/find-password/", facts).status_code == 302
    run_jobs()
    assert acme.url.rstrip("/") in mailoutbox[-1].body
    assert "evil.example" not in str(mailoutbox[-1].message())


# --- Who has an account --------------------------------------------------------------------------


@pytest.fixture
def hashes(monkeypatch):
    """Count the Argon2 computations: that, and not a clock, says how long an answer takes."""
    computed = []
    for name in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, name)
        monkeypatch.setattr(
            Argon2PasswordHasher,
            name,
            lambda self, *args, _real=real, **facts: (computed.append(1), _real(self, *args, **facts))[1],
        )
    return computed


def plain(answer):
    """Return what a visitor sees, without the token of the form and without what they typed themselves."""
    text = re.sub(r"\b\w{64}\b", "", answer.text)
    return answer.status_code, re.sub(r"[\w.-]+@example\.com", "@", text)


def test_given_any_address_when_the_platform_refuses_then_answer_and_work_are_the_same(founder, hashes):
    PlatformMember.objects.filter(user=founder).update(second_factor="email")
    factories.make_platform_member(email="inactive@example.com")
    User.objects.filter(login_id="inactive@example.com").update(is_active=False)
    User.objects.create_user(realm="", login_id="empty@example.com", email="empty@example.com", name="x")
    seen = set()
    for email in (founder.email, "inactive@example.com", "empty@example.com", "nobody@example.com"):
        hashes.clear()
        answer = platform_browser().post("/login/", {"email": email, "password": "Wrong!72"})
        seen.add((*plain(answer), len(hashes)))
    assert len(seen) == 1
    assert next(iter(seen))[2] == 1


def test_given_any_id_when_an_organization_refuses_then_answer_and_work_are_the_same(acme, owner, client_of, hashes):
    factories.make_iam_member(acme, "empty", password=None)
    factories.make_iam_member(acme, "left", status="leaved")
    seen = set()
    for login_id, password in (("owner", "Wrong!72"), ("empty", PASSWORD), ("left", PASSWORD), ("nobody", PASSWORD)):
        hashes.clear()
        answer = client_of(acme).post("/login/", {"login_id": login_id, "password": password})
        seen.add((answer.status_code, plain(answer)[1].replace(f'value="{login_id}"', ""), len(hashes)))
    assert len(seen) == 1


def test_given_known_or_unknown_address_when_signing_up_then_same_answer_same_mail_same_jobs(founder, mailoutbox):
    seen = set()
    for email in (founder.email, "nobody@example.com"):
        browser = platform_browser()
        browser.post("/signup/", {"country": "KR"})
        browser.post("/signup/type/", {"membership_type": "individual"})
        browser.post("/signup/terms/", {"service": "on", "privacy": "on", "age": "on"})
        sent = browser.post("/signup/email/", {"email": email})
        jobs = tuple(job.task_name for job in queued())
        run_jobs()
        seen.add((sent.url, jobs, mailoutbox[-1].subject, plain(browser.get("/signup/email/"))))
    assert len(seen) == 1


# --- One link, two at once -----------------------------------------------------------------------


def at_once(*calls):
    def run(call):
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["reset", "sign-up"])
def test_given_one_mailed_link_when_two_browsers_use_it_at_once_then_exactly_one_wins(kind):
    """Other links: accounts/tests/test_links.py, portal/tests/test_account.py."""
    user = factories.make_platform_member()
    if kind == "reset":
        token = issue_link(kind=LinkKind.RESET_PASSWORD, lifetime=timedelta(minutes=30), user=user)
        path, facts, won = f"/login/password/{token}/", [NEW, {"password": "Ocean!91", "again": "Ocean!91"}], 302
    else:
        token = issue_link(kind=LinkKind.VERIFY_EMAIL, lifetime=timedelta(hours=1), subject="x")
        path, facts, won = f"/signup/verify/{token}/", [{}, {}], 200
    got = at_once(*[lambda one=one: platform_browser().post(path, one).status_code for one in facts])
    assert got == [won, 410]
    user.refresh_from_db()
    assert sum(user.check_password(one["password"]) for one in facts if one) == (1 if kind == "reset" else 0)


# --- Guessing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", ["platform", "organization"])
def test_given_thirty_ids_tried_from_one_address_when_the_right_password_comes_then_refused_only_there(
    site, founder, acme, owner, client_of
):
    field, known = ("email", founder.email) if site == "platform" else ("login_id", "owner")
    browser = platform_browser() if site == "platform" else client_of(acme)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number in range(30):
            browser.post("/login/", {field: f"guess{number}@example.com", "password": "Wrong!72"})
        right = {field: known, "password": PASSWORD}
        paused = browser.post("/login/", right)
        assert paused.status_code == 422
        assert "분간 로그인할 수 없습니다" in paused.text
        assert browser.post("/login/", right, REMOTE_ADDR="203.0.113.9").status_code == 302
        clock.shift(timedelta(minutes=10, seconds=1))
        assert browser.post("/login/", right).status_code == 302


@pytest.mark.parametrize("site", ["platform", "organization"])
def test_given_one_id_tried_from_five_addresses_when_the_right_password_comes_then_locked_everywhere(
    site, founder, acme, owner, client_of
):
    field, known = ("email", founder.email) if site == "platform" else ("login_id", "owner")
    browser = platform_browser() if site == "platform" else client_of(acme)
    for number in range(5):
        browser.post("/login/", {field: known, "password": "Wrong!72"}, REMOTE_ADDR=f"203.0.113.{number}")
    answer = browser.post("/login/", {field: known.upper(), "password": PASSWORD}, REMOTE_ADDR="198.51.100.7")
    assert answer.status_code == 422
    assert "_auth_user_id" not in browser.session


# --- Mass assignment -----------------------------------------------------------------------------

FORGED = {
    "is_owner": "on",
    "is_administrator": "on",
    "is_staff": "on",
    "is_superuser": "on",
    "is_active": "on",
    "realm": "",
    "role": "administrator",
    "status": "member",
    "verification": "approved",
    "membership_type": "business",
    "user": "1",
    "organization": "1",
    "creator": "1",
    "controls_assignment": "on",
    "password_set_at": "2030-01-01",
}


def rights(user):
    user.refresh_from_db()
    return user.realm, user.is_staff, user.is_superuser, list(user.groups.all())


def test_given_forged_fields_when_a_visitor_signs_up_then_an_ordinary_member(db, mailoutbox):
    browser = platform_browser()
    browser.post("/signup/", {"country": "KR"} | FORGED)
    browser.post("/signup/type/", FORGED | {"membership_type": "individual"})
    browser.post("/signup/terms/", {"service": "on", "privacy": "on", "age": "on"} | FORGED)
    browser.post("/signup/email/", {"email": "fresh@example.com"} | FORGED)
    browser.post(mailed_link(mailoutbox, "/signup/verify/"), FORGED)
    facts = {"password": PASSWORD, "again": PASSWORD, "name": "김", "mobile": "010-1234-5678", "business_number": "1"}
    assert browser.post("/signup/information/", FORGED | facts).url == "/welcome/"
    user = User.objects.get(login_id="fresh@example.com")
    assert rights(user) == ("", False, False, [])
    assert (user.platform_member.membership_type, user.platform_member.verification) == ("individual", "not_needed")


def test_given_forged_fields_when_a_member_edits_their_account_then_no_right_is_gained(founder):
    browser = platform_browser()
    browser.force_login(founder)
    assert browser.post("/me/edit/", FORGED | {"name": "김", "mobile": "010-1234-5678"}).status_code == 302
    browser.post("/me/email/", FORGED | {"email": "new@example.com", "current": PASSWORD})
    assert browser.post("/me/password/", FORGED | {"current": PASSWORD, **NEW}).status_code == 302
    assert rights(founder) == ("", False, False, [])
    assert founder.platform_member.membership_type == "individual"


def test_given_forged_fields_when_a_member_is_registered_or_invited_then_without_any_right(
    acme, owner, founder, client_of
):
    browser = platform_browser()
    browser.force_login(founder)
    facts = {"login_id": "forged", "name": "김", "email": "f@example.com"}
    browser.post(f"/console/{acme.public_id}/members/new/", FORGED | facts)
    client_of(acme, owner).post("/admin/administrators/invite/", FORGED | facts | {"login_id": "invited"})
    with organization_scope(acme.pk):
        for login_id in ("forged", "invited"):
            member = IamMember.objects.get(user__login_id=login_id)
            assert (member.is_owner, member.is_administrator) == (False, False)
            assert member.user.realm == acme.public_id
            assert not member.user.is_staff
            assert not member.user.has_usable_password()


def test_given_forged_fields_when_an_agent_uses_their_own_forms_then_nothing_is_gained(acme, shop, agent, client_of):
    client = client_of(acme, agent)
    client.post("/console/me/", FORGED | {"language": "en"})
    client.post("/console/me/assignment/", FORGED | {"service": "shop", "takes_tickets": "on"})
    client.post("/console/me/password/", FORGED | {"current": PASSWORD, **NEW})
    with service_scope(acme.pk, shop.pk):
        now = Agent.objects.get(pk=agent.pk)
        assert (now.role, now.controls_assignment) == (Role.AGENT, agent.controls_assignment)
    with organization_scope(acme.pk):
        member = IamMember.objects.get(pk=agent.member_id)
        assert (member.is_owner, member.is_administrator) == (False, False)
    assert rights(member.user) == (acme.public_id, False, False, [])


# --- Objects of the other tenant -----------------------------------------------------------------


def test_given_ids_of_the_other_tenant_when_sent_to_any_staff_address_then_404_and_nothing_changed(
    shop, agent, beta, beta_shop, stranger
):
    clients = {role: browser.client() for role, browser in make_browsers(shop, agent, stranger).items()}
    ticket = factories.make_ticket(beta_shop)
    foreign = {"ticket_id": ticket.ticket_id, "agent_id": stranger.pk, "member_id": stranger.member.pk}
    objects = Objects(make_objects(shop, agent) | foreign)
    before = rows_of(beta, beta_shop)
    looked_at = 0
    for address in addresses(settings.ORGANIZATION_URLCONF):
        _method, allowed = ORGANIZATION_SITE[address.name]
        if allowed == EVERYBODY or not foreign.keys() & set(address.parameters):
            continue
        for role in sorted(allowed):
            for method in ("get", "post"):
                answer = ask(clients[role], method, settings.ORGANIZATION_URLCONF, address, objects)
                if method == "get" and answer.status_code == 302:  # what can only be posted leads back to its page
                    answer = clients[role].get(answer.headers["Location"])
                assert answer.status_code in {404, 405}, (address.name, role, method)
                looked_at += 1
    assert looked_at > 20
    assert rows_of(beta, beta_shop) == before


def rows_of(organization, service):
    with service_scope(organization.pk, service.pk):
        models = [list(model.objects.order_by("pk").values()) for model in (Agent, IamMember, Ticket)]
    return [list(Organization.objects.filter(pk=organization.pk).values()), *models]


def test_given_ids_of_another_founder_when_sent_to_any_platform_address_then_404_and_nothing_changed(
    acme, founder, beta, beta_shop
):
    browser = platform_browser()
    browser.post("/login/", {"email": founder.email, "password": PASSWORD})
    browser.post("/me/confirm/", {"password": PASSWORD})
    own, foreign = platform_objects(acme, founder), platform_objects(beta, beta.creator)
    before = rows_of(beta, beta_shop), list(beta.creator.payment_methods.values())
    for address in addresses(settings.ROOT_URLCONF):
        for name in {"public_id", "method_id", "member_id"} & set(address.parameters):
            mixed = Objects(own | {name: foreign[name]})  # one foreign ID among own ones
            for method in ("get", "post"):
                answer = ask(browser, method, settings.ROOT_URLCONF, address, mixed)
                assert answer.status_code in {404, 405}, (address.name, name, method)
    assert (rows_of(beta, beta_shop), list(beta.creator.payment_methods.values())) == before


# --- Active content as a certificate --------------------------------------------------------------

HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
CERTIFICATES = {
    "html": ("c.html", HTML),
    "html as pdf": ("c.pdf", HTML),
    "html as png": ("c.png", HTML),
    "svg": ("c.svg", SVG),
    "svg as jpg": ("c.jpg", SVG),
    "svg as png with declaration": ("c.png", b'<?xml version="1.0"?>' + SVG),
    "html before pdf": ("c.pdf", HTML + PDF),
    "two endings": ("c.pdf.html", PDF),
    "pdf as png": ("c.png", PDF),
    "png magic before html": ("c.png", b"\x89PNG\r\n\x1a\n" + HTML),
    "gif and script": ("c.jpg", b"GIF89a/*" + HTML + b"*/"),
}


@pytest.mark.parametrize("upload", CERTIFICATES.values(), ids=CERTIFICATES)
def test_given_active_content_when_sent_as_certificate_then_refused_and_nothing_is_kept(upload, db, mailoutbox):
    browser = platform_browser()
    browser.post("/signup/", {"country": "KR"})
    browser.post("/signup/type/", {"membership_type": "business"})
    browser.post("/signup/terms/", {"service": "on", "privacy": "on", "age": "on"})
    browser.post("/signup/email/", {"email": "fresh@example.com"})
    browser.post(mailed_link(mailoutbox, "/signup/verify/"))
    name, content = upload
    facts = {
        "password": PASSWORD,
        "again": PASSWORD,
        "name": "김",
        "mobile": "010-1234-5678",
        "company_name": "예스24",
        "business_number": "116-82-00276",
        "representative": "김대표",
        "business_type": "도소매",
        "business_item": "서적",
        "landline": "02-123-4567",
        "postcode": "06236",
        "address": "서울시",
    }
    # Whatever type the attacker claims for it
    file = SimpleUploadedFile(name, content, content_type="application/pdf")
    answer = browser.post("/signup/information/", facts | {"certificate": file})
    assert answer.status_code == 422
    assert "id_certificate_error" in answer.text
    assert not PlatformFile.objects.exists()
    assert not User.objects.exists()
