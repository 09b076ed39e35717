"""Registering, choosing and removing payment methods (spec 10, step 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from daedap.accounts.models import PlatformMember, User
from daedap.audit.actions import record
from daedap.core import events, limits
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError, PermissionRefused, TooManyAttempts
from daedap.payments.models import PaymentMethod
from daedap.payments.providers import CardDetails, CardRefused, ProviderCard, get_provider
from daedap.payments.selectors import get_payment_method

TRIES_PER_HOUR = 20


class VerificationPending(PermissionRefused):
    """A business member waits for verification, or was refused (spec 10, step 1)."""

    message = _("A payment method can be registered once your business has been verified.")


class MethodRefused(DaedapError):
    """This way to pay is not offered to this member."""

    message = _("This payment method is not available for you.")
    field = "method"


class LastMethodKept(DaedapError):
    """The only payment method stays while an organization uses a product (spec 10, 2.6)."""

    code = 409
    message = _(
        "This is your only payment method, and one of your organizations is using a service."
        " Register another one first."
    )


@sensitive_variables()
def register_card(*, user: User, method: str, card: CardDetails, actor: Actor) -> PaymentMethod:
    """Have the provider check the card and keep its token, brand, last four digits and expiry, nothing else.

    The member's first card becomes the default one. Raises VerificationPending, MethodRefused, CardRefused or
    TooManyAttempts; nothing is stored then.
    """
    member = _paying_member(user)
    provider = get_provider()
    if method not in {offered.code.value for offered in provider.methods_for(member.country, member.membership_type)}:
        raise MethodRefused
    if limits.count_up("payments.register", str(user.pk), window=timedelta(hours=1)) > TRIES_PER_HOUR:
        raise TooManyAttempts
    return _store(user=user, provider=provider.code, card=provider.register(card), actor=actor)


def _paying_member(user: User) -> PlatformMember:
    member = PlatformMember.objects.filter(user=user).first()
    if member is None:
        raise PermissionRefused
    if not member.may_pay:
        raise VerificationPending
    return member


@transaction.atomic
def _store(*, user: User, provider: str, card: ProviderCard, actor: Actor) -> PaymentMethod:
    lock_wallet(user)
    _paying_member(user)  # once more: the verification may have been withdrawn while the provider was asked
    method = PaymentMethod.objects.create(
        user=user,
        provider=provider,
        token=card.token,
        brand=card.brand,
        last4=card.last4,
        expiry_month=card.expiry_month,
        expiry_year=card.expiry_year,
        is_default=not PaymentMethod.objects.filter(user=user).exists(),
    )
    record("payments.method_registered", actor=actor, target=f"payment-method:{method.pk}", brand=card.brand)
    events.publish("payments.method_registered", user_id=user.pk, method_id=method.pk)
    return method


def lock_wallet(user: User) -> None:
    """Make changes of this member's payment methods, and checks that rest on them, wait for one another."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)


@transaction.atomic
def make_default(*, user: User, method_id: int, actor: Actor) -> PaymentMethod:
    """Pay with this card from now on. Raises NotFound for a foreign card."""
    lock_wallet(user)
    method = get_payment_method(user=user, method_id=method_id)
    if not method.is_default:
        PaymentMethod.objects.filter(user=user, is_default=True).update(is_default=False)
        method.is_default = True
        method.save(update_fields=["is_default"])
        record("payments.default_changed", actor=actor, target=f"payment-method:{method.pk}")
    return method


@transaction.atomic
def delete_method(*, user: User, method_id: int, actor: Actor, still_needed: Callable[[], bool]) -> None:
    """Remove a card. Raises LastMethodKept if it is the only one and `still_needed` says one must stay.

    `still_needed` is asked under the lock; whoever calls knows the organizations, which lie above this floor.
    """
    lock_wallet(user)
    method = get_payment_method(user=user, method_id=method_id)
    others = PaymentMethod.objects.filter(user=user).exclude(pk=method.pk).order_by("created_at")
    if not others and still_needed():
        raise LastMethodKept
    was_default, target = method.is_default, f"payment-method:{method.pk}"
    method.delete()
    heir = others.first()
    if was_default and heir is not None:
        heir.is_default = True
        heir.save(update_fields=["is_default"])
    record("payments.method_deleted", actor=actor, target=target)


def delete_every_method(*, user: User, actor: Actor) -> None:
    """Remove all cards of a member who leaves. Call inside the transaction, after `lock_wallet`."""
    for method in PaymentMethod.objects.filter(user=user).order_by("pk"):
        target = f"payment-method:{method.pk}"
        method.delete()
        record("payments.method_deleted", actor=actor, target=target)


__all__ = [
    "CardRefused",
    "LastMethodKept",
    "MethodRefused",
    "VerificationPending",
    "delete_every_method",
    "delete_method",
    "lock_wallet",
    "make_default",
    "register_card",
]
