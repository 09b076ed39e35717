"""Attachments of the enquiry form: files sent with it, and files uploaded before it (spec 30, 8.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from daedap.core import limits
from daedap.core.errors import TooManyAttempts
from daedap.files.actions import store_file
from daedap.files.checks import ENQUIRY_EXTENSIONS, MAX_BYTES, FileRefused, clean_name
from daedap.files.models import StoredFile
from daedap.files.scanner import FileUnscanned
from daedap.files.selectors import list_uploads
from daedap.helpcenter.visitors import uploader_of
from daedap.services.access import CustomerRequest

MAX_FILES = 5
UPLOADS_PER_HOUR = 100
"""From one address to one service; far more than a person attaches."""

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass
class Attachments:
    """The files of a form that was sent. `ids` are all that were named, `kept` those that can be shown again."""

    ids: list[str] = field(default_factory=list)
    kept: list[StoredFile] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def take_upload(request: CustomerRequest, upload: UploadedFile[Any]) -> StoredFile:
    """Keep one file for the form of this browser; raise FileRefused or TooManyAttempts."""
    subject = f"{request.service.pk}:{limits.origin(request.actor.ip)}"
    if limits.count_up("helpcenter.upload", subject, window=timedelta(hours=1)) > UPLOADS_PER_HOUR:
        raise TooManyAttempts
    return store_file(
        upload,
        organization_id=request.service.organization_id,
        service_id=request.service.pk,
        uploader=uploader_of(request),
    )


def take_attachments(request: CustomerRequest) -> Attachments:
    """Keep the files sent with the form beside those it names; what is refused is said, what is good stays."""
    named = [each for each in request.POST.getlist("file_ids") if _ID.fullmatch(each)]
    found = Attachments(ids=list(dict.fromkeys(named))[: MAX_FILES * 4])
    found.kept = list_uploads(found.ids, service_id=request.service.pk, uploader=uploader_of(request))
    for upload in request.FILES.getlist("files"):
        if len(found.ids) >= MAX_FILES:
            found.errors.append(too_many())
            break
        try:
            stored = take_upload(request, upload)
        except FileUnscanned as error:  # nor will the others be: they would only make the visitor wait
            found.errors.append(f"{shown_name(upload)}: {error.message}")
            break
        except (FileRefused, TooManyAttempts) as error:
            found.errors.append(f"{shown_name(upload)}: {error.message}")
        else:
            found.ids.append(stored.public_id)
            found.kept.append(stored)
    if len(found.ids) > MAX_FILES and not found.errors:
        found.errors.append(too_many())
    return found


def describe(attachments: Attachments, upload_url: str) -> dict[str, Any]:
    """Return what the part `_attachments.html` needs."""
    return {
        "attachments": attachments,
        "accept": ",".join(f".{extension}" for extension in ENQUIRY_EXTENSIONS),
        "extensions": ", ".join(ENQUIRY_EXTENSIONS),
        "max_files": MAX_FILES,
        "max_bytes": MAX_BYTES,
        "too_many": too_many(),
        "upload_url": upload_url,
    }


def too_many() -> str:
    """Return the sentence about the number of files."""
    text = ngettext("Up to %(count)s file can be attached.", "Up to %(count)s files can be attached.", MAX_FILES)
    return text % {"count": MAX_FILES}


def shown_name(upload: UploadedFile[Any]) -> str:
    """Return a refused upload's name as it may be shown: shortened, or a general word if it is unusable."""
    name = upload.name or ""
    try:
        return clean_name(name)
    except FileRefused:
        return f"{name[:40]}…" if len(name) > 40 and name.isprintable() else _("Attachment")
