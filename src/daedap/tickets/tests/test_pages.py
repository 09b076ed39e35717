from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from daedap.core.scoping import service_scope
from daedap.services.models import Group, GroupMembership
from daedap.tickets import actions
from daedap.tickets.models import Entry, EntryType, Status, Ticket, TicketEvent
from tests import factories

HTMX = {"hx-request": "true", "hx-target": "ticket"}
ANOTHER = "다른 상담원이 이 티켓을 변경했습니다. 최신 내용을 확인한 뒤 다시 처리해 주세요."


def url(ticket=None, verb="", query=""):
    parts = ["/shop/tickets/", f"{ticket.ticket_id}/" if ticket else "", f"{verb}/" if verb else ""]
    return "".join(parts) + query


def text(response):
    return unescape(response.content.decode())


def rows(response):
    return re.findall(r'id="row-(T\w+)"', text(response))


def hidden(response, name):
    return re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', text(response))[1]


@pytest.fixture
def browser(acme, agent, client_of):
    return client_of(acme, agent)


@pytest.fixture
def ticket(open_shop):
    return factories.make_ticket(open_shop)


@pytest.fixture
def taken(ticket, agent):
    return actions.take_ticket(ticket_id=ticket.ticket_id, agent=agent, actor=agent.as_actor())


def send(browser, ticket, verb="answer", **facts):
    given = {"body": "확인했습니다.", "to": "solved", "version": ticket.version, "request_id": "r1"}
    headers = facts.pop("headers", {})
    return browser.post(url(ticket, verb), given | facts, headers=headers)


# --- List --------------------------------------------------------------------------------------------------------


def test_given_tickets_when_menus_opened_then_each_shows_its_set(browser, open_shop, agent):
    other = factories.make_agent(open_shop)
    group = agent.groups.get()
    now = timezone.now()

    def make(status, assignee=None, **facts):
        if assignee:
            facts |= {"assignee": assignee, "group": group}
        return factories.make_ticket(open_shop, status=status, **facts).ticket_id

    new, mine, theirs = make(Status.NEW), make(Status.OPEN, agent), make(Status.OPEN, other)
    held, solved = make(Status.REPLY, agent), make(Status.SOLVED, agent, solved_at=now)
    make(Status.NEW, is_spam=True)
    old = make(Status.NEW, created_at=now - timedelta(days=200))

    found = {menu: rows(browser.get(url(query=f"?menu={menu}"))) for menu in ("my-open", "my-held", "my-solved")}
    assert found == {"my-open": [mine], "my-held": [held], "my-solved": [solved]}
    assert set(rows(browser.get(url(query="?menu=unassigned")))) == {new, old}
    assert set(rows(browser.get(url()))) == {new, mine, theirs, held, solved}


