"""The public shapes of services and contracts, field by field, so that a new column never leaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from daedap.services.models import Service, ServiceLanguage


def describe_service(service: Service, languages: Sequence[ServiceLanguage]) -> dict[str, Any]:
    """Return a service as its public page tells it (spec 40, 7.1.1)."""
    return {
        "serviceId": service.service_id,
        "name": service.name,
        "profile": None,
        "language": service.default_language,
        "languages": [
            {"code": language.code, "name": language.name, "orderNo": order} for order, language in enumerate(languages)
        ],
        "multiLanguage": len(languages) > 1,
    }


def describe_own_service(service: Service, languages: Sequence[ServiceLanguage]) -> dict[str, Any]:
    """Return a service as its organization sees it: what is public and how it is set up."""
    return describe_service(service, languages) | {
        "type": service.type,
        "state": service.state,
        "timeZone": service.time_zone,
        "editorType": service.editor_type,
    }


def describe_contract(service: Service, items: Sequence[str]) -> dict[str, Any]:
    """Return the contract of a service; `startDt` is Korean time `yyyyMMddHHmmss` (spec 10, 5.2)."""
    return {
        "billingId": service.pk,
        "serviceId": service.service_id,
        "type": service.type,
        "state": service.state,
        "items": list(items),
        "startDt": _korean_time(service.contracted_at),
    }


def _korean_time(moment: datetime | None) -> str | None:
    return timezone.localtime(moment, timezone.get_default_timezone()).strftime("%Y%m%d%H%M%S") if moment else None
