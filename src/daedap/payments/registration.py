"""Registering a method: consent → identity check → data → verification → listed (spec 10, 2.3).

A registration is a row, so the browser's return, the provider's notice and the retrying job may come in any order and
more than once: each looks at the state under a lock, and only one of them finishes it.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from daedap.accounts.models import PlatformMember, User
from daedap.audit.actions import record
from daedap.core import jobs, limits
from daedap.core.actors import Actor
from daedap.core.crypto import new_key
from daedap.core.errors import Conflict, DaedapError, NotFound, PermissionRefused, TooManyAttempts
from daedap.payments import identity
from daedap.payments.actions import discard_token, get_paying_member, keep_method
from daedap.payments.kinds import MethodKind
from daedap.payments.models import PaymentMethod, Registration, RegistrationState
from daedap.payments.providers import (
    CardRefused,
    Details,
    FormProvider,
    ProviderMethod,
    Reason,
    TokenNotOurs,
    Way,
    WindowProvider,
    get_provider,
)
from daedap.payments.selectors import list_offered_methods

logger = logging.getLogger("daedap.payments")

TRIES_PER_HOUR = 20
LIFETIME = timedelta(hours=1)
"""How long a registration may take, from the consent to the data."""
LEASE = timedelta(minutes=2)
"""How long one worker has a verification for itself: longer than its calls can take together."""
GIVEN_UP_AFTER = timedelta(days=7)
_HOUR = timedelta(hours=1)


class MethodRefused(DaedapError):
    """This way to pay is not offered to this member."""

    message = _("This payment method is not available for you.")
    field = "method"


class RegistrationOver(Conflict):
    """The registration is over, or not at this step: it starts again."""

    message = _("This registration is over. Please start again.")


@transaction.atomic
def begin_registration(*, user: User, method: str, actor: Actor) -> Registration:
    """Remember what was chosen and consented to, and begin the identity check.

    Raises VerificationPending, MethodRefused or TooManyAttempts.
    """
    member = get_paying_member(user)
    kind = _offered(member, method)
    if limits.count_up("payments.begin", str(user.pk), window=_HOUR) > TRIES_PER_HOUR:
        raise TooManyAttempts
    provider = get_provider()
    registration = Registration(public_id=new_key(), user=user, provider=provider.code, method=kind.code)
    way = provider.ways[kind.identity]
    if way is Way.WITH_DATA:
        registration.state = RegistrationState.DATA
    else:
        identity.prepare(registration, way, member)
    registration.save()
    record("payments.consented", actor=actor, target=f"payment-registration:{registration.pk}", method=kind.code)
    return registration


def _offered(member: PlatformMember, method: str) -> MethodKind:
    for kind in list_offered_methods(member=member):
        if kind.code.value == method:
            return kind
    raise MethodRefused


def kind_of(registration: Registration) -> MethodKind:
    """Return the row of the table; raise MethodRefused if it is no longer offered to the member."""
    return _offered(get_paying_member(registration.user), registration.method)


def is_open(registration: Registration) -> bool:
    """Whether it can still go on here: neither too old nor begun with another provider."""
    return timezone.now() - registration.created_at <= LIFETIME and registration.provider == get_provider().code


def _lock(registration_id: int, state: RegistrationState) -> Registration:
    """Return the locked registration; raise RegistrationOver unless it is at this step."""
    locked = Registration.objects.select_for_update(of=("self",), no_key=True).filter(pk=registration_id).first()
    if locked is None or locked.state != state or not is_open(locked):
        raise RegistrationOver
    return locked


@transaction.atomic
def renew_identity_check(*, registration: Registration) -> None:
    """Send a new code, or make a new reference for the provider's window; the older one is void."""
    kind = kind_of(registration)
    locked = _lock(registration.pk, RegistrationState.IDENTITY)
    way = identity.way_of(kind, provider=locked.provider)
    identity.prepare(locked, way, get_paying_member(locked.user))
    locked.save(update_fields=["challenge", "challenged_at"])


def finish_identity_check(*, registration: Registration, answer: identity.Answer, actor: Actor) -> None:
    """Open the next step if `answer` confirms the member.

    Raises IdentityRefused, TooManyAttempts, ProviderUnavailable or RegistrationOver.
    """
    kind = kind_of(registration)
    if registration.state != RegistrationState.IDENTITY or not is_open(registration):
        raise RegistrationOver
    way = identity.way_of(kind, provider=registration.provider)
    identity.check(registration, way, get_paying_member(registration.user), answer)
    with transaction.atomic():
        locked = _lock(registration.pk, RegistrationState.IDENTITY)
        if locked.challenge != registration.challenge:
            raise RegistrationOver
        locked.state, locked.challenge = RegistrationState.DATA, ""
        locked.save(update_fields=["state", "challenge"])
        record("payments.identified", actor=actor, target=f"payment-registration:{locked.pk}", way=way.value)


@sensitive_variables()
def register_details(*, registration: Registration, details: Details, actor: Actor) -> PaymentMethod:
    """Have a form provider check what was typed, and keep its token, brand, last four digits and expiry only.

    Raises VerificationPending, MethodRefused, CardRefused, TooManyAttempts or RegistrationOver; nothing is stored then.
    Of two at once for one registration the first is kept and returned to both.
    """
    kind, provider = kind_of(registration), get_provider(registration.provider)
    if not isinstance(provider, FormProvider):
        raise PermissionRefused
    if registration.state not in (RegistrationState.DATA, RegistrationState.DONE):
        raise RegistrationOver
    if limits.count_up("payments.register", str(registration.user_id), window=_HOUR) > TRIES_PER_HOUR:
        raise TooManyAttempts
    return _keep(registration, provider.register(kind, details), actor)


