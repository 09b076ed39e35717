"""The door of the Open API: who may call, and every answer in the envelope (spec 40, sections 2 and 3).

`organization_api` opens an address to calls signed by the organization Key, `service_api` to calls signed by the key of
the service in the path; the same checks guard both. A view gets an `ApiRequest`, raises errors of our family, and
returns what `envelope.answer` makes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from daedap.core.errors import DaedapError
from daedap.core.requests import client_ip
from daedap.core.scoping import organization_scope, service_scope
from daedap.openapi.access import find_open_service, get_acting_member, read_access
from daedap.openapi.checks import ApiRequest, admit, check_transport
from daedap.openapi.envelope import ApiRefused, refuse
from daedap.openapi.errors import answer_error
from daedap.organizations.keys import note_use, valid_keys

View = Callable[..., HttpResponse]
Runner = Callable[[ApiRequest, View, dict[str, Any]], HttpResponse]

_BROKEN_REQUESTS = (SuspiciousOperation, MultiPartParserError, UnreadablePostError)

logger = logging.getLogger(__name__)


def organization_api(**methods: View) -> View:
    """Open an address to calls signed by the organization Key; one view for each method: `organization_api(GET=…)`.

    `request.actor` is the IAM member whom the header OUCODE names, by default the OWNER, and manages the organization.
    """

    def run(request: ApiRequest, view: View, kwargs: dict[str, Any]) -> HttpResponse:
        key = admit(request, keys=valid_keys(request.organization))
        note_use(request.organization, key)
        member = get_acting_member(request.headers.get("OUCODE", "").strip())
        request.actor = member.user.as_actor(client_ip(request))
        return view(request, **kwargs)

    return _api(methods, run)


def service_api(**methods: View) -> View:
    """Open an address below a service to calls signed by its key, with the service's scope; `request.service` is it."""

    def run(request: ApiRequest, view: View, kwargs: dict[str, Any]) -> HttpResponse:
        service = find_open_service(kwargs.pop("service_id"))
        if service is None:
            admit(request, keys=[])
            raise ApiRefused(403)
        with service_scope(request.organization.pk, service.pk):
            request.service = service
            access = read_access()
            keys = [service.key] if access.enabled and service.key else []
            admit(request, keys=keys, addresses=access.addresses)
            return view(request, **kwargs)

    return _api(methods, run)


def public_api(view: View) -> View:
    """Open an address to everybody, by GET and HEAD, and give its errors the envelope."""
    return _api({"GET": view}, lambda request, chosen, kwargs: chosen(request, **kwargs))


@login_not_required
@csrf_exempt
def unknown(request: HttpRequest, **_path: str) -> HttpResponse:
    """Answer an address of the Open API that does not exist."""
    return refuse(404)


def _api(methods: dict[str, View], run: Runner) -> View:
    views = methods | ({"HEAD": methods["GET"]} if "GET" in methods else {})

    @login_not_required
    @csrf_exempt
    @wraps(next(iter(methods.values())))
    def wrapper(request: ApiRequest, **kwargs: Any) -> HttpResponse:
        view = views.get(request.method or "")
        if view is None:
            response = refuse(405)
            response["Allow"] = ", ".join(views)
            return response
        try:
            check_transport(request)
            with organization_scope(request.organization.pk):
                return run(request, view, kwargs)
        except DaedapError as error:
            return answer_error(error)
        except _BROKEN_REQUESTS:
            return refuse(400)
        except Exception:
            logger.exception("api call failed")
            return refuse(500)

    return wrapper
