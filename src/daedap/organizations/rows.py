"""Locking and saving the row of an organization."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from daedap.core.database import violated_constraint
from daedap.organizations.errors import DomainRefused, NameRefused
from daedap.organizations.models import Organization

DOMAIN_TAKEN = _("This domain is already in use.")


def lock_organization(organization: Organization) -> Organization:
    return Organization.objects.select_for_update(of=("self",), no_key=True).get(pk=organization.pk)


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
