"""Customers ask again about an enquiry of theirs (재문의; spec 50, section 18, TR-21 to TR-23)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from daedap.core import html
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError, NotFound
from daedap.members.models import Member
from daedap.tickets.actions.attachments import bind_files, check_file_count
from daedap.tickets.actions.steps import entry_of_request, lock_ticket, move, record_event, tell
from daedap.tickets.errors import ReenquiryClosed
from daedap.tickets.models import CUSTOMER_SOURCES, Entry, EntryType, EventCode, Status, Ticket
from daedap.tickets.permissions import works_on_tickets
from daedap.tickets.statuses import RELEASE, REOPEN

MAX_CONTENT = 5_000
"""Code points of a re-enquiry (spec 30, section 9)."""


@transaction.atomic
def ask_again(
    *,
    ticket_id: str,
    member: Member,
    content: str,
    file_ids: list[str],
    uploader: str,
    request_id: str | None,
    actor: Actor,
) -> Entry:
    """Add a member's further question, plain text, to their own ticket; publishes `tickets.reenquired`.

    An answered ticket (`reply`, `solved`) is in progress again with the same assignee, or unassigned with its group if
    that agent works here no more. An agent who had the ticket open finds it changed (K6). A ticket in the spam box
    takes the question and stays there. The same `request_id` again returns the first entry and does nothing.

    Raises NotFound for a ticket that is not this member's, ReenquiryClosed, or DaedapError for the field `content` or
    `files`.
    """
    content = content.replace("\0", "").strip()
    file_ids = list(dict.fromkeys(file_ids))
    ticket = lock_ticket(ticket_id)
    if ticket.member_id != member.pk or ticket.source not in CUSTOMER_SOURCES:
        raise NotFound
    if (done := entry_of_request(ticket, request_id)) is not None:
        return done
    if ticket.status == Status.CLOSED:
        raise ReenquiryClosed
    _check(content, file_ids)
    now = timezone.now()
    _take_in(ticket, actor, now)
    entry = Entry.objects.create(
        organization_id=ticket.organization_id,
        service_id=ticket.service_id,
        ticket=ticket,
        type=EntryType.ENDUSER,
        author_name=member.username[:100],
        body=html.from_text(content),
        status=ticket.status,
        request_id=request_id or None,
        created_at=now,
    )
    bind_files(ticket, file_ids, uploader=uploader, now=now, entry=entry)
    tell("tickets.reenquired", ticket, entry_pk=entry.pk)
    return entry


def _check(content: str, file_ids: list[str]) -> None:
    if not content:
        raise DaedapError(_("Please enter the content."), field="content")
    if len(content) > MAX_CONTENT:
        text = _("Please enter at most %(count)s characters.") % {"count": MAX_CONTENT}
        raise DaedapError(text, field="content")
    check_file_count(file_ids)


def _take_in(ticket: Ticket, actor: Actor, now: datetime) -> None:
    """Let the ticket know that its customer waits, and bring it back to those who work on it."""
    ticket.version += 1
    ticket.updated_at = ticket.last_customer_at = now
    ticket.save(update_fields=["version", "updated_at", "last_customer_at"])
    record_event(ticket, EventCode.REENQUIRED, actor=actor, now=now, after={"version": ticket.version})
    if ticket.is_spam or ticket.status not in REOPEN.sources:
        return
    ticket.resolution, ticket.internal_reason, ticket.solved_at = "", "", None
    move(ticket, REOPEN, actor=actor, now=now, changed=["resolution", "internal_reason", "solved_at"])
    if ticket.assignee is None or not works_on_tickets(ticket.assignee, ticket):
        ticket.assignee, ticket.assigned_at = None, None
        move(ticket, RELEASE, actor=actor, now=now, changed=["assignee", "assigned_at"], assignee=None)
