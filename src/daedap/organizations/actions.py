"""Founding a tenant: organization, domain, IAM members, activation (spec 10, steps 4–8)."""

from __future__ import annotations

import re
import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from daedap.accounts.links import PASSWORD_KINDS, SET_PASSWORD_LIFETIME, issue_link
from daedap.accounts.models import LinkKind, MailLink, PlatformMember, User
from daedap.accounts.sessions import end_sessions_in, end_sessions_of
from daedap.audit.actions import record, record_permission_change
from daedap.audit.models import Operation
from daedap.core import events
from daedap.core.actors import Actor
from daedap.core.crypto import new_key, random_letters_and_digits
from daedap.core.database import violated_constraint
from daedap.core.errors import DaedapError, NotFound
from daedap.core.hosts import organization_url
from daedap.core.mail import Letter, Sender, queue_letter
from daedap.core.text import is_hidden
from daedap.organizations import domains
from daedap.organizations.models import CreationType, IamMember, MemberStatus, Organization, name_key
from daedap.payments.actions import delete_method, lock_wallet
from daedap.payments.selectors import has_payment_method

LONGEST_NAME = 70
LONGEST_LOGIN_ID = 20
LONGEST_PERSON_NAME = 60
_LOGIN_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")


class NameRefused(DaedapError):
    """The name of an organization breaks a rule or is taken (spec 10, 4.2)."""

    field = "name"
    message = _("This organization name cannot be used.")


class PaymentMethodMissing(DaedapError):
    """No payment method: nothing can be founded or enabled (spec 10, 4.3)."""

    code = 70024
    message = _("Register a payment method first.")


class QuotaReached(DaedapError):
    """The member owns as many organizations as the installation allows (spec 10, 4.3)."""

    message = _("You cannot create any more organizations.")


class DomainRefused(DaedapError):
    """The domain breaks a rule, is reserved or taken; nothing was stored (spec 10, step 6)."""

    field = "domain"


class IamMemberRefused(DaedapError):
    """ID, name or e-mail of an IAM member break a rule; the code is the platform's (spec 10, step 7)."""


class OwnerMissing(DaedapError):
    """Not exactly one registered IAM member is ticked as OWNER (spec 10, 7.4)."""

    field = "owner"
    message = _("Tick exactly one IAM member as OWNER.")


class AlreadyEnabled(DaedapError):
    """Online Contact is enabled for this organization already (spec 10, step 5)."""

    code = 13002
    message = _("Online Contact is already in use in this organization.")


class OwnerKept(DaedapError):
    """The OWNER cannot be removed while the mark is theirs (spec 10, 7.3)."""

    code = 409
    message = _("The OWNER cannot be removed. Make somebody else OWNER first.")


# --- Organizations -------------------------------------------------------------------------------


@transaction.atomic
def create_organization(*, user: User, name: str, actor: Actor) -> Organization:
    """Found an organization; its creator is its OWNER in the console.

    Raises PaymentMethodMissing, QuotaReached or NameRefused. Of two at once with one name exactly one is founded.
    """
    lock_wallet(user)  # the quota and the payment method hold still
    if not has_payment_method(user):
        raise PaymentMethodMissing
    member = PlatformMember.objects.filter(user=user).first()
    quota = settings.ORGANIZATION_QUOTA[member.membership_type] if member else 0
    if Organization.objects.filter(creator=user).count() >= quota:
        raise QuotaReached(
            _("You can create up to %(count)d organizations.") % {"count": quota}, field="name", count=quota
        )
    name = _clean_name(name)
    organization = Organization(
        public_id=random_letters_and_digits(16), name=name, name_key=name_key(name), creator=user
    )
    _save_unique(organization)
    record("organizations.created", actor=actor, organization_id=organization.pk, target=organization.public_id)
    events.publish("organizations.created", organization_id=organization.pk)
    return organization


@transaction.atomic
def rename_organization(*, organization: Organization, name: str, actor: Actor) -> Organization:
    """Give the organization another name; raise NameRefused."""
    organization = _lock(organization)
    name = _clean_name(name)
    if name == organization.name:
        return organization
    was, organization.name, organization.name_key = organization.name, name, name_key(name)
    _save_unique(organization, fields=["name", "name_key"])
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


def _clean_name(text: str) -> str:
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise NameRefused(_("Enter the name of the organization."))
    if len(name) > LONGEST_NAME or len(name_key(name)) > 2 * LONGEST_NAME:
        raise NameRefused(_("Use up to 70 characters."))
    if any(map(is_hidden, name)):
        raise NameRefused(_("The name contains characters that cannot be used."))
    return name


def _lock(organization: Organization) -> Organization:
    return Organization.objects.select_for_update(of=("self",), no_key=True).get(pk=organization.pk)


def _save_unique(organization: Organization, fields: list[str] | None = None) -> None:
    """Save; the unique constraints decide between two at once."""
    try:
        with transaction.atomic():
            organization.save(update_fields=fields, force_insert=fields is None)
    except IntegrityError as error:
        constraint = violated_constraint(error)
        if "domain" in constraint:
            raise DomainRefused(domains.TAKEN) from error
        if "name_key" in constraint:
            raise NameRefused(_("This organization name is already in use.")) from error
        raise


