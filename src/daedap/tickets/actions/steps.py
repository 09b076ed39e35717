"""What every change of a ticket shares: the lock, the checks, the event, the new version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from daedap.core.actors import Actor
from daedap.core.errors import NotFound
from daedap.core.events import publish
from daedap.services.models import Agent
from daedap.tickets.errors import (
    NotAssigned,
    NotPermitted,
    TicketChanged,
    TicketClosed,
    TicketIsSpam,
    TransitionRefused,
)
from daedap.tickets.models import Entry, EventCode, Status, Ticket, TicketEvent
from daedap.tickets.permissions import may, works_on_tickets
from daedap.tickets.statuses import Step


def lock_ticket(ticket_id: str) -> Ticket:
    """Return the ticket of the open service, locked until the end of the transaction; raise NotFound."""
    ticket = Ticket.objects.select_for_update(of=("self",), no_key=True).filter(ticket_id=ticket_id).first()
    if ticket is None:
        raise NotFound
    return ticket


def check_worker(ticket: Ticket, agent: Agent) -> None:
    """Raise NotPermitted unless `agent` works on tickets of this service."""
    if not works_on_tickets(agent, ticket):
        raise NotPermitted


def check_version(ticket: Ticket, version: int) -> None:
    """Raise TicketChanged, listing what happened since, unless the ticket is still at `version` (K1)."""
    if ticket.version != version:
        since = list(TicketEvent.objects.filter(ticket=ticket, after__version__gt=version))
        raise TicketChanged(since=since)


def check_step(ticket: Ticket, agent: Agent, step: Step) -> None:
    """Raise the refusal that fits, unless `agent` may take `step` from the ticket's present state."""
    if ticket.is_spam:
        raise TicketIsSpam
    if ticket.status == Status.CLOSED:
        raise TicketClosed
    if ticket.status == Status.NEW and Status.NEW not in step.sources:
        raise NotAssigned
    if not may(agent, ticket, step):
        raise NotPermitted
    if ticket.status not in step.sources:
        raise TransitionRefused


def entry_of_request(ticket: Ticket, request_id: str | None) -> Entry | None:
    """Return what this request has written before; the ticket's lock makes a double click wait for its twin."""
    return Entry.objects.filter(ticket=ticket, request_id=request_id).first() if request_id else None


def record_event(
    ticket: Ticket, code: EventCode, *, actor: Actor, now: datetime | None = None, **states: dict[str, Any]
) -> TicketEvent:
    """Write one line of the events tab; `states` may give `before` and `after`, never contents or addresses."""
    return TicketEvent.objects.create(
        organization_id=ticket.organization_id,
        service_id=ticket.service_id,
        ticket=ticket,
        code=code,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name[:100],
        created_at=now or timezone.now(),
        **states,
    )


def move(ticket: Ticket, step: Step, *, actor: Actor, now: datetime, changed: list[str], **after: Any) -> None:
    """Take `step`: new state and version saved with the `changed` fields, and the event that says so."""
    before = {"status": ticket.status, "version": ticket.version}
    ticket.status = step.to
    ticket.version += 1
    ticket.updated_at = now
    ticket.save(update_fields=["status", "version", "updated_at", *changed])
    after = {"status": ticket.status, "version": ticket.version, **after}
    record_event(ticket, step.event, actor=actor, now=now, before=before, after=after)


def tell(event: str, ticket: Ticket, **ids: int) -> None:
    """Publish `event` about `ticket` to the floors above."""
    publish(event, organization_id=ticket.organization_id, service_id=ticket.service_id, ticket_pk=ticket.pk, **ids)
