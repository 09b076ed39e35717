"""IAM members: registering and editing them, their password mail, unlocking, taking them out (spec 10, step 7)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from daedap.accounts.limits import clear_failures
from daedap.accounts.links import void_links_of
from daedap.accounts.models import LinkKind, User
from daedap.accounts.sessions import end_sessions_of
from daedap.audit.actions import record, record_permission_change
from daedap.audit.models import Operation
from daedap.core import events, limits
from daedap.core.actors import Actor
from daedap.core.database import violated_constraint
from daedap.core.errors import NotFound, TooManyAttempts
from daedap.core.text import is_hidden
from daedap.organizations.errors import DomainRefused, IamMemberRefused, OwnerKept
from daedap.organizations.letters import queue_address_changed_mail, queue_password_mail
from daedap.organizations.models import CreationType, IamMember, MemberStatus, Organization
from daedap.organizations.rows import lock_organization
from daedap.organizations.selectors import active_members

SETUP_MAILS_PER_ADDRESS = 10
SETUP_MAILS_PER_ORGANIZATION = 300
"""Per hour: nobody's mailbox is flooded from here, and no organization becomes a sender of unwanted mail."""

LONGEST_LOGIN_ID = 20
LONGEST_PERSON_NAME = 60
_HOUR = timedelta(hours=1)
_LOGIN_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")


@transaction.atomic
def register_iam_member(
    *,
    organization: Organization,
    login_id: str,
    name: str,
    email: str,
    actor: Actor,
    mobile: str = "",
    mobile_country: str = "",
    invited_by: User | None = None,
) -> IamMember:
    """Register an IAM member and queue the password-setup mail E2 at once (spec 10, step 7).

    With `invited_by` it is an invitation from inside Online Contact and the mail is E3 (5.5). The organization's scope
    must be open and its domain saved. Raises IamMemberRefused with the platform's code, or TooManyAttempts.
    """
    organization = lock_organization(organization)
    if not organization.domain:
        raise DomainRefused(_("Save a domain first."))
    login_id, name, email = _clean_login_id(login_id), _clean_person_name(name), _clean_email(email)
    country, number = _clean_mobile(mobile_country, mobile)
    with _one_per_id(organization, login_id):
        user = User.objects.create_user(realm=organization.public_id, login_id=login_id, name=name, email=email)
    kind = CreationType.INVITED if invited_by else CreationType.REGISTERED
    member = IamMember.objects.create(
        organization=organization,
        user=user,
        creation_type=kind,
        invited_by=invited_by,
        mobile_country=country,
        mobile=number,
    )
    done = "organizations.member_invited" if invited_by else "organizations.member_registered"
    record(done, actor=actor, organization_id=organization.pk, target=str(member))
    _mail_setup(organization, member)
    events.publish("organizations.member_registered", organization_id=organization.pk, member_id=member.pk)
    return member


@transaction.atomic
def edit_iam_member(
    *,
    organization: Organization,
    member_id: int,
    login_id: str,
    name: str,
    email: str,
    mobile: str,
    mobile_country: str,
    actor: Actor,
) -> IamMember:
    """Change what is known about a member, also the ID they log in with (spec 10, 7.3).

    Open links die if the address changes, and the old one is told by mail; whoever has no password yet gets a new link.
    Raises IamMemberRefused with the platform's code, NotFound or TooManyAttempts.
    """
    organization = lock_organization(organization)
    member = _get_member(organization, member_id)
    user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=member.user_id)
    country, number = _clean_mobile(mobile_country, mobile)
    facts = {"login_id": _clean_login_id(login_id), "name": _clean_person_name(name), "email": _clean_email(email)}
    old_email = user.email
    changed = sorted(field for field, value in facts.items() if getattr(user, field) != value)
    if "login_id" in changed:
        with _one_per_id(organization, facts["login_id"]):
            User.objects.filter(pk=user.pk).update(login_id=facts["login_id"])
        clear_failures(realm=organization.public_id, login_id=user.login_id)
    for field, value in facts.items():
        setattr(user, field, value)
    user.save(update_fields=list(facts))
    member.user, member.mobile_country, member.mobile = user, country, number
    member.save(update_fields=["mobile_country", "mobile"])
    record(
        "organizations.member_edited",
        actor=actor,
        organization_id=organization.pk,
        target=str(member),
        changed=changed,
    )
    if "email" in changed:
        _tell_old_address(organization, member, was=old_email, actor=actor)
        void_links_of(user, tuple(LinkKind))  # also the button of a log-in that waits: the old mailbox approves nothing
    if user.password_set_at is None and {"email", "login_id"} & set(changed):
        _mail_setup(organization, member)
    events.publish("organizations.member_edited", organization_id=organization.pk, member_id=member.pk)
    return member


@transaction.atomic
def unlock_iam_member(*, organization: Organization, member_id: int, actor: Actor) -> IamMember:
    """Lift the lock that failed log-ins put on the member's ID (spec 10, 4.4)."""
    member = _get_member(organization, member_id)
    clear_failures(realm=organization.public_id, login_id=member.user.login_id)
    record("organizations.member_unlocked", actor=actor, organization_id=organization.pk, target=str(member))
    return member


@contextmanager
def _one_per_id(organization: Organization, login_id: str) -> Iterator[None]:
    """Write a user with this ID inside; raise IamMemberRefused if somebody has it. The unique constraint decides."""
    taken = IamMemberRefused(_("A member with the same ID already exists."), code=-200204, field="login_id")
    if User.objects.filter(realm=organization.public_id, login_id=login_id).exists():
        raise taken
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if violated_constraint(error) != "user_unique_in_realm":
            raise
        raise taken from error


