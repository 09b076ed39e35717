"""Jobs of members."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from daedap.core.jobs import job
from daedap.members import sessions, tidying
from daedap.organizations.models import Organization


@job(name="members.end_sessions_of_organization")
def end_sessions_of_organization(organization_id: int) -> None:
    """The organization Key was changed: whoever entered by the old one is a guest again (spec 20, section 3)."""
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is not None:
        until = organization.key_changed_at or timezone.now()
        sessions.end_sessions_of_organization(organization_id, before=until, cause="key changed")


@app.periodic(cron="17 * * * *")
@job(name="members.tidy")
def tidy(timestamp: int = 0) -> None:
    """Every hour: what no rule asks for any more goes."""
    tidying.tidy()
