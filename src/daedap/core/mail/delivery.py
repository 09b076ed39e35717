"""Handing queued mail to the mail server."""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta
from email.errors import MessageError
from email.utils import formataddr
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException

from django.core.mail import EmailMultiAlternatives
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import F, Q
from django.utils import timezone

from daedap.core import events
from daedap.core.models import MailStatus, OutgoingMail

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
MAX_TRIES = 4
NOTE_SECONDS = (1, 2, 4, 8, 16)
"""How long to wait from try to try to note that a mail has left. A restart of the database takes less in all."""

_UNSENDABLE = (ValueError, MessageError)
"""What composing a mail raises for an address that passed every check and is none."""


class MailPostponed(Exception):
    """The mail server could not take the mail now; the job tries again later."""


class MailClaimed(MailPostponed):
    """Somebody else is sending the mail, or was killed doing so; the job looks again when the claim has run out."""


def claim_mail(mail_id: int) -> OutgoingMail | None:
    """Return the mail if it is ours to send now, else None. A claim left by a killed process runs out by itself."""
    now = timezone.now()
    free = Q(status=MailStatus.QUEUED) | Q(status=MailStatus.SENDING, claimed_at__lt=now - LEASE)
    claimed = OutgoingMail.objects.filter(free, pk=mail_id).update(
        status=MailStatus.SENDING, claimed_at=now, tries=F("tries") + 1
    )
    return OutgoingMail.objects.get(pk=mail_id) if claimed else None


def deliver_mail(mail_id: int) -> None:
    """Send one queued mail. Safe to run twice; raises MailPostponed to be run again later."""
    mail = claim_mail(mail_id)
    if mail is None:
        still_claimed = OutgoingMail.objects.filter(pk=mail_id, status=MailStatus.SENDING).exists()
        if still_claimed:
            raise MailClaimed
        return
    try:
        _message(mail).send()
    except (OSError, *_UNSENDABLE) as error:  # smtplib's errors are OSErrors
        _not_sent(mail, error)
    else:
        _note_sent(mail)


def _note_sent(mail: OutgoingMail) -> None:
    """Note that the mail has left; wait for a lost database a while, or it would be sent again."""
    for seconds in NOTE_SECONDS:
        try:
            _mark_sent(mail)
        except (OperationalError, InterfaceError):
            logger.warning("a mail has left, but the database is away", extra={"mail_id": mail.pk})
            close_old_connections()
            time.sleep(seconds)
        else:
            return
    _mark_sent(mail)


@transaction.atomic  # killed in between, nobody would ever hear of it
def _mark_sent(mail: OutgoingMail) -> None:
    OutgoingMail.objects.filter(pk=mail.pk).update(
        status=MailStatus.SENT, sent_at=timezone.now(), recipient="", content="", failure=""
    )
    events.publish("mail.sent", mail_id=mail.pk)


def _message(mail: OutgoingMail) -> EmailMultiAlternatives:
    content = json.loads(mail.content)
    message = EmailMultiAlternatives(
        subject=content["subject"],
        body=content["text"],
        from_email=formataddr((content["from_name"], content["from_address"])),
        to=[mail.recipient],
        reply_to=[content["reply_to"]] if content["reply_to"] else None,
        headers={"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(content["html"], "text/html")
    return message


def _not_sent(mail: OutgoingMail, error: Exception) -> None:
    final = _is_permanent(error) or mail.tries >= MAX_TRIES
    with transaction.atomic():
        OutgoingMail.objects.filter(pk=mail.pk).update(
            status=MailStatus.FAILED if final else MailStatus.QUEUED, failure=type(error).__name__
        )
        if final:
            events.publish("mail.failed", mail_id=mail.pk)
    reason = _reason(error)
    facts = {"mail_id": mail.pk, "kind": mail.kind, "reason": reason, "tries": mail.tries, "final": final}
    logger.log(logging.ERROR if final else logging.WARNING, "mail not sent", extra=facts)
    if not final:
        raise MailPostponed(type(error).__name__)


def _reason(error: Exception) -> str:
    """Return what is known without naming anybody: "SMTPRecipientsRefused 450", "ConnectionRefusedError"."""
    codes = {code for code, _ in error.recipients.values()} if isinstance(error, SMTPRecipientsRefused) else set()
    if isinstance(error, SMTPResponseException):
        codes = {error.smtp_code}
    return " ".join([type(error).__name__, *map(str, sorted(codes))])


def _is_permanent(error: Exception) -> bool:
    """Whether no mail can be made of it, or the server said no to this very mail for good (5xx).

    Busy servers and greylisting refuse recipients too, with 4xx. A server that refuses us (a password that was changed,
    a sender it does not know) would do so with every mail until somebody mends it.
    """
    if isinstance(error, _UNSENDABLE):
        return True
    if isinstance(error, SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, SMTPDataError) and 500 <= error.smtp_code < 600
