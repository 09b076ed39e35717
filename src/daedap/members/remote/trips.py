"""Trips to the company's login page, POST method: where to, and not in circles (spec 20, 7.2 and 7.3)."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.utils import timezone

from daedap.core.hosts import organization_url
from daedap.core.outbound import add_params
from daedap.members.models import MemberSession
from daedap.members.remote import binding
from daedap.members.sessions import TakesCookies, set_help_centre_cookie
from daedap.services.models import Service

if TYPE_CHECKING:
    from daedap.members.access import HelpCentreRequest

COOKIE = "hctrips"
IN_VAIN = "hcvain"
"""When log-ins ended whose session the company took back at once; a session does not make them forgotten."""

WINDOW_SECONDS = 60
TRIPS_ALLOWED = 2

_TIMES = re.compile(r"[0-9]{1,12}(-[0-9]{1,12}){0,9}", re.ASCII)


def start(request: HelpCentreRequest, wanted: str, *, anew: bool = False) -> HttpResponseRedirect | None:
    """Send the visitor to the login URL, told to come back to `wanted`, a clean address of this help centre.

    None if two trips within a minute have ended without a session, or with one that did not last: one more would be
    a circle. `anew`, for a person who asks for it, forgets those trips.
    """
    now = int(time.time())
    recent = [] if anew else _recent(request, COOKIE)
    if len(recent) + (0 if anew else len(_recent(request, IN_VAIN))) >= TRIPS_ALLOWED:
        return None
    address = organization_url(request.organization.domain or "", wanted)
    address, bindings = binding.bind(request.service, address, request.COOKIES.get(binding.cookie_name(), ""))
    response = HttpResponseRedirect(add_params(request.integration.login_url, [("returnUrl", address)]))
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    binding.set_cookie(response, bindings)
    _remember(response, request.service, COOKIE, [*recent, now])
    if anew and IN_VAIN in request.COOKIES:
        set_help_centre_cookie(response, request.service, IN_VAIN, "", max_age=0)
    return response


def note_end(request: HelpCentreRequest, response: TakesCookies, session: MemberSession) -> bool:
    """The company's login status has ended this session. If it had only just begun, the trip before was in vain: True.

    A company may hand over a member and deny the log-in in its status at the same time: browsers that keep its cookie
    from our page, or a usercode that the two write differently, would send the visitor round for ever.
    """
    is_in_vain = timezone.now() - session.created_at < timedelta(seconds=WINDOW_SECONDS)
    if is_in_vain:
        _remember(response, request.service, IN_VAIN, [*_recent(request, IN_VAIN), int(time.time())])
    return is_in_vain


def forget(response: TakesCookies, service: Service) -> None:
    """A trip ended with a session: the next ones count from zero."""
    set_help_centre_cookie(response, service, COOKIE, "", max_age=0)


def _remember(response: TakesCookies, service: Service, name: str, times: list[int]) -> None:
    set_help_centre_cookie(response, service, name, "-".join(map(str, times)), max_age=WINDOW_SECONDS)


def _recent(request: HelpCentreRequest, name: str) -> list[int]:
    text, now = request.COOKIES.get(name, ""), int(time.time())
    times = [int(part) for part in text.split("-")] if _TIMES.fullmatch(text) else []
    return [at for at in times if 0 <= now - at < WINDOW_SECONDS]
