"""Jobs of services."""

from __future__ import annotations

from procrastinate.contrib.django import app

from daedap.core.jobs import job
from daedap.core.scoping import organization_scope
from daedap.organizations.jobs import organization_job
from daedap.services import actions, contracts


@organization_job(name="services.remove_agents_of_member")
def remove_agents_of_member(organization_id: int, member_id: int) -> None:
    """Somebody left the organization: no service keeps them as an agent."""
    with organization_scope(organization_id):
        actions.remove_agents_of_member(organization_id=organization_id, member_id=member_id)


@app.periodic(cron="35 3 * * *")
@job(name="services.purge_terminated")
def purge_terminated(timestamp: int = 0) -> None:
    """Every night: services terminated 30 days ago go for good."""
    contracts.purge_terminated_services()
