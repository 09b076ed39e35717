"""A sample of the mails that carry answers."""

from __future__ import annotations

from django.utils.translation import override

from daedap.connectors.email.answers import compose_answer
from daedap.core.mail import Letter
from daedap.core.mail.samples import add_sample
from daedap.organizations.models import Organization
from daedap.services.models import Service
from daedap.tickets.models import Entry, Status, Ticket


def register() -> None:
    add_sample("ticket-answer", _answer, sender="예스24 고객센터")


def _answer(language: str) -> Letter:
    service = Service(name="예스24 고객센터", service_id="shop", organization=Organization(domain="yes24"))
    ticket = Ticket(
        service=service,
        ticket_id="T1767225600000Ab3dE",
        subject="배송이 안 왔어요",
        customer_name="홍길동",
        customer_email="hong@example.com",
        member_id=1,
    )
    body = "<p>안녕하세요, 홍길동 님.</p><p>오늘 발송되어 내일 도착합니다. <strong>감사합니다.</strong></p>"
    with override(language):
        return compose_answer(ticket, Entry(ticket=ticket, body=body, status=Status.SOLVED))