# --- Domain --------------------------------------------------------------------------------------


def check_domain(domain: str, *, organization: Organization | None = None) -> str | Promise | None:
    """Return why `domain` cannot become the organization's, or None. Only saving decides."""
    domain = domains.clean_domain(domain)
    if reason := domains.broken_rule(domain):
        return reason
    others = Organization.objects.filter(domain=domain)
    if organization is not None:
        others = others.exclude(pk=organization.pk)
    return domains.TAKEN if others.exists() else None


@transaction.atomic
def save_domain(*, organization: Organization, domain: str, actor: Actor) -> Organization:
    """Store the domain and, the first time, the organization's Key (spec 10, 6.3 and 6.4).

    Raises DomainRefused; of two organizations at once exactly one gets it, by the unique constraint. Before activation
    the domain may be saved again: the set-up mails that named the old address go out anew. Afterwards it is fixed here.
    """
    organization = _lock(organization)
    domain = domains.clean_domain(domain)
    if domain == organization.domain:
        return organization
    if organization.is_active:
        raise DomainRefused(_("The domain of an organization in use cannot be changed here."))
    if reason := check_domain(domain, organization=organization):
        raise DomainRefused(reason)
    was, organization.domain = organization.domain, domain
    if not organization.key:
        organization.key, organization.key_changed_at = new_key(), timezone.now()
    _save_unique(organization, fields=["domain", "key", "key_changed_at"])
    record(
        "organizations.domain_saved",
        actor=actor,
        organization_id=organization.pk,
        target=organization.public_id,
        was=was or "",
        now=domain,
    )
    if was:
        end_sessions_in(organization.public_id)
        for member in _members(organization).filter(user__password_set_at=None):
            _queue_password_mail(organization, member)
    events.publish("organizations.domain_saved", organization_id=organization.pk)
    return organization


# --- IAM members ---------------------------------------------------------------------------------


def _members(organization: Organization):  # type: ignore[no-untyped-def]  # a queryset; its class is private to Django
    return IamMember.objects.select_related("user").filter(organization=organization, status=MemberStatus.MEMBER)


@transaction.atomic
def register_iam_member(
    *,
    organization: Organization,
    login_id: str,
    name: str,
    email: str,
    actor: Actor,
    invited_by: User | None = None,
) -> IamMember:
    """Register an IAM member and queue the password-setup mail E2 at once (spec 10, step 7).

    With `invited_by` it is an invitation from inside Online Contact and the mail is E3 (5.5). The organization's scope
    must be open and its domain saved. Raises IamMemberRefused with the platform's code.
    """
    organization = _lock(organization)
    if not organization.domain:
        raise DomainRefused(_("Save a domain first."))
    login_id, name, email = _clean_login_id(login_id), _clean_person_name(name), _clean_email(email)
    taken = IamMemberRefused(_("A member with the same ID already exists."), code=-200204, field="login_id")
    if User.objects.filter(realm=organization.public_id, login_id=login_id).exists():
        raise taken
    try:
        with transaction.atomic():
            user = User.objects.create_user(realm=organization.public_id, login_id=login_id, name=name, email=email)
    except IntegrityError as error:
        if violated_constraint(error) != "user_unique_in_realm":
            raise
        raise taken from error
    kind = CreationType.INVITED if invited_by else CreationType.REGISTERED
    member = IamMember.objects.create(organization=organization, user=user, creation_type=kind, invited_by=invited_by)
    done = "organizations.member_invited" if invited_by else "organizations.member_registered"
    record(done, actor=actor, organization_id=organization.pk, target=str(member))
    _queue_password_mail(organization, member)
    events.publish("organizations.member_registered", organization_id=organization.pk, member_id=member.pk)
    return member


@transaction.atomic
def resend_password_mail(*, organization: Organization, member_id: int, actor: Actor) -> IamMember:
    """Send the password-setup mail anew (비밀번호설정 메일링); the link of the older one stops working."""
    member = _get_member(organization, member_id)
    _queue_password_mail(organization, member)
    record("organizations.password_mail_resent", actor=actor, organization_id=organization.pk, target=str(member))
    return member


@transaction.atomic
def remove_iam_member(*, organization: Organization, member_id: int, actor: Actor) -> None:
    """Take a member out. Before activation the registration is undone; afterwards the member has left, keeping the ID.

    Raises OwnerKept for the OWNER, NotFound for anybody else's member.
    """
    organization = _lock(organization)
    member = _get_member(organization, member_id)
    if member.is_owner:
        raise OwnerKept
    target = str(member)
    if member.is_administrator:
        record_administrator(Operation.REMOVE_ADMINISTRATOR, member, actor=actor)
    if organization.is_active:
        member.status, member.is_administrator = MemberStatus.LEFT, False
        member.save(update_fields=["status", "is_administrator"])
        User.objects.filter(pk=member.user_id).update(is_active=False)
        end_sessions_of(member.user)
        links = MailLink.objects.filter(user_id=member.user_id, kind__in=PASSWORD_KINDS)
        links.filter(used_at=None, voided_at=None).update(voided_at=timezone.now())
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


