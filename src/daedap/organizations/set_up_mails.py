"""Set-up mails of a whole organization, after its address changed (spec 10, 6.5)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from daedap.accounts.models import LinkKind, MailLink
from daedap.organizations.letters import queue_password_mail
from daedap.organizations.models import IamMember, MemberStatus, Organization
from daedap.organizations.rows import lock_organization


def mail_everybody_waiting(organization: Organization) -> int:
    """Mail all members who have neither a password nor a link to choose one; return how many.

    One transaction each, so that thousands hold up nobody. Safe to stop and to run again: nobody is mailed twice. The
    organization's scope must be open.
    """
    ids = list(_waiting().values_list("pk", flat=True))
    return sum(_mail(organization, member_id) for member_id in ids)


@transaction.atomic
def _mail(organization: Organization, member_id: int) -> bool:
    organization = lock_organization(organization)  # its address stays as it is until the link is stored
    member = _waiting().filter(pk=member_id).first()
    if member is None:
        return False
    queue_password_mail(organization, member)
    return True


def _waiting() -> QuerySet[IamMember]:
    links = MailLink.objects.filter(
        kind=LinkKind.SET_PASSWORD, used_at=None, voided_at=None, expires_at__gt=timezone.now()
    )
    members = IamMember.objects.select_related("user").filter(status=MemberStatus.MEMBER, user__password_set_at=None)
    return members.exclude(user__in=links.values("user")).order_by("pk")
