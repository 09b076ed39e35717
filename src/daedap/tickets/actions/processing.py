"""Answers, comments and completion (spec 50, section 12)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.core import html
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError
from daedap.services.models import Agent
from daedap.tickets.actions.steps import (
    check_step,
    check_version,
    check_worker,
    lock_ticket,
    move,
    record_event,
    tell,
)
from daedap.tickets.errors import TicketClosed, TicketIsSpam
from daedap.tickets.models import Entry, EntryType, EventCode, MailState, Status, Ticket
from daedap.tickets.statuses import ANSWERS, COMMENTABLE, COMPLETE

MAX_BODY = 50_000


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
    if (done := _entry_of_request(ticket, request_id)) is not None:
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
    if (done := _entry_of_request(ticket, request_id)) is not None:
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


def _entry_of_request(ticket: Ticket, request_id: str | None) -> Entry | None:
    """Return what this request has written before; the ticket's lock makes a double click wait for its twin."""
    return Entry.objects.filter(ticket=ticket, request_id=request_id).first() if request_id else None


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
