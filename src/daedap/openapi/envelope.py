"""The one shape of every answer (spec 40, 5.1 and 5.2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from daedap.core.errors import DaedapError

DETAIL = "X-OC-Error-Detail"
CONTENT_TYPE = "application/json;charset=UTF-8"

TEXTS = {
    400: "Bad Request",
    403: "Access Denied",
    404: "Not Data Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Server Error",
}
"""Codes that are HTTP statuses too, with their fixed texts; all others travel with HTTP 200."""


class ApiRefused(DaedapError):
    """The call is answered with `code` and a fixed text; `detail` goes into the header X-OC-Error-Detail."""

    def __init__(self, code: int, text: str = "", *, detail: str = "") -> None:
        super().__init__(text or TEXTS[code], code=code)
        self.detail = detail or text


def answer(content: Any) -> HttpResponse:
    """Return one item: an object or a plain text."""
    return _envelope(200, "", {"content": content})


def answer_list(contents: Sequence[Any], **paging: int) -> HttpResponse:
    """Return a list; a page of one comes with `total`, `pages`, `pageNum` and `pageSize`."""
    return _envelope(200, "", {"contents": list(contents), **paging})


def refuse(code: int, text: str = "", *, detail: str = "") -> HttpResponse:
    """Return a failure without data; the text is the fixed one of the code unless another is given."""
    response = _envelope(code, text or TEXTS[code], None)
    if detail:
        response[DETAIL] = detail
    return response


def _envelope(code: int, message: str, result: dict[str, Any] | None) -> HttpResponse:
    header = {"resultCode": code, "resultMessage": message, "isSuccessful": code == 200}
    text = json.dumps({"header": header, "result": result}, ensure_ascii=False, separators=(",", ":"))
    status = code if code in TEXTS and not settings.API_ALWAYS_200 else 200
    return HttpResponse(text, content_type=CONTENT_TYPE, status=status, headers={"Cache-Control": "no-store"})
