"""Invite member (회원 초대): people become IAM members from inside Online Contact (spec 10, 5.5; Q14)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import ProtectedError

from daedap.accounts.models import User
from daedap.audit.actions import record
from daedap.audit.models import Operation
from daedap.core import events, limits
from daedap.core.actors import Actor
from daedap.core.errors import NotFound, TooManyAttempts
from daedap.organizations.members import (
    record_administrator,
    register_iam_member,
    remove_iam_member,
    resend_password_mail,
)
from daedap.organizations.models import CreationType, IamMember, MemberStatus, Organization

MAILS_PER_INVITATION = 5
MAIL_WINDOW = timedelta(hours=1)


def list_invited(*, seen_by: IamMember) -> list[IamMember]:
    """Return the members whose invitation is open ("초대 중"), oldest first.

    OWNER and organization administrators see all, others those whom they invited themselves and who were not made
    organization administrator meanwhile (Q14).
    """
    return list(_open_to(seen_by).order_by("created_at", "pk"))


def get_invited(member_id: int, *, seen_by: IamMember) -> IamMember:
    """Return one of those; raise NotFound if the invitation is another's, cancelled or accepted."""
    member: IamMember | None = _open_to(seen_by).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member


def _open_to(viewer: IamMember):  # type: ignore[no-untyped-def]  # a queryset; its class is private to Django
    invited = IamMember.objects.select_related("user", "invited_by").filter(
        status=MemberStatus.MEMBER,
        creation_type=CreationType.INVITED,
        user__password_set_at=None,
    )
    if viewer.manages_organization:
        return invited
    return invited.filter(invited_by=viewer.user, is_owner=False, is_administrator=False)


def invite_member(
    *, organization: Organization, login_id: str, name: str, email: str, inviter: IamMember, actor: Actor
) -> IamMember:
    """Register somebody as invited and queue mail E3; raise IamMemberRefused by the rules of step 7.

    They can be given roles at once, and log in as soon as they have set a password (A71).
    """
    return register_iam_member(
        organization=organization, login_id=login_id, name=name, email=email, actor=actor, invited_by=inviter.user
    )


def invite_again(*, organization: Organization, member_id: int, inviter: IamMember, actor: Actor) -> IamMember:
    """Send mail E3 anew; the link of the older one stops working.

    Raise NotFound, or TooManyAttempts after five an hour.
    """
    member = get_invited(member_id, seen_by=inviter)
    if limits.count_up("invitation", str(member.pk), window=MAIL_WINDOW) > MAILS_PER_INVITATION:
        raise TooManyAttempts
    return resend_password_mail(organization=organization, member_id=member.pk, actor=actor)


@transaction.atomic
def cancel_invitation(*, organization: Organization, member_id: int, inviter: IamMember, actor: Actor) -> None:
    """Take an open invitation back: the link dies and the ID is free again.

    Who worked as an agent on paper meanwhile leaves like any other member, keeping the ID. Raise NotFound if the
    invitation is not open to `inviter`, or OwnerKept. Publishes `organizations.member_removed`.
    """
    member = get_invited(member_id, seen_by=inviter)
    user = User.objects.select_for_update(of=("self",)).get(pk=member.user_id)  # against the password being set now
    if user.password_set_at is not None:
        raise NotFound
    record("organizations.invitation_cancelled", actor=actor, organization_id=organization.pk, target=str(member))
    if not member.is_owner:
        try:
            member.delete()
        except ProtectedError:  # an agent of some service
            pass
        else:
            if member.is_administrator:
                record_administrator(Operation.REMOVE_ADMINISTRATOR, member, actor=actor)
            user.delete()
            events.publish("organizations.member_removed", organization_id=organization.pk, member_id=member_id)
            return
    remove_iam_member(organization=organization, member_id=member_id, actor=actor)