def test_given_more_than_a_page_when_followed_then_every_ticket_once(browser, open_shop):
    moment = timezone.now()
    made = [
        factories.make_ticket(open_shop, updated_at=moment - timedelta(seconds=number // 3)).ticket_id
        for number in range(120)
    ]
    seen, address = [], url()
    while address:
        page = browser.get(address, headers=HTMX)
        seen += rows(page)
        more = re.search(r'class="btn btn-sm" href="([^"]+)"', text(page))
        address = more[1] if more else None
    assert len(seen) == 120
    assert set(seen) == set(made)


@pytest.mark.parametrize("cursor", ["x", "1-", "9" * 40, "99999999999999999-1", "-1-1"])
def test_given_broken_cursor_when_opened_then_no_error(browser, ticket, cursor):
    assert browser.get(url(query=f"?cursor={cursor}")).status_code == 200


@pytest.mark.parametrize(
    ("search", "hits"),
    [("배송", 1), ("길동", 1), ("HONG@example.com", 1), ("hong@", 0), ("환불", 0), ("%", 0), ("\0", None)],
)
def test_given_search_when_run_then_matches(browser, open_shop, search, hits):
    actions.create_enquiry(
        service=open_shop, source="web", category_id=None, subject="배송 문의", content="언제 오나요", name="홍길동",
        email="hong@example.com", phone="", language="ko", member=None, file_ids=[], uploader="", consent_text="",
        form_id=None, actor=factories.make_member(open_shop).as_actor(),
    )  # fmt: skip
    response = browser.get(url(), {"q": search})
    assert response.status_code == 200
    if hits is not None:
        assert len(rows(response)) == hits


def test_given_ticket_id_when_searched_then_found_beyond_the_period(browser, open_shop):
    old = factories.make_ticket(open_shop, created_at=timezone.now() - timedelta(days=400))
    assert rows(browser.get(url(query=f"?q={old.ticket_id}"))) == [old.ticket_id]


def test_given_nothing_when_list_opened_then_it_says_what_to_do(browser):
    assert "처리중인 티켓이 없습니다." in text(browser.get(url(query="?menu=my-open")))
    assert "미할당 티켓 보기" in text(browser.get(url(query="?menu=my-open")))


def test_given_counts_when_rail_drawn_then_capped_at_999(browser, open_shop, agent):
    from daedap.tickets.navigation import capped
    from daedap.tickets.selectors import Menu, count_menus, list_tickets

    factories.make_ticket(open_shop)
    factories.make_ticket(open_shop, status=Status.OPEN, assignee=agent, group=agent.groups.get())
    assert count_menus(agent) == {
        Menu.MY_OPEN: 1, Menu.MY_HELD: 0, Menu.MY_SOLVED: 0, Menu.ALL: 2, Menu.UNASSIGNED: 1,
    }  # fmt: skip
    assert count_menus(agent) == {menu: len(list_tickets(viewer=agent, menu=menu).tickets) for menu in Menu}
    assert [capped(number) for number in (0, 999, 1000)] == ["0", "999", "999+"]


def test_given_10_or_60_tickets_when_opened_then_same_few_queries(browser, open_shop, agent):
    def busy_ticket():
        ticket = factories.make_ticket(open_shop)
        ticket = actions.take_ticket(ticket_id=ticket.ticket_id, agent=agent, actor=agent.as_actor())
        for number in range(3):
            actions.add_comment(
                ticket_id=ticket.ticket_id, agent=agent, body=f"<p>{number}</p>", actor=agent.as_actor()
            )
        return ticket

    def count(address, headers):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address, headers=headers).status_code == 200
        return len(queries)

    def count_all():
        return {name: count(*asked) for name, asked in pages.items()}

    first, *_ = [busy_ticket() for _ in range(10)]
    pages = {"list": (url(), {}), "detail": (url(first), {}), "open in place": (url(first), HTMX)}
    count_all()  # what is remembered at first use is remembered
    few = count_all()
    for _ in range(50):
        busy_ticket()
    assert count_all() == few
    assert max(few.values()) <= 12


# --- Detail ------------------------------------------------------------------------------------------------------


def test_given_ticket_when_opened_then_words_are_escaped_and_entries_clean(browser, open_shop, agent, taken):
    Ticket.objects.update(subject="<b>제목</b>", content="<script>alert(1)</script>\n둘째 줄")
    Entry.objects.create(
        organization_id=taken.organization_id, service=open_shop, ticket=taken, type=EntryType.COMMENT, agent=agent,
        author_name="<i>x</i>", body="<p>ok</p><img src=x onerror=alert(2)>", status="open", created_at=timezone.now(),
    )  # fmt: skip
    page = browser.get(url(taken)).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>둘째 줄" in page
    assert "onerror" not in page
    assert "<b>제목</b>" not in page
    assert "<i>x</i>" not in page


def test_given_ticket_when_opened_then_it_says_what_goes_to_whom(browser, taken):
    assert "메일 발송: hong@example.com" in text(browser.get(url(taken)))
    Ticket.objects.update(customer_email="")
    assert "이메일 주소가 없어 메일을 보내지 않습니다." in text(browser.get(url(taken)))


def test_given_events_tab_when_opened_then_events_in_the_service_zone(browser, taken, open_shop):
    TicketEvent.objects.update(created_at="2026-01-01T00:00:00Z")
    page = text(browser.get(url(taken, query="?tab=events")))
    assert "담당자 할당" in page
    assert "미할당 → 처리중" in page
    assert "01.01 09:00:00" in page
    part = text(
        browser.get(url(taken, query="?tab=events"), headers={"hx-request": "true", "hx-target": "ticket-side"})
    )
    assert "담당자 할당" in part
    assert "<html" not in part


def test_given_ticket_of_another_tenant_when_opened_then_404_A51(browser, beta_shop):
    foreign = factories.make_ticket(beta_shop)
    for verb in ("", "take", "answer", "comment", "complete"):
        body = {"body": "x", "to": "solved", "version": 1, "request_id": "r"}
        response = browser.post(url(foreign, verb), body) if verb else browser.get(url(foreign))
        assert response.status_code == 404
    assert rows(browser.get(url(query=f"?q={foreign.ticket_id}"))) == []
    with service_scope(beta_shop.organization_id, beta_shop.pk):
        assert Ticket.objects.get().version == 1
        assert not Entry.objects.exists()


def test_given_ticket_of_another_service_when_opened_then_404(browser, acme):
    other = factories.make_service(acme, "mall")
    foreign = factories.make_ticket(other)
    assert browser.get(url(foreign)).status_code == 404


def test_given_viewer_without_ticket_permission_when_opened_then_403(acme, shop, ticket, client_of):
    idle = factories.make_agent(shop, may_tickets=False)
    outsider = factories.make_iam_member(acme)
    for who in (idle, outsider):
        browser = client_of(acme, who)
        assert browser.get(url()).status_code == 403
        assert browser.get(url(ticket)).status_code == 403
        assert browser.post(url(ticket, "take")).status_code == 403
    ticket.refresh_from_db()
    assert ticket.status == Status.NEW


def test_given_nobody_when_opened_then_login(acme, ticket, client_of):
    response = client_of(acme).get(url(ticket))
    assert response.status_code == 302
    assert response["Location"].startswith("/login/")


# --- Take --------------------------------------------------------------------------------------------------------


def test_given_unassigned_row_when_taken_without_script_then_open_ticket_A4(browser, ticket, agent):
    assert "가져오기" in text(browser.get(url()))
    response = browser.post(url(ticket, "take", "?menu=unassigned"), follow=True)
    assert response.redirect_chain == [(url(ticket, query="?menu=unassigned"), 302)]
    assert "티켓을 가져왔습니다." in text(response)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee) == (Status.OPEN, agent)


