"""Calls about one service (spec 40, 7.1)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from daedap.core.errors import NotFound
from daedap.core.scoping import service_scope
from daedap.openapi.access import find_open_service
from daedap.openapi.checks import ApiRequest
from daedap.openapi.door import public_api, service_api
from daedap.openapi.envelope import answer
from daedap.openapi.payloads import describe_service
from daedap.services.selectors import list_languages


def _public_service(request: HttpRequest, service_id: str) -> HttpResponse:
    """Answer `service.get` (7.1.1): what everybody may know of a service."""
    service = find_open_service(service_id)
    if service is None:
        raise NotFound
    with service_scope(service.organization_id, service.pk):
        response = answer(describe_service(service, list_languages()))
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _signed_service(request: ApiRequest) -> HttpResponse:
    """Answer the same to a signed call: an address of our own, where integrators try their signature."""
    return answer(describe_service(request.service, list_languages()))


public_service = public_api(_public_service)
signed_service = service_api(GET=_signed_service)
