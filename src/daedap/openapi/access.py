"""Whose keys open the Open API, from where it may be called, and who acts (spec 40, 3.1, 3.2, 3.7)."""

from __future__ import annotations

from daedap.core.errors import NotFound
from daedap.openapi.envelope import ApiRefused
from daedap.openapi.models import ApiAccess
from daedap.organizations.models import IamMember, MemberStatus
from daedap.services.models import Service, ServiceState
from daedap.services.selectors import get_service


def find_open_service(service_id: str) -> Service | None:
    """Return the service of the open organization with this ID (any case) if it is in use, or None."""
    try:
        service = get_service(service_id)
    except NotFound:
        return None
    return service if service.state == ServiceState.IN_USE else None


def read_access() -> ApiAccess:
    """Return who may call the open service; the defaults if nobody has said."""
    return ApiAccess.objects.first() or ApiAccess()


def get_acting_member(code: str) -> IamMember:
    """Return the IAM member whom the header OUCODE names, the OWNER if it is empty or says Owner.

    Raise ApiRefused 403 unless they may manage the organization.
    """
    members = IamMember.objects.select_related("user").filter(status=MemberStatus.MEMBER)
    named = code and code.lower() != "owner"
    member = members.filter(user__login_id=code.lower()).first() if named else members.filter(is_owner=True).first()
    if member is None or not member.manages_organization:
        raise ApiRefused(403, detail="OUCODE is not allowed")
    return member
