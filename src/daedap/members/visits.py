"""A visit at the entry: the request as it came over the wire, and the answers that end it (members/entry.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.shortcuts import render
from django.utils import translation
from starlette.requests import Request
from starlette.responses import Response

from daedap.core.language import visitor_language
from daedap.members import frame_cookies, frames, logins, sessions
from daedap.members.models import IntegrationSettings
from daedap.members.remote import binding
from daedap.members.tokens import clean_query, values_named
from daedap.organizations.models import Organization
from daedap.services.models import Service

_LIST = re.compile(r"hc/ticket/list(/.*)?")


@dataclass(frozen=True, repr=False)
class Visit:
    """One request as it came over the wire."""

    host: str
    service_id: str
    rest: str  # the path behind the service ID, decoded: "hc/ticket/"
    raw_query: bytes
    secret: str  # of the session cookie
    bindings: str  # the value of the binding cookie
    ip: str
    language: str
    is_secure: bool
    is_only_peeking: bool  # HEAD or prefetch

    @classmethod
    def of(cls, request: Request) -> Visit:
        first, _, rest = request.scope["path"].lstrip("/").partition("/")
        cookies = frame_cookies.with_twins(request.cookies)
        raw_query = request.scope["query_string"]
        return cls(
            host=request.headers.get("host", ""),
            service_id=first,
            rest=rest,
            raw_query=raw_query,
            secret=cookies.get(sessions.cookie_name(), ""),
            bindings=cookies.get(binding.cookie_name(), ""),
            ip=request.client.host if request.client else "",
            language=visitor_language(
                asked=next(iter(values_named("language", raw_query)), ""),
                cookies=cookies,
                accepted=request.headers.get("accept-language", ""),
            ),
            is_secure=_is_secure(request),
            is_only_peeking=request.method == "HEAD" or _is_prefetch(request.headers),
        )

    @property
    def party(self) -> tuple[str, str]:
        """The help centre, as whose crowd this visit waits its turn (core/threads.py)."""
        return self.host, self.service_id

    @property
    def is_marked(self) -> bool:
        """Whether the address says that the page is in a frame."""
        return "true" in values_named(frames.MARK, self.raw_query)

    @property
    def is_list(self) -> bool:
        return _LIST.fullmatch(self.rest) is not None

    def clean_address(self, service_id: str, rest: str | None = None) -> str:
        """Return the same page, or `rest` of the service, without identity parameters (spec 20, 6.8)."""
        path = f"/{service_id}/{quote(self.rest if rest is None else rest)}"
        query = clean_query(self.raw_query)
        return f"{path}?{query}" if query else path


def _is_secure(request: Request) -> bool:
    """Tell whether the visitor came by https, believing the proxy as Django does (SECURE_PROXY_SSL_HEADER)."""
    told = request.headers.get("x-forwarded-proto", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return (told.split(",")[0].strip() or request.url.scheme) == "https"


def _is_prefetch(headers: Mapping[str, str]) -> bool:
    return any("prefetch" in headers.get(name, "").lower() for name in ("sec-purpose", "purpose", "x-moz"))


# --- answers -----------------------------------------------------------------------------------------------------


def redirect(address: str) -> Response:
    headers = {"Location": address, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return Response(status_code=HTTPStatus.FOUND, headers=headers)


def blocked(visit: Visit, organization: Organization, service: Service, integration: IntegrationSettings) -> Response:
    """Return the page for blocked addresses, which a frame of the company can show too; guests go on from there."""
    home = f"/{service.service_id}/hc/"
    response = page(
        visit,
        "members/entry_blocked.html",
        HTTPStatus.TOO_MANY_REQUESTS,
        organization,
        framed_by=integration,
        service=service,
        minutes=int(logins.BLOCKED_FOR.total_seconds()) // 60,
        home_url=frames.marked(home) if visit.is_marked else home,
    )
    response.headers["Retry-After"] = str(int(logins.BLOCKED_FOR.total_seconds()))
    return response


def page(
    visit: Visit,
    template: str,
    status: HTTPStatus,
    organization: Organization | None = None,
    *,
    framed_by: IntegrationSettings | None = None,
    **context: object,
) -> Response:
    """Return a page of Django's templates with the headers Django would give it; nothing of the query is in it."""
    request = HttpRequest()
    request.method = "GET"
    request.path = request.path_info = f"/{visit.service_id}/{visit.rest}"
    request.META = {"HTTP_HOST": visit.host, "SERVER_NAME": visit.host, "SERVER_PORT": ""}
    request.user = AnonymousUser()
    request.site = "organization"  # type: ignore[assignment]  # not of django.contrib.sites
    request.organization = organization  # type: ignore[attr-defined]
    request.urlconf = settings.ORGANIZATION_URLCONF
    request.LANGUAGE_CODE = visit.language
    with translation.override(visit.language):
        made = render(request, template, context, status=status)
    if framed_by is not None:
        frames.allow_parents(made, framed_by)

    def answer(_request: HttpRequest) -> HttpResponse:
        return made

    CSPMiddleware(SecurityMiddleware(XFrameOptionsMiddleware(answer)))(request)
    headers = dict(made.items()) | {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return Response(made.content, status_code=made.status_code, headers=headers)
