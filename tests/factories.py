"""Plain makers of rows for tests. Each makes what it needs; facts given by keyword win."""

from __future__ import annotations

import itertools
from typing import Any

from django.test import Client
from django.utils import timezone

from daedap.accounts import sessions
from daedap.accounts.models import Country, MembershipType, PlatformMember, User
from daedap.accounts.policies import SessionPolicy
from daedap.core.crypto import new_key, random_letters_and_digits
from daedap.core.scoping import organization_scope, service_scope
from daedap.helpcenter.models import CompanyInformation, CompanyText, Composition
from daedap.members.models import IntegrationSettings, LoginType, Member
from daedap.organizations.models import ConsoleMember, ConsoleRole, IamMember, Organization, name_key
from daedap.payments.models import PaymentMethod
from daedap.services.models import (
    Agent,
    ContractItem,
    Group,
    GroupMembership,
    Role,
    Service,
    ServiceLanguage,
    ServiceState,
)
from daedap.tickets.models import Category, CategoryName, Ticket

PASSWORD = "Ocean!72"

_count = itertools.count(1)


def sign_in(client: Client, user: User, policy: SessionPolicy = SessionPolicy(at_once=10)) -> None:  # noqa: B008
    """Sign an IAM member in without the login page."""
    client.force_login(user)
    sessions.register(user, session_key=client.session.session_key, policy=policy)


def make_platform_member(**facts: Any) -> User:
    """A verified platform member of Korea who can sign in with PASSWORD."""
    number = next(_count)
    email = facts.pop("email", f"founder{number}@example.com")
    user = User.objects.create_user(
        realm="", login_id=email, email=email, name=facts.pop("name", f"창업자{number}"), password=PASSWORD
    )
    facts.setdefault("country", Country.KR)
    facts.setdefault("membership_type", MembershipType.INDIVIDUAL)
    PlatformMember.objects.create(user=user, **facts)
    return user


def make_payment_method(user: User, **facts: Any) -> PaymentMethod:
    """A registered credit card."""
    facts = {"brand": "VISA", "last4": "1111", "expiry_month": 12, "expiry_year": 2030, "is_default": True} | facts
    return PaymentMethod.objects.create(user=user, provider="manual", token=random_letters_and_digits(24), **facts)


def make_organization(**facts: Any) -> Organization:
    """An activated organization whose creator has a payment method."""
    number = next(_count)
    creator = facts.pop("creator", None) or make_platform_member()
    if not creator.payment_methods.exists():
        make_payment_method(creator)
    name = facts.pop("name", f"조직 {number}")
    defaults = {"domain": f"shop{number}", "key": new_key(), "activated_at": timezone.now()}
    return Organization.objects.create(
        public_id=random_letters_and_digits(16),
        name=name,
        name_key=name_key(name),
        creator=creator,
        **(defaults | facts),
    )


def make_console_member(organization: Organization, role: str = ConsoleRole.NONE, **facts: Any) -> ConsoleMember:
    """A platform member, without payment method, who has `role` in the console of somebody else's organization."""
    user = make_platform_member(**facts)
    with organization_scope(organization.pk):
        return ConsoleMember.objects.create(organization=organization, user=user, role=role)


def make_iam_member(organization: Organization, login_id: str | None = None, **facts: Any) -> IamMember:
    """An IAM member who can sign in with PASSWORD (pass password=None for one who never set any)."""
    login_id = login_id or f"staff{next(_count)}"
    user = User.objects.create_user(
        realm=organization.public_id,
        login_id=login_id,
        email=facts.pop("email", f"{login_id}@example.com"),
        name=facts.pop("name", f"직원 {login_id}"),
        password=facts.pop("password", PASSWORD),
    )
    with organization_scope(organization.pk):
        return IamMember.objects.create(organization=organization, user=user, **facts)


