"""Who may do what to a ticket (spec 50, 3.4)."""

from __future__ import annotations

from daedap.services.models import Agent
from daedap.tickets.models import Ticket
from daedap.tickets.statuses import ANSWERS, COMMENTABLE, COMPLETE, TAKE, Step, Who


def works_on_tickets(agent: Agent, ticket: Ticket) -> bool:
    """Whether `agent` is an agent of the ticket's service who holds the ticket permission."""
    return agent.service_id == ticket.service_id and agent.may_tickets and agent.removed_at is None


def may(agent: Agent, ticket: Ticket, step: Step) -> bool:
    """Whether `agent` is one of those who may take `step`; the ticket's state may still forbid it."""
    if step.who == Who.SYSTEM or not works_on_tickets(agent, ticket):
        return False
    if step.who == Who.ASSIGNEE:
        return agent.is_administrator or agent.pk == ticket.assignee_id
    return step.who == Who.AGENT or agent.is_administrator


def can_take(agent: Agent, ticket: Ticket) -> bool:
    return not ticket.is_spam and ticket.status in TAKE.sources and may(agent, ticket, TAKE)


def can_answer(agent: Agent, ticket: Ticket) -> bool:
    return any(
        not ticket.is_spam and ticket.status in step.sources and may(agent, ticket, step) for step in ANSWERS.values()
    )


def can_comment(agent: Agent, ticket: Ticket) -> bool:
    return not ticket.is_spam and ticket.status in COMMENTABLE and works_on_tickets(agent, ticket)


def can_complete(agent: Agent, ticket: Ticket) -> bool:
    return not ticket.is_spam and ticket.status in COMPLETE.sources and may(agent, ticket, COMPLETE)
