"""A letter: what a mail says, once, from which the HTML and the text part are rendered alike."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.utils import make_msgid

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from markupsafe import Markup

from daedap.core import jobs
from daedap.core.models import OutgoingMail
from daedap.core.text import one_line


@dataclass(frozen=True)
class Letter:
    """The content of one mail in the recipient's language.

    `reason` is one sentence saying why this came. `quote` is HTML that was cleaned before; `quote_text` the same as
    text. `facts` are label–value pairs. A letter has at most one button.
    """

    subject: str
    reason: str
    greeting: str = ""
    paragraphs: list[str] = field(default_factory=list)
    quote: str = ""
    quote_text: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    button_label: str = ""
    button_url: str = ""
    footnotes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sender:
    """Who a mail is from: the name people see, and the address (the installation's if empty)."""

    name: str = ""
    address: str = ""


def render_letter(letter: Letter, *, language: str, sender: Sender) -> tuple[str, str]:
    """Return the HTML and the text part of `letter`."""
    context = {
        "letter": letter,
        "quote": Markup(letter.quote),  # noqa: S704 - cleaned by whoever wrote the letter
        "product_name": settings.PRODUCT_NAME,
        "sender_name": sender.name or settings.PRODUCT_NAME,
        "language": language,
    }
    with translation.override(language):
        return render_to_string("mail/letter.html", context), render_to_string("mail/letter.txt", context)


@transaction.atomic
def queue_letter(
    letter: Letter,
    *,
    to: str,
    language: str,
    kind: str,
    sender: Sender | None = None,
    organization_id: int | None = None,
    reference: str = "",
    reply_to: str = "",
) -> OutgoingMail:
    """Queue `letter` for `to` in the current transaction; it leaves after the commit, even if we crash in between.

    Called outside a transaction, mail and job still come together or not at all.

    `letter` must already be written in `language`; the frame around it is rendered in that language here.
    """
    sender = sender or Sender()
    html, text = render_letter(letter, language=language, sender=sender)
    content = {
        "subject": one_line(letter.subject),
        "html": html,
        "text": text,
        "from_name": one_line(sender.name) or settings.PRODUCT_NAME,
        "from_address": sender.address or settings.DEFAULT_FROM_EMAIL,
        "reply_to": reply_to,
    }
    mail = OutgoingMail.objects.create(
        organization_id=organization_id,
        kind=kind,
        reference=reference,
        message_id=make_msgid(domain=settings.BASE_HOST),
        recipient=to,
        content=json.dumps(content, ensure_ascii=False),
    )
    jobs.defer("core.deliver_mail", mail_id=mail.pk)
    return mail
