"""Middleware that every site shares."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from daedap.core import metrics
from daedap.core.errors import DaedapError
from daedap.core.logs import request_id
from daedap.core.views import database_down

logger = logging.getLogger("daedap.request")
Handler = Callable[[HttpRequest], HttpResponse]


class RequestLogMiddleware:
    """Gives every request an id and writes one line about it: the route, never the path or the query."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(secrets.token_hex(8))
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            seconds = time.perf_counter() - started
            response["X-Request-ID"] = request_id.get()
            route = request.resolver_match.route if request.resolver_match else "-"
            metrics.observe(method=request.method or "-", route=route, status=response.status_code, seconds=seconds)
            if route not in metrics.QUIET_ROUTES:
                logger.info(
                    "request",
                    extra={
                        "method": request.method,
                        "route": route,
                        "site": getattr(request, "site", "-"),
                        "status": response.status_code,
                        "milliseconds": round(seconds * 1000, 1),
                    },
                )
            return response
        finally:
            request_id.reset(token)


class DatabaseDownMiddleware:
    """Answers a calm 503 page when a view loses the database. (`views.server_error` does so for the middleware.)"""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer before Django turns it into a 500."""
        return database_down(exception) if isinstance(exception, OperationalError | InterfaceError) else None


class NulMiddleware:
    """Keeps NUL characters from the database, which takes none: no address has one, and no cookie of ours.

    Forms refuse them by themselves.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path:
            return render(request, "errors/404.html", status=404)
        for name in [name for name, value in request.COOKIES.items() if "\0" in value]:
            del request.COOKIES[name]
        return self.get_response(request)


class LanguageMiddleware:
    """Korean unless the visitor chose another language; a signed-in person's own choice comes first.

    The choice lives in a cookie, so that it holds before sign-in; signing in sets the cookie from the account.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)  # a view may have chosen
        return response


class ErrorPageMiddleware:
    """Turns an error of our own family that no view handled into the page for it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 404, 403, 409, 429, 503 or 400, by the error's code."""
        if not isinstance(exception, DaedapError):
            return None
        if exception.code == 404:
            raise Http404
        status = exception.code if exception.code in (403, 409, 429, 503) else 400
        template = "errors/403.html" if status == 403 else "errors/400.html"
        return render(request, template, {"message": exception.message}, status=status)
