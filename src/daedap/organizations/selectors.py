"""Reads of organizations and their IAM members."""

from __future__ import annotations

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from daedap.accounts.models import User
from daedap.core.errors import NotFound
from daedap.organizations.models import IamMember, MemberStatus, Organization

MEMBERS_PER_PAGE = 50

_BY_DOMAIN = """
SELECT organization.*, security.addresses AS allowed_addresses
FROM organizations_organization AS organization
LEFT JOIN organizations_loginsecurity AS security
       ON security.organization_id = organization.id AND security.limits_addresses
WHERE organization.domain = %s
"""
"""Written by hand: every page of an organization's site asks it, and building the queryset cost twice as much."""


def find_organization_by_domain(domain: str) -> Organization | None:
    """Return the organization that owns `domain` (any case), or None."""
    return next(iter(Organization.objects.raw(_BY_DOMAIN, [domain.lower()])), None)


def list_own_organizations(*, user: User) -> list[Organization]:
    """Return the organizations a platform member created, oldest first."""
    return list(Organization.objects.filter(creator=user).order_by("created_at"))


def find_member_of_user(user: User) -> IamMember | None:
    """Return the active IAM member behind a signed-in user of the open organization, or None."""
    member = IamMember.objects.filter(user=user, status=MemberStatus.MEMBER).first()
    if member is not None:
        member.user = user
    return member


def page_members(*, search: str = "", page: str = "1", per_page: int = MEMBERS_PER_PAGE) -> Page[IamMember]:
    """Return one page of the active IAM members of the open organization, OWNER first, then by ID.

    With `search` those whose ID, name or e-mail contains it. The nearest page for a number out of range or no number.
    """
    return Paginator(_search_members(search), per_page).get_page(page)


def _search_members(search: str) -> QuerySet[IamMember]:
    members = IamMember.objects.select_related("user").filter(status=MemberStatus.MEMBER)
    if wanted := search.replace("\0", "").strip():
        members = members.filter(
            Q(user__login_id__icontains=wanted) | Q(user__name__icontains=wanted) | Q(user__email__icontains=wanted)
        )
    return members.order_by("-is_owner", "user__login_id")


def count_members() -> int:
    """Return how many active IAM members the open organization has."""
    return IamMember.objects.filter(status=MemberStatus.MEMBER).count()


def find_owner() -> IamMember | None:
    """Return the OWNER of the open organization, if one was chosen."""
    owners = IamMember.objects.select_related("user").filter(status=MemberStatus.MEMBER, is_owner=True)
    return owners.first()


def get_member(member_id: int) -> IamMember:
    """Return an active IAM member of the open organization; raise NotFound."""
    member = IamMember.objects.select_related("user").filter(pk=member_id, status=MemberStatus.MEMBER).first()
    if member is None:
        raise NotFound
    return member


def active_members(organization: Organization):  # type: ignore[no-untyped-def]  # a queryset; its class is private to Django
    """Return the active IAM members of `organization`, whose scope is open, to filter further."""
    return IamMember.objects.select_related("user").filter(organization=organization, status=MemberStatus.MEMBER)
