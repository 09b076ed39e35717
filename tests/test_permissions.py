"""Every address × every role. An address that is not in the table fails the first test.

Someone who may not open a page is sent to the login page (nobody), told so (403: a colleague without the right) or
learns nothing (404: another tenant's object). Hidden buttons are not looked at here: only what the server answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from daedap.organizations.models import ConsoleRole, Organization
from daedap.services.models import Agent, Role, Service
from tests import factories

# --- The organization's site ---------------------------------------------------------------------

ROLES = ("nobody", "stranger", "rightless", "agent", "administrator", "organization_administrator", "owner")
STAFF = set(ROLES) - {"nobody", "stranger"}
EVERYBODY = set(ROLES)
AGENTS = {"agent", "administrator"}
ADMINISTRATOR = {"administrator"}
ORGANIZATION = {"organization_administrator", "owner"}
AGENTS_MENU = ADMINISTRATOR | ORGANIZATION
SIGNED = {"a signature"}
"""Open to no role: only a signed call gets in, whoever sends it."""

ORGANIZATION_SITE: dict[str, tuple[str, set[str]]] = {
    "core:healthz": ("get", EVERYBODY),
    "core:readyz": ("get", EVERYBODY),
    "core:metrics": ("get", EVERYBODY),
    "core:language": ("post", EVERYBODY),
    "core:gallery": ("get", EVERYBODY),
    "core:mails": ("get", EVERYBODY),
    "core:mail": ("get", EVERYBODY),
    "core:mail_samples": ("get", EVERYBODY),
    "core:mail_sample_html": ("get", EVERYBODY),
    "core:mail_html": ("get", EVERYBODY),
    "organizations:login": ("get", EVERYBODY),
    "organizations:logout": ("post", EVERYBODY),
    "organizations:second_step": ("get", EVERYBODY),
    "organizations:second_step_state": ("get", EVERYBODY),
    "organizations:second_step_resend": ("post", EVERYBODY),
    "organizations:approve_sign_in": ("get", EVERYBODY),
    "organizations:change_password": ("get", EVERYBODY),
    "organizations:find_password": ("get", EVERYBODY),
    "organizations:find_password_sent": ("get", EVERYBODY),
    "organizations:set_password": ("get", EVERYBODY),
    "organizations:info": ("get", ORGANIZATION),
    "organizations:show_key": ("post", ORGANIZATION),
    "organizations:change_key": ("post", ORGANIZATION),
    "organizations:cut_key": ("get", ORGANIZATION),
    "organizations:administrators": ("get", ORGANIZATION),
    "organizations:administrator_add": ("get", ORGANIZATION),
    "organizations:administrator_remove": ("post", ORGANIZATION),
    "organizations:invite": ("get", ORGANIZATION),
    "organizations:invitation_resend": ("post", ORGANIZATION),
    "organizations:invitation_cancel": ("post", ORGANIZATION),
    "console:home": ("get", STAFF),
    "console:me": ("get", STAFF),
    "console:password": ("get", STAFF),
    "console:otp": ("get", STAFF),
    "console:otp_add": ("get", STAFF),
    "console:otp_delete": ("get", STAFF),
    "console:assignment": ("post", STAFF),
    "console:move_tab": ("post", STAFF),
    "services:list": ("get", ORGANIZATION),
    "services:add": ("get", ORGANIZATION),
    "services:access_log": ("get", AGENTS),
    "services:access_log_excel": ("get", AGENTS),
    "services:basics": ("get", ORGANIZATION),
    "services:banner_edit": ("post", ORGANIZATION),
    "services:state": ("get", ORGANIZATION),
    "services:terminate": ("get", ORGANIZATION),
    "services:banner": ("get", EVERYBODY),
    "billing:contract": ("get", ORGANIZATION),
    "services:permission_log": ("get", ORGANIZATION),
    "services:permission_log_excel": ("get", ORGANIZATION),
    "services:agents": ("get", AGENTS_MENU),
    "services:agent_invite": ("get", AGENTS_MENU),
    "services:invitation_resend": ("post", AGENTS_MENU),
    "services:invitation_cancel": ("post", AGENTS_MENU),
    "services:agent_add": ("get", AGENTS_MENU),
    "services:agent_edit": ("get", AGENTS_MENU),
    "services:agent_remove": ("post", AGENTS_MENU),
    "tickets:list": ("get", AGENTS),
    "tickets:detail": ("get", AGENTS),
    "tickets:take": ("post", AGENTS),
    "tickets:answer": ("post", AGENTS),
    "tickets:comment": ("post", AGENTS),
    "tickets:complete": ("post", AGENTS),
    "members:integration": ("get", ADMINISTRATOR),
    "members:connection-test": ("get", ADMINISTRATOR),
    "helpcenter_admin:company_list": ("get", ORGANIZATION),
    "helpcenter_admin:company_add": ("get", ORGANIZATION),
    "helpcenter_admin:company_edit": ("get", ORGANIZATION),
    "helpcenter_admin:company_delete": ("post", ORGANIZATION),
    "helpcenter_admin:composition": ("get", ADMINISTRATOR),
    "helpcenter:main": ("get", EVERYBODY),
    "helpcenter:terms": ("get", EVERYBODY),
    "helpcenter:enquiry": ("get", EVERYBODY),
    "helpcenter:upload": ("post", EVERYBODY),
    "helpcenter:enquiry_done": ("get", EVERYBODY),
    "helpcenter:enquiries": ("get", EVERYBODY),
    "helpcenter:enquiry_detail": ("get", EVERYBODY),
    "helpcenter:login": ("get", EVERYBODY),
    "helpcenter:login_status": ("post", EVERYBODY),
    "helpcenter:logout": ("post", EVERYBODY),
    "remote_login:client": ("post", EVERYBODY),
    "remote_login:server": ("post", EVERYBODY),
    "openapi:attachment": ("get", EVERYBODY),
    "openapi:public_service": ("get", EVERYBODY),
    "openapi:signed_service": ("get", SIGNED),
    "openapi:addition": ("post", SIGNED),
    "openapi:service": ("get", SIGNED),
    "openapi:service_list": ("get", SIGNED),
    "openapi:service_add": ("post", SIGNED),
    "openapi:service_disable": ("put", SIGNED),
    "openapi:service_enable": ("put", SIGNED),
    "openapi:service_key": ("put", SIGNED),
    "openapi:billing": ("get", SIGNED),
    "openapi:billing_list": ("get", SIGNED),
    "openapi:billing_of_service": ("get", SIGNED),
    "openapi:billing_add": ("post", SIGNED),
    "openapi:billing_update": ("put", SIGNED),
}

# --- The platform site ---------------------------------------------------------------------------

PLATFORM_ROLES = (
    "nobody",
    "newcomer",
    "other_founder",
    "founder",
    "console_owner",
    "console_admin",
    "member_admin",
    "console_member",
    "console_none",
    "operator",
)
MEMBERS = set(PLATFORM_ROLES) - {"nobody", "operator"}
FOUNDER = {"founder"}
CONSOLE_OWNERS = FOUNDER | {"console_owner"}
SETTERS = CONSOLE_OWNERS | {"console_admin"}
MEMBER_MANAGERS = SETTERS | {"member_admin"}
ANY_CONSOLE_ROLE = MEMBER_MANAGERS | {"console_member", "console_none"}
ALL_PLATFORM = set(PLATFORM_ROLES)

PLATFORM_SITE: dict[str, tuple[str, set[str]]] = {
    "core:healthz": ("get", ALL_PLATFORM),
    "core:readyz": ("get", ALL_PLATFORM),
    "core:metrics": ("get", ALL_PLATFORM),
    "core:language": ("post", ALL_PLATFORM),
    "core:gallery": ("get", ALL_PLATFORM),
    "core:mails": ("get", ALL_PLATFORM),
    "core:mail": ("get", ALL_PLATFORM),
    "core:mail_samples": ("get", ALL_PLATFORM),
    "core:mail_sample_html": ("get", ALL_PLATFORM),
    "core:mail_html": ("get", ALL_PLATFORM),
    "portal:home": ("get", ALL_PLATFORM),
    "portal:terms": ("get", ALL_PLATFORM),
    "portal:signup": ("get", ALL_PLATFORM),
    "portal:signup-type": ("get", ALL_PLATFORM),
    "portal:signup-terms": ("get", ALL_PLATFORM),
    "portal:signup-email": ("post", ALL_PLATFORM),
    "portal:signup-email-state": ("get", ALL_PLATFORM),
    "portal:signup-verify": ("get", ALL_PLATFORM),
    "portal:signup-mobile": ("get", ALL_PLATFORM),
    "portal:signup-information": ("get", ALL_PLATFORM),
    "portal:login": ("get", ALL_PLATFORM),
    "portal:login-code": ("get", ALL_PLATFORM),
    "portal:expired-password": ("get", ALL_PLATFORM),
    "portal:logout": ("post", ALL_PLATFORM),
    "portal:find-password": ("get", ALL_PLATFORM),
    "portal:new-password": ("get", ALL_PLATFORM),
    "portal:welcome": ("get", MEMBERS),
    "portal:profile": ("get", MEMBERS),
    "portal:edit": ("get", MEMBERS),
    "portal:mobile": ("get", MEMBERS),
    "portal:password": ("get", MEMBERS | {"operator"}),
    "portal:email": ("get", MEMBERS),
    "portal:email-cancel": ("post", MEMBERS),
    "portal:email-confirm": ("get", ALL_PLATFORM),
    "portal:leave": ("get", MEMBERS),
    "portal:left": ("get", ALL_PLATFORM),
    "portal:second-factor": ("get", MEMBERS),
    "portal:otp-add": ("get", MEMBERS),
    "portal:otp-delete": ("get", MEMBERS),
    "portal:confirm": ("get", MEMBERS),
    "portal:payment": ("get", MEMBERS),
    "portal:payment-add": ("get", MEMBERS),
    "portal:payment-identity": ("get", MEMBERS),
    "portal:payment-identity-code": ("post", MEMBERS),
    "portal:payment-data": ("get", MEMBERS),
    "portal:payment-status": ("get", MEMBERS),
    "portal:payment-notice": ("post", ALL_PLATFORM),
    "portal:payment-default": ("post", MEMBERS),
    "portal:payment-delete": ("post", MEMBERS),
    "portal:console": ("get", MEMBERS),
    "portal:organization-new": ("get", MEMBERS),
    "portal:organization": ("get", ANY_CONSOLE_ROLE),
    "portal:catalogue": ("get", SETTERS),
    "portal:members": ("get", MEMBER_MANAGERS),
    "portal:member-new": ("get", MEMBER_MANAGERS),
    "portal:member-resend": ("post", MEMBER_MANAGERS),
    "portal:member-remove": ("post", MEMBER_MANAGERS),
    "portal:member-detail": ("get", MEMBER_MANAGERS),
    "portal:member-owner": ("post", MEMBER_MANAGERS),
    "portal:member-unlock": ("post", MEMBER_MANAGERS),
    "portal:member-otp": ("post", MEMBER_MANAGERS),
    "portal:person-add": ("get", MEMBER_MANAGERS),
    "portal:person-role": ("post", MEMBER_MANAGERS),
    "portal:person-remove": ("post", MEMBER_MANAGERS),
    "portal:organization-domain": ("get", CONSOLE_OWNERS),
    "portal:organization-disable": ("get", SETTERS),
    "portal:organization-delete": ("get", FOUNDER),
    "portal:organization-settings": ("get", ANY_CONSOLE_ROLE),
    "portal:governance": ("get", SETTERS),
    "portal:wizard": ("get", SETTERS),
    "portal:wizard-domain": ("get", SETTERS),
    "portal:wizard-check": ("get", SETTERS),
    "portal:wizard-members": ("get", SETTERS),
    "portal:wizard-done": ("get", SETTERS),
}


@dataclass(frozen=True)
class Address:
    """One named pattern and the names of its parameters."""

    name: str
    parameters: tuple[str, ...]


def addresses(urlconf: str) -> list[Address]:
    """Return every named pattern of a URL tree but those of the operator site, which is Django's admin."""

    def walk(patterns: list[Any], namespace: str, inherited: tuple[str, ...]) -> Iterator[Address]:
        for pattern in patterns:
            parameters = inherited + tuple(pattern.pattern.converters)
            if isinstance(pattern, URLResolver):
                if pattern.namespace != "admin":
                    yield from walk(pattern.url_patterns, pattern.namespace or namespace, parameters)
            elif isinstance(pattern, URLPattern) and pattern.name:
                yield Address(f"{namespace}:{pattern.name}", parameters)

    return list(dict.fromkeys(walk(get_resolver(urlconf).url_patterns, "", ())))


