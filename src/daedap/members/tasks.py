"""Jobs of members."""

from __future__ import annotations

from procrastinate.contrib.django import app

from daedap.core.jobs import job
from daedap.members import sessions, tidying
from daedap.organizations.models import Organization


@job(name="members.end_sessions_of_organization")
def end_sessions_of_organization(organization_id: int) -> None:
    """An organization Key died at once: whoever entered by then is a guest again (spec 20, section 3)."""
    organization = Organization.objects.filter(pk=organization_id, key_cut_at__isnull=False).first()
    if organization is not None and organization.key_cut_at is not None:
        sessions.end_sessions_of_organization(organization_id, before=organization.key_cut_at, cause="key changed")


@app.periodic(cron="17 * * * *")
@job(name="members.tidy")
def tidy(timestamp: int = 0) -> None:
    """Every hour: what no rule asks for any more goes."""
    tidying.tidy()
