from __future__ import annotations

import threading

import pytest
from django.db import connections

from daedap.core.errors import DaedapError, NotFound
from daedap.core.scoping import service_scope
from daedap.services.models import Group, GroupMembership, Role
from daedap.tickets import actions, errors
from daedap.tickets.models import Entry, EntryType, EventCode, MailState, Resolution, Status, Ticket, TicketEvent
from tests import factories
from tests.jobs import queued


def take(ticket, agent, **facts):
    return actions.take_ticket(ticket_id=ticket.ticket_id, agent=agent, actor=agent.as_actor(), **facts)


def answer(ticket, agent, to=Status.SOLVED, **facts):
    given = {"body": "<p>확인했습니다.</p>", "version": ticket.version, "request_id": None}
    return actions.answer_ticket(
        ticket_id=ticket.ticket_id, agent=agent, to=to, actor=agent.as_actor(), **(given | facts)
    )


def comment(ticket, agent, body="<p>메모</p>", **facts):
    return actions.add_comment(ticket_id=ticket.ticket_id, agent=agent, body=body, actor=agent.as_actor(), **facts)


def complete(ticket, agent, **facts):
    given = {"version": ticket.version}
    return actions.complete_ticket(ticket_id=ticket.ticket_id, agent=agent, actor=agent.as_actor(), **(given | facts))


def codes():
    return list(TicketEvent.objects.values_list("code", flat=True))


def state():
    """Everything a refusal must leave as it was."""
    return (
        list(Ticket.objects.order_by("pk").values()),
        list(Entry.objects.order_by("pk").values()),
        list(TicketEvent.objects.order_by("pk").values()),
        [job.pk for job in queued()],
    )


def refused(kind, action, *args, **facts):
    before = state()
    with pytest.raises(kind) as refusal:
        action(*args, **facts)
    assert state() == before
    return refusal.value


@pytest.fixture
def ticket(open_shop):
    return factories.make_ticket(open_shop)


@pytest.fixture
def taken(ticket, agent):
    return take(ticket, agent)


@pytest.fixture
def solved(taken, agent):
    return answer(taken, agent).ticket


# --- Take --------------------------------------------------------------------------------------------------------


def test_given_agent_in_one_group_when_taking_then_in_progress_A4(ticket, agent):
    take(ticket, agent)
    stored = Ticket.objects.get()
    assert (stored.status, stored.assignee, stored.version) == (Status.OPEN, agent, 2)
    assert stored.group == agent.groups.get()
    assert stored.assigned_at == stored.updated_at
    event = TicketEvent.objects.get()
    assert (event.code, event.actor_id, event.actor_name) == (EventCode.ASSIGNED, agent.pk, agent.name)
    assert event.after == {"status": "open", "version": 2, "assignee": agent.pk, "group": stored.group_id}


def test_given_agent_in_two_groups_when_taking_then_choice_is_demanded_and_stored_A5(ticket, agent):
    owned = {"organization_id": ticket.organization_id, "service_id": ticket.service_id}
    second = Group.objects.create(**owned, name="배송")
    GroupMembership.objects.create(**owned, group=second, agent=agent, order=1)
    strange = Group.objects.create(**owned, name="남의 그룹")

    demand = refused(errors.GroupNeeded, take, ticket, agent)
    assert [group.name for group in demand.facts["groups"]] == ["기본 그룹", "배송"]
    refused(errors.GroupNeeded, take, ticket, agent, group_id=strange.pk)

    assert take(ticket, agent, group_id=second.pk).group == second


def test_given_agent_without_group_when_taking_then_refused(ticket, agent):
    GroupMembership.objects.all().delete()
    refused(errors.NoGroup, take, ticket, agent)


def test_given_taken_ticket_when_another_takes_then_already_taken_A6(taken, administrator):
    refused(errors.AlreadyTaken, take, taken, administrator)


def test_given_own_ticket_when_taken_again_then_nothing_changes(taken, agent):
    before = state()
    take(taken, agent)
    assert state() == before


