"""Jobs of the platform site."""

from __future__ import annotations

from django.urls import reverse

from daedap.accounts.actions import mail_password_reset
from daedap.accounts.models import PLATFORM
from daedap.core.hosts import platform_url
from daedap.core.jobs import job


@job(name="portal.mail_password_reset")
def mail_reset(user_id: int) -> None:
    """Mail a reset link to a platform member; to nobody for 0."""
    mail_password_reset(
        realm=PLATFORM,
        user_id=user_id,
        make_url=lambda token: platform_url(reverse("portal:new-password", args=[token])),
    )
