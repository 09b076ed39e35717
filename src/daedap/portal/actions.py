"""What the platform site does: sign-up, business verification, the wizard's first step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts import mobile_check, passwords
from daedap.accounts.actions import PasswordRefused
from daedap.accounts.letters import second_factor_changed
from daedap.accounts.models import (
    PLATFORM,
    Country,
    MailLink,
    MembershipType,
    PlatformMember,
    SecondFactor,
    TermsConsent,
    User,
    Verification,
)
from daedap.accounts.otp import has_device, reset_devices
from daedap.audit.actions import record
from daedap.core import events, limits
from daedap.core.actors import Actor
from daedap.core.database import violated_constraint
from daedap.core.errors import Conflict, DaedapError, TooManyAttempts
from daedap.core.hosts import platform_url
from daedap.core.mail import queue_letter
from daedap.files.actions import store_platform_file
from daedap.files.checks import FileRefused
from daedap.organizations import domains, founding
from daedap.organizations.models import Organization
from daedap.portal import letters
from daedap.portal.drafts import is_verified
from daedap.portal.terms import BY_CODE, TERMS

BUSINESS_COUNTRIES = frozenset({Country.KR, Country.JP})
"""Where business membership is offered (spec 10, 1b)."""

CERTIFICATE_TYPES = ("pdf", "jpg", "jpeg", "png")
CERTIFICATE_BYTES = 10 * 1024 * 1024

MAILS_PER_ADDRESS = 5
MAILS_PER_IP = 20
_HOUR = timedelta(hours=1)


class SignUpRefused(DaedapError):
    """The sign-up breaks a rule; no account was created."""


class EmailTaken(SignUpRefused):
    """Somebody has this address already, in whichever case (A3). Said only to who proved to own it."""

    field = "email"
    message = _("This e-mail address is already registered. Log in, or use Find password.")


@dataclass(frozen=True)
class SignUp:
    """Everything a member told us. `link_hash` proves that the address is theirs, `mobile_proof` the number."""

    country: str
    membership_type: str
    terms: tuple[str, ...]
    email: str
    link_hash: str
    name: str
    password: str = field(repr=False)
    mobile: str
    mobile_proof: str = ""
    language: str = "ko"
    business: dict[str, str] = field(default_factory=dict)
    postcode: str = ""
    address: str = ""
    address_detail: str = ""
    landline: str = ""


def count_verification_mail(*, email: str, ip: str) -> None:
    """Count one mail E1 that is asked for; raise TooManyAttempts if it may not leave."""
    if (
        limits.count_up("sign-up.mail-ip", limits.origin(ip), window=_HOUR) > MAILS_PER_IP
        or limits.count_up("sign-up.mail", email.lower(), window=_HOUR) > MAILS_PER_ADDRESS
    ):
        raise TooManyAttempts(_("Too many mails were sent. Please try again in an hour."), field="email")


def queue_verification_mail(*, email: str, token: str, language: str) -> None:
    """Mail E1: a link that proves the address. The same for known and unknown addresses."""
    letter = letters.sign_up_verification(url=platform_url(f"/signup/verify/{token}/"), language=language)
    queue_letter(letter, to=email, language=language, kind="sign-up-verification")


@transaction.atomic
def sign_up(*, facts: SignUp, certificate: UploadedFile[Any] | None, ip: str) -> User:
    """Create the account of a platform member with the consents given (spec 10, step 1).

    Raises SignUpRefused, EmailTaken, MobileUnverified, PasswordRefused or FileRefused; nothing is stored then.
    """
    _check_rules(facts, certificate)
    if broken := passwords.list_broken_rules(facts.password, policy=passwords.PLATFORM, login_id=facts.email):
        raise PasswordRefused(broken)
    # before any row is written that others might wait for: a virus scanner may take its time
    certificate_id = _keep_certificate(certificate) if certificate is not None else ""
    user = _create_user(facts)
    business = facts.membership_type == MembershipType.BUSINESS
    PlatformMember.objects.create(
        user=user,
        country=facts.country,
        membership_type=facts.membership_type,
        mobile=facts.mobile,
        marketing_consent_at=timezone.now() if "marketing" in facts.terms else None,
        verification=_first_verification(business=business),
        postcode=facts.postcode,
        address=facts.address,
        address_detail=facts.address_detail,
        landline=facts.landline,
        certificate_id=certificate_id,
        **(facts.business if business else {}),
    )
    TermsConsent.objects.bulk_create(
        TermsConsent(user=user, terms=code, version=BY_CODE[code].version) for code in facts.terms
    )
    # Whoever else holds the link's hash cannot sign up with it again.
    MailLink.objects.filter(token_hash=facts.link_hash).update(voided_at=timezone.now())
    record("accounts.signed_up", actor=user.as_actor(ip), target=str(user), membership_type=facts.membership_type)
    events.publish("accounts.signed_up", user_id=user.pk)
    return user


def _check_rules(facts: SignUp, certificate: UploadedFile[Any] | None) -> None:
    if facts.country not in Country.values:
        raise SignUpRefused(_("Choose a country."), field="country")
    if facts.membership_type not in MembershipType.values or (
        facts.membership_type == MembershipType.BUSINESS and facts.country not in BUSINESS_COUNTRIES
    ):
        raise SignUpRefused(_("Choose a membership type."), field="membership_type")
    if any(terms.required and terms.code not in facts.terms for terms in TERMS) or not set(facts.terms) <= set(BY_CODE):
        raise SignUpRefused(_("You must agree to the required items."), field="terms")
    if (
        not is_verified(facts.link_hash)
        or MailLink.objects.filter(token_hash=facts.link_hash, voided_at__isnull=False).exists()
    ):
        raise SignUpRefused(_("Verify your e-mail address first."), field="email")
    mobile_check.demand_proof(facts.mobile, proof=facts.mobile_proof)
    needs = facts.membership_type == MembershipType.BUSINESS and facts.country == Country.KR
    if needs and certificate is None:
        raise SignUpRefused(_("Attach your business registration certificate."), field="certificate")


def _create_user(facts: SignUp) -> User:
    if email_is_taken(facts.email):
        raise EmailTaken
    try:
        with transaction.atomic():
            return User.objects.create_user(
                realm=PLATFORM,
                login_id=facts.email,
                email=facts.email,
                name=facts.name,
                password=facts.password,
                language=facts.language,
            )
    except IntegrityError as error:
        if violated_constraint(error) != "user_unique_in_realm":
            raise
        raise EmailTaken from error


def email_is_taken(email: str) -> bool:
    """Whether a platform member has this address, in whichever case. Tell only who proved to own it."""
    return User.objects.filter(realm=PLATFORM, login_id=email.lower()).exists()


def _first_verification(*, business: bool) -> Verification:
    if not business:
        return Verification.NOT_NEEDED
    return Verification.APPROVED if settings.BUSINESS_VERIFICATION == "automatic" else Verification.PENDING


def _keep_certificate(upload: UploadedFile[Any]) -> str:
    try:
        return store_platform_file(upload, allowed=CERTIFICATE_TYPES, max_bytes=CERTIFICATE_BYTES).public_id
    except FileRefused as error:
        error.field = "certificate"  # so that it is said beside it
        raise


@transaction.atomic
def decide_verification(*, member_id: int, approve: bool, actor: Actor) -> PlatformMember:
    """Approve or refuse a business member and tell them by mail E9; raise Conflict for an individual."""
    member = (
        PlatformMember.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=member_id)
    )
    decided = Verification.APPROVED if approve else Verification.REFUSED
    if member.membership_type != MembershipType.BUSINESS:
        raise Conflict(_("Only business members are verified."))
    if member.verification == decided:
        return member
    member.verification = decided
    member.save(update_fields=["verification"])
    record(
        "accounts.business_verified" if approve else "accounts.business_refused", actor=actor, target=str(member.user)
    )
    _queue_verification_result(member, approved=approve)
    return member


def _queue_verification_result(member: PlatformMember, *, approved: bool) -> None:
    user = member.user
    compose = letters.business_verified if approved else letters.business_refused
    letter = compose(name=user.name, company=member.company_name, language=user.language)
    queue_letter(
        letter, to=user.email, language=user.language, kind="business-verified" if approved else "business-refused"
    )


class DeviceMissing(DaedapError):
    """Google OTP cannot be chosen before a device is registered."""

    message = _("Register a device first.")


@transaction.atomic
def choose_second_factor(*, user: User, factor: SecondFactor, actor: Actor) -> None:
    """Remember the member's own choice of 2-step login (spec 10, 4.4) and mail them if it is another.

    Raise DeviceMissing.
    """
    if factor == SecondFactor.TOTP and not has_device(user):
        raise DeviceMissing
    if not PlatformMember.objects.filter(user=user).exclude(second_factor=factor).update(second_factor=factor):
        return
    record("accounts.second_factor_chosen", actor=actor, target=str(user), factor=factor)
    _tell_of_factor(user, factor)


class NothingToReset(Conflict):
    """The member has neither a device nor chosen Google OTP."""

    message = _("This member uses no OTP device.")


@transaction.atomic
def reset_second_step(*, member_id: int, actor: Actor) -> PlatformMember:
    """For operators: help a member back in who lost the phone. The devices go, and a code is mailed at each log-in.

    Never less than that: whoever chose a second step keeps one. The member is told by mail. Raise NothingToReset.
    """
    members = PlatformMember.objects.select_for_update(of=("self",), no_key=True).select_related("user")
    member = members.get(pk=member_id)
    uses_otp = member.second_factor == SecondFactor.TOTP
    if not reset_devices(user=member.user, actor=actor) and not uses_otp:
        raise NothingToReset
    if uses_otp:
        member.second_factor = SecondFactor.EMAIL
        member.save(update_fields=["second_factor"])
        record("accounts.second_factor_reset", actor=actor, target=str(member.user), factor=SecondFactor.EMAIL)
        _tell_of_factor(member.user, SecondFactor.EMAIL)
    return member


def _tell_of_factor(user: User, factor: SecondFactor) -> None:
    letter = second_factor_changed(name=user.name, login_id=user.login_id, factor=factor, language=user.language)
    queue_letter(letter, to=user.email, language=user.language, kind="second-factor-changed")


@transaction.atomic
def save_first_step(*, organization: Organization, name: str, domain: str, actor: Actor) -> Organization:
    """The wizard's Save: rename and domain together or not at all. Raises NameRefused or DomainRefused."""
    founding.rename_organization(organization=organization, name=name, actor=actor)
    return domains.save_domain(organization=organization, domain=domain, actor=actor)


def business_facts(cleaned: dict[str, Any]) -> dict[str, str]:
    """Return what a business member told us, by the names of the model."""
    names = ("company_name", "business_number", "representative", "business_type", "business_item")
    return {name: cleaned[name] for name in names}
