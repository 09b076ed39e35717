"""An answer becomes a letter, and what became of the letter is written on the answer."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from daedap.core import html
from daedap.core.hosts import organization_url
from daedap.core.mail import Letter, Sender, queue_letter
from daedap.core.models import MailStatus, OutgoingMail
from daedap.core.scoping import service_scope
from daedap.tickets.actions import record_mail_result
from daedap.tickets.models import Entry, EntryType, MailState, Status, Ticket

REFERENCE = "ticket-entry:"
"""How the mail of an entry is found again: `ticket-entry:<id>`."""

_STATES = {MailStatus.SENT: MailState.SENT, MailStatus.FAILED: MailState.FAILED}


@transaction.atomic
def mail_answer(*, entry_pk: int) -> OutgoingMail | None:
    """Queue the mail of an answer in the ticket's language and return it; None if there is none to send.

    The entry's row is locked while we look for a mail with its reference, so that two runs queue one.
    """
    entry = (
        Entry.objects.select_for_update(of=("self",), no_key=True)
        .select_related("ticket__service__organization")
        .filter(pk=entry_pk, type=EntryType.REPLY, mail_state=MailState.QUEUED)
        .first()
    )
    if entry is None or not entry.ticket.customer_email:
        return None
    reference = f"{REFERENCE}{entry.pk}"
    if OutgoingMail.objects.filter(organization_id=entry.organization_id, reference=reference).exists():
        return None
    ticket = entry.ticket
    with override(ticket.language):
        letter = compose_answer(ticket, entry)
    return queue_letter(
        letter,
        to=ticket.customer_email,
        language=ticket.language,
        kind="ticket-answer",
        sender=Sender(name=ticket.service.name),
        organization_id=entry.organization_id,
        reference=reference,
    )


def compose_answer(ticket: Ticket, entry: Entry) -> Letter:
    """Write the letter in the language that is switched on; only members get a link to the enquiry."""
    service = ticket.service
    path = f"/{service.service_id}/hc/ticket/list/{ticket.ticket_id}/"
    is_member = ticket.member_id is not None
    reason = (
        _("%(service)s has answered your enquiry.")
        if entry.status == Status.SOLVED
        else _("%(service)s has sent an interim answer to your enquiry.")
    )
    name = ticket.customer_name or ticket.customer_email.split("@")[0]
    return Letter(
        subject=answer_subject(ticket),
        reason=reason % {"service": service.name},
        greeting=_("Dear %(name)s,") % {"name": name},
        quote=str(entry.safe_body),
        quote_text=html.to_text(entry.body),
        facts=[(_("Enquiry"), ticket.subject), (_("Enquiry number"), ticket.ticket_id)],
        button_label=_("View the enquiry") if is_member else "",
        button_url=organization_url(service.organization.domain or "", path) if is_member else "",
        footnotes=[] if is_member else [_("Enquiries written without signing in are answered by this mail only.")],
    )


def answer_subject(ticket: Ticket) -> str:
    """Return "Re: subject [#ticketId]" on one line (spec 55, section 8)."""
    return f"Re: {' '.join(ticket.subject.split())} [#{ticket.ticket_id}]"


def note_mail(*, mail_id: int) -> None:
    """Write SENT or FAILED on the entry that a mail belongs to; mails of others are left alone."""
    mail = OutgoingMail.objects.filter(pk=mail_id, reference__startswith=REFERENCE).first()
    state = _STATES.get(MailStatus(mail.status)) if mail else None
    if mail is None or mail.organization_id is None or state is None:
        return
    # The mail knows its organization, not its service: look the entry up there, then open its service.
    number = mail.reference.removeprefix(REFERENCE)
    entry = Entry._base_manager.filter(organization_id=mail.organization_id, pk=number).first()  # noqa: SLF001
    if entry is not None:
        with service_scope(entry.organization_id, entry.service_id):
            record_mail_result(entry_pk=entry.pk, state=state)
