"""Jobs of the e-mail channel."""

from __future__ import annotations

from daedap.connectors.email.answers import mail_answer, note_mail
from daedap.core.jobs import job
from daedap.services.jobs import service_job


@service_job(name="connectors.mail_answer")
def mail_answer_job(organization_id: int, service_id: int, ticket_pk: int, entry_pk: int) -> None:
    """Queue the mail of an answer. Safe to run twice: an entry has one mail."""
    mail_answer(entry_pk=entry_pk)


@job(name="connectors.note_mail")
def note_mail_job(mail_id: int) -> None:
    """Note on the entry what became of its mail. Safe to run twice."""
    note_mail(mail_id=mail_id)
