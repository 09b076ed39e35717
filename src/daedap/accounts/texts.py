"""Text messages on their way out: a row of the change that causes them, sent by a job (ADR 1).

A provider may take seconds, which no page waits for. A message is sent at most once: what a killed process left is
asked for again by the person, within the minute.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from daedap.accounts import sms
from daedap.accounts.models import OutgoingText, TextStatus
from daedap.core import jobs


@transaction.atomic
def queue_text(*, number: str, text: str, lifetime: timedelta) -> OutgoingText:
    """Queue `text` for `number` (E.164) in the current transaction; after `lifetime` it is not sent any more."""
    queued = OutgoingText.objects.create(number=number, text=text, expires_at=timezone.now() + lifetime)
    jobs.defer("accounts.send_text", text_id=queued.pk)
    return queued


def send_text(text_id: int) -> None:
    """Send one queued message, unless it is too late. Number and text are forgotten whatever comes of it."""
    waiting = OutgoingText.objects.filter(pk=text_id, status=TextStatus.QUEUED)
    if not waiting.update(status=TextStatus.SENDING):
        return
    message = OutgoingText.objects.get(pk=text_id)
    outcome = TextStatus.FAILED
    try:
        if message.expires_at > timezone.now():
            sms.get_provider().send_code(number=message.number, text=message.text)
            outcome = TextStatus.SENT
    except sms.SmsNotSent:
        pass  # logged by the provider, which knows why
    finally:
        OutgoingText.objects.filter(pk=text_id).update(status=outcome, number="", text="")


def status_of(text_id: int) -> TextStatus | None:
    """Return where a message stands; None if there is no such row (any more)."""
    found = OutgoingText.objects.filter(pk=text_id).values_list("status", flat=True).first()
    return TextStatus(found) if found else None
