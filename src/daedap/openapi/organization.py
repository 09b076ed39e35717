"""Calls of an organization, signed by its Key: services and their contracts (spec 10, 5.4; docs/open-api.md).

They call the same actions as the pages of Global Management, so every rule holds for both together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse

from daedap.core.errors import NotFound
from daedap.core.scoping import service_scope
from daedap.openapi.checks import ApiRequest
from daedap.openapi.door import organization_api
from daedap.openapi.envelope import ApiRefused, answer
from daedap.openapi.errors import NO_RELATED_DATA
from daedap.openapi.fields import InvalidParameter
from daedap.openapi.paging import answer_page
from daedap.openapi.payloads import describe_contract, describe_own_service
from daedap.services import contracts
from daedap.services.actions import add_service
from daedap.services.basics import change_basics
from daedap.services.keys import change_service_key
from daedap.services.models import ContractItem, EditorType, Service, ServiceLanguage, ServiceState, ServiceType
from daedap.services.selectors import get_service, list_services_with_agents

SUCCESS = "SUCCESS"


# --- services ----------------------------------------------------------------------------------------------------


def _add_service(request: ApiRequest) -> HttpResponse:
    fields = request.fields
    type_code = fields.integer("type", ServiceType.CONSULTATION)
    if type_code not in ServiceType.values:
        raise InvalidParameter("type")
    default = fields.text("language") or "ko"
    languages = _read_languages(request) or {default: ""}
    service = add_service(
        organization_id=request.organization.pk,
        service_id=fields.text("serviceId", required=True),
        name=fields.text("name", required=True),
        type=ServiceType(type_code),
        languages=list(languages),
        language_names=languages,
        default_language=default,
        time_zone=fields.text("timeZone"),
        editor_type=fields.text("editorType") or EditorType.HTML,
        actor=request.actor,
    )
    return answer(_describe([service])[0] | {"apiKey": service.key})


def _read_languages(request: ApiRequest) -> dict[str, str]:
    """Return code → display name, "" for its own, in the order given: codes, or objects as `service.json` has them."""
    languages = {}
    for each in request.fields.list("languages") or []:
        code, name = (each.get("code"), each.get("name") or "") if isinstance(each, dict) else (each, "")
        if not isinstance(code, str) or not isinstance(name, str):
            raise InvalidParameter("languages")
        languages[code] = name
    return languages


def _change_service(request: ApiRequest, service_id: str) -> HttpResponse:
    """Change the basic information; what is left out stays as it is. ID and type never change."""
    fields, service = request.fields, get_service(service_id)
    languages = _read_languages(request)
    if not languages:
        with service_scope(service.organization_id, service.pk):
            languages = dict(ServiceLanguage.objects.order_by("order", "pk").values_list("code", "name"))
    service = change_basics(
        service_pk=service.pk,
        name=fields.text("name") or service.name,
        languages=list(languages),
        language_names=languages,
        default_language=fields.text("language") or service.default_language,
        time_zone=fields.text("timeZone") or service.time_zone,
        editor_type=fields.text("editorType") or service.editor_type,
        actor=request.actor,
    )
    return answer(_describe([service])[0])


def _get_service(request: ApiRequest, service_id: str) -> HttpResponse:
    return answer(_describe([get_service(service_id)])[0])


def _terminate_service(request: ApiRequest, service_id: str) -> HttpResponse:
    """Answer `SUCCESS`, or `ENABLE` while the service is in use (A64). One without a contract is deleted."""
    service = get_service(service_id)
    try:
        if service.state == ServiceState.CREATE:
            contracts.delete_draft(service_pk=service.pk, actor=request.actor)
        else:
            contracts.terminate_service(service_pk=service.pk, actor=request.actor)
    except contracts.StillInUse as error:
        return answer(error.key)
    return answer(SUCCESS)


def _pause_service(request: ApiRequest) -> HttpResponse:
    service = contracts.pause_service(service_pk=_named_service(request).pk, actor=request.actor)
    return answer(_describe([service])[0])


def _resume_service(request: ApiRequest) -> HttpResponse:
    service = contracts.resume_service(service_pk=_named_service(request).pk, actor=request.actor)
    return answer(_describe([service])[0])


def _refresh_key(request: ApiRequest) -> HttpResponse:
    service = _named_service(request)
    key = change_service_key(service_pk=service.pk, actor=request.actor)
    return answer({"serviceId": service.service_id, "apiKey": key})


def _list_services(request: ApiRequest) -> HttpResponse:
    services = list_services_with_agents()
    described = {each["serviceId"]: each for each in _describe(services)}
    return answer_page(request.fields, services, lambda service: described[service.service_id], page_size=100)


def _named_service(request: ApiRequest) -> Service:
    """Return the service that a parameter names; 9005 if there is none, since the address itself exists (5.2)."""
    try:
        return get_service(request.fields.text("serviceId", required=True))
    except NotFound:
        raise ApiRefused(NO_RELATED_DATA, "No related data") from None


def _describe(services: Sequence[Service]) -> list[dict[str, Any]]:
    languages: dict[int, list[ServiceLanguage]] = defaultdict(list)
    rows = ServiceLanguage._base_manager.filter(service__in=services).order_by("order", "pk")  # noqa: SLF001  of these services
    for language in rows:
        languages[language.service_id].append(language)
    return [describe_own_service(service, languages[service.pk]) for service in services]


# --- contracts ---------------------------------------------------------------------------------------------------


def _register_contract(request: ApiRequest) -> HttpResponse:
    service = _named_service(request)
    service = contracts.register_contract(service_pk=service.pk, items=_read_items(request), actor=request.actor)
    return answer(_describe_contracts([service])[0])


def _change_contract(request: ApiRequest, billing_id: int) -> HttpResponse:
    service = _contracted(billing_id)
    contracts.change_contract_items(service_pk=service.pk, items=_read_items(request), actor=request.actor)
    return answer(_describe_contracts([service])[0])


def _get_contract(request: ApiRequest, billing_id: int) -> HttpResponse:
    return answer(_describe_contracts([_contracted(billing_id)])[0])


def _get_contract_of_service(request: ApiRequest, service_id: str) -> HttpResponse:
    return answer(_describe_contracts([_contracted(get_service(service_id).pk)])[0])


def _list_contracts(request: ApiRequest) -> HttpResponse:
    services = [service for service in list_services_with_agents() if service.contracted_at]
    described = {each["billingId"]: each for each in _describe_contracts(services)}
    return answer_page(request.fields, services, lambda service: described[service.pk])


def _read_items(request: ApiRequest) -> list[str]:
    items = request.fields.list("items") or []
    if not all(isinstance(item, str) for item in items):
        raise InvalidParameter("items")
    return items


def _contracted(billing_id: int) -> Service:
    services = Service.objects.filter(pk=billing_id, contracted_at__isnull=False).exclude(state=ServiceState.STOPPED)
    service = services.first()
    if service is None:
        raise NotFound
    return service


def _describe_contracts(services: Sequence[Service]) -> list[dict[str, Any]]:
    items: dict[int, list[str]] = defaultdict(list)
    rows = ContractItem._base_manager.filter(service__in=services).order_by("code")  # noqa: SLF001  of these services
    for service_pk, code in rows.values_list("service_id", "code"):
        items[service_pk].append(code)
    return [describe_contract(service, items[service.pk]) for service in services]


service_add = organization_api(POST=_add_service)
service = organization_api(GET=_get_service, PUT=_change_service, DELETE=_terminate_service)
service_disable = organization_api(PUT=_pause_service)
service_enable = organization_api(PUT=_resume_service)
service_key = organization_api(PUT=_refresh_key)
service_list = organization_api(GET=_list_services)
billing_add = organization_api(POST=_register_contract)
billing_update = organization_api(PUT=_change_contract)
billing_list = organization_api(GET=_list_contracts)
billing_of_service = organization_api(GET=_get_contract_of_service)
billing = organization_api(GET=_get_contract)
