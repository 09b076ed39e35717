"""Organizations: founding and renaming them, and what rests on them (spec 10, step 4)."""

from __future__ import annotations

import unicodedata

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import PlatformMember, User
from daedap.audit.actions import record
from daedap.core import events
from daedap.core.actors import Actor
from daedap.core.crypto import random_letters_and_digits
from daedap.core.text import is_hidden
from daedap.organizations.errors import NameRefused, PaymentMethodMissing, QuotaReached
from daedap.organizations.models import Organization, name_key
from daedap.organizations.rows import lock_organization, save_unique
from daedap.payments.actions import delete_method, lock_wallet
from daedap.payments.selectors import may_use_services

LONGEST_NAME = 70


@transaction.atomic
def create_organization(*, user: User, name: str, actor: Actor) -> Organization:
    """Found an organization; its creator is its OWNER in the console.

    Raises PaymentMethodMissing, QuotaReached or NameRefused. Of two at once with one name exactly one is founded.
    """
    lock_wallet(user)  # the quota and the payment method hold still
    if not may_use_services(user):
        raise PaymentMethodMissing
    quota = read_quota(user)
    if Organization.objects.filter(creator=user).count() >= quota:
        raise QuotaReached(
            _("You can create up to %(count)d organizations.") % {"count": quota}, field="name", count=quota
        )
    name = _clean_name(name)
    organization = Organization(
        public_id=random_letters_and_digits(16), name=name, name_key=name_key(name), creator=user
    )
    save_unique(organization)
    record("organizations.created", actor=actor, organization_id=organization.pk, target=organization.public_id)
    events.publish("organizations.created", organization_id=organization.pk)
    return organization


@transaction.atomic
def rename_organization(*, organization: Organization, name: str, actor: Actor) -> Organization:
    """Give the organization another name; raise NameRefused."""
    organization = lock_organization(organization)
    name = _clean_name(name)
    if name == organization.name:
        return organization
    was, organization.name, organization.name_key = organization.name, name, name_key(name)
    save_unique(organization, fields=["name", "name_key"])
    record(
        "organizations.renamed",
        actor=actor,
        organization_id=organization.pk,
        target=organization.public_id,
        was=was,
        now=name,
    )
    events.publish("organizations.renamed", organization_id=organization.pk)
    return organization


def read_quota(user: User) -> int:
    """Return how many organizations `user` may create (spec 10, 4.3)."""
    member = PlatformMember.objects.filter(user=user).first()
    return settings.ORGANIZATION_QUOTA[member.membership_type] if member else 0


def _clean_name(text: str) -> str:
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise NameRefused(_("Enter the name of the organization."))
    if len(name) > LONGEST_NAME or len(name_key(name)) > 2 * LONGEST_NAME:
        raise NameRefused(_("Use up to 70 characters."))
    if any(map(is_hidden, name)):
        raise NameRefused(_("The name contains characters that cannot be used."))
    return name


def delete_payment_method(*, user: User, method_id: int, actor: Actor) -> None:
    """Remove a payment method; the only one stays while the member's organization is in use (spec 10, 2.6)."""
    delete_method(
        user=user,
        method_id=method_id,
        actor=actor,
        still_needed=lambda: (
            settings.PAYMENT_REQUIRED and Organization.objects.filter(creator=user, activated_at__isnull=False).exists()
        ),
    )
