"""Answers, comments and completion (spec 50, section 12)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.core import html
from daedap.core.actors import SYSTEM, Actor
from daedap.core.errors import DaedapError
from daedap.core.scoping import service_scope
from daedap.services.models import Agent
from daedap.tickets.actions.steps import (
    check_step,
    check_version,
    check_worker,
    entry_of_request,
    lock_ticket,
    move,
    record_event,
    tell,
)
from daedap.tickets.errors import TicketClosed, TicketIsSpam
from daedap.tickets.models import Entry, EntryType, EventCode, MailState, Status, Ticket
from daedap.tickets.statuses import ANSWERS, AUTO_COMPLETE, COMMENTABLE, COMPLETE

MAX_BODY = 50_000
COMPLETE_AFTER = timedelta(days=14)
"""A solved ticket is closed by itself so long after it was solved (spec 50, J1)."""


@transaction.atomic
def answer_ticket(
    *, ticket_id: str, agent: Agent, to: Status, body: str, version: int, request_id: str | None, actor: Actor
) -> Entry:
    """Answer the customer and solve (`to` SOLVED) or hold (`to` REPLY) the ticket; publishes `tickets.answered`.

    `body` is HTML. The same `request_id` again returns the first entry and does nothing (A36). Raises TicketChanged
    if the ticket is not at `version` any more (A33), else the refusal of person or state.
    """
    ticket = lock_ticket(ticket_id)
    check_worker(ticket, agent)
    if (done := entry_of_request(ticket, request_id)) is not None:
        return done
    check_version(ticket, version)
    step = ANSWERS[to]
    check_step(ticket, agent, step)
    body = _cleaned(body)
    now = timezone.now()
    ticket.resolution = step.resolution or ""
    ticket.solved_at = now if step.to == Status.SOLVED else None
    ticket.first_replied_at = ticket.first_replied_at or now
    move(ticket, step, actor=actor, now=now, changed=["resolution", "solved_at", "first_replied_at"])
    entry = _write(
        ticket,
        EntryType.REPLY,
        agent,
        body=body,
        request_id=request_id,
        mail_state=MailState.QUEUED if ticket.customer_email else MailState.NO_ADDRESS,
    )
    tell("tickets.answered", ticket, entry_pk=entry.pk)
    return entry


@transaction.atomic
def add_comment(*, ticket_id: str, agent: Agent, body: str, request_id: str | None = None, actor: Actor) -> Entry:
    """Add a note that only agents see (A12). Never conflicts and leaves state and version alone (K3)."""
    ticket = lock_ticket(ticket_id)
    check_worker(ticket, agent)
    if (done := entry_of_request(ticket, request_id)) is not None:
        return done
    if ticket.is_spam:
        raise TicketIsSpam
    if ticket.status not in COMMENTABLE:
        raise TicketClosed
    body = _cleaned(body)
    ticket.updated_at = timezone.now()
    ticket.save(update_fields=["updated_at"])
    entry = _write(ticket, EntryType.COMMENT, agent, body=body, request_id=request_id)
    record_event(ticket, EventCode.COMMENTED, actor=actor, now=ticket.updated_at)
    tell("tickets.commented", ticket, entry_pk=entry.pk)
    return entry


@transaction.atomic
def complete_ticket(*, ticket_id: str, agent: Agent, version: int, actor: Actor) -> Ticket:
    """Close a solved ticket for good; administrators only (A18–A20)."""
    ticket = lock_ticket(ticket_id)
    check_worker(ticket, agent)
    check_version(ticket, version)
    check_step(ticket, agent, COMPLETE)
    ticket.closed_at = timezone.now()
    move(ticket, COMPLETE, actor=actor, now=ticket.closed_at, changed=["closed_at"])
    tell("tickets.closed", ticket)
    return ticket


def complete_overdue(*, limit: int = 1000) -> int:
    """Close, of all tenants, up to `limit` tickets that were solved two weeks ago and not touched since (J1, A21).

    Return how many that were. A customer who asks again at the same moment wins or comes too late, never both.
    """
    due = Ticket._base_manager.filter(  # noqa: SLF001  across all tenants
        status=Status.SOLVED, solved_at__lte=timezone.now() - COMPLETE_AFTER, is_spam=False
    ).order_by("solved_at", "pk")
    closed = 0
    for organization_id, service_id, ticket_id in due.values_list("organization_id", "service_id", "ticket_id")[:limit]:
        with service_scope(organization_id, service_id):
            closed += _complete_if_due(ticket_id)
    return closed


@transaction.atomic
def _complete_if_due(ticket_id: str) -> bool:
    now = timezone.now()
    ticket = lock_ticket(ticket_id)
    if ticket.is_spam or ticket.status not in AUTO_COMPLETE.sources:
        return False
    if ticket.solved_at is None or ticket.solved_at > now - COMPLETE_AFTER:
        return False
    ticket.closed_at = now
    move(ticket, AUTO_COMPLETE, actor=SYSTEM, now=now, changed=["closed_at"], auto=True)
    tell("tickets.closed", ticket)
    return True


def _cleaned(body: str) -> str:
    body = html.clean(body.replace("\0", ""))
    if not html.to_text(body):
        raise DaedapError(_("Please write something first."), field="body")
    if len(body) > MAX_BODY:
        raise DaedapError(_("The text is too long."), field="body")
    return body


def _write(
    ticket: Ticket,
    kind: EntryType,
    agent: Agent,
    *,
    body: str,
    request_id: str | None,
    mail_state: MailState = MailState.NONE,
) -> Entry:
    return Entry.objects.create(
        organization_id=ticket.organization_id,
        service_id=ticket.service_id,
        ticket=ticket,
        type=kind,
        agent=agent,
        author_name=agent.name,
        body=body,
        status=ticket.status,
        mail_state=mail_state,
        request_id=request_id or None,
        created_at=ticket.updated_at,
    )
