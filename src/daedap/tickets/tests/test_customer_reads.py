from __future__ import annotations

import pytest

from daedap.core.errors import NotFound
from daedap.tickets import actions
from daedap.tickets.models import CategoryName, Source, Status
from daedap.tickets.selectors import get_member_ticket, list_member_tickets, list_offered_categories
from tests import factories


@pytest.fixture
def member(open_shop):
    return factories.make_member(open_shop)


def test_given_comment_and_answer_when_customer_reads_then_only_the_answer_A12(open_shop, member, agent):
    ticket = factories.make_ticket(open_shop, member=member)
    given = {"ticket_id": ticket.ticket_id, "agent": agent, "actor": agent.as_actor()}
    actions.add_comment(**given, body="<p>내부 메모</p>")
    version = actions.take_ticket(**given).version
    actions.answer_ticket(**given, to=Status.SOLVED, body="<p>답변</p>", version=version, request_id=None)

    seen = get_member_ticket(member=member, ticket_id=ticket.ticket_id)
    assert [(entry.type, entry.safe_body) for entry in seen.history] == [("reply", "<p>답변</p>")]
    assert seen.files == []


@pytest.mark.parametrize("facts", [{"is_spam": True}, {"source": Source.CALL}, {"source": Source.CREATED}])
def test_given_own_ticket_not_for_customers_when_read_then_absent(open_shop, member, facts):
    hidden = factories.make_ticket(open_shop, member=member, **facts)
    assert list(list_member_tickets(member=member)) == []
    with pytest.raises(NotFound):
        get_member_ticket(member=member, ticket_id=hidden.ticket_id)


def test_given_ticket_of_another_member_or_guest_when_read_then_not_found_A27(open_shop, member):
    others = [
        factories.make_ticket(open_shop, member=factories.make_member(open_shop)),
        factories.make_ticket(open_shop),
    ]
    for ticket_id in [*(ticket.ticket_id for ticket in others), "T0000000000000zzzzz"]:
        with pytest.raises(NotFound):
            get_member_ticket(member=member, ticket_id=ticket_id)
    assert list(list_member_tickets(member=member)) == []


def test_given_tickets_when_listed_by_status_then_pages_of_ten(open_shop, member, agent):
    for _ in range(12):
        factories.make_ticket(open_shop, member=member)
    held = factories.make_ticket(
        open_shop, member=member, status=Status.REPLY, assignee=agent, group=agent.groups.get()
    )
    page = list_member_tickets(member=member, page=2)
    assert (len(page), page.paginator.count) == (3, 13)
    assert list(list_member_tickets(member=member, status=Status.REPLY)) == [held]


def test_given_tree_when_offered_then_only_branches_that_are_on_in_the_asked_language(open_shop):
    pay = factories.make_category(open_shop, "결제", order=1)
    owned = {"organization_id": open_shop.organization_id, "service": open_shop}
    CategoryName.objects.create(**owned, category=pay, language="en", name="Payment")
    factories.make_category(open_shop, "환불", parent=pay, level=2)
    factories.make_category(open_shop, "숨김", parent=pay, level=2, is_offered=False)
    off = factories.make_category(open_shop, "꺼짐", order=2, is_offered=False)
    factories.make_category(open_shop, "그 아래", parent=off, level=2)

    assert [choice.path for choice in list_offered_categories("en")] == [
        ["일반 문의"], ["Payment"], ["Payment", "환불"],
    ]  # fmt: skip
