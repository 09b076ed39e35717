"""What the staff shell draws around every page: services, Agents, Global Management, the account menu.

Also asked while an error page is drawn, so nothing here relies on a view having run.
"""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from daedap.console.selectors import service_home
from daedap.core.navigation import AccountLink, Item, Section, Tab, is_current
from daedap.organizations.models import IamMember
from daedap.organizations.selectors import find_member_of_user
from daedap.services.access import OPEN_SERVICE
from daedap.services.models import Agent, Service, ServiceState, ServiceType
from daedap.services.selectors import find_remembered_service, list_services_of_member


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


def _service_of_the_bar(request: HttpRequest, member: IamMember) -> Service | None:
    """Return the service that is open in the top bar: the page's, else the one opened last; asked once per request."""
    if not hasattr(request, "bar_service"):
        service, _agent = _open_service(request)
        if service is None and member.manages_organization:
            service = find_remembered_service(request.session.get(OPEN_SERVICE))
        request.bar_service = service  # type: ignore[attr-defined]
    return request.bar_service  # type: ignore[attr-defined,no-any-return]


def service_tabs(request: HttpRequest) -> list[Tab]:
    """One tab for each service the member works in, in their own order, and for the open one if they only manage it."""
    member = _viewer(request)
    if member is None:
        return []
    services = _services_of(request, member)
    works_in = set(services)
    open_service = _service_of_the_bar(request, member)
    if open_service is not None and open_service not in services:
        services.append(open_service)
    return [
        Tab(
            service.name,
            service_home(service, works=service in works_in),
            service == open_service,
            image=reverse("services:banner", args=[service.service_id, service.banner.public_id])
            if service.banner
            else "",
            off=service.get_state_display() if service.state != ServiceState.IN_USE else "",
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
    """Global Management, for OWNER and organization administrators; by the type of the open service (A80)."""
    member = _viewer(request)
    if member is None or not member.manages_organization:
        return None
    service = _service_of_the_bar(request, member)
    services, info = reverse("services:list"), reverse("organizations:info")
    items = [
        _item(request, _("Contract service status"), services, "building-store", is_current(request, info)),
        _item(request, _("Organization administrators"), reverse("organizations:administrators"), "user-shield"),
    ]
    if service is not None and service.type == ServiceType.CONSULTATION:
        address = reverse("helpcenter_admin:company_list")
        items.append(_item(request, _("Company information management"), address, "building"))
    items.append(_item(request, _("Permission-change log"), reverse("services:permission_log"), "clipboard-list"))
    return Section(_("Global Management"), items)


def _item(request: HttpRequest, label: str | Promise, url: str, icon: str, is_open: bool = False) -> Item:
    return Item(label, url, icon=icon, current=is_open or is_current(request, url))


def account_links(request: HttpRequest) -> list[AccountLink]:
    """Personal settings, Access log for agents, and Log out."""
    if not _is_here(request):
        return []
    member = _viewer(request)
    links = [AccountLink(pgettext_lazy("account menu", "Personal settings"), reverse("console:me"))]
    if member is not None and _services_of(request, member):
        links.append(AccountLink(_("Access log"), reverse("services:access_log")))
    return [*links, AccountLink(_("Log out"), reverse("organizations:logout"), method="post")]


def _services_of(request: HttpRequest, member: IamMember) -> list[Service]:
    """Return the services the viewer works in; asked once per request."""
    if not hasattr(request, "own_services"):
        request.own_services = list_services_of_member(member)  # type: ignore[attr-defined]
    return list(request.own_services)  # type: ignore[attr-defined]
