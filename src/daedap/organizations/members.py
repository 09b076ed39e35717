"""IAM members: registering them, their password mail, taking them out (spec 10, step 7)."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from daedap.accounts.links import PASSWORD_KINDS
from daedap.accounts.models import MailLink, User
from daedap.accounts.sessions import end_sessions_of
from daedap.audit.actions import record, record_permission_change
from daedap.audit.models import Operation
from daedap.core import events
from daedap.core.actors import Actor
from daedap.core.database import violated_constraint
from daedap.core.errors import NotFound
from daedap.core.text import is_hidden
from daedap.organizations.errors import DomainRefused, IamMemberRefused, OwnerKept
from daedap.organizations.letters import queue_password_mail
from daedap.organizations.models import CreationType, IamMember, MemberStatus, Organization
from daedap.organizations.rows import lock_organization
from daedap.organizations.selectors import active_members

LONGEST_LOGIN_ID = 20
LONGEST_PERSON_NAME = 60
_LOGIN_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")


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
    organization = lock_organization(organization)
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
    queue_password_mail(organization, member)
    events.publish("organizations.member_registered", organization_id=organization.pk, member_id=member.pk)
    return member


@transaction.atomic
def resend_password_mail(*, organization: Organization, member_id: int, actor: Actor) -> IamMember:
    """Send the password-setup mail anew (비밀번호설정 메일링); the link of the older one stops working."""
    member = _get_member(organization, member_id)
    queue_password_mail(organization, member)
    record("organizations.password_mail_resent", actor=actor, organization_id=organization.pk, target=str(member))
    return member


@transaction.atomic
def remove_iam_member(*, organization: Organization, member_id: int, actor: Actor) -> None:
    """Take a member out. Before activation the registration is undone; afterwards the member has left, keeping the ID.

    Raises OwnerKept for the OWNER, NotFound for anybody else's member.
    """
    organization = lock_organization(organization)
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
