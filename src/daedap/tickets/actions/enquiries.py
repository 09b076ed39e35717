"""Enquiries of customers become tickets (TR-01 to TR-03)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.core.actors import Actor
from daedap.core.crypto import random_letters_and_digits
from daedap.core.database import violated_constraint
from daedap.core.errors import Conflict, DaedapError
from daedap.core.text import one_line
from daedap.members.models import Member
from daedap.services.models import Service
from daedap.tickets.actions.additions import use_addition
from daedap.tickets.actions.attachments import bind_files, check_file_count
from daedap.tickets.actions.steps import record_event, tell
from daedap.tickets.contact import email_hash
from daedap.tickets.models import EventCode, Source, Ticket
from daedap.tickets.selectors import check_offered_category

ID_DRAWS = 5
"""How often a ticket ID is drawn before we give up (spec 50, section 5)."""


@dataclass(frozen=True)
class _Enquiry:
    service: Service
    source: Source
    category_id: int | None
    subject: str
    content: str
    name: str
    email: str
    phone: str
    language: str
    member: Member | None
    file_ids: list[str]
    uploader: str
    consent_text: str
    consent_language: str
    form_id: str | None
    addition_id: str
    actor: Actor


def create_enquiry(
    *,
    service: Service,
    source: Source,
    category_id: int | None,
    subject: str,
    content: str,
    name: str,
    email: str,
    phone: str,
    language: str,
    member: Member | None,
    file_ids: list[str],
    uploader: str,
    consent_text: str,
    form_id: str | None,
    actor: Actor,
    consent_language: str = "",
    addition_id: str = "",
) -> Ticket:
    """Store an enquiry as an unassigned ticket, bind its files and additional data, and publish `tickets.created`.

    Of the consent there remain the time, the language of the shown text and its hash. An `addition_id` that cannot be
    used is passed over. The same `form_id` once more returns the first ticket, also when both arrive at the same
    moment. Raises DaedapError with the `field` it belongs to (`category`, `subject`, `content`, `files`); nothing is
    stored then.
    """
    enquiry = _Enquiry(
        service=service,
        source=source,
        category_id=category_id,
        subject=one_line(subject),
        content=content.replace("\0", "").strip(),
        name=one_line(name)[:100],
        email=email.strip(),
        phone=phone.strip(),
        language=language,
        member=member,
        file_ids=list(dict.fromkeys(file_ids)),
        uploader=uploader,
        consent_text=consent_text,
        consent_language=consent_language,
        form_id=form_id or None,
        addition_id=addition_id,
        actor=actor,
    )
    _check(enquiry)
    for _draw in range(ID_DRAWS):
        try:
            with transaction.atomic():
                return _store(enquiry)
        except IntegrityError as error:
            constraint = violated_constraint(error)
            if constraint == "ticket_form_sent_once":
                return _first_of_form(enquiry)
            if "ticket_id" not in constraint:
                raise
    raise Conflict


def new_ticket_id() -> str:
    """Return a new ticket ID: `T`, Unix milliseconds, five random letters and digits (spec 50, section 5)."""
    return f"T{int(timezone.now().timestamp() * 1000):013}{random_letters_and_digits(5)}"


def _check(enquiry: _Enquiry) -> None:
    if not enquiry.subject:
        raise DaedapError(_("Please enter a subject."), field="subject")
    if len(enquiry.subject) > 255:
        raise DaedapError(_("The subject may have up to 255 characters."), field="subject")
    if not enquiry.content:
        raise DaedapError(_("Please enter the content."), field="content")
    check_file_count(enquiry.file_ids)


def _store(enquiry: _Enquiry) -> Ticket:
    now = timezone.now()
    service = enquiry.service
    if enquiry.category_id is not None:
        check_offered_category(enquiry.category_id)
    ticket = Ticket.objects.create(
        organization_id=service.organization_id,
        service=service,
        ticket_id=new_ticket_id(),
        subject=enquiry.subject,
        content=enquiry.content,
        category_id=enquiry.category_id,
        source=enquiry.source,
        language=enquiry.language,
        member=enquiry.member,
        customer_name=enquiry.name,
        customer_email=enquiry.email,
        customer_email_hash=email_hash(enquiry.email),
        customer_phone=enquiry.phone,
        consent_at=now if enquiry.consent_text else None,
        consent_text_hash=hashlib.sha256(enquiry.consent_text.encode()).hexdigest() if enquiry.consent_text else "",
        consent_language=enquiry.consent_language if enquiry.consent_text else "",
        form_id=enquiry.form_id,
        created_at=now,
        updated_at=now,
        last_customer_at=now,
    )
    bind_files(ticket, enquiry.file_ids, uploader=enquiry.uploader, now=now)
    use_addition(ticket, enquiry.addition_id)
    record_event(ticket, EventCode.CREATED, actor=enquiry.actor, now=now, after={"status": ticket.status, "version": 1})
    tell("tickets.created", ticket)
    return ticket


def _first_of_form(enquiry: _Enquiry) -> Ticket:
    """Return the ticket that this form has made before; somebody else's form is nobody's business."""
    ticket = Ticket.objects.get(service=enquiry.service, form_id=enquiry.form_id)
    if ticket.member_id != (enquiry.member.pk if enquiry.member else None):
        raise Conflict
    return ticket