def test_given_all_addresses_when_compared_then_each_is_in_the_table():
    assert {address.name for address in addresses(settings.ROOT_URLCONF)} == set(PLATFORM_SITE)
    assert {address.name for address in addresses(settings.ORGANIZATION_URLCONF)} == set(ORGANIZATION_SITE)


@dataclass(frozen=True)
class Browser:
    """Somebody who has signed in once, for all tests."""

    host: str
    cookies: dict[str, str]

    @classmethod
    def of(cls, client: Client) -> Browser:
        return cls(client.defaults["HTTP_HOST"], {name: cookie.value for name, cookie in client.cookies.items()})

    def client(self) -> Client:
        client = Client(headers={"host": self.host})
        client.cookies.load(self.cookies)
        return client


@dataclass(frozen=True)
class Tenant:
    """A tenant as its founder made it, with one service."""

    organization: Organization
    shop: Service


def make_tenant(name: str) -> Tenant:
    organization = factories.make_organization(name=name, domain=name.lower())
    return Tenant(organization, factories.make_service(organization, "shop"))


@pytest.fixture(scope="module")
def acme(rows_for_all):
    return make_tenant("Acme")


@pytest.fixture(scope="module")
def stranger(rows_for_all):
    """An agent of the other tenant."""
    return factories.make_agent(make_tenant("Beta").shop, "stranger", role=Role.ADMINISTRATOR)


