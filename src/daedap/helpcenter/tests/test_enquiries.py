import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from daedap.core.scoping import service_scope
from daedap.tickets.models import Entry, EntryType, Status
from tests import factories

LIST = "/shop/hc/ticket/list/"


def text_of(response):
    return response.content.decode()


def add_entry(ticket, kind, body, agent=None, minutes=0):
    owned = {"organization_id": ticket.organization_id, "service_id": ticket.service_id, "ticket": ticket}
    at = timezone.now() + timedelta(minutes=minutes)
    with service_scope(ticket.organization_id, ticket.service_id):
        return Entry.objects.create(
            **owned, type=kind, body=body, agent=agent, author_name="김상담", status=Status.SOLVED, created_at=at
        )


@pytest.fixture
def me(integrate, sign_in, member):
    integrate()
    return sign_in(member)


def test_given_tickets_of_two_members_when_listed_then_own_ones_latest_change_first_example_40(
    me, shop, member, ticket_of
):
    # given
    now = timezone.now()
    ticket_of(member, subject="먼저 쓴 문의", updated_at=now - timedelta(hours=2))
    ticket_of(member, subject="나중 문의", updated_at=now)
    ticket_of(factories.make_member(shop, "other"), subject="남의 문의")
    ticket_of(None, subject="손님 문의", customer_email=member.email)
    # when
    response = me.get(LIST)
    # then
    page = text_of(response)
    assert page.index("나중 문의") < page.index("먼저 쓴 문의")
    assert "남의 문의" not in page
    assert "손님 문의" not in page
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex"


def test_given_foreign_unknown_and_other_tenants_ticket_when_opened_then_404_in_the_frame_example_40(
    me, shop, member, ticket_of, beta_shop
):
    own = ticket_of(member)
    foreign = [
        ticket_of(factories.make_member(shop, "other")),
        ticket_of(None),
        factories.make_ticket(beta_shop, member=factories.make_member(beta_shop, member.usercode)),
    ]
    assert me.get(f"{LIST}{own.ticket_id}/").status_code == 200
    for ticket_id in [*(ticket.ticket_id for ticket in foreign), "T0000000000000AAAAA", "x"]:
        response = me.get(f"{LIST}{ticket_id}/")
        assert response.status_code == 404
        assert "hc-header" in text_of(response)
        assert "배송이 안 왔어요" not in text_of(response)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("new", "접수 완료"),
        ("open", "문의 확인"),
        ("reply", "추가 확인"),
        ("solved", "답변 완료"),
        ("closed", "최종 완료"),
    ],
)
def test_given_status_when_shown_then_in_the_customers_words_example_41_43(me, agent, member, ticket_of, status, words):
    facts = {"status": status, "solved_at": timezone.now()}
    if status != "new":
        with service_scope(agent.organization_id, agent.service_id):
            facts |= {"assignee": agent, "group": agent.groups.first()}
    ticket = ticket_of(member, **facts)
    assert words in text_of(me.get(f"{LIST}{ticket.ticket_id}/"))
    assert text_of(me.get(LIST)).count(words) == 2  # the tab and the row


def test_given_history_when_detail_is_opened_then_answers_newest_first_and_nothing_internal_example_41(
    me, agent, member, ticket_of
):
    # given
    ticket = ticket_of(member, content="첫 줄\n<b>둘째</b> 줄")
    add_entry(ticket, EntryType.REPLY, "<p>첫 답변<script>alert(1)</script></p>", agent, 1)
    add_entry(ticket, EntryType.ENDUSER, "<p>다시 질문</p>", None, 2)
    add_entry(ticket, EntryType.REPLY, "<p>둘째 답변</p>", agent, 3)
    add_entry(ticket, EntryType.COMMENT, "<p>내부 메모</p>", agent, 4)
    add_entry(ticket, EntryType.INTERNAL, "<p>내부 해결 사유</p>", agent, 5)
    # when
    page = text_of(me.get(f"{LIST}{ticket.ticket_id}/"))
    # then
    assert page.index("둘째 답변") < page.index("다시 질문") < page.index("첫 답변")
    assert "&lt;b&gt;둘째&lt;/b&gt; 줄" in page
    assert "<script>alert" not in page
    for hidden in ("내부 메모", "내부 해결 사유", "김상담", agent.name, agent.member.user.email):
        assert hidden not in page


