"""Locking and saving the row of an organization."""

from __future__ import annotations

import unicodedata

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from daedap.core.database import violated_constraint
from daedap.core.errors import NotFound
from daedap.organizations.errors import DomainRefused, NameRefused, NotEnabled, NotTyped
from daedap.organizations.models import Organization

DOMAIN_TAKEN = _("This domain is already in use.")


def lock_organization(organization: Organization, *, alone: bool = False) -> Organization:
    """Return the row, locked until the transaction ends; raise NotFound if the organization was deleted meanwhile.

    With `alone` nobody can add a row that belongs to the organization before then either.
    """
    rows = Organization.objects.select_for_update(of=("self",), no_key=not alone)
    locked = rows.filter(pk=organization.pk).first()
    if locked is None:
        raise NotFound
    return locked


def hold_in_use(organization_id: int) -> Organization:
    """Return the row, locked: Online Contact stays enabled until the transaction ends.

    Raise NotEnabled, or NotFound if the organization was deleted. Call it before other rows are locked.
    """
    rows = Organization.objects.select_for_update(of=("self",), no_key=True)
    locked = rows.filter(pk=organization_id).first()
    if locked is None:
        raise NotFound
    if not locked.is_active:
        raise NotEnabled
    return locked


def save_unique(organization: Organization, fields: list[str] | None = None) -> None:
    """Save; the unique constraints decide between two at once."""
    try:
        with transaction.atomic():
            organization.save(update_fields=fields, force_insert=fields is None)
    except IntegrityError as error:
        constraint = violated_constraint(error)
        if "domain" in constraint:
            raise DomainRefused(DOMAIN_TAKEN) from error
        if "name_key" in constraint:
            raise NameRefused(_("This organization name is already in use.")) from error
        raise


def require_typed(expected: str, typed: str) -> None:
    """Raise NotTyped unless `typed` names what is about to be changed for good."""
    if unicodedata.normalize("NFC", typed.strip()) != expected:
        raise NotTyped