@pytest.mark.django_db(transaction=True)
def test_given_two_agents_when_taking_at_once_then_one_wins_A6(shop):
    agents = [factories.make_agent(shop), factories.make_agent(shop)]
    ticket = factories.make_ticket(shop)
    start, outcomes = threading.Barrier(2), []

    def press(agent):
        try:
            start.wait(5)
            with service_scope(shop.organization_id, shop.pk):
                take(ticket, agent)
            outcomes.append(agent.pk)
        except errors.AlreadyTaken as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[agent]) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    with service_scope(shop.organization_id, shop.pk):
        winner = Ticket.objects.get().assignee_id
        assert sorted(outcomes) == sorted([winner, 409])
        assert codes() == [EventCode.ASSIGNED]


def test_given_agent_without_ticket_permission_when_taking_then_refused(ticket, agent):
    agent.may_tickets = False
    refused(errors.NotPermitted, take, ticket, agent)


def test_given_agent_of_another_service_when_taking_then_refused_A51(ticket, stranger):
    refused(errors.NotPermitted, take, ticket, stranger)


def test_given_ticket_of_another_tenant_when_named_then_not_found_A51(open_shop, agent, beta_shop):
    foreign = factories.make_ticket(beta_shop)
    for action in (take, answer, comment, complete):
        with pytest.raises(NotFound):
            action(foreign, agent)
    with service_scope(beta_shop.organization_id, beta_shop.pk):
        assert Ticket.objects.get().status == Status.NEW
        assert not Entry.objects.exists()


# --- Answer ------------------------------------------------------------------------------------------------------


def test_given_ticket_in_progress_when_solved_then_answered_and_told_A10(taken, agent, subscribed):
    entry = answer(taken, agent, body="<p>확인했습니다.</p><script>alert(1)</script>")
    stored = Ticket.objects.get()
    assert (stored.status, stored.resolution, stored.version) == (Status.SOLVED, Resolution.ANSWER, 3)
    assert stored.solved_at == stored.first_replied_at == stored.updated_at
    assert Entry.objects.get() == entry
    assert (entry.type, entry.body, entry.status) == (EntryType.REPLY, "<p>확인했습니다.</p>", Status.SOLVED)
    assert (entry.mail_state, entry.author_name) == (MailState.QUEUED, agent.name)
    assert codes() == [EventCode.ASSIGNED, EventCode.SOLVED]
    assert [job.args for job in queued("tests.hear")] == [
        {
            "organization_id": taken.organization_id,
            "service_id": taken.service_id,
            "ticket_pk": taken.pk,
            "entry_pk": entry.pk,
        }
    ]


def test_given_ticket_in_progress_when_held_then_reply_A11(taken, agent):
    entry = answer(taken, agent, Status.REPLY)
    stored = Ticket.objects.get()
    assert (stored.status, stored.resolution, stored.solved_at) == (Status.REPLY, "", None)
    assert stored.first_replied_at is not None
    assert (entry.type, entry.status) == (EntryType.REPLY, Status.REPLY)
    assert codes()[-1] == EventCode.HELD


def test_given_no_address_when_answered_then_entry_says_so(open_shop, agent):
    ticket = take(factories.make_ticket(open_shop, customer_email=""), agent)
    assert answer(ticket, agent).mail_state == MailState.NO_ADDRESS


def test_given_other_agent_when_answering_then_refused_and_administrator_may(taken, open_shop, administrator):
    refused(errors.NotPermitted, answer, taken, factories.make_agent(open_shop))
    answer(taken, administrator)
    assert Ticket.objects.get().status == Status.SOLVED


def test_given_unassigned_ticket_when_answered_then_refused(ticket, administrator):
    refused(errors.NotAssigned, answer, ticket, administrator)


def test_given_solved_ticket_when_solved_again_then_refused(solved, agent):
    refused(errors.TransitionRefused, answer, solved, agent)


@pytest.mark.parametrize("body", ["", " \n", "<p> </p>", "<script>alert(1)</script>", "\0"])
def test_given_no_text_when_answered_then_refused(taken, agent, body):
    assert refused(DaedapError, answer, taken, agent, body=body).field == "body"


