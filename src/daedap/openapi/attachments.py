"""Delivery of attachments: by an unguessable ID, without authentication as the source has it (spec 30, 8.4).

A service may require sign-in; who may open what is in `helpcenter.attachments`.

What customers uploaded is other people's content on our own host. Hence: sniffing off, a policy under which nothing
runs, and inline only for types that no browser executes; everything else is saved, not opened.
"""

from __future__ import annotations

from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from daedap.core.errors import NotFound
from daedap.files.selectors import get_file, open_file
from daedap.helpcenter.attachments import may_open
from daedap.helpcenter.views import attachment_missing
from daedap.services.access import CustomerRequest, customer_api

_INLINE = ("image/", "audio/", "text/plain")
_NEVER_INLINE = frozenset({"image/svg+xml"})
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""Nothing runs and nothing is loaded; styles are those of the browser's own viewers."""
SOUND_POLICY = "sandbox allow-same-origin; default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
"""A browser's player loads the sound a second time, which an origin of its own would forbid. Still nothing runs."""


@customer_api
@require_safe
def attachment(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Open (`type=open`, the default) or save (`type=download`) one attachment of this service.

    Who follows a link in a browser gets a page where there is no file, or none for them; programs get the envelope.
    """
    try:
        file = get_file(public_id)
        if file.service_id != request.service.pk or not may_open(file, request):
            raise NotFound
        content = open_file(file)
    except NotFound:
        if request.get_preferred_type(["application/json", "text/html"]) != "text/html":
            raise
        return attachment_missing(request, service_id=request.service.service_id)
    download = request.GET.get("type") == "download" or not is_harmless(file.content_type)
    response = FileResponse(content, as_attachment=download, filename=file.name, content_type=file.content_type)
    return _guarded(response, SOUND_POLICY if file.content_type.startswith("audio/") else POLICY)  # type: ignore[return-value]  # a streaming response


def is_harmless(content_type: str) -> bool:
    """Whether a file of this type may be shown in the browser."""
    shown = content_type.startswith(_INLINE) or content_type == "application/pdf"
    return shown and content_type not in _NEVER_INLINE


def _guarded(response: HttpResponseBase, policy: str) -> HttpResponseBase:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = policy
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response
