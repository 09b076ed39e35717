"""Customers ask again (spec 50, section 18 and 20; spec 30, examples 42 and 43)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from daedap.core.errors import DaedapError, NotFound
from daedap.core.scoping import service_scope
from daedap.services.models import Role
from daedap.tickets import actions, errors
from daedap.tickets.models import Entry, EntryType, EventCode, Resolution, Source, Status, Ticket, TicketEvent
from daedap.tickets.selectors import Menu, count_menus
from tests import factories
from tests.jobs import queued, run_jobs
from tests.together import together

from .test_enquiries import upload
from .test_processing import answer, codes, refused, take

UPLOADER = "u" * 64


@pytest.fixture
def member(open_shop):
    return factories.make_member(open_shop)


@pytest.fixture
def ticket(open_shop, member):
    return factories.make_ticket(open_shop, member=member)


@pytest.fixture
def solved(ticket, agent):
    answer(take(ticket, agent), agent)
    return ticket


def ask(ticket, member, content="아직 안 왔어요", **facts):
    given = {"file_ids": [], "uploader": "", "request_id": None, "actor": member.as_actor()}
    return actions.ask_again(ticket_id=ticket.ticket_id, member=member, content=content, **(given | facts))


def facts_of(ticket):
    ticket.refresh_from_db()
    return ticket.status, ticket.assignee_id, ticket.group_id, ticket.resolution, ticket.solved_at


@pytest.mark.parametrize("taken", [False, True])
def test_given_ticket_new_or_in_progress_when_asked_again_then_state_stays_and_version_moves_TR_21(
    ticket, member, agent, taken
):
    # given
    if taken:
        take(ticket, agent)
        ticket.refresh_from_db()
    before, version = facts_of(ticket), ticket.version
    # when
    entry = ask(ticket, member, "<b>줄</b>\n둘")
    # then
    assert facts_of(ticket) == before
    assert (ticket.version, ticket.last_customer_at) == (version + 1, entry.created_at)
    assert (entry.type, entry.author_name, entry.agent_id) == (EntryType.ENDUSER, member.username, None)
    assert entry.body == "<p>&lt;b&gt;줄&lt;/b&gt;<br>둘</p>"
    event = TicketEvent.objects.get(code=EventCode.REENQUIRED)
    assert (event.actor_kind, event.actor_id) == ("member", member.pk)
    assert EventCode.REOPENED not in codes()
    assert ticket.was_asked_again


@pytest.mark.parametrize("to", [Status.SOLVED, Status.REPLY])
def test_given_answered_ticket_when_asked_again_then_in_progress_with_the_same_agent_TR_22_A23(
    ticket, member, agent, to
):
    # given
    answer(take(ticket, agent), agent, to)
    assert not Ticket.objects.get().was_asked_again
    # when
    ask(ticket, member)
    # then
    assert facts_of(ticket) == (Status.OPEN, agent.pk, agent.groups.get().pk, "", None)
    assert codes()[-2:] == [EventCode.REENQUIRED, EventCode.REOPENED]
    assert ticket.was_asked_again
    assert count_menus(agent)[Menu.MY_OPEN] == 1
    answer(ticket, agent)
    assert facts_of(ticket)[3] == Resolution.ANSWER
    assert not ticket.was_asked_again


@pytest.mark.parametrize("facts", [{"removed_at": timezone.now()}, {"may_tickets": False}])
def test_given_assignee_who_works_here_no_more_when_asked_again_then_unassigned_with_its_group_A24(
    solved, member, agent, administrator, facts
):
    # given
    type(agent).objects.filter(pk=agent.pk).update(**facts)
    # when
    ask(solved, member)
    # then
    assert facts_of(solved) == (Status.NEW, None, agent.groups.get().pk, "", None)
    assert codes()[-3:] == [EventCode.REENQUIRED, EventCode.REOPENED, EventCode.UNASSIGNED]
    assert count_menus(administrator)[Menu.UNASSIGNED] == 1


def test_given_closed_ticket_when_asked_again_then_refused_TR_23_A25(ticket, member):
    Ticket.objects.update(status=Status.CLOSED)
    refused(errors.ReenquiryClosed, ask, ticket, member)


def test_given_spam_when_asked_again_then_taken_in_and_it_stays_spam(solved, member):
    Ticket.objects.update(is_spam=True)
    entry = ask(solved, member)
    assert facts_of(solved)[0] == Status.SOLVED
    assert Entry.objects.filter(pk=entry.pk).exists()


def test_given_ticket_of_another_member_or_a_guest_or_a_call_when_asked_again_then_not_found_A27(
    open_shop, ticket, member
):
    other = factories.make_member(open_shop)
    refused(NotFound, ask, ticket, other)
    refused(NotFound, ask, factories.make_ticket(open_shop), member)
    refused(NotFound, ask, factories.make_ticket(open_shop, member=member, source=Source.CALL), member)


def test_given_ticket_of_another_service_when_asked_again_then_not_found_A51(open_shop, member, beta_shop):
    theirs = factories.make_ticket(beta_shop, member=factories.make_member(beta_shop))
    refused(NotFound, ask, theirs, member)


@pytest.mark.parametrize("content", ["", " \n", "\0", "가" * 5001])
def test_given_no_text_or_too_much_when_asked_again_then_refused_at_its_field(ticket, member, content):
    assert refused(DaedapError, ask, ticket, member, content).field == "content"


def test_given_5000_characters_when_asked_again_then_kept_whole(ticket, member):
    assert len(ask(ticket, member, "가" * 5000).body) == 5000 + len("<p></p>")


def test_given_own_uploads_when_asked_again_then_bound_to_the_entry_and_no_others(open_shop, ticket, member):
    mine = [upload(open_shop, UPLOADER).public_id for _ in range(2)]
    theirs = upload(open_shop, "v" * 64).public_id
    assert refused(DaedapError, ask, ticket, member, file_ids=[theirs], uploader=UPLOADER).field == "files"
    six = [upload(open_shop, UPLOADER).public_id for _ in range(6)]
    assert refused(DaedapError, ask, ticket, member, file_ids=six, uploader=UPLOADER).field == "files"
    entry = ask(ticket, member, file_ids=mine, uploader=UPLOADER)
    assert [each.file.public_id for each in entry.attachments.order_by("pk")] == mine
    assert refused(DaedapError, ask, ticket, member, file_ids=mine, uploader=UPLOADER).field == "files"


def test_given_same_request_when_repeated_then_one_entry_also_after_completion(ticket, member):
    first = ask(ticket, member, request_id="a" * 32)
    Ticket.objects.update(status=Status.CLOSED)
    assert ask(ticket, member, request_id="a" * 32) == first
    assert Entry.objects.count() == 1
    assert codes().count(EventCode.REENQUIRED) == 1


def test_given_agent_with_the_ticket_open_when_asked_again_then_conflict_once_A34_K6(ticket, member, agent):
    # given
    seen = take(ticket, agent)
    ask(ticket, member)
    # when
    conflict = refused(errors.TicketChanged, answer, seen, agent)
    # then
    assert [event.code for event in conflict.facts["since"]] == [EventCode.REENQUIRED]
    ticket.refresh_from_db()
    assert answer(ticket, agent).status == Status.SOLVED


@pytest.fixture
def stage(shop):
    """A solved ticket of a member, committed, with its agent and an administrator."""
    agent = factories.make_agent(shop)
    boss = factories.make_agent(shop, role=Role.ADMINISTRATOR)
    member = factories.make_member(shop)
    ticket = factories.make_ticket(shop, member=member)
    with service_scope(shop.organization_id, shop.pk):
        take(ticket, agent)
    ticket.refresh_from_db()
    return shop, ticket, member, agent, boss


def within(shop, call, *args, **facts):
    def run():
        with service_scope(shop.organization_id, shop.pk):
            return call(*args, **facts)

    return run


@pytest.mark.django_db(transaction=True)
def test_given_double_click_when_both_arrive_at_once_then_one_entry(stage):
    shop, ticket, member, _agent, _boss = stage
    again = within(shop, ask, ticket, member, request_id="b" * 32)
    first, second = together(again, again)
    assert first.pk == second.pk
    with service_scope(shop.organization_id, shop.pk):
        assert Entry.objects.filter(type=EntryType.ENDUSER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_given_answer_at_the_same_moment_when_asked_again_then_no_question_rests_in_an_answered_ticket(stage):
    shop, ticket, member, agent, _boss = stage
    asked, answered = together(within(shop, ask, ticket, member), within(shop, answer, ticket, agent))
    assert isinstance(asked, Entry)
    # Either the agent was told of the question, or the question opened the answered ticket again.
    assert isinstance(answered, (Entry, errors.TicketChanged))
    with service_scope(shop.organization_id, shop.pk):
        assert Ticket.objects.get().status == Status.OPEN


@pytest.mark.django_db(transaction=True)
def test_given_completion_at_the_same_moment_when_asked_again_then_one_of_them_is_refused(stage):
    shop, ticket, member, agent, boss = stage
    with service_scope(shop.organization_id, shop.pk):
        answer(ticket, agent)
    ticket.refresh_from_db()

    def complete():
        return actions.complete_ticket(
            ticket_id=ticket.ticket_id, agent=boss, version=ticket.version, actor=boss.as_actor()
        )

    asked, completed = together(within(shop, ask, ticket, member), within(shop, complete))
    with service_scope(shop.organization_id, shop.pk):
        stored = Ticket.objects.get()
    if isinstance(asked, Entry):
        assert isinstance(completed, errors.TicketChanged)
        assert stored.status == Status.OPEN
    else:
        assert isinstance(asked, errors.ReenquiryClosed)
        assert (completed, stored.status) == (stored, Status.CLOSED)


# --- Completion by time (J1) ---------------------------------------------------------------------


def age(ticket, **how_long):
    Ticket.objects.filter(pk=ticket.pk).update(solved_at=timezone.now() - timedelta(**how_long))


def test_given_two_weeks_since_solved_when_the_job_runs_twice_then_closed_once_A21(solved):
    # given
    age(solved, days=14, minutes=1)
    # when
    closed = [actions.complete_overdue(), actions.complete_overdue()]
    # then
    solved.refresh_from_db()
    assert (closed, solved.status) == ([1, 0], Status.CLOSED)
    event = TicketEvent.objects.get(code=EventCode.CLOSED)
    assert (event.actor_kind, event.after["auto"]) == ("system", True)
    assert solved.closed_at is not None


def test_given_less_than_two_weeks_or_spam_or_asked_again_when_the_job_runs_then_left(open_shop, solved, member, agent):
    age(solved, days=13, hours=23)
    spam = factories.make_ticket(open_shop, status=Status.SOLVED, is_spam=True, solved_at=timezone.now())
    age(spam, days=30)
    assert actions.complete_overdue() == 0
    age(solved, days=30)
    ask(solved, member)
    assert actions.complete_overdue() == 0
    solved.refresh_from_db()
    assert solved.status == Status.OPEN


def test_given_tickets_of_two_tenants_when_the_periodic_job_runs_then_both_are_closed(solved, beta_shop, open_shop):
    from daedap.tickets.tasks import complete_overdue

    age(solved, days=15)
    long_ago = timezone.now() - timedelta(days=15)
    theirs = factories.make_ticket(beta_shop, status=Status.SOLVED, solved_at=long_ago)
    complete_overdue()
    for ticket in (solved, theirs):
        assert Ticket._base_manager.get(pk=ticket.pk).status == Status.CLOSED


def test_given_event_when_asked_again_then_higher_floors_are_told(ticket, member, monkeypatch):
    from collections import defaultdict

    from daedap.core import events

    monkeypatch.setattr(events, "_subscribers", defaultdict(list, {"tickets.reenquired": ["tests.hear"]}))
    entry = ask(ticket, member)
    [job] = queued()
    assert (job.args["ticket_pk"], job.args["entry_pk"]) == (ticket.pk, entry.pk)
    run_jobs()
