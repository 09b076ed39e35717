"""A session holds only on the site of its realm, and what it shows stays in no cache."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject

from daedap.accounts.models import User


class RealmMiddleware:
    """Makes a user of another realm anonymous here: cookies of one organization are worth nothing on another's host.

    Pages of signed-in people are kept by no browser or proxy, so that nobody leafs back to them after log-out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = request.user
        realm = request.realm  # type: ignore[attr-defined]  # set by SiteMiddleware
        request.user = SimpleLazyObject(lambda: _of_realm(found, realm))  # type: ignore[assignment]
        response = self.get_response(request)
        if request.session.accessed and request.user.is_authenticated and "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_store=True)
        return response


def _of_realm(user: User | AnonymousUser, realm: str) -> User | AnonymousUser:
    if user.is_authenticated and user.realm == realm:
        return user
    return AnonymousUser()
