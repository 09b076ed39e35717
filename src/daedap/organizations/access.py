"""Who may open pages of the organization's site. Each decorator says who, and hands the view what it found."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from daedap.accounts.models import User
from daedap.core.actors import Actor
from daedap.core.errors import PermissionRefused
from daedap.core.requests import client_ip
from daedap.organizations.models import IamMember, Organization
from daedap.organizations.selectors import find_member_of_user


class StaffRequest(HttpRequest):
    """A request of a signed-in IAM member on the organization's site."""

    user: User  # LoginRequiredMiddleware let nobody else through
    organization: Organization
    member: IamMember
    actor: Actor


View = Callable[..., HttpResponse]


def is_active_member(user: User) -> bool:
    """Whether there is an active IAM member of the open organization behind `user`."""
    return find_member_of_user(user) is not None


def staff_page(view: View) -> View:
    """Open the page to every active IAM member of this organization. Sets `request.member` and `request.actor`."""

    @wraps(view)
    def wrapper(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        member = find_member_of_user(request.user)
        if member is None:
            raise PermissionRefused
        request.member = member
        request.actor = request.user.as_actor(client_ip(request))
        return view(request, *args, **kwargs)

    return wrapper


def administrator_page(view: View) -> View:
    """Open the page to OWNER and organization administrators only (전체 관리; spec 10, 2.3)."""

    @staff_page
    @wraps(view)
    def wrapper(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.member.manages_organization:
            raise PermissionRefused
        return view(request, *args, **kwargs)

    return wrapper
