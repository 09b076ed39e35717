"""Additional data of the company about a customer who is going to write an enquiry (spec 30, 8.6)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from daedap.core.crypto import hash_token, new_key
from daedap.core.errors import DaedapError
from daedap.services.models import Service
from daedap.tickets.models import ADDITION_LIFETIME, Addition, Ticket

ADDITION_LENGTH = 10_000


@transaction.atomic
def store_addition(*, service: Service, content: str, is_visible: bool) -> str:
    """Keep `content`, plain text, for the first enquiry that comes with the ID returned: 32 hex digits, for 24 hours.

    Raise DaedapError for the field `content` if it is blank or too long. Only a hash of the ID is stored.
    """
    content = content.replace("\0", "").replace("\r\n", "\n")
    if not content.strip() or len(content) > ADDITION_LENGTH:
        raise DaedapError(field="content")
    addition_id = new_key()
    Addition.objects.create(
        organization_id=service.organization_id,
        service=service,
        id_hash=hash_token(addition_id),
        content=content,
        is_visible=is_visible,
        created_at=timezone.now(),
    )
    return addition_id


def use_addition(ticket: Ticket, addition_id: str) -> bool:
    """Give a new ticket its additional data; False if the ID is unknown here, expired or used before.

    One UPDATE both checks and claims, so that of two enquiries at the same moment one gets it.
    """
    if not addition_id:
        return False
    unused = Addition.objects.filter(
        id_hash=hash_token(addition_id), ticket=None, created_at__gt=timezone.now() - ADDITION_LIFETIME
    )
    return bool(unused.update(ticket=ticket))


def tidy_additions() -> int:
    """Delete, of all tenants, what no enquiry came for; return how many. Safe to run at any time and again."""
    over = Addition._base_manager.filter(ticket=None, created_at__lte=timezone.now() - ADDITION_LIFETIME)  # noqa: SLF001
    deleted, _by_model = over.delete()
    return deleted
