"""The organization Key (조직 Key): who looked at it, and changing it (spec 10, 5.4)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from daedap.audit.actions import record, record_permission_change
from daedap.audit.models import Operation
from daedap.core import events
from daedap.core.actors import Actor
from daedap.core.crypto import new_key
from daedap.core.errors import NotFound
from daedap.organizations.models import Organization


@transaction.atomic
def reveal_key(*, organization_id: int, actor: Actor) -> str:
    """Return the organization Key and record who looked at it."""
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is None:
        raise NotFound
    record("organizations.key_revealed", actor=actor, organization_id=organization_id, target=str(organization))
    return organization.key


@transaction.atomic
def change_key(*, organization_id: int, actor: Actor) -> None:
    """Replace the organization Key by a new random one. The old one is worth nothing from this moment on.

    The permission-change log says who did it and when, never a key. Publishes `organizations.key_changed`.
    """
    organization = Organization.objects.select_for_update(of=("self",), no_key=True).filter(pk=organization_id).first()
    if organization is None:
        raise NotFound
    organization.key = new_key()
    organization.key_changed_at = timezone.now()
    organization.save(update_fields=["key", "key_changed_at"])
    record("organizations.key_changed", actor=actor, organization_id=organization_id, target=str(organization))
    record_permission_change(Operation.CHANGE_KEY, actor=actor, organization_id=organization_id)
    events.publish("organizations.key_changed", organization_id=organization_id)
