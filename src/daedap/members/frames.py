"""The help centre inside a page of the company: an iframe (spec 20, section 11).

Which pages may hold it is said by `frame-ancestors` alone: X-Frame-Options knows no list.
"""

from __future__ import annotations

from collections.abc import Mapping

from csp.constants import SELF
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

from daedap.members.models import IntegrationSettings, LoginType
from daedap.members.return_urls import origin_of
from daedap.members.tokens import values_named

MARK = "iframe"
"""The parameter that says so: `iframe=true`."""

DESTINATION = "Sec-Fetch-Dest"
_FRAMES = frozenset({"iframe", "frame"})


def is_framed(request: HttpRequest) -> bool:
    """Tell whether this page is shown inside another one, or wants to look as if.

    Browsers say so themselves, so the pages of integrators who leave the mark away are known too; the mark is for
    browsers that do not, and for apps.
    """
    return request.headers.get(DESTINATION) in _FRAMES or request.GET.get(MARK) == "true"


def marked(address: str) -> str:
    """Return an address of this help centre with the mark."""
    path, _, query = address.partition("?")
    if "true" in values_named(MARK, query.encode()):
        return address
    return f"{path}?{query}&{MARK}=true" if query else f"{path}?{MARK}=true"


def is_frame_request(headers: Mapping[str, str], *, marked: bool, has_frame_cookies: bool) -> bool:
    """Tell whether a request comes out of a frame; a page at the top is none, whatever its address says."""
    destination = headers.get(DESTINATION, "")
    if destination == "document":
        return False
    return destination in _FRAMES or marked or has_frame_cookies


def parents_of(integration: IntegrationSettings) -> list[str]:
    """Return the origins beside our own whose pages may hold this help centre."""
    origins = list(integration.frame_origins)
    if integration.enabled and integration.login_type == LoginType.POST:
        origins += [origin_of(url) for url in (integration.login_url, integration.login_status_url) if url]
    return list(dict.fromkeys(origins))


def allow_parents(response: HttpResponseBase, integration: IntegrationSettings) -> None:
    """Let the pages of `parents_of` and our own hold this response in a frame, and no others."""
    replaced = getattr(response, "_csp_replace", None) or {}
    # what django-csp's and Django's own decorators set
    response._csp_replace = {**replaced, "frame-ancestors": [SELF, *parents_of(integration)]}  # type: ignore[attr-defined]  # noqa: SLF001
    response.xframe_options_exempt = True  # type: ignore[attr-defined]
    del response["X-Frame-Options"]
    patch_vary_headers(response, [DESTINATION])
