"""The checks of a signed call, in their order (spec 40, 2.3, 3.6 to 3.10)."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest

from daedap.core import limits
from daedap.core.actors import Actor
from daedap.core.requests import client_ip, raw_path
from daedap.openapi import signatures
from daedap.openapi.envelope import ApiRefused
from daedap.openapi.fields import Fields
from daedap.openapi.signing import (
    FORM,
    MULTIPART,
    Call,
    find_key,
    first_values,
    is_in_window,
    list_messages,
    md5_of,
    media_type,
    parse_pairs,
    read_timestamp,
)
from daedap.organizations.models import Organization
from daedap.organizations.networks import is_listed
from daedap.services.models import Service

LARGEST_BODY = 12 * 1024 * 1024
FAILURES_ALLOWED = 100
FAILURE_WINDOW = timedelta(minutes=5)

logger = logging.getLogger(__name__)


class ApiRequest(HttpRequest):
    """A signed call that was admitted. Of `service` and `actor` there is what its decorator says."""

    organization: Organization
    service: Service
    actor: Actor
    fields: Fields


def check_transport(request: HttpRequest) -> None:
    """Raise ApiRefused for plain http where https is expected, a content coding, or a body above 12 MiB (2.3)."""
    if settings.SECURE and not request.is_secure():
        raise ApiRefused(400, detail="HTTPS is required")
    if request.headers.get("Content-Encoding", "").strip():
        raise ApiRefused(400, detail="Content-Encoding is not supported")
    length = request.headers.get("Content-Length") or "0"
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise ApiRefused(400, detail="The body is too large")


def admit(request: ApiRequest, *, keys: Sequence[str], addresses: Sequence[str] = ()) -> str:
    """Do all checks of 3.9 in their order, set `request.fields`, and return the one of `keys` that signed.

    Raise ApiRefused with the documented text. `addresses` are the only callers, if there are any.
    """
    if not keys:
        raise _refused(request, 403, "securityKey is null")
    if addresses and not is_listed(client_ip(request), addresses):
        raise _refused(request, 403, "clientIp is not allowed")
    authorization, timestamp = _header(request, "Authorization"), _header(request, "X-TC-Timestamp")
    if not authorization:
        raise _refused(request, 400, "Authorization is blank")
    milliseconds = read_timestamp(timestamp)
    if milliseconds is None:
        raise _refused(request, 400, "X-TC-Timestamp is not numeric")
    if not is_in_window(milliseconds, time.time_ns() // 1_000_000):
        raise _refused(request, 400, "X-TC-Timestamp is expired")
    call = _read_call(request, timestamp)
    if call.kind == MULTIPART and call.file_md5 is None:
        raise _refused(request, 400, "Multipart request but file is null")
    key = find_key(authorization, keys, list_messages(request.organization.public_id, call))
    if key is None or not _is_first_or_same(request, authorization, call):
        raise _wrong_signature(request)
    request.fields = _read_fields(call)
    return key


def _read_call(request: ApiRequest, timestamp: str) -> Call:
    content_type = request.headers.get("Content-Type", "")
    is_multipart = media_type(content_type) == MULTIPART
    files = request.FILES.getlist("file") if is_multipart else []
    return Call(
        path=raw_path(request),
        query=request.META.get("QUERY_STRING", "").encode("latin-1"),
        content_type=content_type,
        body=b"" if is_multipart else request.read(),  # not `body`, which Django refuses above 1 MiB
        file_md5=md5_of(files[0].chunks()) if files else None,
        timestamp=timestamp,
    )


def _is_first_or_same(request: ApiRequest, authorization: str, call: Call) -> bool:
    digest = hashlib.sha256(f"{request.method} {call.path}\n".encode())
    parts = [call.query, call.body, (call.file_md5 or "").encode(), _header(request, "OUCODE").encode()]
    if call.kind == MULTIPART:
        parts += [repr((name, request.POST.getlist(name))).encode() for name in sorted(request.POST)]
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return signatures.accept(
        organization_id=request.organization.pk, signature=authorization, request_hash=digest.hexdigest()
    )


def _read_fields(call: Call) -> Fields:
    pairs = parse_pairs(call.query)
    if call.kind == FORM:
        return Fields(first_values([*pairs, *parse_pairs(call.body)]))
    return Fields(first_values(pairs), call.body)


def _wrong_signature(request: ApiRequest) -> ApiRefused:
    """Return the refusal; whoever guesses on is told to stop, while genuine calls from the same address go through."""
    who = f"{request.organization.pk}:{limits.origin(client_ip(request))}"
    if limits.count_up("openapi.wrong_signature", who, window=FAILURE_WINDOW) > FAILURES_ALLOWED:
        return ApiRefused(429)
    return _refused(request, 400, "Authorization is incorrect")


def _refused(request: ApiRequest, code: int, reason: str) -> ApiRefused:
    service = getattr(request, "service", None)
    facts = {"organization_id": request.organization.pk, "service_pk": service.pk if service else None}
    logger.info("api.refused", extra=facts | {"ip": client_ip(request), "reason": reason})
    return ApiRefused(code, "" if code == 403 else reason, detail=reason)


def _header(request: HttpRequest, name: str) -> str:
    return request.headers.get(name, "").strip()