@pytest.fixture(scope="module")
def agent(acme):
    return factories.make_agent(acme.shop, "agent")


def make_objects(shop: Service, agent: Agent) -> dict[str, Any]:
    """Return one object of each kind that an address can name, of the tenant of `shop`."""
    return {
        "information_id": factories.make_company_information(shop).pk,
        "service_id": shop.service_id,
        "ticket_id": factories.make_ticket(shop).ticket_id,
        "agent_id": agent.pk,
        "member_id": agent.member.pk,
        "device_id": 4711,
        "token": "t" * 43,
        "name": "20260101-000000-000000-abcdef",
        "receipt": "r" * 20,
        "public_id": "0" * 32,
        "kind": "password-reset",
        "language": "ko",
        "billing_id": shop.pk,
    }


def make_browsers(shop: Service, agent: Agent, stranger: Agent) -> dict[str, Browser]:
    """Return a browser of each role on the site of the tenant of `shop`; `stranger` belongs to another."""
    of = shop.organization
    people = {
        "nobody": None,
        "rightless": factories.make_iam_member(of, "nothing"),
        "agent": agent.member,
        "administrator": factories.make_agent(shop, "admin", role=Role.ADMINISTRATOR).member,
        "organization_administrator": factories.make_iam_member(of, "orgadmin", is_administrator=True),
        "owner": factories.make_iam_member(of, "owner", is_owner=True),
        "stranger": stranger.member,  # signed in as a user of the other tenant, on this one's host
    }
    browsers = {}
    for role, member in people.items():
        client = Client(headers={"host": f"{of.domain}{settings.ORGANIZATION_SUFFIX}"})
        if member is not None:
            factories.sign_in(client, member.user)
        browsers[role] = Browser.of(client)
    return browsers