@transaction.atomic
def _keep(registration: Registration, kept: ProviderMethod, actor: Actor) -> PaymentMethod:
    locked = Registration.objects.select_for_update(of=("self",), no_key=True).get(pk=registration.pk)
    if locked.registered_id is not None:
        return PaymentMethod.objects.get(pk=locked.registered_id)
    if locked.state not in (RegistrationState.DATA, RegistrationState.VERIFYING):
        raise RegistrationOver
    locked.registered = keep_method(
        user=locked.user,
        provider=locked.provider,
        method=locked.method,
        kept=kept,
        actor=actor,
        consented_at=locked.created_at,
    )
    locked.state, locked.token, locked.claimed_until = RegistrationState.DONE, "", None
    locked.save(update_fields=["registered", "state", "token", "claimed_until"])
    return locked.registered


@transaction.atomic
def accept_token(*, registration: Registration, token: str) -> None:
    """Take the token that a window gave to the browser, or that a notice named; a job asks the provider about it.

    Once a token waits or is kept, later ones change nothing. Raises RegistrationOver.
    """
    locked = Registration.objects.select_for_update(of=("self",), no_key=True).get(pk=registration.pk)
    if locked.state in (RegistrationState.VERIFYING, RegistrationState.DONE):
        return
    if locked.state != RegistrationState.DATA or not is_open(locked):
        raise RegistrationOver
    locked.state, locked.token = RegistrationState.VERIFYING, token
    locked.save(update_fields=["state", "token"])
    jobs.defer("payments.verify", registration_id=locked.pk)


def verify(registration_id: int) -> None:
    """Ask the provider about the token, charge and cancel where the table says so, and list the method.

    Safe to call at any time and by many: the one that holds the lease works, the others return. While the provider
    gives no answer the registration stays as it is and ProviderUnavailable is raised: the job tries again.
    """
    registration = _claim(registration_id)
    if registration is None:
        return
    try:
        try:
            kept = _ask(registration)
            _keep(registration, kept, registration.user.as_actor())
        except (TokenNotOurs, CardRefused, MethodRefused, PermissionRefused) as error:
            _window_of(registration).undo_charge(registration.public_id)  # an earlier try may have come that far
            _end(registration, error)
    except BaseException:
        _let_go(registration)
        raise


def _end(registration: Registration, error: DaedapError) -> None:
    if isinstance(error, TokenNotOurs):
        _let_go(registration, state=RegistrationState.DATA, token="")
    else:
        _refuse(registration, error.reason if isinstance(error, CardRefused) else Reason.GONE)


def _claim(registration_id: int) -> Registration | None:
    now = timezone.now()
    free = Registration.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now), pk=registration_id, state=RegistrationState.VERIFYING
    )
    if not free.update(claimed_until=now + LEASE):
        return None
    return Registration.objects.select_related("user").get(pk=registration_id)


def _let_go(registration: Registration, **changes: str) -> None:
    Registration.objects.filter(pk=registration.pk, state=RegistrationState.VERIFYING).update(
        claimed_until=None, **changes
    )


def _ask(registration: Registration) -> ProviderMethod:
    kind, provider = kind_of(registration), _window_of(registration)
    kept = provider.inspect(kind, registration.token, registration.public_id)
    if kind.charge is not None:
        provider.verify_by_charge(kind.charge, registration.token, registration.public_id)
    return kept


def _window_of(registration: Registration) -> WindowProvider:
    provider = get_provider(registration.provider)
    if not isinstance(provider, WindowProvider):
        raise TypeError(f"{registration} has no window provider")
    return provider


@transaction.atomic
def _refuse(registration: Registration, reason: str) -> None:
    locked = Registration.objects.select_for_update(of=("self",), no_key=True).get(pk=registration.pk)
    if locked.state != RegistrationState.VERIFYING:
        return
    discard_token(provider=locked.provider, token=locked.token)
    locked.state, locked.reason, locked.token, locked.claimed_until = RegistrationState.REFUSED, reason, "", None
    locked.save(update_fields=["state", "reason", "token", "claimed_until"])
    record(
        "payments.registration_refused",
        actor=locked.user.as_actor(),
        target=f"payment-registration:{locked.pk}",
        reason=reason,
    )


def take_notice(*, kind: str, subject: str, provider: WindowProvider) -> None:
    """Act on a provider's notice: `token` was issued, or something happened to the charge of a reference.

    The notice itself is never believed: the provider is asked. Raises ProviderUnavailable.
    """
    if kind == "charge":
        for registration in Registration.objects.filter(public_id=subject, provider=provider.code):
            verify(registration.pk)
        return
    reference = provider.reference_of(subject)
    found = Registration.objects.filter(public_id=reference, provider=provider.code).first() if reference else None
    if found is None:
        raise NotFound
    accept_token(registration=found, token=subject)


def list_waiting() -> list[int]:
    """Return the registrations that nobody verifies at the moment, for the job that tries them again."""
    now = timezone.now()
    waiting = Registration.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lt=now),
        state=RegistrationState.VERIFYING,
        created_at__lt=now - LEASE,
    )
    for registration in waiting.filter(created_at__lt=now - GIVEN_UP_AFTER):
        logger.error("payment verification given up", extra={"registration": registration.pk})
    return list(waiting.filter(created_at__gte=now - GIVEN_UP_AFTER).values_list("pk", flat=True))


def tidy() -> None:
    """Delete registrations that are over. One whose charge may be open stays."""
    edge = timezone.now() - timedelta(days=1)
    Registration.objects.filter(created_at__lt=edge).exclude(state=RegistrationState.VERIFYING).delete()
