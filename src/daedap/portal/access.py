"""Who may open pages of the platform site."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from daedap.accounts.models import PlatformMember, User
from daedap.core.actors import Actor
from daedap.core.errors import NotFound
from daedap.core.requests import client_ip
from daedap.core.scoping import organization_scope
from daedap.organizations.models import Organization
from daedap.organizations.selectors import get_own_organization

CONFIRMED_SECONDS = 10 * 60
"""How long a repeated password opens the payment pages (spec 10, 2.1)."""

_CONFIRMED = "password_confirmed"


class MemberRequest(HttpRequest):
    """A request of a signed-in platform member."""

    user: User  # LoginRequiredMiddleware let nobody else through
    platform_member: PlatformMember
    actor: Actor


class OrganizationRequest(MemberRequest):
    """A request of the creator of the organization named in the path."""

    own: Organization


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
    """Open the page of organization `public_id` to its creator, inside its scope; to everybody else it is not there."""

    @member_page
    @wraps(view)
    def wrapper(request: OrganizationRequest, public_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        request.own = get_own_organization(user=request.user, public_id=public_id)
        with organization_scope(request.own.pk):
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
            target = request.path if request.method == "GET" else reverse(back)
            return HttpResponseRedirect(f"{reverse('portal:confirm')}?{urlencode({'next': target})}")
        return view(request, *args, **kwargs)

    return wrapper


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the password was given again a short while ago."""
    age = time.time() - float(request.session.get(_CONFIRMED, 0))
    return 0 <= age <= CONFIRMED_SECONDS


def mark_confirmed(request: HttpRequest) -> None:
    """Remember that the password was given again just now."""
    request.session[_CONFIRMED] = time.time()
