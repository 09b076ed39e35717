"""How many queries the pages need: at most twelve, and not one more where there are more rows (design, section 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from daedap.audit.actions import record_permission_change
from daedap.audit.models import Operation
from daedap.core.actors import SYSTEM
from daedap.core.crypto import random_letters_and_digits
from daedap.core.scoping import service_scope
from daedap.members.models import LoginEvent, LoginType, Member
from daedap.members.sessions import cookie_name, open_session
from daedap.organizations.models import ConsoleRole, CreationType, IamMember, Organization
from daedap.services.contract_items import ITEMS
from daedap.services.languages import list_codes
from daedap.services.models import Agent, ContractItem, Group, Role, Service, ServiceLanguage
from daedap.tickets.models import Entry, EntryType, EventCode, Source, Status, Ticket, TicketEvent
from tests import factories

BUDGET = 12
FEW, MANY = 2, 9
BOOKKEEPING = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")


@dataclass
class World:
    """Whom the pages are asked by, and where rows are added."""

    acme: Organization
    shop: Service
    administrator: Agent
    owner: IamMember
    member: Member
    ticket: Ticket
    client_of: Callable[..., Client]

    def staff(self) -> Client:
        return self.client_of(self.acme, self.administrator)

    def head(self) -> Client:
        return self.client_of(self.acme, self.owner)

    def visitor(self) -> Client:
        """The member's browser in the help centre."""
        client = self.client_of(self.acme)
        with service_scope(self.acme.pk, self.shop.pk):
            client.cookies[cookie_name()] = open_session(
                service=self.shop, member=self.member, login_type=LoginType.GET
            )
        return client

    def founder(self) -> Client:
        client = Client(headers={"host": settings.BASE_HOST})
        client.force_login(self.acme.creator)
        client.post("/me/confirm/", {"password": factories.PASSWORD})  # payment methods ask for it again
        return client

    def of_shop(self) -> dict[str, Any]:
        return {"organization": self.acme, "service": self.shop}


@pytest.fixture
def world(acme, shop, administrator, owner, client_of):
    member = factories.make_member(shop)
    ticket = factories.make_ticket(shop, member=member, source=Source.WEB, **in_hands_of(administrator))
    factories.integrate(shop)
    return World(acme, shop, administrator, owner, member, ticket, client_of)


# --- Rows ----------------------------------------------------------------------------------------


def in_hands_of(agent: Agent) -> dict[str, Any]:
    """Return what a ticket says when the agent works on it."""
    with service_scope(agent.organization_id, agent.service_id):
        group = Group.objects.get()
    return {"status": Status.OPEN, "assignee": agent, "group": group, "assigned_at": timezone.now()}


def add_tickets(world: World, count: int) -> None:
    for _ in range(count):
        writer = factories.make_member(world.shop)
        handler = factories.make_agent(world.shop)
        factories.make_ticket(world.shop, member=writer, **in_hands_of(handler))


def add_languages(world: World, count: int) -> None:
    with service_scope(world.acme.pk, world.shop.pk):
        taken = ServiceLanguage.objects.count()
        ServiceLanguage.objects.bulk_create(
            ServiceLanguage(**world.of_shop(), code=code, name=code) for code in list_codes()[taken : taken + count]
        )


def add_contract_items(world: World, count: int) -> None:
    with service_scope(world.acme.pk, world.shop.pk):
        taken = ContractItem.objects.count()
        ContractItem.objects.bulk_create(
            ContractItem(**world.of_shop(), code=code) for code in list(ITEMS)[taken : taken + count]
        )


def add_history(world: World, count: int) -> None:
    with service_scope(world.acme.pk, world.shop.pk):
        for _ in range(count):
            agent = factories.make_agent(world.shop)
            owned = {**world.of_shop(), "ticket": world.ticket}
            for kind in (EntryType.REPLY, EntryType.COMMENT):
                Entry.objects.create(
                    **owned, type=kind, agent=agent, author_name=agent.name, body="<p>네</p>", status=Status.OPEN,
                    created_at=world.ticket.created_at,
                )  # fmt: skip
            TicketEvent.objects.create(
                **owned, code=EventCode.COMMENTED, actor_kind="agent", actor_name=agent.name,
                created_at=world.ticket.created_at,
            )  # fmt: skip


def add_services(world: World, count: int) -> None:
    for _ in range(count):
        service = factories.make_service(world.acme)
        with service_scope(world.acme.pk, service.pk):
            ServiceLanguage.objects.create(organization=world.acme, service=service, code="en", name="English", order=1)


def add_own_services(world: World, count: int) -> None:
    for _ in range(count):
        service = factories.make_service(world.acme)
        factories.make_agent(service, member=world.administrator.member, role=Role.ADMINISTRATOR)


def add_agents(world: World, count: int) -> None:
    for _ in range(count):
        factories.make_agent(world.shop)


def add_login_events(world: World, count: int) -> None:
    with service_scope(world.acme.pk, world.shop.pk):
        for number in range(count):
            LoginEvent.objects.create(
                **world.of_shop(), ok=False, reason=f"reason_{number}", login_type=LoginType.GET, correlation="0" * 8
            )


def add_enquiries(world: World, count: int) -> None:
    for _ in range(count):
        factories.make_ticket(world.shop, member=world.member, source=Source.WEB)


