"""Reads of payment methods."""

from __future__ import annotations

from daedap.accounts.models import PlatformMember, User
from daedap.core.errors import NotFound
from daedap.payments.models import PaymentMethod
from daedap.payments.providers import Method, get_provider


def has_payment_method(user: User) -> bool:
    """Whether the member has a payment method (spec 10, 2.6)."""
    return PaymentMethod.objects.filter(user=user).exists()


def list_payment_methods(*, user: User) -> list[PaymentMethod]:
    """Return the member's cards, the default one first."""
    return list(PaymentMethod.objects.filter(user=user).order_by("-is_default", "created_at"))


def get_payment_method(*, user: User, method_id: int) -> PaymentMethod:
    """Return one card of the member; raise NotFound for anybody else's."""
    method = PaymentMethod.objects.filter(user=user, pk=method_id).first()
    if method is None:
        raise NotFound
    return method


def list_offered_methods(*, member: PlatformMember) -> list[Method]:
    """Return the ways to pay that this member may choose from (spec 10, 2.3)."""
    return get_provider().methods_for(member.country, member.membership_type)
