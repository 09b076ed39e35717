"""Changing a service's basic information after it was added, and its banner (기본정보 수정; spec 10, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.audit.actions import record
from daedap.core import events
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError, NotFound
from daedap.core.scoping import open_scope, service_scope
from daedap.files.actions import store_file
from daedap.files.checks import FileRefused, FileTooLarge
from daedap.files.models import StoredFile
from daedap.services.models import EditorType, Service, ServiceLanguage, ServiceState, ServiceType
from daedap.services.rules import (
    ServiceTaken,
    check_editor_type,
    check_languages,
    check_name,
    check_time_zone,
    name_language,
)
from daedap.services.states import ReadOnly

BANNER_TYPES = ("png", "jpg", "jpeg", "gif")
BANNER_BYTES = 2 * 1024 * 1024


class BannerRefused(DaedapError):
    """The banner cannot be taken; the service keeps what it has."""

    field = "banner"
    message = _("Use a PNG, JPG or GIF image of up to 2 MB.")


def _lock(service_pk: int) -> Service:
    services = Service.objects.select_for_update(of=("self",), no_key=True)
    service = services.filter(pk=service_pk).exclude(state=ServiceState.STOPPED).first()
    if service is None:
        raise NotFound
    if service.state == ServiceState.PAUSED:
        raise ReadOnly
    return service


def _record(action: str, service: Service, actor: Actor, **facts: Any) -> None:
    owned = {"organization_id": service.organization_id, "service_id": service.pk}
    record(action, actor=actor, **owned, target=str(service), service=service.service_id, **facts)
    events.publish("services.service_changed", **owned)


@transaction.atomic
def change_basics(
    *,
    service_pk: int,
    name: str,
    actor: Actor,
    languages: Sequence[str] = (),
    language_names: Mapping[str, str] | None = None,
    default_language: str = "ko",
    time_zone: str = "",
    editor_type: str = EditorType.HTML,
) -> Service:
    """Change what can be changed of a service of the open organization; type and ID cannot.

    A language that is left out is hidden with its content, which comes back with it. Issue services have no languages
    and no editor type. Raise ServiceRefused naming the field, ReadOnly while suspended, or NotFound. Publishes
    `services.service_changed`.
    """
    service = _lock(service_pk)
    service.name = check_name(name, but=service)
    if service.type == ServiceType.CONSULTATION:
        rows = check_languages(languages, default_language, language_names or {})
        service.default_language, service.editor_type = default_language, check_editor_type(editor_type)
        _set_languages(service, rows)
    service.time_zone = check_time_zone(time_zone, service.default_language)
    try:
        with transaction.atomic():
            service.save(update_fields=["name", "default_language", "time_zone", "editor_type"])
    except IntegrityError as error:  # somebody else took the name a moment ago
        raise ServiceTaken(_("This service name is already in use."), field="name") from error
    _record("services.basics_changed", service, actor, languages=list(languages), default_language=default_language)
    return service


def _set_languages(service: Service, rows: Mapping[str, str]) -> None:
    owned = {"organization_id": service.organization_id, "service": service}
    with service_scope(service.organization_id, service.pk):
        ServiceLanguage.objects.exclude(code__in=rows).delete()
        ServiceLanguage.objects.bulk_create(
            [
                ServiceLanguage(**owned, code=code, name=name_language(code, name), order=order)
                for order, (code, name) in enumerate(rows.items())
            ],
            update_conflicts=True,
            unique_fields=["service", "code"],
            update_fields=["name", "order"],
        )


@transaction.atomic
def set_banner(*, service_pk: int, upload: UploadedFile[Any], actor: Actor) -> Service:
    """Give a service its picture: png, jpg or gif by content, up to 2 MB.

    The old one has to be removed before. Raise BannerRefused, ReadOnly while suspended, or NotFound.
    """
    file = _keep_banner(upload, service_pk)  # before the lock: a virus scanner may take its time
    service = _lock(service_pk)
    if service.banner_id is not None:
        raise BannerRefused(_("Remove the present banner first."))
    file.bound_at = timezone.now()
    file.save(update_fields=["bound_at"])
    service.banner = file
    service.save(update_fields=["banner"])
    _record("services.banner_set", service, actor)
    return service


def _keep_banner(upload: UploadedFile[Any], service_pk: int) -> StoredFile:
    try:
        return store_file(
            upload,
            organization_id=open_scope().organization_id,
            service_id=service_pk,
            uploader="",
            allowed=BANNER_TYPES,
            max_bytes=BANNER_BYTES,
        )
    except FileTooLarge as error:
        raise BannerRefused from error
    except FileRefused as error:
        raise BannerRefused(str(error.message) if type(error) is not FileRefused else None) from error


@transaction.atomic
def remove_banner(*, service_pk: int, actor: Actor) -> Service:
    """Take the picture away, for good. Raise ReadOnly while suspended, or NotFound."""
    service = _lock(service_pk)
    file = service.banner
    if file is not None:
        service.banner = None
        service.save(update_fields=["banner"])
        file.delete()  # its bytes are swept by a job
        _record("services.banner_removed", service, actor)
    return service