@transaction.atomic
def resend_password_mail(*, organization: Organization, member_id: int, actor: Actor) -> IamMember:
    """Send the password-setup mail anew (비밀번호설정 메일링); the link of the older one stops working.

    Raise NotFound, or TooManyAttempts.
    """
    member = _get_member(organization, member_id)
    _mail_setup(organization, member)
    record("organizations.password_mail_resent", actor=actor, organization_id=organization.pk, target=str(member))
    return member


@transaction.atomic
def remove_iam_member(*, organization: Organization, member_id: int, actor: Actor) -> None:
    """Take a member out. Before the first activation the registration is undone; then they have left, keeping the ID.

    Raises OwnerKept for the OWNER, NotFound for anybody else's member.
    """
    organization = lock_organization(organization)
    member = _get_member(organization, member_id)
    if member.is_owner:
        raise OwnerKept
    target = str(member)
    if member.is_administrator:
        record_administrator(Operation.REMOVE_ADMINISTRATOR, member, actor=actor)
    if organization.has_been_active:
        member.status, member.is_administrator = MemberStatus.LEFT, False
        member.save(update_fields=["status", "is_administrator"])
        User.objects.filter(pk=member.user_id).update(is_active=False)
        end_sessions_of(member.user)
        void_links_of(member.user)
        member.user.otp_devices.all().delete()
    else:
        member.delete()
        member.user.delete()
    record("organizations.member_removed", actor=actor, organization_id=organization.pk, target=target)
    events.publish("organizations.member_removed", organization_id=organization.pk, member_id=member_id)


def record_administrator(operation: Operation, member: IamMember, *, actor: Actor) -> None:
    """Write into the permission-change log that `member` became, or no longer is, organization administrator."""
    rights = ["organization_administrator"]
    added = operation == Operation.ADD_ADMINISTRATOR
    record_permission_change(
        operation,
        actor=actor,
        organization_id=member.organization_id,
        target_name=member.user.name,
        target_account=member.user.login_id,
        before=[] if added else rights,
        after=rights if added else [],
    )


def _mail_setup(organization: Organization, member: IamMember) -> None:
    """Queue the password-setup mail; raise TooManyAttempts if the address or the organization had too many."""
    _count_mail(organization, member.user.email)
    queue_password_mail(organization, member)


def _tell_old_address(organization: Organization, member: IamMember, *, was: str, actor: Actor) -> None:
    """Mail the address that an administrator took off an account: its owner may know nothing of it."""
    _count_mail(organization, was)
    queue_address_changed_mail(organization, member, to=was, by=actor.name)


def _count_mail(organization: Organization, email: str) -> None:
    """Raise TooManyAttempts if the address or the organization had too many mails of this kind."""
    address = f"{organization.pk}:{email.lower()}"
    if (
        limits.count_up("setup-mail.address", address, window=_HOUR) > SETUP_MAILS_PER_ADDRESS
        or limits.count_up("setup-mail.organization", str(organization.pk), window=_HOUR) > SETUP_MAILS_PER_ORGANIZATION
    ):
        raise TooManyAttempts(_("Too many mails were sent. Please try again in an hour."), field="email")


def _get_member(organization: Organization, member_id: int) -> IamMember:
    member: IamMember | None = active_members(organization).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member


def _clean_login_id(text: str) -> str:
    """Return the ID. It must be typed in lower case: an ID people cannot log in with as printed would confuse (A25)."""
    login_id = text.strip()
    if not login_id:
        raise IamMemberRefused(_("Enter an ID."), code=-200202, field="login_id")
    if len(login_id) > LONGEST_LOGIN_ID:
        raise IamMemberRefused(_("Use up to 20 characters."), code=-200201, field="login_id")
    if not _LOGIN_ID.fullmatch(login_id):
        raise IamMemberRefused(
            _("Use lowercase letters, digits, - _ and . only; begin and end with a letter or a digit."),
            code=-200202,
            field="login_id",
        )
    return login_id


def _clean_person_name(text: str) -> str:
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise IamMemberRefused(_("Enter a name."), code=-200203, field="name")
    if len(name) > LONGEST_PERSON_NAME:
        raise IamMemberRefused(_("Use up to 60 characters."), code=-200203, field="name")
    if any(map(is_hidden, name)):
        raise IamMemberRefused(_("The name contains characters that cannot be used."), code=-200203, field="name")
    return name


def _clean_email(text: str) -> str:
    email = text.strip()
    try:
        EmailValidator()(email)
    except ValidationError as error:
        raise IamMemberRefused(_("Enter a valid e-mail address."), field="email") from error
    if len(email) > 254 or any(map(is_hidden, email)):
        raise IamMemberRefused(_("Enter a valid e-mail address."), field="email")
    return email


def _clean_mobile(country: str, number: str) -> tuple[str, str]:
    """Return country and number (E.164), both empty without a number (spec 10, step 7)."""
    number, country = number.strip(), country.strip().upper()
    if not number:
        return "", ""
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise IamMemberRefused(_("Enter the 2-letter country code of the mobile number."), field="mobile_country")
    wrong = IamMemberRefused(_("Enter a valid mobile number."), field="mobile")
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException as error:
        raise wrong from error
    if not phonenumbers.is_valid_number(parsed):
        raise wrong
    return country, phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
