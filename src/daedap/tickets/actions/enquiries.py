"""Enquiries of customers become tickets (TR-01 to TR-03)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from daedap.core.actors import Actor
from daedap.core.crypto import random_letters_and_digits
from daedap.core.database import violated_constraint
from daedap.core.errors import Conflict, DaedapError
from daedap.core.text import one_line
from daedap.files.models import StoredFile
from daedap.members.models import Member
from daedap.services.models import Service
from daedap.tickets.actions.steps import record_event, tell
from daedap.tickets.contact import email_hash
from daedap.tickets.models import Attachment, EventCode, Source, Ticket
from daedap.tickets.selectors import check_offered_category

MAX_FILES = 5
"""Attachments per submission (spec 50, section 17)."""

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
    form_id: str | None
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
) -> Ticket:
    """Store an enquiry as an unassigned ticket, bind its files, and publish `tickets.created`.

    The same `form_id` once more returns the first ticket, also when both arrive at the same moment. Raises
    DaedapError with the `field` it belongs to (`category`, `subject`, `content`, `files`); nothing is stored then.
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
        form_id=form_id or None,
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
    if len(enquiry.file_ids) > MAX_FILES:
        message = gettext("Up to %(count)s files can be attached.") % {"count": MAX_FILES}
        raise DaedapError(message, field="files")


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
        form_id=enquiry.form_id,
        created_at=now,
        updated_at=now,
        last_customer_at=now,
    )
    _bind_files(ticket, enquiry)
    record_event(ticket, EventCode.CREATED, actor=enquiry.actor, now=now, after={"status": ticket.status, "version": 1})
    tell("tickets.created", ticket)
    return ticket


def _bind_files(ticket: Ticket, enquiry: _Enquiry) -> None:
    """Give the ticket the uploads of this very customer; files of others, bound or unknown ones are refused alike."""
    if not enquiry.file_ids:
        return
    own = StoredFile.objects.filter(
        public_id__in=enquiry.file_ids,
        service_id=ticket.service_id,
        bound_at__isnull=True,
        uploader=enquiry.uploader,
    )
    # One UPDATE both checks and claims: of two forms with the same file the second finds it bound.
    bound = own.update(bound_at=ticket.created_at) if enquiry.uploader else 0
    if bound != len(enquiry.file_ids):
        raise DaedapError(_("An attachment could not be found any more. Please attach it again."), field="files")
    pk_of = dict(StoredFile.objects.filter(public_id__in=enquiry.file_ids).values_list("public_id", "pk"))
    Attachment.objects.bulk_create(
        Attachment(
            organization_id=ticket.organization_id, service_id=ticket.service_id, ticket=ticket, file_id=pk_of[file_id]
        )
        for file_id in enquiry.file_ids
    )


def _first_of_form(enquiry: _Enquiry) -> Ticket:
    """Return the ticket that this form has made before; somebody else's form is nobody's business."""
    ticket = Ticket.objects.get(service=enquiry.service, form_id=enquiry.form_id)
    if ticket.member_id != (enquiry.member.pk if enquiry.member else None):
        raise Conflict
    return ticket
