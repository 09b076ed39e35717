"""Refusals of actions and selectors as answers of the Open API (spec 40, 5.2)."""

from __future__ import annotations

from django.http import HttpResponse

from daedap.core.errors import DaedapError
from daedap.openapi.envelope import TEXTS, ApiRefused, refuse
from daedap.services.rules import ServiceTaken

NO_RELATED_DATA = 9005
RELATED_DATA_EXISTS = 9007

_KEYS = {
    "service_id": "serviceId",
    "default_language": "language",
    "time_zone": "timeZone",
    "editor_type": "editorType",
}
"""How the API calls a field of an action, where the names differ."""


def answer_error(error: DaedapError) -> HttpResponse:
    """Return the failure for an error of our family.

    The codes of HTTP keep their fixed texts; what somebody has to mend is named in the header. Codes of the product
    (from 1000) travel with their own message.
    """
    if isinstance(error, ApiRefused):
        return refuse(error.code, str(error.message), detail=error.detail)
    if isinstance(error, ServiceTaken):
        return refuse(RELATED_DATA_EXISTS, "Related data exists", detail=_name_parameter(error))
    if error.code >= 1000:
        return refuse(error.code, str(error.message), detail=str(getattr(error, "key", "")))
    code = error.code if error.code in TEXTS else 400
    if code == 400 and error.field:
        return refuse(code, detail=_name_parameter(error))
    return refuse(code)


def _name_parameter(error: DaedapError) -> str:
    return f"Invalid parameter: {_KEYS.get(error.field or '', error.field)}"
