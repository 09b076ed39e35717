from __future__ import annotations

import hashlib
import re
import threading

import pytest
from django.db import connection, connections
from django.utils import timezone

from daedap.core.actors import SYSTEM, Actor, ActorKind
from daedap.core.crypto import new_key
from daedap.core.errors import Conflict, DaedapError
from daedap.core.scoping import service_scope
from daedap.files.models import StoredFile
from daedap.tickets import actions
from daedap.tickets.actions import enquiries
from daedap.tickets.contact import email_hash
from daedap.tickets.models import Attachment, Category, EventCode, Source, Status, Ticket, TicketEvent
from tests import factories
from tests.jobs import queued

GUEST = Actor(ActorKind.GUEST)


def send(service, **facts):
    given = {
        "service": service,
        "source": Source.WEB,
        "category_id": None,
        "subject": "결제가 두 번 됐어요",
        "content": "어제 카드로 결제했는데 두 번 결제됐습니다.",
        "name": "홍길동",
        "email": "Hong@Example.com",
        "phone": "010-1234-5678",
        "language": "ko",
        "member": None,
        "file_ids": [],
        "uploader": "",
        "consent_text": "",
        "form_id": None,
        "actor": GUEST,
    }
    return actions.create_enquiry(**(given | facts))


def upload(service, uploader="u" * 64, **facts):
    given = {
        "public_id": new_key(),
        "organization_id": service.organization_id,
        "service_id": service.pk,
        "name": "영수증.png",
        "size": 10,
        "content_type": "image/png",
        "sha256": "0" * 64,
        "path": "x",
        "uploader": uploader,
    }
    return StoredFile._base_manager.create(**(given | facts))


def test_given_enquiry_form_when_submitted_then_unassigned_ticket_without_mail_A1(open_shop):
    category = factories.make_category(open_shop, "결제")

    ticket = send(open_shop, category_id=category.pk, consent_text="개인정보 수집에 동의합니다.")

    stored = Ticket.objects.get()
    assert stored == ticket
    assert re.fullmatch(r"T\d{13}[0-9A-Za-z]{5}", stored.ticket_id)
    assert (stored.status, stored.assignee, stored.group, stored.version) == (Status.NEW, None, None, 1)
    assert stored.category == category
    assert stored.customer_email == "Hong@Example.com"
    assert stored.customer_email_hash == email_hash(" hong@example.COM ")
    assert stored.consent_text_hash == hashlib.sha256("개인정보 수집에 동의합니다.".encode()).hexdigest()
    assert stored.consent_at is not None
    assert [event.code for event in TicketEvent.objects.all()] == [EventCode.CREATED]
    assert queued("core.deliver_mail") == []


def test_given_characters_that_hide_or_turn_text_when_stored_then_subject_and_name_show_what_they_are(open_shop):
    ticket = send(open_shop, subject="환불\x0b요청 \u202egnp.exe", name="홍\r\n길동\u2066\u200b")
    assert ticket.subject == "환불 요청 gnp.exe"
    assert ticket.customer_name == "홍 길동"
    with pytest.raises(DaedapError) as refused:
        send(open_shop, subject="\u202e\u200b")
    assert refused.value.field == "subject"


def test_given_new_ticket_when_customer_looks_then_received_A1(open_shop):
    from django.utils.translation import override

    with override("en"):
        assert send(open_shop).customer_status_label == "Received"


def test_given_contact_data_when_stored_then_unreadable_in_the_database(open_shop):
    ticket = send(open_shop)
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_email, customer_phone FROM tickets_ticket WHERE id = %s", [ticket.pk])
        email, phone = cursor.fetchone()
    assert "Hong" not in email
    assert "010" not in phone


def test_given_two_enquiries_in_one_millisecond_when_stored_then_two_ids_A2(open_shop, time_machine):
    time_machine.move_to("2026-03-01T00:00:00.123Z", tick=False)
    first, second = send(open_shop), send(open_shop)
    assert first.ticket_id[:14] == second.ticket_id[:14] == "T1772323200123"
    assert first.ticket_id != second.ticket_id


def test_given_drawn_id_is_taken_when_created_then_another_is_drawn_A2(open_shop, monkeypatch):
    draws = iter(["T1772323200123aaaaa", "T1772323200123aaaaa", "T1772323200123bbbbb"])
    monkeypatch.setattr(enquiries, "new_ticket_id", lambda: next(draws))
    assert send(open_shop).ticket_id == "T1772323200123aaaaa"
    assert send(open_shop).ticket_id == "T1772323200123bbbbb"


