"""Who works on a ticket (spec 50, section 11)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from daedap.core.actors import SYSTEM, Actor
from daedap.services.models import Agent, Group
from daedap.services.selectors import list_groups_of_agent
from daedap.tickets.actions.steps import check_step, check_worker, lock_ticket, move, tell
from daedap.tickets.errors import AlreadyTaken, GroupNeeded, NoGroup
from daedap.tickets.models import Ticket
from daedap.tickets.statuses import RELEASE, TAKE


@transaction.atomic
def take_ticket(*, ticket_id: str, agent: Agent, group_id: int | None = None, actor: Actor) -> Ticket:
    """Make `agent` the assignee of an unassigned ticket; of two takers one wins (A4–A6).

    Taking one's own ticket again changes nothing. Raises AlreadyTaken, GroupNeeded (in several groups and none
    chosen), NoGroup, or the refusal of the ticket's state.
    """
    ticket = lock_ticket(ticket_id)
    check_worker(ticket, agent)
    if ticket.assignee_id == agent.pk:
        return ticket
    if ticket.assignee_id is not None:
        raise AlreadyTaken
    check_step(ticket, agent, TAKE)
    group = _choose_group(agent, group_id)
    now = timezone.now()
    ticket.assignee, ticket.group, ticket.assigned_at = agent, group, now
    changed = ["assignee", "group", "assigned_at"]
    move(ticket, TAKE, actor=actor, now=now, changed=changed, assignee=agent.pk, group=group.pk)
    tell("tickets.assigned", ticket)
    return ticket


def _choose_group(agent: Agent, group_id: int | None) -> Group:
    groups = list_groups_of_agent(agent)
    if not groups:
        raise NoGroup
    if group_id is None and len(groups) == 1:
        return groups[0]
    chosen = next((group for group in groups if group.pk == group_id), None)
    if chosen is None:
        raise GroupNeeded(groups=groups)
    return chosen


def release_tickets(*, agent_pk: int) -> int:
    """Give the unfinished tickets of an agent who works here no more back to all: unassigned, group kept (TR-30).

    Returns how many that were. Does nothing for an agent who works on tickets, so a late job harms nobody.
    """
    if Agent.objects.filter(pk=agent_pk, removed_at=None, may_tickets=True).exists():
        return 0
    left = Ticket.objects.filter(assignee_id=agent_pk, status__in=RELEASE.sources).order_by("pk")
    return sum(_release(ticket_id, agent_pk) for ticket_id in left.values_list("ticket_id", flat=True))


@transaction.atomic
def _release(ticket_id: str, agent_pk: int) -> bool:
    ticket = lock_ticket(ticket_id)
    if ticket.assignee_id != agent_pk or ticket.status not in RELEASE.sources:
        return False  # somebody was faster
    ticket.assignee, ticket.assigned_at = None, None
    move(ticket, RELEASE, actor=SYSTEM, now=timezone.now(), changed=["assignee", "assigned_at"], assignee=None)
    tell("tickets.unassigned", ticket)
    return True
