"""The OWNER of Online Contact: exactly one IAM member, moved in the console only (spec 10, 2.1)."""

from __future__ import annotations

from django.db import transaction

from daedap.audit.actions import record, record_permission_change
from daedap.audit.models import Operation
from daedap.core import events
from daedap.core.actors import Actor
from daedap.core.errors import NotFound
from daedap.organizations.models import IamMember, Organization
from daedap.organizations.rows import lock_organization
from daedap.organizations.selectors import active_members


@transaction.atomic
def move_owner(*, organization: Organization, member_id: int, actor: Actor) -> IamMember:
    """Make an active member the OWNER, and nobody else, from the next request on. Raises NotFound.

    The former OWNER keeps what rights they have besides: organization administrator, agent.
    """
    organization = lock_organization(organization)
    member: IamMember | None = active_members(organization).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    former = active_members(organization).filter(is_owner=True).first()
    if former == member:
        return member
    set_owner(organization, member)
    record(
        "organizations.owner_moved", actor=actor, organization_id=organization.pk, target=str(member), was=str(former)
    )
    for operation, who in ((Operation.REMOVE_ADMINISTRATOR, former), (Operation.ADD_ADMINISTRATOR, member)):
        if who is not None:
            _log(operation, who, actor=actor)
    events.publish("organizations.owner_moved", organization_id=organization.pk, member_id=member.pk)
    return member


def set_owner(organization: Organization, member: IamMember) -> None:
    """Tick `member` alone; the organization is locked."""
    active_members(organization).filter(is_owner=True).exclude(pk=member.pk).update(is_owner=False)
    member.is_owner = True
    member.save(update_fields=["is_owner"])


def _log(operation: Operation, member: IamMember, *, actor: Actor) -> None:
    besides = ["organization_administrator"] if member.is_administrator else []
    before, after = [*besides], ["owner", *besides]
    if operation == Operation.REMOVE_ADMINISTRATOR:
        before, after = after, before
    record_permission_change(
        operation,
        actor=actor,
        organization_id=member.organization_id,
        target_name=member.user.name,
        target_account=member.user.login_id,
        before=before,
        after=after,
    )
