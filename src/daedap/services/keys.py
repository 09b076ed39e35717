"""The key of a service, which signs calls of its Open API (spec 40, 3.1)."""

from __future__ import annotations

from django.db import transaction

from daedap.audit.actions import record
from daedap.core.actors import Actor
from daedap.core.crypto import new_key
from daedap.core.errors import NotFound
from daedap.services.models import Service, ServiceState


@transaction.atomic
def change_service_key(*, service_pk: int, actor: Actor) -> str:
    """Replace the key of a service of the open organization and return the new one; the old one is worth nothing now.

    Recorded without keys. Raise NotFound if there is no such service or it is terminated.
    """
    services = Service.objects.select_for_update(of=("self",), no_key=True)
    service = services.filter(pk=service_pk).exclude(state=ServiceState.STOPPED).first()
    if service is None:
        raise NotFound
    service.key = new_key()
    service.save(update_fields=["key"])
    record(
        "services.key_changed",
        actor=actor,
        organization_id=service.organization_id,
        service_id=service.pk,
        target=str(service),
    )
    return service.key