def test_given_same_id_five_times_when_created_then_refused_and_nothing_stored_A2(open_shop, monkeypatch):
    monkeypatch.setattr(enquiries, "new_ticket_id", lambda: "T1772323200123aaaaa")
    send(open_shop)
    with pytest.raises(Conflict):
        send(open_shop)
    assert Ticket.objects.count() == 1
    assert TicketEvent.objects.count() == 1


def test_given_same_form_when_sent_again_then_first_ticket(open_shop):
    first = send(open_shop, form_id="f1")
    assert send(open_shop, form_id="f1", subject="다른 제목").pk == first.pk
    assert Ticket.objects.count() == 1
    assert TicketEvent.objects.count() == 1


def test_given_form_of_somebody_else_when_sent_then_not_shown(open_shop):
    send(open_shop, form_id="f1", member=factories.make_member(open_shop))
    with pytest.raises(Conflict):
        send(open_shop, form_id="f1", member=factories.make_member(open_shop))
    assert Ticket.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_given_double_click_when_both_arrive_at_once_then_one_ticket(shop):
    start, made = threading.Barrier(2), []

    def click():
        try:
            start.wait(5)
            with service_scope(shop.organization_id, shop.pk):
                made.append(send(shop, form_id="f1").pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    with service_scope(shop.organization_id, shop.pk):
        assert made == [Ticket.objects.get().pk] * 2
        assert TicketEvent.objects.count() == 1


def test_given_own_uploads_when_sent_then_bound_in_order(open_shop):
    files = [upload(open_shop) for _ in range(5)]
    send(open_shop, file_ids=[file.public_id for file in reversed(files)], uploader="u" * 64)
    assert [each.file for each in Attachment.objects.order_by("pk")] == list(reversed(files))
    assert StoredFile.objects.filter(bound_at__isnull=False).count() == 5


@pytest.mark.parametrize(
    "facts", [{"uploader": "somebody else"}, {"bound_at": timezone.now()}, {"service_id": 10**9}, {"uploader": ""}]
)
def test_given_file_that_is_not_ours_to_bind_when_sent_then_refused_and_nothing_stored(open_shop, facts):
    own, other = upload(open_shop), upload(open_shop, **facts)
    uploader = "" if facts.get("uploader") == "" else "u" * 64
    with pytest.raises(DaedapError) as refusal:
        send(open_shop, file_ids=[own.public_id, other.public_id], uploader=uploader)
    assert refusal.value.field == "files"
    assert Ticket.objects.count() == Attachment.objects.count() == TicketEvent.objects.count() == 0
    own.refresh_from_db()
    assert own.bound_at is None


def test_given_file_of_another_tenant_when_sent_then_refused_A51(open_shop, beta_shop):
    foreign = upload(beta_shop)
    with pytest.raises(DaedapError):
        send(open_shop, file_ids=[foreign.public_id], uploader="u" * 64)
    assert Ticket.objects.count() == 0


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"subject": " \n "}, "subject"),
        ({"subject": "가" * 256}, "subject"),
        ({"content": "\0"}, "content"),
        ({"file_ids": [str(n) for n in range(6)]}, "files"),
        ({"category_id": 10**9}, "category"),
    ],
)
def test_given_bad_input_when_sent_then_refused_at_its_field(open_shop, facts, field):
    with pytest.raises(DaedapError) as refusal:
        send(open_shop, **facts)
    assert refusal.value.field == field
    assert Ticket.objects.count() == 0


def test_given_category_below_one_that_is_off_when_sent_then_refused(open_shop):
    off = factories.make_category(open_shop, "닫힌 유형", is_offered=False)
    child = factories.make_category(open_shop, "그 아래", parent=off, level=2)
    with pytest.raises(DaedapError):
        send(open_shop, category_id=child.pk)
    assert Ticket.objects.count() == 0


def test_given_new_service_when_told_twice_then_one_default_category_in_its_languages(open_shop):
    from daedap.services.models import ServiceLanguage
    from daedap.tickets.tasks import create_default_category

    Category.objects.all().delete()
    owned = {"organization_id": open_shop.organization_id, "service": open_shop}
    ServiceLanguage.objects.create(**owned, code="en", name="English")

    for _ in range(2):
        create_default_category.func(organization_id=open_shop.organization_id, service_id=open_shop.pk)

    category = Category.objects.get()
    assert {name.language: name.name for name in category.names.all()} == {
        "ko": "일반 문의",
        "en": "General enquiry",
    }


def test_given_system_actor_when_created_then_event_says_so(open_shop):
    send(open_shop, actor=SYSTEM)
    assert TicketEvent.objects.get().actor_kind == "system"