@pytest.fixture(scope="module")
def organization_objects(acme, agent):
    return make_objects(acme.shop, agent)


@pytest.fixture(scope="module")
def organization_browsers(acme, agent, stranger):
    return make_browsers(acme.shop, agent, stranger)


@pytest.fixture
def organization_clients(organization_browsers, db):
    return {role: browser.client() for role, browser in organization_browsers.items()}


def ask(client: Client, method: str, urlconf: str, address: Address, objects: dict[str, Any]) -> Any:
    path = reverse(address.name, urlconf=urlconf, kwargs={name: objects[name] for name in address.parameters})
    return getattr(client, method)(path)


def outcome(response: Any) -> str:
    """Say in one word what the server answered."""
    if response.status_code == 302 and response.headers["Location"].startswith(("/login/?next=", "/operator/login/")):
        return "login"
    if response.status_code == 400 and b"Authorization is blank" in response.content:
        return "unsigned"
    return {403: "refused", 404: "unknown", 405: "wrong method"}.get(response.status_code, "answered")


@pytest.mark.parametrize("address", addresses(settings.ORGANIZATION_URLCONF), ids=lambda address: address.name)
def test_given_each_role_when_an_address_of_the_organization_site_is_asked_then_only_the_allowed_get_in(
    address, organization_clients, organization_objects
):
    method, allowed = ORGANIZATION_SITE[address.name]
    got = {
        role: outcome(ask(client, method, settings.ORGANIZATION_URLCONF, address, organization_objects))
        for role, client in organization_clients.items()
    }
    for role in ROLES:
        if allowed == SIGNED:
            assert got[role] == "unsigned", (role, got[role])
        elif role in allowed:
            assert got[role] in {"answered", "unknown"}, (role, got[role])
        elif role in {"nobody", "stranger"}:
            assert got[role] == "login", (role, got[role])
        else:
            assert got[role] == "refused", (role, got[role])


STAFF_PAGES_OF_A_SERVICE = [
    address
    for address in addresses(settings.ORGANIZATION_URLCONF)
    if "service_id" in address.parameters and ORGANIZATION_SITE[address.name][1] not in (EVERYBODY, SIGNED)
]


