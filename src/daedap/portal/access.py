"""Who may open pages of the platform site."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from daedap.accounts.models import PlatformMember, User
from daedap.core.actors import Actor
from daedap.core.errors import NotFound, PermissionRefused
from daedap.core.requests import client_ip
from daedap.core.scoping import organization_scope
from daedap.organizations import security
from daedap.organizations.console_members import MANAGERS, get_organization
from daedap.organizations.models import ConsoleRole, Organization

CONFIRMED_SECONDS = 10 * 60
"""How long a repeated password opens the payment pages (spec 10, 2.1)."""

_CONFIRMED = "password_confirmed"


class MemberRequest(HttpRequest):
    """A request of a signed-in platform member."""

    user: User  # LoginRequiredMiddleware let nobody else through
    platform_member: PlatformMember
    actor: Actor


class OrganizationRequest(MemberRequest):
    """A request of somebody with a role in the console of the organization named in the path."""

    own: Organization
    role: ConsoleRole


SETTERS = frozenset({ConsoleRole.OWNER, ConsoleRole.ADMIN})
"""Who enables products and sets the rules of log-in."""

View = Callable[..., HttpResponse]


def member_page(view: View) -> View:
    """Open the page to platform members. Operators without membership find nothing here."""

    @wraps(view)
    def wrapper(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        member = PlatformMember.objects.filter(user=request.user).first()
        if member is None:
            raise NotFound
        request.platform_member = member
        request.actor = request.user.as_actor(client_ip(request))
        return view(request, *args, **kwargs)

    return wrapper


def organization_page(view: View) -> View:
    """Open the page of organization `public_id` to whoever has a role there, inside its scope; to others it is a 404.

    From outside the organization's IP ACL it is refused.
    """
    return _organization_page(view, frozenset(ConsoleRole))


def setting_page(view: View) -> View:
    """Open the page to OWNER and ADMIN: products (spec 10, 2.3)."""
    return _organization_page(view, SETTERS)


def members_page(view: View) -> View:
    """Open the page to OWNER, ADMIN and ORG_MEMBER_ADMIN: members (spec 10, 2.3)."""
    return _organization_page(view, MANAGERS)


def owner_page(view: View) -> View:
    """Open the page to OWNER: name, domain (spec 10, 2.3)."""
    return _organization_page(view, frozenset({ConsoleRole.OWNER}))


def governance_page(view: View) -> View:
    """Open the page to OWNER and ADMIN. It is the creator's way back after shutting everybody out by the IP ACL."""
    return _organization_page(view, SETTERS, way_back=True)


def _organization_page(view: View, roles: frozenset[ConsoleRole], *, way_back: bool = False) -> View:
    @member_page
    @wraps(view)
    def wrapper(request: OrganizationRequest, public_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        request.own, request.role = get_organization(user=request.user, public_id=public_id)
        creator = request.own.creator_id == request.user.pk
        with organization_scope(request.own.pk):
            if security.shuts_out(request.actor.ip):
                if not (way_back and creator):
                    governance = reverse("portal:governance", args=[public_id]) if creator else ""
                    context = {"own": request.own, "governance": governance}
                    return render(request, "portal/console/address_refused.html", context, status=403)
                if not is_confirmed(request):
                    return ask_to_confirm(request.path)
            if request.role not in roles:
                raise PermissionRefused
            return view(request, *args, **kwargs)

    return wrapper


def confirmed_page(view: View, *, back: str = "portal:payment") -> View:
    """Open the page to platform members who gave their password again within ten minutes (spec 10, 2.1).

    `back` names the page that a form which came too late leads back to.
    """

    @member_page
    @wraps(view)
    def wrapper(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_confirmed(request):
            return ask_to_confirm(request.path if request.method == "GET" else reverse(back))
        return view(request, *args, **kwargs)

    return wrapper


def ask_to_confirm(target: str) -> HttpResponse:
    """Send the browser to give the password again, and from there to `target`."""
    return HttpResponseRedirect(f"{reverse('portal:confirm')}?{urlencode({'next': target})}")


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the password was given again a short while ago."""
    age = time.time() - float(request.session.get(_CONFIRMED, 0))
    return 0 <= age <= CONFIRMED_SECONDS


def mark_confirmed(request: HttpRequest) -> None:
    """Remember that the password was given again just now."""
    request.session[_CONFIRMED] = time.time()
