"""A session holds only on the site of its realm."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from daedap.accounts.models import User


class RealmMiddleware:
    """Makes a user of another realm anonymous here: cookies of one organization are worth nothing on another's host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = request.user
        realm = request.realm  # type: ignore[attr-defined]  # set by SiteMiddleware
        request.user = SimpleLazyObject(lambda: _of_realm(found, realm))  # type: ignore[assignment]
        return self.get_response(request)


def _of_realm(user: User | AnonymousUser, realm: str) -> User | AnonymousUser:
    if user.is_authenticated and user.realm == realm:
        return user
    return AnonymousUser()
