"""What became of the mail of an answer, told by the connector that sent it."""

from __future__ import annotations

from django.db import transaction

from daedap.core.actors import SYSTEM
from daedap.tickets.actions.steps import record_event
from daedap.tickets.models import Entry, EventCode, MailState

_EVENTS = {MailState.SENT: EventCode.MAIL_SENT, MailState.FAILED: EventCode.MAIL_FAILED}


@transaction.atomic
def record_mail_result(*, entry_pk: int, state: MailState) -> None:
    """Note on the entry that its mail was SENT or FAILED, with the event; saying it again changes nothing."""
    entry = Entry.objects.select_for_update(of=("self",), no_key=True).select_related("ticket").get(pk=entry_pk)
    if entry.mail_state == state:
        return
    entry.mail_state = state
    entry.save(update_fields=["mail_state"])
    record_event(entry.ticket, _EVENTS[state], actor=SYSTEM)
