"""Online Contact of an organization: enabling and disabling it (spec 10, step 8 and 2.3)."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts.sessions import end_sessions_in
from daedap.audit.actions import record
from daedap.core import events
from daedap.core.actors import Actor
from daedap.organizations.errors import (
    AlreadyEnabled,
    DomainRefused,
    NotEnabled,
    OwnerMissing,
    PaymentMethodMissing,
    StillUsed,
)
from daedap.organizations.letters import queue_ready_mail
from daedap.organizations.models import Organization
from daedap.organizations.owners import set_owner
from daedap.organizations.rows import lock_organization, require_typed
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
    members = active_members(organization)
    owner = members.filter(pk=owner_member_id).first()
    if owner is None and not members.exists():
        raise OwnerMissing(_("Register an IAM member first, then tick the OWNER."))
    if owner is None:
        raise OwnerMissing
    set_owner(organization, owner)
    organization.activated_at = timezone.now()
    organization.save(update_fields=["activated_at"])
    record("organizations.activated", actor=actor, organization_id=organization.pk, target=str(owner))
    queue_ready_mail(organization, owner)
    events.publish("organizations.activated", organization_id=organization.pk)
    return organization


@transaction.atomic
def deactivate(*, organization: Organization, typed: str, still_used: Callable[[], bool], actor: Actor) -> Organization:
    """Disable Online Contact: its whole site is a 404 and every session over. `typed` is the domain, as confirmation.

    What was written stays; the wizard enables it again, with the same address. `still_used` says, inside the
    transaction, whether any service is in use. Raises NotEnabled, StillUsed or NotTyped.
    """
    organization = lock_organization(organization, alone=True)
    if not organization.is_active:
        raise NotEnabled
    if still_used():
        raise StillUsed
    require_typed(organization.domain or "", typed)
    organization.first_activated_at = organization.first_activated_at or organization.activated_at
    organization.activated_at = None
    organization.save(update_fields=["first_activated_at", "activated_at"])
    end_sessions_in(organization.public_id)
    record("organizations.deactivated", actor=actor, organization_id=organization.pk, target=organization.public_id)
    events.publish("organizations.deactivated", organization_id=organization.pk)
    return organization