def make_service(organization: Organization, service_id: str | None = None, **facts: Any) -> Service:
    """A contracted consultation service in Korean with a group and one offered category "일반 문의"."""
    service_id = service_id or f"svc{random_letters_and_digits(8)}".translate(str.maketrans("0123456789", "abcdefghij"))
    defaults = {
        "name": f"서비스 {service_id}",
        "state": ServiceState.IN_USE,
        "contracted_at": timezone.now(),
        "key": new_key(),
        "stopped_at": timezone.now() if facts.get("state") == ServiceState.STOPPED else None,
    }
    with organization_scope(organization.pk):
        service = Service.objects.create(organization=organization, service_id=service_id, **(defaults | facts))
    owned = {"organization": organization, "service": service}
    with service_scope(organization.pk, service.pk):
        ServiceLanguage.objects.create(**owned, code="ko", name="한국어")
        ContractItem.objects.create(**owned, code="ticket")
        Group.objects.create(**owned, name="기본 그룹")
        make_category(service, "일반 문의")
    return service


def integrate(service: Service, **facts: Any) -> IntegrationSettings:
    """Switch member integration of the service on, by the GET method, with the facts given."""
    defaults = {"enabled": True, "login_type": LoginType.GET} | facts
    with service_scope(service.organization_id, service.pk):
        return IntegrationSettings.objects.update_or_create(
            service=service, organization_id=service.organization_id, defaults=defaults
        )[0]


def make_category(service: Service, name: str, **facts: Any) -> Category:
    """A receipt category with a Korean name."""
    owned = {"organization_id": service.organization_id, "service": service}
    with service_scope(service.organization_id, service.pk):
        category = Category.objects.create(**owned, **facts)
        CategoryName.objects.create(**owned, category=category, language="ko", name=name)
    return category


def make_agent(service: Service, login_id: str | None = None, **facts: Any) -> Agent:
    """An agent of the service, in its first group."""
    member = facts.pop("member", None) or make_iam_member(service.organization, login_id)
    owned = {"organization_id": service.organization_id, "service": service}
    with service_scope(service.organization_id, service.pk):
        agent = Agent.objects.create(**owned, member=member, name=member.user.name, **({"role": Role.AGENT} | facts))
        group = Group.objects.order_by("pk").first()
        if group is not None:
            GroupMembership.objects.create(**owned, group=group, agent=agent)
    return agent


def make_member(service: Service, usercode: str | None = None, **facts: Any) -> Member:
    """A customer known to the service."""
    usercode = usercode or f"user-{next(_count):04}"
    defaults = {"username": "홍길동", "email": f"{usercode}@example.com", "phone": "01012345678"}
    with service_scope(service.organization_id, service.pk):
        return Member.objects.create(
            organization_id=service.organization_id, service=service, usercode=usercode, **(defaults | facts)
        )


def make_ticket(service: Service, **facts: Any) -> Ticket:
    """An unassigned ticket."""
    now = timezone.now()
    defaults = {
        "ticket_id": f"T{int(now.timestamp() * 1000)}{random_letters_and_digits(5)}",
        "subject": "배송이 안 왔어요",
        "content": "어제 주문한 상품이 아직 오지 않았습니다.",
        "customer_name": "홍길동",
        "customer_email": "hong@example.com",
        "created_at": now,
        "updated_at": now,
    }
    with service_scope(service.organization_id, service.pk):
        return Ticket.objects.create(organization_id=service.organization_id, service=service, **(defaults | facts))


def first_group(service: Service) -> Group:
    """The group that a service is made with."""
    with service_scope(service.organization_id, service.pk):
        return Group.objects.order_by("pk")[:1].get()


def make_company_information(service: Service, **texts: Any) -> CompanyInformation:
    """A set of company information in the service's default language, shown by its help centre."""
    texts = {"company": "(주)에크미", "copyright": "© Acme", "terms_title": "이용 약관", "terms": "제1조"} | texts
    owned = {"organization_id": service.organization_id}
    with service_scope(service.organization_id, service.pk):
        information = CompanyInformation.objects.create(**owned, name=f"회사 {next(_count)}")
        CompanyText.objects.create(**owned, information=information, language=service.default_language, **texts)
        Composition.objects.update_or_create(service=service, defaults={**owned, "company_information": information})
    return information
