"""Who may open pages of one service. Opens the service's scope for the view."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from daedap.core.actors import Actor
from daedap.core.errors import NotFound, PermissionRefused
from daedap.core.language import speak_to_visitor
from daedap.core.requests import client_ip
from daedap.core.scoping import service_scope
from daedap.organizations.access import StaffRequest, View, staff_page
from daedap.organizations.models import Organization
from daedap.services.models import Agent, Service, ServiceState, ServiceType
from daedap.services.selectors import find_agent, get_service, has_item
from daedap.services.states import NotContracted, ReadOnly, Suspended

_READING = ("GET", "HEAD", "OPTIONS")


class ServiceRequest(StaffRequest):
    """A request of a staff member inside one service. `agent` is None for those who only manage the organization."""

    service: Service
    agent: Agent | None


class AgentRequest(StaffRequest):
    """A request of an agent inside one service."""

    service: Service
    agent: Agent


class CustomerRequest(HttpRequest):
    """A request of a customer on a service's help centre."""

    organization: Organization
    service: Service
    actor: Actor


_REFUSALS: dict[str, type[PermissionRefused]] = {
    ServiceState.PAUSED: Suspended,
    ServiceState.CREATE: NotContracted,
    ServiceState.STOPPED: NotContracted,
}


def _service_view(view: View, allowed: Callable[[ServiceRequest], bool], *, is_work: bool = False) -> View:
    """Check the right first, then the state: work needs a service in use, settings can otherwise be read only."""

    @staff_page
    @wraps(view)
    def wrapper(request: ServiceRequest, service_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        request.agent = find_agent(request.member, service_id)
        request.service = request.agent.service if request.agent else get_service(service_id)
        with service_scope(request.organization.pk, request.service.pk):
            if request.agent is not None:
                request.actor = request.agent.as_actor(client_ip(request), request.user.login_id)
            if not allowed(request):
                return _refuse(request)
            if request.service.state != ServiceState.IN_USE:
                if is_work:
                    raise _REFUSALS[request.service.state]
                if request.method not in _READING:
                    raise ReadOnly
            remember_service(request)
            return view(request, *args, **kwargs)

    return wrapper


def _refuse(request: ServiceRequest) -> HttpResponse:
    """Tell those who only manage the organization how they get in; raise PermissionRefused for all others (A51)."""
    if request.agent is not None or not request.member.manages_organization:
        raise PermissionRefused
    return render(request, "services/not_an_agent.html", {"service": request.service}, status=403)


OPEN_SERVICE = "open_service"
"""Where a session keeps the row number of the service that was opened last."""


def remember_service(request: ServiceRequest) -> None:
    """Remember which service is open in the top bar, for the pages outside of services (spec 10, section 5)."""
    if request.session.get(OPEN_SERVICE) != request.service.pk:
        request.session[OPEN_SERVICE] = request.service.pk


def agent_page(view: View) -> View:
    """Open the page to agents of the service who hold the ticket permission, while the service is in use."""
    return _service_view(view, lambda request: bool(request.agent and request.agent.may_tickets), is_work=True)


def service_administrator_page(view: View) -> View:
    """Open the page to administrators (관리자) of this very service (spec 10, R2, R3)."""
    return _service_view(view, lambda request: bool(request.agent and request.agent.is_administrator))


def agents_page(view: View) -> View:
    """Open Service Management → Agents: this service's administrators and organization administrators (spec 10, R2)."""
    return _service_view(
        view,
        lambda request: request.member.manages_organization or bool(request.agent and request.agent.is_administrator),
    )


def includes(code: str) -> Callable[[View], View]:
    """Open a page only while the item `code` is in the contract, 404 otherwise (spec 10, 5.2).

    Stands below the decorator that opens the service's scope. What was stored stays, and is back with the item.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if not has_item(code):
                raise NotFound
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


def customer_page(view: View) -> View:
    """Open a help-centre page to everybody and open the service's scope.

    404 for an unknown, terminated, not yet contracted or issue-management service; a paused one answers its own page
    (spec 10, 5.2; spec 30, 1.1).
    """
    return _customer_view(view, _suspended_page)


def customer_api(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a public address that answers no page, as `customer_page` does; while the service is paused it is 403."""
    return _customer_view(view, _suspended_api)


def _suspended_page(request: CustomerRequest, service: Service) -> HttpResponse:
    with speak_to_visitor(request):
        return render(request, "services/paused.html", {"service": service}, status=503)


def _suspended_api(request: CustomerRequest, service: Service) -> HttpResponse:
    raise Suspended


def _customer_view(
    view: Callable[..., HttpResponse], suspended: Callable[[CustomerRequest, Service], HttpResponse]
) -> Callable[..., HttpResponse]:
    @wraps(view)
    def wrapper(request: CustomerRequest, service_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        service = get_service(service_id)
        if service.type != ServiceType.CONSULTATION or service.state == ServiceState.CREATE:
            raise NotFound
        if service.state == ServiceState.PAUSED:
            return suspended(request, service)
        request.service = service
        with service_scope(request.organization.pk, service.pk):
            return view(request, *args, **kwargs)

    wrapper.login_required = False  # type: ignore[attr-defined]  # what @login_not_required sets
    return wrapper
