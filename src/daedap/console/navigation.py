"""What the staff shell draws around every page: services, Agents, Global Management, the account menu.

Also asked while an error page is drawn, so nothing here relies on a view having run.
"""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from daedap.console.selectors import service_home
from daedap.core.navigation import AccountLink, Item, Section, Tab, is_current
from daedap.organizations.models import IamMember
from daedap.organizations.selectors import find_member_of_user
from daedap.services.models import Agent, Service
from daedap.services.selectors import list_services_of_member


def _is_here(request: HttpRequest) -> bool:
    """Whether this is an organization's site; the platform's console opens scopes too, so the scope does not say."""
    return getattr(request, "site", "") == "organization"


def _viewer(request: HttpRequest) -> IamMember | None:
    """Return the IAM member who looks at this organization's site, or None; asked once per request."""
    if not _is_here(request) or not request.user.is_authenticated:
        return None
    if not hasattr(request, "member"):
        request.member = find_member_of_user(request.user)  # type: ignore[attr-defined]
    return request.member  # type: ignore[attr-defined,no-any-return]


def _open_service(request: HttpRequest) -> tuple[Service | None, Agent | None]:
    return getattr(request, "service", None), getattr(request, "agent", None)


def service_tabs(request: HttpRequest) -> list[Tab]:
    """One tab for each service the member works in, and for the open one if they only administer it."""
    member = _viewer(request)
    if member is None:
        return []
    services = list_services_of_member(member)
    open_service, _agent = _open_service(request)
    if open_service is not None and open_service not in services:
        services.append(open_service)
    return [
        Tab(
            service.name,
            service_home(service, works=service != open_service or _agent is not None),
            service == open_service,
        )
        for service in services
    ]


def service_management(request: HttpRequest) -> Section | None:
    """Service Management → Agents, for administrators of the open service and of the organization."""
    member = _viewer(request)
    service, agent = _open_service(request)
    if member is None or service is None:
        return None
    if not (member.manages_organization or (agent is not None and agent.is_administrator)):
        return None
    address = reverse("services:agents", args=[service.service_id])
    return Section(
        _("Service Management"),
        [Item(_("Agents"), address, icon="users", current=is_current(request, address))],
    )


def global_management(request: HttpRequest) -> Section | None:
    """Global Management, for OWNER and organization administrators."""
    member = _viewer(request)
    if member is None or not member.manages_organization:
        return None
    services, info = reverse("services:list"), reverse("organizations:info")
    current = is_current(request, services) or is_current(request, info)
    administrators, log = reverse("organizations:administrators"), reverse("services:permission_log")
    return Section(
        _("Global Management"),
        [
            Item(_("Contract service status"), services, icon="building-store", current=current),
            Item(
                _("Organization administrators"),
                administrators,
                icon="user-shield",
                current=is_current(request, administrators),
            ),
            Item(_("Permission-change log"), log, icon="clipboard-list", current=is_current(request, log)),
        ],
    )


def account_links(request: HttpRequest) -> list[AccountLink]:
    """Personal settings and Log out."""
    if not _is_here(request):
        return []
    return [
        AccountLink(pgettext_lazy("account menu", "Personal settings"), reverse("console:me")),
        AccountLink(_("Log out"), reverse("organizations:logout"), method="post"),
    ]
