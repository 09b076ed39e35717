"""The demo tenant: filled by the same actions that people use, again without harm (design, section 4)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from daedap.accounts import mobile_check
from daedap.accounts.actions import set_password_by_link
from daedap.accounts.links import PASSWORD_KINDS, SET_PASSWORD_LIFETIME, VERIFY_EMAIL_LIFETIME, issue_link, use_link
from daedap.accounts.models import PLATFORM, LinkKind, User
from daedap.accounts.passwords import IAM_DEFAULT
from daedap.core.actors import SYSTEM, Actor, ActorKind
from daedap.core.crypto import hash_token, keyed_hash, new_token
from daedap.core.hosts import platform_url
from daedap.core.scoping import organization_scope, service_scope
from daedap.members.models import IntegrationSettings, LoginType, Member
from daedap.organizations import activation, domains, founding, members
from daedap.organizations.models import IamMember, Organization
from daedap.payments.actions import keep_method
from daedap.payments.kinds import MethodCode
from daedap.payments.providers import ProviderMethod
from daedap.payments.selectors import has_payment_method
from daedap.portal.actions import SignUp, sign_up
from daedap.portal.demo_tickets import CATEGORIES, ENQUIRIES, Enquiry, State
from daedap.portal.terms import TERMS
from daedap.services.actions import add_agent, add_service
from daedap.services.contracts import register_contract
from daedap.services.models import Agent, Role, Service, ServiceState
from daedap.services.selectors import list_groups
from daedap.tickets.actions import add_comment, answer_ticket, complete_ticket, create_enquiry, take_ticket
from daedap.tickets.actions import create_default_category as first_category
from daedap.tickets.models import Category, CategoryName, Entry, EntryType, Source, Status, Ticket, TicketEvent

EMAIL = "founder@demo.example"
MOBILE = "+821012345678"
PLATFORM_PASSWORD = "Founder!72"  # noqa: S105  printed for everybody: the demo is no secret
PASSWORD = "Daedap!72"  # noqa: S105  as above
PEOPLE = (("owner", "오너"), ("administrator", "박관리"), ("agent", "김상담"))
DOMAIN = "demo"
SERVICE, SERVICE_NAME = "shop", "쇼핑몰"
POST_SERVICE, POST_SERVICE_NAME = "web", "쇼핑몰 웹"  # the same shop, connected by the POST method


def fill_demo() -> dict[str, Any]:
    """Make the demo tenant, or what is missing of it, and return the facts that `daedap demo --json` prints."""
    founder = _founder()
    if not has_payment_method(founder):
        _card(founder)
    organization = _organization(founder)
    with organization_scope(organization.pk):
        members = {login_id: _member(organization, login_id, name) for login_id, name in PEOPLE}
        if not organization.is_active:
            owner = members["owner"]
            organization = activation.activate(
                organization=organization, owner_member_id=owner.pk, actor=founder.as_actor()
            )
        service = _service(organization, members["owner"], SERVICE, SERVICE_NAME)
        by_post = _service(organization, members["owner"], POST_SERVICE, POST_SERVICE_NAME)
    with service_scope(organization.pk, by_post.pk):
        for name, role in _ROLES.items():
            _agent(by_post, members[name], role)
        _integration_by_post(by_post)
        _categories(by_post)
    with service_scope(organization.pk, service.pk):
        agents = {name: _agent(service, members[name], role) for name, role in _ROLES.items()}
        _integration(service)
        if not Ticket.objects.exists():
            with transaction.atomic():
                _tickets(service, _Team(agents["agent"], agents["administrator"]))
    return _facts(organization, service, by_post)


_ROLES = {"administrator": Role.ADMINISTRATOR, "agent": Role.AGENT}


def _founder() -> User:
    found = User.objects.filter(realm=PLATFORM, login_id=EMAIL).first()
    if found is not None:
        return found
    subject = keyed_hash(EMAIL, purpose="sign-up")
    token = issue_link(kind=LinkKind.VERIFY_EMAIL, lifetime=VERIFY_EMAIL_LIFETIME, subject=subject)
    use_link(token, (LinkKind.VERIFY_EMAIL,))
    facts = SignUp(
        country="KR",
        membership_type="individual",
        terms=tuple(terms.code for terms in TERMS if terms.required),
        email=EMAIL,
        link_hash=hash_token(token),
        name="정대표",
        password=PLATFORM_PASSWORD,
        mobile=MOBILE,
        mobile_proof=mobile_check.prove(MOBILE),
    )
    return sign_up(facts=facts, certificate=None, ip="")


def _card(founder: User) -> None:
    card = ProviderMethod(
        token=new_token(), brand="VISA", last4="4242", expiry_month=12, expiry_year=timezone.localdate().year + 4
    )
    keep_method(user=founder, provider="manual", method=MethodCode.CREDIT_CARD, kept=card, actor=founder.as_actor())


def _organization(founder: User) -> Organization:
    found = Organization.objects.filter(domain=DOMAIN, creator=founder).first()
    if found is not None:
        return found
    with transaction.atomic():
        made = founding.create_organization(user=founder, name="오늘의 책상", actor=founder.as_actor())
        return domains.save_domain(organization=made, domain=DOMAIN, actor=founder.as_actor())


@transaction.atomic
def _member(organization: Organization, login_id: str, name: str) -> IamMember:
    found = IamMember.objects.select_related("user").filter(user__login_id=login_id).first()
    if found is not None:
        return found
    member = members.register_iam_member(
        organization=organization,
        login_id=login_id,
        name=name,
        email=f"{login_id}@demo.example",
        actor=organization.creator.as_actor(),
    )
    token = issue_link(kind=LinkKind.SET_PASSWORD, lifetime=SET_PASSWORD_LIFETIME, user=member.user)
    set_password_by_link(
        token=token,
        kinds=PASSWORD_KINDS,
        password=PASSWORD,
        policy=IAM_DEFAULT,
        ip="",
        realm=organization.public_id,
    )
    return member


def _service(organization: Organization, owner: IamMember, service_id: str, name: str) -> Service:
    service, actor = Service.objects.filter(service_id=service_id).first(), owner.user.as_actor()
    if service is None:
        service = add_service(organization_id=organization.pk, service_id=service_id, name=name, actor=actor)
    if service.state == ServiceState.CREATE:
        service = register_contract(service_pk=service.pk, items=["ticket"], actor=actor)
    return service


def _agent(service: Service, member: IamMember, role: Role) -> Agent:
    found = Agent.objects.filter(member=member).first()
    if found is not None:
        return found
    groups = [group.pk for group in list_groups()[:1]]
    return add_agent(service=service, member_id=member.pk, role=role, group_ids=groups, actor=SYSTEM)


def _shop_url() -> str:
    return f"http://localhost:{os.environ.get('SHOP_PORT', '8100')}"


def _integration(service: Service) -> None:
    """Connect the example shop, once; afterwards only follow its port. What people changed meanwhile stays.

    The shop is on this machine, an address that the settings screen refuses unless private callbacks are allowed.
    """
    address = f"{_shop_url()}/oc/verify"
    integration = IntegrationSettings.objects.first()
    if integration is None:
        integration = IntegrationSettings(organization_id=service.organization_id, service=service)
        integration.enabled, integration.login_type = True, LoginType.GET
        integration.frame_origins = [_shop_url()]
    elif integration.token_verification_url == address or not _is_shop(integration.token_verification_url):
        return
    old_shop = integration.token_verification_url.removesuffix("/oc/verify")
    integration.frame_origins = [_shop_url() if each == old_shop else each for each in integration.frame_origins]
    integration.token_verification_url = address
    integration.save()


def _post_url() -> str:
    """The shop's address for the POST method.

    The browser asks for the login status with the shop's cookie, which it sends only within one site. So the shop also
    answers under a name that is one site with the help centre; every `*.localhost` leads to this machine.
    """
    if not settings.BASE_HOST.endswith("localhost"):
        return _shop_url()
    return f"http://shop.{DOMAIN}{settings.ORGANIZATION_SUFFIX}:{os.environ.get('SHOP_PORT', '8100')}"


def _integration_by_post(service: Service) -> None:
    """Connect the example shop by the POST method, once; afterwards only follow its port."""
    login, status = f"{_post_url()}/login", f"{_post_url()}/oc/login-status"
    integration = IntegrationSettings.objects.first()
    if integration is None:
        integration = IntegrationSettings(organization_id=service.organization_id, service=service)
        integration.enabled, integration.login_type = True, LoginType.POST
    elif integration.login_url == login or not integration.login_url.startswith(f"http://shop.{DOMAIN}."):
        return
    integration.login_url, integration.login_status_url = login, status
    integration.save()


def _is_shop(address: str) -> bool:
    return address.startswith("http://localhost:") and address.endswith("/oc/verify")


# --- Tickets -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Team:
    """Who works on the demo's tickets."""

    agent: Agent
    administrator: Agent


