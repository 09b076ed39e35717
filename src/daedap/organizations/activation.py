"""Online Contact of an organization: enabling it (spec 10, step 8)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.audit.actions import record
from daedap.core import events
from daedap.core.actors import Actor
from daedap.organizations.errors import AlreadyEnabled, DomainRefused, OwnerMissing, PaymentMethodMissing
from daedap.organizations.letters import queue_ready_mail
from daedap.organizations.models import Organization
from daedap.organizations.rows import lock_organization
from daedap.organizations.selectors import active_members
from daedap.payments.actions import lock_wallet
from daedap.payments.selectors import may_use_services


@transaction.atomic
def activate(*, organization: Organization, owner_member_id: int | None, actor: Actor) -> Organization:
    """Enable Online Contact with exactly one OWNER (spec 10, 7.4 and 8.1); mail E10 goes to the creator.

    All or nothing. Raises AlreadyEnabled, PaymentMethodMissing, DomainRefused or OwnerMissing.
    """
    lock_wallet(organization.creator)
    organization = lock_organization(organization)
    if organization.is_active:
        raise AlreadyEnabled
    if not may_use_services(organization.creator):
        raise PaymentMethodMissing
    if not organization.domain:
        raise DomainRefused(_("Save a domain first."))
    owner = active_members(organization).filter(pk=owner_member_id).first()
    if owner is None:
        raise OwnerMissing
    owner.is_owner = True
    owner.save(update_fields=["is_owner"])
    organization.activated_at = timezone.now()
    organization.save(update_fields=["activated_at"])
    record("organizations.activated", actor=actor, organization_id=organization.pk, target=str(owner))
    queue_ready_mail(organization, owner)
    events.publish("organizations.activated", organization_id=organization.pk)
    return organization
