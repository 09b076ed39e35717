"""Signed calls for tests."""

from __future__ import annotations

import json
import time
from typing import Any

from django.conf import settings
from django.test import Client

from daedap.openapi.signing import Call, build_message, sign

JSON = "application/json; charset=utf-8"
ADMIN = "/openapi/v1/admin/"


class Caller:
    """A company's system that calls one host with one key."""

    def __init__(self, organization: Any, key: str, **headers: str) -> None:
        self.organization, self.key, self.headers = organization, key, headers
        self.client = Client(
            headers={"host": f"{organization.domain}{settings.ORGANIZATION_SUFFIX}"}, enforce_csrf_checks=True
        )
        self.client.raise_request_exception = False

    def __call__(self, method: str, path: str, body: Any = None, *, content_type: str = "", **changed: Any) -> Any:
        """Send a call; `changed` are headers that stand in place of the right ones, None leaves one out."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = content_type or (JSON if data else "")
        raw, _, query = path.partition("?")
        stamp = str(changed.pop("timestamp", time.time_ns() // 1_000_000))
        call = Call(
            path=raw, query=query.encode("latin-1"), content_type=kind, body=data, file_md5=None, timestamp=stamp
        )
        signature = sign(self.key, build_message(self.organization.public_id, call))
        headers = self.headers | {"Authorization": signature, "X-TC-Timestamp": stamp} | changed
        return self.client.generic(
            method,
            raw,
            data,
            content_type=kind,
            QUERY_STRING=query,
            REQUEST_URI=path,
            headers={name: value for name, value in headers.items() if value is not None},
            secure=False,
        )


def read(response: Any) -> tuple[int, str, Any]:
    """Return code, message and result of an answer that has the envelope and nothing else."""
    assert response["Content-Type"] == "application/json;charset=UTF-8"
    body = json.loads(response.content)
    assert set(body) == {"header", "result"}
    header = body["header"]
    assert set(header) == {"resultCode", "resultMessage", "isSuccessful"}
    assert header["isSuccessful"] is (header["resultCode"] == 200)
    if header["resultCode"] != 200:
        assert body["result"] is None
    assert not response.cookies
    return header["resultCode"], header["resultMessage"], body["result"]


def content(response: Any) -> Any:
    """Return the content of a successful answer."""
    code, message, result = read(response)
    assert (code, message) == (200, ""), response.content.decode()
    return result["content"]