def _tickets(service: Service, team: _Team) -> None:
    categories = _categories(service)
    for enquiry in ENQUIRIES:
        ticket = _enquire(service, enquiry, categories[enquiry.category])
        _STATES[enquiry.state](ticket, team, enquiry)
        _move_back(ticket, enquiry.minutes_ago)


def _categories(service: Service) -> dict[str, Category]:
    first_category(service_pk=service.pk)
    owned = {"organization_id": service.organization_id, "service": service}
    for order, name in enumerate(CATEGORIES, start=1):
        if not CategoryName.objects.filter(name=name).exists():
            category = Category.objects.create(**owned, order=order)
            CategoryName.objects.create(**owned, category=category, language="ko", name=name)
    names = CategoryName.objects.select_related("category").filter(language="ko")
    return {name.name: name.category for name in names}


def _enquire(service: Service, enquiry: Enquiry, category: Category) -> Ticket:
    member = None
    if enquiry.customer.usercode:
        owned = {"organization_id": service.organization_id, "service": service}
        member, _ = Member.objects.get_or_create(
            usercode=enquiry.customer.usercode,
            defaults={**owned, "username": enquiry.customer.name, "email": enquiry.customer.email},
        )
    return create_enquiry(
        service=service,
        source=Source.MOBILE_WEB if enquiry.on_phone else Source.WEB,
        category_id=category.pk,
        subject=enquiry.subject,
        content=enquiry.content,
        name=enquiry.customer.name,
        email=enquiry.customer.email,
        phone="",
        language="ko",
        member=member,
        file_ids=[],
        uploader="",
        consent_text="",
        form_id=None,
        actor=member.as_actor() if member else Actor(ActorKind.GUEST, name=enquiry.customer.name),
    )