def add_categories(world: World, count: int) -> None:
    for _ in range(count):
        factories.make_category(world.shop, f"분류 {random_letters_and_digits(6)}")


def add_iam_members(world: World, count: int) -> None:
    for _ in range(count):
        factories.make_iam_member(world.acme)


def add_console_members(world: World, count: int) -> None:
    for _ in range(count):
        factories.make_console_member(world.acme, ConsoleRole.MEMBER)


def add_organization_administrators(world: World, count: int) -> None:
    for _ in range(count):
        factories.make_iam_member(world.acme, is_administrator=True)


def add_invited(world: World, count: int) -> None:
    for _ in range(count):
        member = factories.make_iam_member(world.acme, password=None, creation_type=CreationType.INVITED)
        factories.make_agent(world.shop, member=member)


def add_permission_changes(world: World, count: int) -> None:
    for _ in range(count):
        record_permission_change(Operation.ADD, actor=SYSTEM, organization_id=world.acme.pk, service_id=world.shop.pk)


def add_company_information(world: World, count: int) -> None:
    for _ in range(count):
        factories.make_company_information(factories.make_service(world.acme))
    factories.make_company_information(world.shop)


def add_payment_methods(world: World, count: int) -> None:
    for _ in range(count):
        factories.make_payment_method(world.acme.creator, is_default=False)


def add_organizations(world: World, count: int) -> None:
    for _ in range(count):
        factories.make_iam_member(factories.make_organization(creator=world.acme.creator), is_owner=True)


# --- Pages ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """A page, who asks for it, and the rows that it could ask one by one."""

    name: str
    who: Callable[[World], Client]
    more: Callable[[World, int], None]
    arguments: Callable[[World], list[Any]] = lambda world: [world.shop.service_id]
    query: str = ""
    status: int = 200


def of_ticket(world: World) -> list[Any]:
    return [world.shop.service_id, world.ticket.ticket_id]


def of_organization(world: World) -> list[Any]:
    return [world.acme.public_id]


def of_nothing(world: World) -> list[Any]:
    return []


PAGES = [
    Page("tickets:list", World.staff, add_tickets, query="?menu=all"),
    Page("tickets:list", World.staff, add_own_services, query="?menu=all"),
    Page("tickets:detail", World.staff, add_history, of_ticket),
    Page("tickets:detail", World.staff, add_history, of_ticket, query="?tab=events"),
    Page("tickets:detail", World.staff, add_tickets, of_ticket),
    Page("services:list", World.head, add_services, of_nothing),
    Page("services:basics", World.head, add_languages),
    Page("billing:contract", World.head, add_contract_items),
    Page("services:agents", World.staff, add_agents),
    Page("services:agents", World.head, add_invited),
    Page("services:permission_log", World.head, add_permission_changes, of_nothing),
    Page("organizations:administrators", World.head, add_organization_administrators, of_nothing),
    Page("organizations:administrators", World.head, add_invited, of_nothing),
    Page("console:me", World.staff, add_own_services, of_nothing),
    Page("members:integration", World.staff, add_login_events),
    Page("helpcenter_admin:company_list", World.head, add_company_information, of_nothing),
    Page("helpcenter_admin:composition", World.staff, add_company_information),
    Page("helpcenter:main", World.visitor, add_enquiries),
    Page("helpcenter:main", World.visitor, add_company_information),
    Page("helpcenter:terms", World.visitor, add_company_information),
    Page("helpcenter:enquiry", World.visitor, add_categories),
    Page("helpcenter:enquiries", World.visitor, add_enquiries),
    Page("helpcenter:enquiry_detail", World.visitor, add_history, of_ticket),
    Page("console:home", World.staff, add_own_services, of_nothing, status=302),
    Page("console:me", World.staff, add_own_services, of_nothing),
    Page("organizations:info", World.head, add_iam_members, of_nothing),
    Page("portal:console", World.founder, add_organizations, of_nothing),
    Page("portal:organization", World.founder, add_services, of_organization),
    Page("portal:members", World.founder, add_iam_members, of_organization),
    Page("portal:members", World.founder, add_console_members, of_organization, query="?tab=platform"),
    Page("portal:payment", World.founder, add_payment_methods, of_nothing),
]


def queries(browser: Client, page: Page, address: str) -> list[str]:
    """Return the statements that read or write, once whatever is remembered between requests is remembered."""
    browser.get(address)
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(address)
    assert answer.status_code == page.status, answer
    return [query["sql"] for query in captured if not query["sql"].startswith(BOOKKEEPING)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.name}{page.query}-{page.more.__name__}")
def test_given_few_and_many_rows_when_opened_then_the_same_few_queries(world, page):
    # given
    is_platform = page.name.startswith("portal:")
    urlconf = settings.ROOT_URLCONF if is_platform else settings.ORGANIZATION_URLCONF
    address = reverse(page.name, urlconf=urlconf, args=page.arguments(world)) + page.query
    browser = page.who(world)
    page.more(world, FEW)
    few = queries(browser, page, address)
    # when
    page.more(world, MANY)
    many = queries(browser, page, address)
    # then
    assert len(many) == len(few), "\n".join(many)
    assert len(many) <= BUDGET, "\n".join(many)
