"""The tenants of a run: a shop with tickets, and a neighbour as large whose rows must cost nothing.

Django is set up before this module is imported.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from daedap.core.crypto import random_letters_and_digits
from daedap.core.scoping import service_scope
from daedap.members.models import Member
from daedap.services.models import Agent, Group, Service
from daedap.tickets.contact import email_hash
from daedap.tickets.models import Category, Entry, EntryType, EventCode, Source, Status, Ticket, TicketEvent
from tests import factories

AGENTS = 3
MEMBERS = 500
BATCH = 2000
STATES = {Status.NEW: 8, Status.OPEN: 14, Status.REPLY: 8, Status.SOLVED: 20, Status.CLOSED: 50}
SOURCES = {Source.WEB: 60, Source.MOBILE_WEB: 25, Source.API: 10, Source.MAIL: 5}
SUBJECTS = (
    "배송이 아직 오지 않았어요", "주문을 취소하고 싶습니다", "환불은 언제 되나요?", "상품이 파손되어 도착했습니다",
    "비밀번호를 잊어버렸어요", "적립금이 사라졌습니다", "사이즈를 교환하고 싶어요", "결제가 두 번 되었습니다",
    "쿠폰이 적용되지 않습니다", "영수증을 다시 받고 싶습니다", "회원 정보를 바꾸고 싶어요", "앱이 자꾸 꺼집니다",
)  # fmt: skip
SENTENCES = (
    "지난주에 주문한 상품을 아직 받지 못했습니다.", "고객센터에 전화했지만 연결이 되지 않았습니다.",
    "주문번호를 함께 적어 드리니 확인 부탁드립니다.", "선물로 보낼 상품이라 급합니다.",
    "앱에서는 배송 완료로 표시되는데 문 앞에는 아무것도 없습니다.", "빠른 답변 부탁드립니다.",
    "같은 문제가 이번이 두 번째입니다.", "사진을 첨부하니 확인해 주세요.",
)  # fmt: skip
FAMILY_NAMES, GIVEN_NAMES = "김이박최정강조윤장임한오", ("서연", "민준", "지우", "하은", "도윤", "수아", "예준", "지호")


@dataclass(frozen=True)
class Shop:
    """One tenant's service with its people."""

    service: Service
    agents: list[Agent]

    @property
    def host(self) -> str:
        """The Host header of its pages, with the port."""
        return f"{self.service.organization.domain}{settings.ORGANIZATION_SUFFIX}:{settings.PORT}"

    def browser(self, agent: Agent | None = None, *, enforce_csrf_checks: bool = False) -> Client:
        """Return an in-process browser on its pages, signed in as `agent` or as a guest."""
        client = Client(
            headers={"host": self.host}, enforce_csrf_checks=enforce_csrf_checks, raise_request_exception=False
        )
        if agent is not None:
            factories.sign_in(client, agent.member.user)
        return client


def make_shop(domain: str) -> Shop:
    """Make an organization with one service, one category and three agents."""
    organization = factories.make_organization(name=f"벤치 {domain}", domain=domain)
    service = factories.make_service(organization, "shop", name="쇼핑몰")
    agents = [factories.make_agent(service, f"agent{number}") for number in range(1, AGENTS + 1)]
    with service_scope(organization.pk, service.pk):
        Member.objects.bulk_create(
            Member(
                organization=organization,
                service=service,
                usercode=f"user-{number:05}",
                username=_name(random.Random(number)),
                email=f"user{number}@example.com",
                phone=f"010{number:08}",
            )
            for number in range(MEMBERS)
        )
    return Shop(service, agents)


