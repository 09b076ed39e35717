"""The host decides the site, and on an organization's site the tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from daedap.accounts.models import PLATFORM
from daedap.core.hosts import read_host
from daedap.core.requests import client_ip
from daedap.core.scoping import organization_scope
from daedap.organizations.networks import is_listed
from daedap.organizations.selectors import find_organization_by_domain

ANY_HOST_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
PASSWORD_LINKS = "/login/password/"  # noqa: S105 - a path
"""Open before activation too: the mail with the link leaves when a member is registered, which may be earlier."""

FOR_EVERYBODY = frozenset({"core", "helpcenter", "openapi", "remote_login"})
"""The apps whose pages customers and their systems use: an IP ACL does not cover them (spec 10, 4.4)."""


class SiteMiddleware:
    """Sets `request.site`, `request.organization` and `request.realm`, picks the URL tree, opens the tenant's scope.

    An unknown host, and a domain that is not activated yet, get the same plain 404 page (design, section 1).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.site = "platform"  # type: ignore[assignment]  # not django.contrib.sites
        request.organization = None  # type: ignore[attr-defined]
        request.realm = PLATFORM  # type: ignore[attr-defined]
        if request.path in ANY_HOST_PATHS or request.path.startswith(settings.STATIC_URL):
            return self.get_response(request)
        read = read_host(request.META.get("HTTP_HOST", request.META.get("SERVER_NAME", "")))
        if read is None:
            return render(request, "errors/404.html", status=404)
        site, domain = read
        if site == "platform":
            return self.get_response(request)
        organization = find_organization_by_domain(domain)
        if organization is None or not (organization.is_active or request.path.startswith(PASSWORD_LINKS)):
            return render(request, "errors/404.html", status=404)
        request.site = "organization"  # type: ignore[assignment]
        request.organization = organization  # type: ignore[attr-defined]
        request.realm = organization.public_id  # type: ignore[attr-defined]
        request.urlconf = settings.ORGANIZATION_URLCONF
        with organization_scope(organization.pk):
            response = self.get_response(request)
        patch_vary_headers(response, ["Host"])
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Refuse staff's pages, before anything else is looked at, to addresses off the organization's list (A46)."""
        organization = request.organization  # type: ignore[attr-defined]
        match = request.resolver_match
        if organization is None or organization.allowed_addresses is None or match is None:
            return None
        if is_listed(client_ip(request), organization.allowed_addresses):
            return None
        request.user = AnonymousUser()  # whoever they are elsewhere, here they are one of everybody
        if match.app_name in FOR_EVERYBODY:
            return None
        return render(request, "organizations/address_refused.html", status=403)
