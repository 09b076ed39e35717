"""Jobs of services."""

from __future__ import annotations

from daedap.core.jobs import job
from daedap.core.scoping import organization_scope
from daedap.services import actions


@job(name="services.remove_agents_of_member")
def remove_agents_of_member(organization_id: int, member_id: int) -> None:
    """Somebody left the organization: no service keeps them as an agent."""
    with organization_scope(organization_id):
        actions.remove_agents_of_member(organization_id=organization_id, member_id=member_id)
