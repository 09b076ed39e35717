"""Keeping and removing uploaded files. The bytes lie outside the web root under a random name."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from daedap.files import scanner
from daedap.files.checks import (
    DOCUMENT_EXTENSIONS,
    ENQUIRY_EXTENSIONS,
    MAX_BYTES,
    FileEmpty,
    FileNotKept,
    FileRefused,
    FileTooLarge,
    check_content,
    clean_name,
    extension_of,
)
from daedap.files.models import PlatformFile, StoredFile
from daedap.files.selectors import path_of

logger = logging.getLogger(__name__)

UNBOUND_LIFETIME = timedelta(hours=24)
"""How long an upload that belongs to nothing is kept (spec 30, 8.4)."""

_all_files = StoredFile._base_manager  # noqa: SLF001  the clean-up jobs reach every tenant's rows, and only they


@dataclass(frozen=True)
class _Kept:
    """Bytes that passed every check and lie in their place."""

    public_id: str
    name: str
    size: int
    content_type: str
    sha256: str
    path: str


def store_file(
    upload: UploadedFile[Any],
    *,
    organization_id: int,
    service_id: int,
    uploader: str,
    allowed: tuple[str, ...] = ENQUIRY_EXTENSIONS,
    max_bytes: int = MAX_BYTES,
) -> StoredFile:
    """Keep one upload as an unbound file of the service; raise FileRefused if it may not be attached (spec 30, 8.4).

    Waits for the virus scanner, `scanner.SECONDS` at most.

    When anything fails, neither row nor bytes stay. Bytes whose row is rolled back later are swept by a job.
    """
    kept = _keep(upload, folder=str(organization_id), allowed=allowed, max_bytes=max_bytes)
    try:
        with transaction.atomic():
            return StoredFile.objects.create(
                organization_id=organization_id, service_id=service_id, uploader=uploader, **vars(kept)
            )
    except BaseException:
        (Path(settings.MEDIA_ROOT) / kept.path).unlink(missing_ok=True)
        raise


def store_platform_file(
    upload: UploadedFile[Any], *, allowed: tuple[str, ...] = DOCUMENT_EXTENSIONS, max_bytes: int = MAX_BYTES
) -> PlatformFile:
    """Keep one upload of the platform site; raise FileRefused unless name and content are of an `allowed` type."""
    kept = _keep(upload, folder="platform", allowed=allowed, max_bytes=max_bytes)
    try:
        with transaction.atomic():
            return PlatformFile.objects.create(**vars(kept))
    except BaseException:
        (Path(settings.MEDIA_ROOT) / kept.path).unlink(missing_ok=True)
        raise


@transaction.atomic
def delete_platform_file(public_id: str) -> None:
    """Delete a file of the platform site, its bytes after the commit; nothing happens if there is none."""
    file = PlatformFile.objects.filter(public_id=public_id).first()
    if file is not None:
        path = path_of(file)
        file.delete()
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _keep(upload: UploadedFile[Any], *, folder: str, allowed: tuple[str, ...], max_bytes: int) -> _Kept:
    """Write the upload to its place and return what it is. Nothing unchecked or unscanned ever has its final name."""
    name = clean_name(upload.name or "")
    extension = extension_of(name)
    if extension not in allowed:
        raise FileRefused
    if upload.size is not None and upload.size > max_bytes:
        raise FileTooLarge
    public_id = secrets.token_hex(16)
    path = f"{folder}/{public_id[:2]}/{public_id}"
    final = Path(settings.MEDIA_ROOT) / path
    part = final.with_suffix(".part")
    with _kept_or_refused(part):
        final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            digest, size = hashlib.sha256(), 0
            upload.seek(0)
            for chunk in upload.chunks():
                size += len(chunk)
                if size > max_bytes:
                    raise FileTooLarge
                digest.update(chunk)
                file.write(chunk)
            if size == 0:
                raise FileEmpty
            file.flush()
            content_type = check_content(file, extension=extension, allowed=allowed)
            scanner.scan(file)
            os.fsync(file.fileno())
        part.replace(final)
    return _Kept(public_id, name, size, content_type, digest.hexdigest(), path)


@contextmanager
def _kept_or_refused(part: Path) -> Iterator[None]:
    """Leave no `part` behind; turn what the disk refuses into FileNotKept, so that the rest of a form is not lost."""
    try:
        yield
    except OSError as error:
        logger.exception("an upload cannot be kept", extra={"reason": error.strerror})
        raise FileNotKept from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def delete_files_of_service(*, organization_id: int, service_id: int) -> int:
    """Delete the rows of a service's files; return how many. Their bytes are swept by a job, as after a rollback."""
    count, _by_model = _all_files.filter(organization_id=organization_id, service_id=service_id).delete()
    return count


def purge_unbound_files(*, batch: int = 500) -> int:
    """Delete uploads, of all organizations, that were bound to nothing for 24 hours; return how many."""
    purged = 0
    while True:
        with transaction.atomic():
            old = list(
                _all_files.select_for_update(skip_locked=True)
                .filter(bound_at__isnull=True, created_at__lt=timezone.now() - UNBOUND_LIFETIME)
                .order_by("pk")[:batch]
            )
            _all_files.filter(pk__in=[file.pk for file in old]).delete()
        for file in old:
            path_of(file).unlink(missing_ok=True)
        purged += len(old)
        if len(old) < batch:
            return purged


def sweep_orphans() -> int:
    """Delete bytes older than 24 hours that no row names, left by a crash or a rollback; return how many."""
    edge = (timezone.now() - UNBOUND_LIFETIME).timestamp()
    swept = 0
    for folder in Path(settings.MEDIA_ROOT).glob("*/??"):
        old = {path.name: path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < edge}
        for manager in (_all_files, PlatformFile.objects):
            for public_id in manager.filter(public_id__in=old).values_list("public_id", flat=True):
                old.pop(public_id, None)
        for path in old.values():
            path.unlink(missing_ok=True)
        swept += len(old)
    return swept


def delete_files_of(organization_id: int) -> None:
    """Delete the bytes of every file of an organization whose rows are gone."""
    shutil.rmtree(Path(settings.MEDIA_ROOT) / str(organization_id), ignore_errors=True)