def add_tickets(shop: Shop, number: int, *, seed: int = 1) -> None:
    """Add `number` tickets of the last half year with their answers and events."""
    chance = random.Random(seed)
    service = shop.service
    with service_scope(service.organization_id, service.pk):
        maker = _Maker(
            shop,
            chance,
            now=timezone.now(),
            group=Group.objects.get(),
            category=Category.objects.get(),
            members=list(Member.objects.all()),
        )
        tickets = Ticket.objects.bulk_create((maker.ticket() for _ in range(number)), batch_size=BATCH)
        TicketEvent.objects.bulk_create(
            (event for ticket in tickets for event in maker.events(ticket)), batch_size=BATCH
        )
        Entry.objects.bulk_create((maker.answer(t) for t in tickets if t.first_replied_at), batch_size=BATCH)


def refresh_statistics() -> None:
    """Let the planner know what is there, as autovacuum does in time."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


@dataclass(frozen=True)
class _Maker:
    shop: Shop
    chance: random.Random
    now: datetime
    group: Group
    category: Category
    members: list[Member]

    def _owned(self) -> dict[str, int]:
        return {"organization_id": self.shop.service.organization_id, "service_id": self.shop.service.pk}

    def ticket(self) -> Ticket:
        chance = self.chance
        status = chance.choices(list(STATES), list(STATES.values()))[0]
        is_taken = status != Status.NEW
        days = chance.expovariate(1 / 4) if status in (Status.NEW, Status.OPEN) else chance.uniform(0, 180)
        created = self.now - timedelta(days=min(days, 180), seconds=chance.random() * 3600)
        changed = created + (self.now - created) * chance.random() * 0.1 if is_taken else created
        is_answered = status in (Status.REPLY, Status.SOLVED, Status.CLOSED)
        member = chance.choice(self.members) if chance.random() < 0.7 else None
        email = member.email if member else f"guest{chance.randrange(10**6)}@example.com"
        return Ticket(
            **self._owned(),
            ticket_id=f"T{int(created.timestamp() * 1000)}{random_letters_and_digits(5)}",
            status=status,
            resolution="answer" if status in (Status.SOLVED, Status.CLOSED) else "",
            is_spam=chance.random() < 0.01,
            subject=f"{chance.choice(SUBJECTS)} ({chance.randrange(10**6)})",
            content="\n".join(chance.choices(SENTENCES, k=chance.randint(2, 12))),
            category=self.category,
            group=self.group if is_taken else None,
            assignee=chance.choice(self.shop.agents) if is_taken else None,
            source=chance.choices(list(SOURCES), list(SOURCES.values()))[0],
            member=member,
            customer_name=member.username if member else _name(chance),
            customer_email=email,
            customer_email_hash=email_hash(email),
            created_at=created,
            updated_at=changed,
            assigned_at=changed if is_taken else None,
            first_replied_at=changed if is_answered else None,
            solved_at=changed if status in (Status.SOLVED, Status.CLOSED) else None,
            closed_at=changed if status == Status.CLOSED else None,
            last_customer_at=created,
        )

    def events(self, ticket: Ticket) -> list[TicketEvent]:
        codes = [(EventCode.CREATED, "guest", ticket.created_at)]
        codes += [(EventCode.ASSIGNED, "agent", ticket.updated_at)] if ticket.assigned_at else []
        codes += [(EventCode.SOLVED, "agent", ticket.updated_at)] if ticket.solved_at else []
        return [
            TicketEvent(
                **self._owned(),
                ticket=ticket,
                code=code,
                actor_kind=kind,
                created_at=moment,
                after={"version": version},
            )
            for version, (code, kind, moment) in enumerate(codes, 1)
        ]

    def answer(self, ticket: Ticket) -> Entry:
        body = "".join(f"<p>{sentence}</p>" for sentence in self.chance.choices(SENTENCES, k=4))
        agent = ticket.assignee
        return Entry(
            **self._owned(), ticket=ticket, type=EntryType.REPLY, agent=agent, author_name=agent.name if agent else "",
            body=body, status=ticket.status, created_at=ticket.updated_at,
        )  # fmt: skip


def _name(chance: random.Random) -> str:
    return chance.choice(FAMILY_NAMES) + chance.choice(GIVEN_NAMES)