def test_given_htmx_when_taken_then_panes_row_and_counters_A4(browser, ticket):
    response = browser.post(url(ticket, "take"), headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in page
    assert f'id="row-{ticket.ticket_id}" hx-swap-oob="true"' in page
    assert "hx-swap-oob=\"innerHTML:.d-rail-link[href='/shop/tickets/?menu=my-open'] .d-rail-count\">1<" in page
    assert json.loads(response["HX-Trigger"])["toast"]["text"] == "티켓을 가져왔습니다."
    assert response["HX-Push-Url"] == url(ticket)


def test_given_two_groups_when_taken_then_group_is_asked_A5(browser, ticket, agent):
    owned = {"organization_id": ticket.organization_id, "service_id": ticket.service_id}
    second = Group.objects.create(**owned, name="배송")
    GroupMembership.objects.create(**owned, group=second, agent=agent, order=1)

    response = browser.post(url(ticket, "take"))
    assert response.status_code == 422
    assert "어느 그룹으로 가져올까요?" in text(response)
    ticket.refresh_from_db()
    assert ticket.status == Status.NEW

    browser.post(url(ticket, "take"), {"group": second.pk})
    ticket.refresh_from_db()
    assert ticket.group == second


def test_given_taken_ticket_when_another_takes_then_409_and_refreshed_A6(acme, taken, shop, client_of):
    late = client_of(acme, factories.make_agent(shop))
    for headers in ({}, HTMX):
        response = late.post(url(taken, "take"), headers=headers)
        assert response.status_code == 409
        assert "이미 다른 상담원이 가져간 티켓입니다." in text(response)
        assert taken.assignee.name in text(response)
    assert TicketEvent.objects.count() == 1


# --- Answer, comment, complete -----------------------------------------------------------------------------------


def test_given_assignee_when_solved_through_the_page_then_answered_A10(browser, taken):
    page = browser.get(url(taken))
    given = {name: hidden(page, name) for name in ("version", "request_id")}
    response = browser.post(url(taken, "answer"), given | {"body": "첫 줄\n둘째 <b>", "to": "solved"}, follow=True)
    assert "처리했습니다. 답변을 메일로 보냅니다." in text(response)
    entry = Entry.objects.get()
    assert entry.body == "<p>첫 줄<br>둘째 &lt;b&gt;</p>"
    taken.refresh_from_db()
    assert taken.status == Status.SOLVED


def test_given_no_address_when_solved_then_page_says_so(browser, taken):
    Ticket.objects.update(customer_email="")
    assert (
        "이메일 주소가 없어 메일을 발송하지 않았습니다."
        in json.loads(send(browser, taken, headers=HTMX)["HX-Trigger"])["toast"]["text"]
    )
    assert "주소 없음" in text(browser.get(url(taken)))


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_given_older_version_when_held_then_409_and_text_kept_A33(
    browser, acme, taken, administrator, client_of, headers
):
    send(browser, taken)
    response = send(
        client_of(acme, administrator), taken, to="reply", body="제가 쓰던 답변", request_id="r2", headers=headers
    )
    assert response.status_code == 409
    page = text(response)
    assert ANOTHER in page
    assert f"{taken.assignee.name} · 해결" in page
    assert Entry.objects.count() == 1
    assert "제가 쓰던 답변</textarea>" in page or "해결된 티켓입니다" in page


def test_given_other_agent_touched_it_when_answered_again_then_text_kept_and_second_try_works_K6(browser, taken):
    Ticket.objects.update(version=taken.version + 1)
    response = send(browser, taken, body="제가 쓰던 답변")
    assert response.status_code == 409
    assert "제가 쓰던 답변</textarea>" in text(response)
    again = {name: hidden(response, name) for name in ("version", "request_id")}
    assert browser.post(url(taken, "answer"), again | {"body": "제가 쓰던 답변", "to": "solved"}).status_code == 302
    assert Entry.objects.count() == 1


def test_given_double_click_when_sent_twice_then_one_entry_A36(browser, taken):
    assert [send(browser, taken).status_code for _ in range(2)] == [302, 302]
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    ("verb", "facts"),
    [
        ("answer", {"body": " "}),
        ("answer", {"body": "가" * 20_001}),
        ("answer", {"to": "closed"}),
        ("answer", {"to": ""}),
        ("answer", {"version": "x"}),
        ("answer", {"request_id": ""}),
        ("comment", {"body": ""}),
        ("comment", {"body": "a\0b"}),
    ],
)
def test_given_bad_input_when_sent_then_422_and_nothing_changed(browser, taken, verb, facts):
    response = send(browser, taken, verb, **facts)
    assert response.status_code == 422
    assert not Entry.objects.exists()
    now = Ticket.objects.get()
    assert (now.status, now.version) == (taken.status, taken.version)


