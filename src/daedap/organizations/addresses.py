"""Absolute addresses of an organization's pages, for mails."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from daedap.core.hosts import organization_url
from daedap.organizations.models import Organization


def approve_sign_in_url(organization: Organization, token: str) -> str:
    """Return where the button of a mail that approves a log-in leads (mail E5)."""
    path = reverse("organizations:approve_sign_in", args=[token], urlconf=settings.ORGANIZATION_URLCONF)
    return organization_url(organization.domain or "", path)


def set_password_url(organization: Organization, token: str) -> str:
    """Return where a mailed link to a new password leads (mails E2, E3, E4)."""
    path = reverse("organizations:set_password", args=[token], urlconf=settings.ORGANIZATION_URLCONF)
    return organization_url(organization.domain or "", path)