def test_given_eleven_enquiries_when_listed_then_ten_a_page_and_filter_by_state(me, member, ticket_of):
    for number in range(11):
        ticket_of(member, subject=f"문의-{number:02}", updated_at=timezone.now() + timedelta(minutes=number))
    first, second = text_of(me.get(LIST)), text_of(me.get(f"{LIST}?page=2"))
    assert first.count("문의-") == 10
    assert "문의-00" in second
    assert second.count("문의-") == 1
    assert "해당하는 문의가 없습니다." in text_of(me.get(f"{LIST}?status=solved"))
    assert text_of(me.get(f"{LIST}?status=nonsense&page=zzz")).count("문의-") == 10


def test_given_two_categories_when_narrowed_then_only_that_one_and_links_keep_it(me, shop, member, ticket_of, offered):
    # given
    refunds = factories.make_category(shop, "환불", parent=offered, level=2)
    for number in range(11):
        ticket_of(member, subject=f"환불-{number}", category=refunds)
    ticket_of(member, subject="일반 질문", category=offered)
    ticket_of(factories.make_member(shop), category=factories.make_category(shop, "남의 유형"))
    # when
    page = text_of(me.get(LIST))
    narrowed = text_of(me.get(f"{LIST}?category={refunds.pk}&status=new"))
    # then
    assert "일반 문의 &gt; 환불" in page
    assert "남의 유형" not in page
    assert "일반 질문" in page
    assert "일반 질문" not in narrowed
    assert narrowed.count("환불-") == 10
    assert f'<option value="{refunds.pk}" selected>' in narrowed
    assert f'href="{LIST}?category={refunds.pk}&amp;status=new&amp;page=2"' in narrowed
    assert f'href="{LIST}?category={refunds.pk}&amp;status=solved"' in narrowed
    assert '<input type="hidden" name="status" value="new">' in narrowed
    empty = text_of(me.get(f"{LIST}?category={refunds.pk}&status=solved"))
    assert re.search(rf'href="{LIST}" *>전체 문의 보기', empty)
    for unknown in ("x", "0", "999999999999999999999", "\0"):
        assert "일반 질문" in text_of(me.get(LIST, {"category": unknown}))


def test_given_enquiry_late_in_the_day_of_utc_when_listed_then_the_date_of_the_services_zone(me, member, ticket_of):
    ticket_of(member, created_at=datetime(2026, 3, 1, 15, 30, tzinfo=UTC))
    assert "2026.03.02</time>" in text_of(me.get(LIST))


def test_given_rows_grow_when_listed_then_queries_do_not(me, member, ticket_of, django_assert_num_queries, offered):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ticket_of(member, category=offered)
    me.get(LIST)
    with CaptureQueriesContext(connection) as few:
        me.get(LIST)
    for _ in range(8):
        ticket_of(member, category=offered)
    with CaptureQueriesContext(connection) as many:
        page = text_of(me.get(LIST))
    assert page.count("일반 문의") == 9
    assert len(many) == len(few)
    assert len(many) <= 12


def test_given_no_enquiry_when_listed_then_says_so_with_a_way_on(me):
    page = text_of(me.get(LIST))
    assert "아직 문의내역이 없습니다." in page


def test_given_guest_of_get_type_when_list_is_asked_for_then_the_form(integrate, guest, member, ticket_of):
    ticket = ticket_of(member)
    for path in (LIST, f"{LIST}{ticket.ticket_id}/"):
        for switch in (True, False):
            integrate(enabled=switch)
            response = guest.get(path)
            assert (response.status_code, response["Location"]) == (302, "/shop/hc/ticket/")


def test_given_guest_of_post_type_when_list_is_asked_for_then_the_login_page(integrate, guest):
    integrate(login_type="post", login_url="https://shop.example/login")
    assert guest.get(LIST)["Location"].startswith("https://shop.example/login?returnUrl=")
    integrate(login_type="post", login_url="")
    assert guest.get(LIST)["Location"] == "/shop/hc/ticket/"


def test_given_session_of_other_service_when_list_is_asked_for_then_guest_example_57(integrate, acme, me):
    factories.make_service(acme, "market")
    assert me.get("/market/hc/ticket/list/")["Location"] == "/market/hc/ticket/"
