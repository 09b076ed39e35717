"""Reads of payment methods."""

from __future__ import annotations

from django.conf import settings

from daedap.accounts.models import PlatformMember, User
from daedap.core.errors import NotFound
from daedap.payments.kinds import MethodKind, kinds_for
from daedap.payments.models import PaymentMethod, Registration
from daedap.payments.providers import get_provider


def has_payment_method(user: User) -> bool:
    """Whether the member has a payment method (spec 10, 2.6)."""
    return PaymentMethod.objects.filter(user=user).exists()


def may_use_services(user: User) -> bool:
    """Whether the member has what founding and enabling needs: a payment method, unless the operator asks for none."""
    return not settings.PAYMENT_REQUIRED or has_payment_method(user)


def list_payment_methods(*, user: User) -> list[PaymentMethod]:
    """Return the member's methods, the default one first."""
    return list(PaymentMethod.objects.filter(user=user).order_by("-is_default", "created_at"))


def get_payment_method(*, user: User, method_id: int) -> PaymentMethod:
    """Return one method of the member; raise NotFound for anybody else's."""
    method = PaymentMethod.objects.filter(user=user, pk=method_id).first()
    if method is None:
        raise NotFound
    return method


def list_offered_methods(*, member: PlatformMember) -> list[MethodKind]:
    """Return the ways to pay that this member may choose from (spec 10, 2.3)."""
    provider = get_provider()
    return [kind for kind in kinds_for(member.country, member.membership_type) if provider.offers(kind)]


def find_registration(*, user: User, public_id: str) -> Registration | None:
    """Return the member's own registration with this reference, or None."""
    return Registration.objects.filter(user=user, public_id=public_id).first()
