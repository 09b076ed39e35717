"""Jobs of tickets."""

from __future__ import annotations

from procrastinate.contrib.django import app

from daedap.core.jobs import job
from daedap.services.jobs import service_job
from daedap.tickets import actions


@service_job(name="tickets.create_default_category")
def create_default_category(organization_id: int, service_id: int) -> None:
    """Give a new service its first receipt category."""
    actions.create_default_category(service_pk=service_id)


@service_job(name="tickets.release_tickets")
def release_tickets(organization_id: int, service_id: int, agent_id: int) -> None:
    """Free what an agent has left undone who was removed or lost the ticket permission."""
    actions.release_tickets(agent_pk=agent_id)


@app.periodic(cron="7 * * * *")
@job(name="tickets.complete_overdue")
def complete_overdue(timestamp: int = 0) -> None:
    """Every hour: what was solved two weeks ago is closed (spec 50, J1)."""
    while actions.complete_overdue():
        pass


@app.periodic(cron="37 * * * *")
@job(name="tickets.tidy_additions")
def tidy_additions(timestamp: int = 0) -> None:
    """Every hour: additional data that no enquiry came for go."""
    actions.tidy_additions()
