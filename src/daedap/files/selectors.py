"""Reads of uploaded files."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from daedap.core.errors import NotFound
from daedap.files.models import PlatformFile, StoredFile


def get_file(public_id: str) -> StoredFile:
    """Return the file with this ID in the open organization; raise NotFound if there is none."""
    file = StoredFile.objects.filter(public_id=public_id).first()
    if file is None:
        raise NotFound
    return file


def list_uploads(public_ids: list[str], *, service_id: int, uploader: str) -> list[StoredFile]:
    """Return those files that `uploader` uploaded to the service and that belong to nothing yet, in the order given."""
    if not uploader or not public_ids:
        return []
    found = {
        file.public_id: file
        for file in StoredFile.objects.filter(
            public_id__in=public_ids, service_id=service_id, uploader=uploader, bound_at__isnull=True
        )
    }
    return [found[public_id] for public_id in dict.fromkeys(public_ids) if public_id in found]


def path_of(file: StoredFile | PlatformFile) -> Path:
    """Return where the file's bytes lie."""
    return Path(settings.MEDIA_ROOT) / file.path


def open_file(file: StoredFile | PlatformFile) -> BinaryIO:
    """Return the file's bytes, opened for reading; raise NotFound if they are gone."""
    try:
        return path_of(file).open("rb")
    except FileNotFoundError as error:
        raise NotFound from error
