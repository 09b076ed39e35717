"""A session holds only on the site of its realm, and what it shows stays in no cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject, empty

from daedap.accounts import sessions
from daedap.accounts.models import PLATFORM, User
from daedap.core.requests import is_background


class RealmMiddleware:
    """Makes a user of another realm anonymous here: cookies of one organization are worth nothing on another's host.

    An IAM member whose session ended (too many, too old, struck off) is nobody, and is told why on the next page.
    Pages of signed-in people are kept by no browser or proxy, so that nobody leafs back to them after log-out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = request.user
        realm = request.realm  # type: ignore[attr-defined]  # set by SiteMiddleware
        lazy: Any = SimpleLazyObject(lambda: _find_user(request, found, realm))
        request.user = lazy
        response = self.get_response(request)
        # A user nobody asked for shows nothing, and is not looked for now. Django offers no other way to tell.
        asked = id(request.user) != id(lazy) or lazy._wrapped is not empty  # noqa: SLF001
        if asked and request.session.accessed and request.user.is_authenticated and "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_store=True)
        return response


def _find_user(request: HttpRequest, found: User | AnonymousUser, realm: str) -> User | AnonymousUser:
    if realm == PLATFORM:
        return found if found.is_authenticated and found.is_platform else AnonymousUser()
    user, ending = sessions.find_user(request, realm=realm)
    if ending and not is_background(request):  # the notice is for eyes
        sessions.forget(request)
        request.session.flush()
        messages.warning(request, str(sessions.NOTICES[ending]))
    return user or AnonymousUser()