def test_given_not_the_assignee_when_answering_then_403_and_nothing_changed(acme, taken, shop, client_of):
    other = client_of(acme, factories.make_agent(shop))
    page = text(other.get(url(taken)))
    assert "담당자나 관리자만 답변할 수 있습니다." in page
    assert "처리하기" not in page
    assert send(other, taken).status_code == 403
    assert not Entry.objects.exists()


def test_given_comment_when_added_then_shown_to_agents_A12(browser, taken):
    response = send(browser, taken, "comment", body="내부 메모", headers=HTMX)
    assert "내부 메모" in text(response)
    assert Entry.objects.get().type == EntryType.COMMENT
    taken.refresh_from_db()
    assert taken.status == Status.OPEN


def test_given_solved_ticket_when_agent_looks_then_complete_is_not_offered_A18(browser, taken):
    send(browser, taken)
    assert "/complete/" not in text(browser.get(url(taken)))
    taken.refresh_from_db()
    assert browser.post(url(taken, "complete"), {"version": taken.version}).status_code == 403
    taken.refresh_from_db()
    assert taken.status == Status.SOLVED


def test_given_solved_ticket_when_administrator_completes_then_read_only_A19(
    acme, browser, taken, administrator, client_of
):
    send(browser, taken)
    chief = client_of(acme, administrator)
    version = hidden(chief.get(url(taken)), "version")
    assert chief.post(url(taken, "complete"), {"version": version}).status_code == 302
    page = text(chief.get(url(taken)))
    assert "완료된 티켓은 읽기만 할 수 있습니다." in page
    assert "<textarea" not in page


@pytest.mark.parametrize("language", ["ko", "en"])
def test_given_language_when_opened_then_state_labels(browser, ticket, language):
    browser.cookies["language"] = language
    page = text(browser.get(url()))
    assert {"ko": "미할당", "en": "Unassigned"}[language] in page
