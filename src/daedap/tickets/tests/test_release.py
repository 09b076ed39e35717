import pytest

from daedap.core.actors import SYSTEM
from daedap.services.actions import remove_agent
from daedap.tickets.actions import release_tickets
from daedap.tickets.models import EventCode, Status, Ticket, TicketEvent
from tests import factories
from tests.jobs import run_jobs

pytestmark = pytest.mark.usefixtures("administrator")


@pytest.fixture
def tickets(open_shop, agent, administrator):
    """One ticket of the agent in every state that has an assignee, and one of a colleague."""
    group = agent.groups.get()
    now = factories.timezone.now()

    def make(who, status):
        return factories.make_ticket(
            open_shop, assignee=who, group=group, status=status, assigned_at=now, solved_at=now, closed_at=now
        )

    made = {status: make(agent, status) for status in (Status.OPEN, Status.REPLY, Status.SOLVED, Status.CLOSED)}
    return made | {"colleague": make(administrator, Status.OPEN)}


def test_given_unfinished_tickets_when_their_agent_is_removed_then_they_wait_for_all_with_their_group_TR_30(
    open_shop, agent, tickets
):
    # given
    group = agent.groups.get()
    # when
    remove_agent(service=open_shop, agent_id=agent.pk, actor=SYSTEM)
    run_jobs()
    # then
    for status in (Status.OPEN, Status.REPLY):
        ticket = Ticket.objects.get(pk=tickets[status].pk)
        assert (ticket.status, ticket.assignee_id, ticket.group_id) == (Status.NEW, None, group.pk)
        assert ticket.version == 2
        event = TicketEvent.objects.get(ticket=ticket)
        assert (event.code, event.actor_kind, event.before["status"]) == (EventCode.UNASSIGNED, "system", status)
    for kept in (Status.SOLVED, Status.CLOSED, "colleague"):
        ticket = Ticket.objects.get(pk=tickets[kept].pk)
        assert (ticket.status, ticket.assignee_id) == (tickets[kept].status, tickets[kept].assignee_id)


def test_given_an_agent_who_works_when_the_job_runs_then_nothing_changes(agent, tickets):
    assert release_tickets(agent_pk=agent.pk) == 0
    assert Ticket.objects.filter(assignee=agent).count() == 4
    assert not TicketEvent.objects.exists()


def test_given_the_job_when_run_twice_then_each_ticket_is_released_once(open_shop, agent, tickets):
    remove_agent(service=open_shop, agent_id=agent.pk, actor=SYSTEM)
    assert release_tickets(agent_pk=agent.pk) == 2
    assert release_tickets(agent_pk=agent.pk) == 0
    assert TicketEvent.objects.filter(code=EventCode.UNASSIGNED).count() == 2


def test_given_an_agent_of_another_service_when_the_job_runs_here_then_their_tickets_stay(
    open_shop, beta_shop, stranger
):
    theirs = factories.make_ticket(
        beta_shop, assignee=stranger, group=factories.first_group(beta_shop), status=Status.OPEN
    )
    assert release_tickets(agent_pk=stranger.pk) == 0
    assert Ticket._base_manager.get(pk=theirs.pk).assignee_id == stranger.pk
