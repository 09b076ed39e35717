"""What platform members do to their own account: profile, consent, withdrawal (spec 10, steps 1 and 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts import mobile_check
from daedap.accounts.actions import check_own_password
from daedap.accounts.erasure import erase_identity
from daedap.accounts.models import PlatformMember, TermsConsent, User
from daedap.audit.actions import forget_person, record
from daedap.core import events
from daedap.core.actors import Actor, ActorKind
from daedap.core.errors import Conflict, DaedapError, NotFound
from daedap.core.mail import queue_letter
from daedap.files.actions import delete_platform_file
from daedap.organizations.console_members import leave_consoles
from daedap.organizations.selectors import list_own_organizations
from daedap.payments.actions import delete_every_method, lock_wallet
from daedap.portal import letters
from daedap.portal.terms import BY_CODE

MARKETING = "marketing"


class OrganizationsLeft(Conflict):
    """The member still owns organizations; nothing was changed."""

    message = _("Delete your organizations first.")


class NotConfirmed(DaedapError):
    """The ID that was typed to confirm is another one; nothing was changed."""

    field = "confirmation"
    message = _("Type your ID exactly as shown to confirm.")


@dataclass(frozen=True)
class Profile:
    """What a member may change at any time. `name` and `mobile` are never empty."""

    name: str
    mobile: str
    landline: str
    postcode: str
    address: str
    address_detail: str
    marketing: bool


@transaction.atomic
def save_profile(*, user: User, profile: Profile, actor: Actor) -> None:
    """Keep the profile; a changed consent to news is written down with version and time.

    Raise MobileUnverified for another mobile number where numbers are checked: see `change_mobile`.
    """
    member = PlatformMember.objects.select_for_update(of=("self",), no_key=True).get(user=user)
    if profile.mobile != member.mobile:
        mobile_check.demand_proof(profile.mobile, proof="")
    user.name = profile.name
    user.save(update_fields=["name"])
    for name in ("mobile", "landline", "postcode", "address", "address_detail"):
        setattr(member, name, getattr(profile, name))
    if profile.marketing != bool(member.marketing_consent_at):
        member.marketing_consent_at = _note_consent(user, given=profile.marketing)
    member.save(update_fields=["mobile", "landline", "postcode", "address", "address_detail", "marketing_consent_at"])
    record("accounts.profile_changed", actor=actor, target=str(user), marketing=profile.marketing)


@transaction.atomic
def change_mobile(*, user: User, proof: str, actor: Actor) -> None:
    """Keep the number that `proof` is for as the member's; raise MobileUnverified if it is none."""
    number = mobile_check.proved_number(proof)
    if not number:
        raise mobile_check.MobileUnverified
    member = PlatformMember.objects.select_for_update(of=("self",), no_key=True).get(user=user)
    member.mobile = number
    member.save(update_fields=["mobile"])
    record("accounts.mobile_changed", actor=actor, target=str(user))


def _note_consent(user: User, *, given: bool) -> datetime | None:
    now = timezone.now()
    if given:
        version = BY_CODE[MARKETING].version
        TermsConsent.objects.get_or_create(user=user, terms=MARKETING, version=version, withdrawn_at=None)
        return now
    TermsConsent.objects.filter(user=user, terms=MARKETING, withdrawn_at=None).update(withdrawn_at=now)
    return None


def withdraw(*, user: User, password: str, confirmation: str, actor: Actor) -> None:
    """End the membership for good: cards, certificate and personal data go, sessions end, the address is free again.

    Raise CurrentPasswordWrong, TooManyAttempts, NotConfirmed, or OrganizationsLeft while the member owns any.
    """
    if confirmation.strip().lower() != user.login_id:
        raise NotConfirmed
    check_own_password(user, password)
    _leave(user_id=user.pk, actor=actor)


@transaction.atomic
def _leave(*, user_id: int, actor: Actor) -> None:
    user = User.objects.get(pk=user_id)
    lock_wallet(user)  # nobody creates an organization meanwhile
    user.refresh_from_db()
    member = PlatformMember.objects.filter(user=user).first()
    if member is None:  # another window was faster
        raise NotFound
    if list_own_organizations(user=user):
        raise OrganizationsLeft
    letter = letters.withdrawal_done(name=user.name, email=user.email, language=user.language)
    queue_letter(letter, to=user.email, language=user.language, kind="withdrawal")
    delete_every_method(user=user, actor=actor)
    leave_consoles(user=user, actor=replace(actor, name="", account="", ip=""))
    if member.certificate_id:
        delete_platform_file(member.certificate_id)
    record("accounts.withdrawn", actor=replace(actor, name="", account="", ip=""), target=str(user))
    events.publish("accounts.withdrawn", user_id=user.pk)
    erase_identity(user)
    forget_person(kind=ActorKind.PLATFORM_MEMBER, person_id=user.pk)