@pytest.mark.parametrize("address", STAFF_PAGES_OF_A_SERVICE, ids=lambda address: address.name)
def test_given_an_unknown_service_or_an_object_of_another_tenant_when_asked_then_404_A82_A51(
    address, organization_clients, organization_objects, stranger
):
    """Spec 10, A82; spec 50, A51."""
    method, allowed = ORGANIZATION_SITE[address.name]
    foreign = {
        "ticket_id": factories.make_ticket(stranger.service).ticket_id,
        "agent_id": stranger.pk,
        "member_id": stranger.member.pk,
        "service_id": "shop",
    }
    client = organization_clients[sorted(allowed)[0]]
    elsewhere = organization_objects | {"service_id": "nowhere"}
    assert ask(client, method, settings.ORGANIZATION_URLCONF, address, elsewhere).status_code == 404
    if {"ticket_id", "agent_id", "member_id"} & set(address.parameters):
        assert (
            ask(client, method, settings.ORGANIZATION_URLCONF, address, organization_objects | foreign).status_code
            == 404
        )


@pytest.fixture(scope="module")
def platform_browsers(acme):
    of = acme.organization
    people = {
        "nobody": None,
        "newcomer": factories.make_platform_member(email="newcomer@example.com"),
        "other_founder": factories.make_organization().creator,
        "founder": of.creator,
        "console_owner": factories.make_console_member(of, ConsoleRole.OWNER).user,
        "console_admin": factories.make_console_member(of, ConsoleRole.ADMIN).user,
        "member_admin": factories.make_console_member(of, ConsoleRole.ORG_MEMBER_ADMIN).user,
        "console_member": factories.make_console_member(of, ConsoleRole.MEMBER).user,
        "console_none": factories.make_console_member(of, ConsoleRole.NONE).user,
    }
    browsers = {}
    for role, user in people.items():
        client = Client(headers={"host": settings.BASE_HOST})
        if user is not None:
            client.force_login(user)
        browsers[role] = Browser.of(client)
    return browsers


@pytest.fixture
def platform_clients(platform_browsers, db):
    return {role: browser.client() for role, browser in platform_browsers.items()}


@pytest.mark.parametrize("address", addresses(settings.ROOT_URLCONF), ids=lambda address: address.name)
def test_given_each_role_when_an_address_of_the_platform_is_asked_then_only_the_allowed_get_in(
    address, platform_clients, acme
):
    method, allowed = PLATFORM_SITE[address.name]
    founder = acme.organization.creator
    objects = {
        "public_id": acme.organization.public_id,
        "method_id": founder.payment_methods.get().pk,
        "device_id": 4711,
        "member_id": factories.make_iam_member(acme.organization).pk,
        "token": "t" * 43,
        "code": "use",
        "name": "20260101-000000-000000-abcdef",
        "kind": "password-reset",
        "language": "ko",
    }
    got = {
        role: outcome(ask(client, method, settings.ROOT_URLCONF, address, objects))
        for role, client in platform_clients.items()
    }
    for role, answer in got.items():
        if role in allowed:
            assert answer in {"answered", "unknown"}, (role, answer)
        elif role == "nobody":
            assert answer == "login", (role, answer)
        elif "public_id" in address.parameters and role in ANY_CONSOLE_ROLE:
            assert answer == "refused", (role, answer)
        else:
            assert answer in {"unknown", "answered"}, (role, answer)
    if "public_id" in address.parameters:
        assert got["other_founder"] == got["newcomer"] == "unknown"
        assert got["founder"] == ("unknown" if address.name.startswith("portal:person-r") else "answered")
    if "method_id" in address.parameters:
        assert founder.payment_methods.count() == 1


def test_given_each_staff_page_when_answered_then_its_headers_are_strict(organization_clients, organization_objects):
    for address in addresses(settings.ORGANIZATION_URLCONF):
        method, _ = ORGANIZATION_SITE[address.name]
        response = ask(
            organization_clients["owner"], method, settings.ORGANIZATION_URLCONF, address, organization_objects
        )
        if "text/html" not in response.headers.get("Content-Type", ""):
            continue
        is_mail = address.name in {"core:mail_html", "core:mail_sample_html"}  # mails carry their style with them
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in (policy.replace("style-src 'unsafe-inline'", "") if is_mail else policy)
        assert "unsafe-eval" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        body = response.content.decode()
        for inline in ("onclick=", "<script>", " style=", "javascript:"):
            assert inline not in body or (is_mail and inline == " style="), (address.name, inline)