def test_given_older_version_when_held_then_conflict_names_what_happened_A33(taken, agent, administrator):
    seen = taken.version
    answer(taken, agent)
    conflict = refused(errors.TicketChanged, answer, taken, administrator, Status.REPLY, version=seen)
    assert conflict.code == 409
    assert [(event.code, event.actor_name) for event in conflict.facts["since"]] == [(EventCode.SOLVED, agent.name)]
    assert Entry.objects.filter(type=EntryType.REPLY).count() == 1


def test_given_same_request_when_repeated_then_one_entry_one_job_A36(taken, agent, subscribed):
    first = answer(taken, agent, request_id="r1")
    before = state()
    assert answer(taken, agent, request_id="r1") == first
    assert state() == before
    assert len(queued("tests.hear")) == 1


@pytest.mark.django_db(transaction=True)
def test_given_same_request_when_sent_twice_at_once_then_one_entry_A36(shop):
    agent = factories.make_agent(shop)
    with service_scope(shop.organization_id, shop.pk):
        ticket = take(factories.make_ticket(shop), agent)
    start, entries = threading.Barrier(2), []

    def press():
        try:
            start.wait(5)
            with service_scope(shop.organization_id, shop.pk):
                entries.append(answer(ticket, agent, request_id="r1").pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    with service_scope(shop.organization_id, shop.pk):
        assert entries == [Entry.objects.get().pk] * 2


# --- Comment and complete ----------------------------------------------------------------------------------------


def test_given_ticket_in_progress_when_commented_then_state_and_version_stay_A12(taken, open_shop):
    colleague = factories.make_agent(open_shop)
    entry = comment(taken, colleague)
    stored = Ticket.objects.get()
    assert (stored.status, stored.version, stored.first_replied_at) == (Status.OPEN, taken.version, None)
    assert (entry.type, entry.mail_state, entry.agent) == (EntryType.COMMENT, MailState.NONE, colleague)
    assert codes()[-1] == EventCode.COMMENTED
    assert queued("core.deliver_mail") == []


def test_given_comment_meanwhile_when_solved_then_no_conflict_K3(taken, agent, administrator):
    comment(taken, administrator)
    answer(taken, agent)
    assert Ticket.objects.get().status == Status.SOLVED


def test_given_solved_ticket_when_agent_completes_then_refused_A18(solved, agent):
    refused(errors.NotPermitted, complete, solved, agent)


def test_given_solved_ticket_when_administrator_completes_then_closed_A19(solved, administrator):
    complete(solved, administrator)
    stored = Ticket.objects.get()
    assert stored.status == Status.CLOSED
    assert stored.closed_at == stored.updated_at
    assert codes()[-1] == EventCode.CLOSED


@pytest.mark.parametrize("status", [Status.OPEN, Status.REPLY])
def test_given_unsolved_ticket_when_administrator_completes_then_refused_A20(open_shop, agent, administrator, status):
    facts = {"status": status, "assignee": agent, "group": agent.groups.get()}
    refused(errors.TransitionRefused, complete, factories.make_ticket(open_shop, **facts), administrator)


def test_given_closed_ticket_when_touched_then_refused(solved, agent, administrator):
    closed = complete(solved, administrator)
    refused(errors.TicketClosed, answer, closed, agent)
    refused(errors.TicketClosed, comment, closed, agent)
    refused(errors.TicketClosed, complete, closed, administrator)


def test_given_spam_when_touched_then_refused(open_shop, agent):
    owned = {"status": Status.OPEN, "assignee": agent, "group": agent.groups.get()}
    spam = factories.make_ticket(open_shop, is_spam=True, **owned)
    refused(errors.TicketIsSpam, answer, spam, agent)
    refused(errors.TicketIsSpam, comment, spam, agent)
    refused(errors.TicketIsSpam, take, factories.make_ticket(open_shop, is_spam=True), agent)


def test_given_administrator_role_without_ticket_permission_when_acting_then_refused(solved, open_shop):
    idle = factories.make_agent(open_shop, role=Role.ADMINISTRATOR, may_tickets=False)
    refused(errors.NotPermitted, complete, solved, idle)
    refused(errors.NotPermitted, comment, solved, idle)
