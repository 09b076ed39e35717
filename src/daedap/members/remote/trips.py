"""Trips to the company's login page, POST method: where to, and not in circles (spec 20, 7.2 and 7.3)."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect

from daedap.core.hosts import organization_url
from daedap.core.outbound import add_params
from daedap.members.remote import binding
from daedap.members.sessions import TakesCookies, set_help_centre_cookie
from daedap.services.models import Service

if TYPE_CHECKING:
    from daedap.members.access import HelpCentreRequest

COOKIE = "hctrips"
WINDOW_SECONDS = 60
TRIPS_ALLOWED = 2

_TIMES = re.compile(r"[0-9]{1,12}(-[0-9]{1,12}){0,9}", re.ASCII)


def start(request: HelpCentreRequest, wanted: str, *, anew: bool = False) -> HttpResponseRedirect | None:
    """Send the visitor to the login URL, told to come back to `wanted`, a clean address of this help centre.

    None if two trips within a minute have ended without a session: one more would be a circle. `anew`, for a person
    who asks for it, forgets those trips.
    """
    now = int(time.time())
    recent = [] if anew else [at for at in _times(request) if 0 <= now - at < WINDOW_SECONDS]
    if len(recent) >= TRIPS_ALLOWED:
        return None
    address = organization_url(request.organization.domain or "", wanted)
    address, bindings = binding.bind(request.service, address, request.COOKIES.get(binding.cookie_name(), ""))
    response = HttpResponseRedirect(add_params(request.integration.login_url, [("returnUrl", address)]))
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    binding.set_cookie(response, bindings)
    times = "-".join(str(at) for at in [*recent, now])
    set_help_centre_cookie(response, request.service, COOKIE, times, max_age=WINDOW_SECONDS)
    return response


def forget(response: TakesCookies, service: Service) -> None:
    """A trip ended with a session: the next ones count from zero."""
    set_help_centre_cookie(response, service, COOKIE, "", max_age=0)


def _times(request: HelpCentreRequest) -> list[int]:
    text = request.COOKIES.get(COOKIE, "")
    return [int(part) for part in text.split("-")] if _TIMES.fullmatch(text) else []
