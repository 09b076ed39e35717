"""The member's wallet: keeping, choosing and removing payment methods (spec 10, step 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import PlatformMember, User
from daedap.audit.actions import record
from daedap.core import events, jobs
from daedap.core.actors import Actor
from daedap.core.errors import DaedapError, PermissionRefused
from daedap.payments.models import DiscardedToken, PaymentMethod
from daedap.payments.providers import ProviderMethod
from daedap.payments.selectors import get_payment_method


class VerificationPending(PermissionRefused):
    """A business member waits for verification, or was refused (spec 10, step 1)."""

    message = _("A payment method can be registered once your business has been verified.")


class LastMethodKept(DaedapError):
    """The only payment method stays while an organization uses a product (spec 10, 2.6)."""

    code = 409
    message = _(
        "This is your only payment method, and one of your organizations is using a service."
        " Register another one first."
    )


def get_paying_member(user: User) -> PlatformMember:
    """Return the membership of a user who may register methods; raise PermissionRefused or VerificationPending."""
    member = PlatformMember.objects.filter(user=user).first()
    if member is None:
        raise PermissionRefused
    if not member.may_pay:
        raise VerificationPending
    return member


def lock_wallet(user: User) -> None:
    """Make changes of this member's payment methods, and checks that rest on them, wait for one another."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)


@transaction.atomic
def keep_method(
    *,
    user: User,
    provider: str,
    method: str,
    kept: ProviderMethod,
    actor: Actor,
    consented_at: datetime | None = None,
) -> PaymentMethod:
    """Store what is kept of a method; the first one becomes the default. Raises VerificationPending."""
    lock_wallet(user)
    get_paying_member(user)  # once more: the verification may have been withdrawn while the provider was asked
    made = PaymentMethod.objects.create(
        user=user,
        provider=provider,
        method=method,
        token=kept.token,
        brand=kept.brand,
        last4=kept.last4,
        expiry_month=kept.expiry_month,
        expiry_year=kept.expiry_year,
        consented_at=consented_at or timezone.now(),
        is_default=not PaymentMethod.objects.filter(user=user).exists(),
    )
    record("payments.method_registered", actor=actor, target=f"payment-method:{made.pk}", brand=made.brand)
    events.publish("payments.method_registered", user_id=user.pk, method_id=made.pk)
    return made


@transaction.atomic
def make_default(*, user: User, method_id: int, actor: Actor) -> PaymentMethod:
    """Pay with this method from now on. Raises NotFound for a foreign one."""
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
    """Remove a method. Raises LastMethodKept if it is the only one and `still_needed` says one must stay.

    `still_needed` is asked under the lock; whoever calls knows the organizations, which lie above this floor.
    """
    lock_wallet(user)
    method = get_payment_method(user=user, method_id=method_id)
    others = PaymentMethod.objects.filter(user=user).exclude(pk=method.pk).order_by("created_at")
    if not others and still_needed():
        raise LastMethodKept
    was_default, target = method.is_default, f"payment-method:{method.pk}"
    discard_token(provider=method.provider, token=method.token)
    method.delete()
    heir = others.first()
    if was_default and heir is not None:
        heir.is_default = True
        heir.save(update_fields=["is_default"])
    record("payments.method_deleted", actor=actor, target=target)


def delete_every_method(*, user: User, actor: Actor) -> None:
    """Remove all methods of a member who leaves. Call inside the transaction, after `lock_wallet`."""
    for method in PaymentMethod.objects.filter(user=user).order_by("pk"):
        target = f"payment-method:{method.pk}"
        discard_token(provider=method.provider, token=method.token)
        method.delete()
        record("payments.method_deleted", actor=actor, target=target)


def discard_token(*, provider: str, token: str) -> None:
    """Have the provider forget `token`, by a job of the current transaction that is tried until it succeeds."""
    kept = DiscardedToken.objects.create(provider=provider, token=token)
    jobs.defer("payments.discard_token", discarded_id=kept.pk)
