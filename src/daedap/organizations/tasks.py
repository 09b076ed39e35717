"""Jobs of organizations."""

from __future__ import annotations

from procrastinate.contrib.django import app

from daedap.accounts.actions import mail_password_reset
from daedap.core.jobs import defer, job
from daedap.core.scoping import organization_scope
from daedap.organizations import removal
from daedap.organizations.access import is_active_member
from daedap.organizations.addresses import set_password_url
from daedap.organizations.domains import forget_free_domains
from daedap.organizations.jobs import organization_job
from daedap.organizations.keys import erase_old_keys
from daedap.organizations.models import Organization
from daedap.organizations.set_up_mails import mail_everybody_waiting


@organization_job(name="organizations.mail_password_reset")
def mail_reset(organization_id: int, user_id: int) -> None:
    """Mail a reset link to an IAM member; to nobody for 0."""
    organization = Organization.objects.get(pk=organization_id)
    with organization_scope(organization_id):
        mail_password_reset(
            realm=organization.public_id,
            user_id=user_id,
            make_url=lambda token: set_password_url(organization, token),
            place=organization.name,
            may_enter=is_active_member,
            organization_id=organization_id,
        )


@organization_job(name="organizations.mail_set_up")
def mail_set_up(organization_id: int) -> None:
    """After a change of the domain: everybody without a password gets the set-up mail anew. Safe to run twice."""
    with organization_scope(organization_id):
        mail_everybody_waiting(Organization.objects.get(pk=organization_id))


@app.periodic(cron="7 * * * *")
@job(name="organizations.erase_old_keys")
def erase_keys(timestamp: int = 0) -> None:
    """Every hour: old organization Keys whose overlap is over go."""
    erase_old_keys()


@job(name="organizations.clear_away")
def clear_away(organization_id: int) -> None:
    """Delete the rows and files of a deleted organization."""
    removal.clear_away(organization_id)


@app.periodic(cron="43 3 * * *")
@job(name="organizations.tidy")
def tidy(timestamp: int = 0) -> None:
    """Every night: domains out of quarantine are forgotten, and an interrupted deletion goes on."""
    forget_free_domains()
    for organization_id in removal.unfinished():
        defer("organizations.clear_away", organization_id=organization_id)
