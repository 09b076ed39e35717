"""Calls about a help centre (spec 40, 7.8)."""

from __future__ import annotations

from django.http import HttpResponse

from daedap.openapi.checks import ApiRequest
from daedap.openapi.door import service_api
from daedap.openapi.envelope import answer
from daedap.openapi.fields import Fields, InvalidParameter
from daedap.openapi.signing import media_type
from daedap.tickets.actions import ADDITION_LENGTH, store_addition

PLAIN = "text/plain"


def _create_addition(request: ApiRequest) -> HttpResponse:
    """Answer `helpcenter.addition.create` (7.8.1): the ID that opens the enquiry form with additional data.

    `content` and `visible` come in a form body, the query or a JSON object; a `text/plain` body is all `content`.
    """
    fields = request.fields
    if media_type(request.headers.get("Content-Type", "")) == PLAIN:
        fields = Fields(fields.parameters | {"content": fields.body_text("content")})
    visible = fields.integer("visible", 0)
    if visible not in (0, 1):
        raise InvalidParameter("visible")
    content = fields.text("content", required=True, longest=ADDITION_LENGTH)
    return answer(store_addition(service=request.service, content=content, is_visible=visible == 1))


addition = service_api(POST=_create_addition)
