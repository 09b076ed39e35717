"""Files that customers send with an enquiry or a re-enquiry (spec 50, section 17)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError
from daedap.files.models import StoredFile
from daedap.tickets.models import Attachment, Entry, Ticket

MAX_FILES = 5
"""Attachments per submission."""


def check_file_count(file_ids: list[str]) -> None:
    """Raise DaedapError for the field `files` if there are more than may be sent at once."""
    if len(file_ids) > MAX_FILES:
        message = gettext("Up to %(count)s files can be attached.") % {"count": MAX_FILES}
        raise DaedapError(message, field="files")


def bind_files(
    ticket: Ticket, file_ids: list[str], *, uploader: str, now: datetime, entry: Entry | None = None
) -> None:
    """Give the ticket, or an entry of it, the uploads of this very customer.

    Files of others, bound and unknown ones are refused alike: DaedapError for the field `files`.
    """
    if not file_ids:
        return
    own = StoredFile.objects.filter(
        public_id__in=file_ids,
        service_id=ticket.service_id,
        bound_at__isnull=True,
        uploader=uploader,
    )
    # One UPDATE both checks and claims: of two forms with the same file the second finds it bound.
    bound = own.update(bound_at=now) if uploader else 0
    if bound != len(file_ids):
        raise DaedapError(_("An attachment could not be found any more. Please attach it again."), field="files")
    pk_of = dict(StoredFile.objects.filter(public_id__in=file_ids).values_list("public_id", "pk"))
    Attachment.objects.bulk_create(
        Attachment(
            organization_id=ticket.organization_id,
            service_id=ticket.service_id,
            ticket=ticket,
            entry=entry,
            file_id=pk_of[file_id],
        )
        for file_id in file_ids
    )
