"""The form to ask again below an enquiry (spec 30, section 9)."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from daedap.core.scoping import service_scope
from daedap.files.models import StoredFile
from daedap.files.tests.samples import HTML, upload
from daedap.tickets.models import Entry, EntryType, Status, TicketEvent
from tests import factories
from tests.factories import first_group

LIST = "/shop/hc/ticket/list/"
FORM_ID = "fedcba9876543210" * 2


@pytest.fixture
def me(integrate, sign_in, member):
    integrate()
    return sign_in(member)


@pytest.fixture
def ticket(member, ticket_of):
    return ticket_of(member)


@pytest.fixture
def entries(shop):
    def read():
        with service_scope(shop.organization_id, shop.pk):
            return list(Entry.objects.order_by("pk").prefetch_related("attachments__file"))

    return read


def address(ticket):
    return f"{LIST}{ticket.ticket_id}/"


def text_of(response):
    return response.content.decode()


def ask(client, ticket, content="아직 안 왔어요.\r\n확인해 주세요.", **more):
    client.get(address(ticket))
    return client.post(address(ticket), {"form_id": FORM_ID, "content": content, **more})


@pytest.mark.parametrize("status", [Status.NEW, Status.OPEN, Status.REPLY, Status.SOLVED])
def test_given_any_status_but_closed_when_detail_is_opened_then_the_form_is_there(
    me, shop, member, ticket_of, agent, status
):
    facts = {} if status == Status.NEW else {"assignee": agent, "group": first_group(shop)}
    page = text_of(me.get(address(ticket_of(member, status=status, solved_at=timezone.now(), **facts))))
    assert "재문의하기" in page
    assert 'name="content"' in page


def test_given_solved_ticket_when_asked_again_with_two_files_then_a_question_and_in_review_example_42(
    me, shop, member, ticket_of, agent, entries
):
    # given
    solved = ticket_of(member, status=Status.SOLVED, solved_at=timezone.now(), assignee=agent, group=first_group(shop))
    # when
    response = ask(me, solved, files=[upload("사진.png"), upload("영수증.pdf")])
    # then
    assert (response.status_code, response["Location"]) == (302, f"{address(solved)}?sent=1")
    page = text_of(me.get(response["Location"]))
    assert "재문의를 접수했습니다." in page
    assert "문의 확인" in page
    assert "사진.png" in page
    assert "영수증.pdf" in page
    assert "아직 안 왔어요.<br>확인해 주세요." in page
    [entry] = entries()
    assert (entry.type, entry.attachments.count()) == (EntryType.ENDUSER, 2)
    assert agent.name not in page


def test_given_closed_ticket_when_opened_or_asked_again_then_a_way_to_a_new_form_and_nothing_stored_example_43(
    me, member, ticket_of, offered, entries, shop
):
    # given
    factories.make_category(shop, "환불")
    closed = ticket_of(member, status=Status.CLOSED, category=offered)
    # when
    page, forged = text_of(me.get(address(closed))), ask(me, closed, "그래도 물어봅니다")
    # then
    assert "최종 완료" in page
    assert 'id="history-title"' not in page  # no heading over nothing
    assert 'name="content"' not in page
    assert f'href="/shop/hc/ticket/?category={offered.pk}"' in page
    assert forged.status_code == 409
    assert "완료된 문의에는 재문의할 수 없습니다." in text_of(forged)
    assert "\n그래도 물어봅니다</textarea>" in text_of(forged)
    assert entries() == []
    again = text_of(me.get(f"/shop/hc/ticket/?category={offered.pk}"))
    assert f'<option value="{offered.pk}" selected>' in again


def test_given_double_click_when_sent_twice_then_one_question(me, ticket, entries, shop):
    assert ask(me, ticket).status_code == 302
    assert ask(me, ticket).status_code == 302
    assert len(entries()) == 1
    with service_scope(shop.organization_id, shop.pk):
        assert TicketEvent.objects.filter(code="REENQUIRED").count() == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("", "문의내용을 입력해 주세요."), (" \n ", "문의내용을 입력해 주세요."), ("가" * 5001, "5000자")],
)
def test_given_no_or_too_much_text_when_sent_then_422_and_uploads_kept_example_29(
    me, ticket, entries, content, sentence
):
    response = ask(me, ticket, content, files=[upload("사진.png")])
    page = text_of(response)
    assert response.status_code == 422
    assert sentence in page
    assert "<details" in page
    assert re.search(r"<details[^>]* open", page)
    file_id = re.search(r'name="file_ids" value="([0-9a-f]{32})" checked', page)[1]
    assert entries() == []
    assert ask(me, ticket, file_ids=[file_id]).status_code == 302
    assert entries()[0].attachments.get().file.public_id == file_id


def test_given_5000_characters_with_line_ends_when_sent_then_accepted(me, ticket, entries):
    assert ask(me, ticket, "가" * 2500 + "\r\n" + "나" * 2499).status_code == 302
    assert len(entries()) == 1


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (upload("a.exe", b"MZ"), "해당 파일 격식은 첨부할 수 없습니다."),
        (upload("photo.JPG", HTML), "해당 파일 격식은 첨부할 수 없습니다."),
    ],
)
def test_given_refused_file_when_sent_then_stated_text_and_what_was_written_is_kept(
    me, ticket, entries, file, sentence
):
    response = ask(me, ticket, "사진을 보냅니다", files=[file])
    assert response.status_code == 422
    assert sentence in text_of(response)
    assert "사진을 보냅니다</textarea>" in text_of(response)
    assert entries() == []


def test_given_six_files_or_somebody_elses_when_sent_then_refused(me, ticket, entries, shop):
    assert ask(me, ticket, files=[upload("사진.png") for _ in range(6)]).status_code == 422
    with service_scope(shop.organization_id, shop.pk):
        StoredFile.objects.update(uploader="x" * 64)
        theirs = StoredFile.objects.first().public_id
    assert ask(me, ticket, file_ids=[theirs]).status_code == 422
    assert entries() == []


def test_given_another_members_ticket_or_tenants_when_sent_then_404_and_nothing_stored_example_40(
    me, shop, ticket_of, entries, beta_shop
):
    other = ticket_of(factories.make_member(shop, "other"))
    theirs = factories.make_ticket(beta_shop, member=factories.make_member(beta_shop, "hong1"))
    for ticket in (other, theirs, ticket_of(None)):
        response = ask(me, ticket)
        assert response.status_code == 404
        assert "작성하신 내용은 아직 접수되지 않았습니다." in response.content.decode()  # another tab, another member
    assert entries() == []


def test_given_no_csrf_value_when_sent_then_403(integrate, sign_in, member, ticket, entries):
    integrate()
    client = sign_in(member)
    client.handler.enforce_csrf_checks = True
    assert client.post(address(ticket), {"content": "x"}).status_code == 403
    assert entries() == []


def test_given_a_member_when_31_are_sent_within_the_hour_then_the_last_waits_calmly_example_37(
    me, ticket, filled, tickets, entries, settings
):
    for number in range(15):
        assert me.post("/shop/hc/ticket/", filled(form_id=f"{number:032x}")).status_code == 302
        assert ask(me, ticket, form_id=f"{number:032x}").status_code == 302
    for response in (ask(me, ticket, "한 번 더", form_id="f" * 32), me.post("/shop/hc/ticket/", filled())):
        assert response.status_code == 429
        assert "문의 횟수가 상한을 초과했습니다. 잠시 후 문의하십시오." in text_of(response)
    assert (len(tickets()), len(entries())) == (16, 15)


def test_given_post_method_when_asked_again_then_taken_and_the_page_asks_for_the_status_again(
    integrate, sign_in, member, ticket, entries
):
    integrate(login_type="post", login_url="https://x.example/", login_status_url="https://x.example/status")
    client = sign_in(member, "post")
    content = text_of(client.get(f"{address(ticket)}?checked=1"))
    assert f'action="{address(ticket)}"' in content
    response = client.post(address(ticket), {"content": "재문의"})
    assert response["Location"] == f"{address(ticket)}?sent=1"
    assert "sent=1&amp;checked=1" in text_of(client.get(response["Location"]))
    assert len(entries()) == 1


def test_given_contact_data_when_detail_is_opened_then_only_masked(me, member, ticket_of):
    ticket = ticket_of(member, customer_email="gildong@example.com", customer_phone="010-1234-5678")
    page = text_of(me.get(address(ticket)))
    assert "gi***@example.com" in page
    assert "010-****-5678" in page
    assert "gildong" not in page
    assert "1234-5678" not in page
