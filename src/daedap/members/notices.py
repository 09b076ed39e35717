"""A sentence shown once on the next help-centre page: after an entry (spec 20, 6.9), or after a way that led elsewhere.

Help-centre pages that use `members.access.help_centre_page` find it as `request.notice` and show it if it is not "";
the decorator forgets it after a page was shown. It travels in a short-lived cookie of the service that holds a code, so
guests need no session.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.members.sessions import TakesCookies, set_help_centre_cookie
from daedap.services.models import Service

COOKIE = "hcnotice"
LASTS_SECONDS = 120
LOGIN_FAILED = "login_failed"
LIST_IS_FOR_MEMBERS = "list_is_for_members"

TEXTS: dict[str, Promise | str] = {
    LOGIN_FAILED: _("We could not confirm your membership, so you are connected as a guest."),
    LIST_IS_FOR_MEMBERS: _("Only members who are logged in have an enquiry list. Please open it again from the app."),
}


def leave(response: TakesCookies, service: Service, code: str) -> None:
    """Have the next page of this service's help centre show the notice `code`."""
    set_help_centre_cookie(response, service, COOKIE, code, max_age=LASTS_SECONDS)


def read(request: HttpRequest) -> str:
    """Return the waiting notice in the visitor's language, or ""."""
    return str(TEXTS.get(request.COOKIES.get(COOKIE, ""), ""))


def was_shown(request: HttpRequest, response: HttpResponse) -> bool:
    """Tell whether this response is a page that showed the notice, not a redirect or a part of a page."""
    return request.method == "GET" and response.status_code < 300 and "HX-Request" not in request.headers


def forget(response: TakesCookies, service: Service) -> None:
    """Make the browser forget the notice."""
    set_help_centre_cookie(response, service, COOKIE, "", max_age=0)