def _leave(ticket: Ticket, team: _Team, enquiry: Enquiry) -> None:
    """Leave the ticket unassigned."""


def _take(ticket: Ticket, team: _Team, enquiry: Enquiry) -> None:
    agent = team.agent
    take_ticket(ticket_id=ticket.ticket_id, agent=agent, actor=agent.as_actor())
    if enquiry.note:
        add_comment(ticket_id=ticket.ticket_id, agent=agent, body=enquiry.note, actor=agent.as_actor())


def _answer(to: Status) -> Callable[[Ticket, _Team, Enquiry], None]:
    def answer(ticket: Ticket, team: _Team, enquiry: Enquiry) -> None:
        agent = team.agent
        _take(ticket, team, enquiry)
        answer_ticket(
            ticket_id=ticket.ticket_id,
            agent=agent,
            to=to,
            body=f"<p>안녕하세요, {enquiry.customer.name}님.</p><p>{enquiry.answer}</p><p>감사합니다.</p>",
            version=Ticket.objects.get(pk=ticket.pk).version,
            request_id=None,
            actor=agent.as_actor(),
        )

    return answer


def _complete(ticket: Ticket, team: _Team, enquiry: Enquiry) -> None:
    _answer(Status.SOLVED)(ticket, team, enquiry)
    agent = team.administrator
    version = Ticket.objects.get(pk=ticket.pk).version
    complete_ticket(ticket_id=ticket.ticket_id, agent=agent, version=version, actor=agent.as_actor())


_STATES: dict[State, Callable[[Ticket, _Team, Enquiry], None]] = {
    State.NEW: _leave,
    State.OPEN: _take,
    State.HELD: _answer(Status.REPLY),
    State.SOLVED: _answer(Status.SOLVED),
    State.CLOSED: _complete,
}


def _move_back(ticket: Ticket, minutes: int) -> None:
    """Let it have happened a while ago: a day's work does not come in one second. Steps stay minutes apart."""
    start = timezone.now() - timedelta(minutes=minutes)
    kept = Ticket.objects.get(pk=ticket.pk)
    wait = min(max(minutes // 3, 1), 40)

    def later(step: int) -> Any:
        return min(start + timedelta(minutes=wait * step), timezone.now())

    times = {"created_at": start, "updated_at": later(2) if kept.assigned_at else start}
    times["last_customer_at"] = start
    for step, name in ((1, "assigned_at"), (2, "first_replied_at"), (2, "solved_at"), (2, "closed_at")):
        if getattr(kept, name) is not None:
            times[name] = later(step)
    Ticket.objects.filter(pk=ticket.pk).update(**times)
    for model in (Entry, TicketEvent):
        for step, row in enumerate(model.objects.filter(ticket=kept).order_by("pk")):
            answers = isinstance(row, Entry) and row.type == EntryType.REPLY
            at = later(2) if answers else later(1 if model is Entry else min(step, 2))
            model.objects.filter(pk=row.pk).update(created_at=at)


def _facts(organization: Organization, service: Service, by_post: Service) -> dict[str, Any]:
    organization.refresh_from_db()
    shop = _shop_url()
    return {
        "base_url": platform_url("/"),
        "platform_member": {"email": EMAIL, "password": PLATFORM_PASSWORD},
        "organization": {
            "id": organization.public_id,
            "name": organization.name,
            "domain": organization.domain,
            "key": organization.key,
            "url": organization.url,
        },
        **{name: {"id": name, "password": PASSWORD} for name, _ in PEOPLE},
        "service": {
            "id": service.service_id,
            "key": service.key,
            "url": f"{organization.url}{service.service_id}/tickets/",
            "helpcenter_url": f"{organization.url}{service.service_id}/hc/",
        },
        "post_service": {
            "id": by_post.service_id,
            "key": by_post.key,
            "url": f"{organization.url}{by_post.service_id}/tickets/",
            "helpcenter_url": f"{organization.url}{by_post.service_id}/hc/",
        },
        "integrator": {
            "url": f"{shop}/",
            "token_verification_url": f"{shop}/oc/verify",
            "post_url": f"{_post_url()}/",
            "login_url": f"{_post_url()}/login",
            "login_status_url": f"{_post_url()}/oc/login-status",
        },
    }