def _get_member(organization: Organization, member_id: int) -> IamMember:
    member: IamMember | None = _members(organization).filter(pk=member_id).first()
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


def _queue_password_mail(organization: Organization, member: IamMember) -> None:
    """Mail E2, or E3 to the invited: a link to choose a password. A newer one voids the older."""
    token = issue_link(kind=LinkKind.SET_PASSWORD, lifetime=SET_PASSWORD_LIFETIME, user=member.user)
    domain = organization.domain or ""
    language = member.user.language
    invited = member.creation_type == CreationType.INVITED
    names = {"organization": organization.name, "product": settings.PRODUCT_NAME}
    with translation.override(language):
        how_to = gettext("Press the button and choose a password. Then log in at the address below with your ID.")
        invitation = gettext("You have been invited to work in the Online Contact of %(organization)s.") % names
        letter = Letter(
            subject=gettext("[%(product)s IAM] %(organization)s invites you to Online Contact.") % names
            if invited
            else gettext("Please set a password to use [%(product)s IAM].") % names,
            reason=gettext("You receive this mail because %(organization)s invited you as an IAM member.") % names
            if invited
            else gettext("You receive this mail because %(organization)s registered you as an IAM member.") % names,
            greeting=gettext("Hello %(name)s,") % {"name": member.user.name},
            paragraphs=[invitation, how_to] if invited else [how_to],
            facts=[
                (gettext("Organization"), organization.name),
                (gettext("ID"), member.user.login_id),
                (gettext("Online Contact URL"), organization.url),
            ],
            button_label=gettext("Choose password"),
            button_url=organization_url(domain, f"/login/password/{token}/"),
            footnotes=[gettext("The link works once and for 7 days. Afterwards use Find password on the login page.")],
        )
    queue_letter(
        letter,
        to=member.user.email,
        language=language,
        kind="iam-invitation" if invited else "iam-password-setup",
        sender=Sender(name=f"{settings.PRODUCT_NAME} IAM"),
        organization_id=organization.pk,
        reference=f"iam-member:{member.pk}",
    )


# --- Activation ----------------------------------------------------------------------------------


@transaction.atomic
def activate(*, organization: Organization, owner_member_id: int | None, actor: Actor) -> Organization:
    """Enable Online Contact with exactly one OWNER (spec 10, 7.4 and 8.1); mail E10 goes to the creator.

    All or nothing. Raises AlreadyEnabled, PaymentMethodMissing, DomainRefused or OwnerMissing.
    """
    lock_wallet(organization.creator)
    organization = _lock(organization)
    if organization.is_active:
        raise AlreadyEnabled
    if not has_payment_method(organization.creator):
        raise PaymentMethodMissing
    if not organization.domain:
        raise DomainRefused(_("Save a domain first."))
    owner = _members(organization).filter(pk=owner_member_id).first()
    if owner is None:
        raise OwnerMissing
    owner.is_owner = True
    owner.save(update_fields=["is_owner"])
    organization.activated_at = timezone.now()
    organization.save(update_fields=["activated_at"])
    record("organizations.activated", actor=actor, organization_id=organization.pk, target=str(owner))
    _queue_ready_mail(organization, owner)
    events.publish("organizations.activated", organization_id=organization.pk)
    return organization


def _queue_ready_mail(organization: Organization, owner: IamMember) -> None:
    """Mail E10: where Online Contact is and who its OWNER is."""
    creator = organization.creator
    with translation.override(creator.language):
        letter = Letter(
            subject=gettext("[%(product)s] Online Contact of %(organization)s is ready.")
            % {"product": settings.PRODUCT_NAME, "organization": organization.name},
            reason=gettext("You receive this mail because you enabled Online Contact for your organization."),
            greeting=gettext("Hello %(name)s,") % {"name": creator.name},
            paragraphs=[gettext("Online Contact is ready. The OWNER logs in first and adds a service.")],
            facts=[
                (gettext("Organization"), organization.name),
                (gettext("Online Contact URL"), organization.url),
                (gettext("OWNER ID"), owner.user.login_id),
            ],
            button_label=gettext("Open Online Contact"),
            button_url=organization.url,
        )
    queue_letter(
        letter,
        to=creator.email,
        language=creator.language,
        kind="online-contact-ready",
        organization_id=organization.pk,
    )


# --- What rests on organizations -----------------------------------------------------------------


def delete_payment_method(*, user: User, method_id: int, actor: Actor) -> None:
    """Remove a payment method; the only one stays while the member's organization is in use (spec 10, 2.6)."""
    delete_method(
        user=user,
        method_id=method_id,
        actor=actor,
        still_needed=lambda: Organization.objects.filter(creator=user, activated_at__isnull=False).exists(),
    )
