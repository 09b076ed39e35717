"""Pages that every site shares: language, errors, kept mail."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from daedap.core.database import cause_of
from daedap.core.errors import NotFound
from daedap.core.language import remember_language
from daedap.core.mail.kept import KeptMail, find_kept_mail, list_kept_mails

View = Callable[..., HttpResponse]
logger = logging.getLogger("daedap.request")
_LONGEST_NEXT = 2000
_TOO_LONG = {
    "LockNotAvailable": "a row that somebody holds was waited for too long",
    "QueryCanceled": "a statement took too long and was ended",
}
CHOSEN_LANGUAGE = "chosen_language"
"""Where a session keeps the language that somebody chose before signing in."""

mail_frame: Callable[[View], View] = csp_replace(  # type: ignore[assignment]  # its type knows no views with arguments
    {
        "default-src": ["'none'"],
        "style-src": ["'unsafe-inline'"],
        "img-src": ["data:"],
        "frame-ancestors": ["'self'"],
        "sandbox": ["allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"],
    }
)
"""The policy of a page that is nothing but the HTML of a mail: styles, but nothing that runs or loads."""


def safe_next(request: HttpRequest, target: str, default: str = "/") -> str:
    """Return `target` if it is the path of a page here, else `default` (no open redirects).

    Words without a slash are refused too: `redirect` would take them for the name of a view.
    """
    is_path = target.startswith("/") and len(target) <= _LONGEST_NEXT
    return target if is_path and url_has_allowed_host_and_scheme(target, allowed_hosts=None) else default


@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the chosen language, in the account too if somebody is signed in, and go back."""
    response = HttpResponseRedirect(safe_next(request, request.POST.get("next", "")))
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        remember_language(response, chosen)
        if request.user.is_authenticated:
            request.user.language = chosen
            request.user.save(update_fields=["language"])
        else:
            request.session[CHOSEN_LANGUAGE] = chosen
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was open too long, or another site sent the form. A view may answer by itself: `csrf_failed`."""
    match = request.resolver_match
    answer: View | None = getattr(match.func, "csrf_failed", None) if match else None
    if match and answer:
        return answer(request, *match.args, **match.kwargs)
    return render(request, "errors/403.html", {"csrf": True}, status=403)


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something broke; or, while the database cannot be reached, that it will be back."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return database_down(error)
    # Without the menus of `render(request, …)`: they may be what broke.
    page = render_to_string("errors/500.html", {"product_name": settings.PRODUCT_NAME})
    return HttpResponse(page, status=500)


def database_down(error: Exception) -> HttpResponse:
    """Return the calm 503 page, which needs no database."""
    cause = cause_of(error)
    logger.error(_TOO_LONG.get(cause, "database out of reach"), extra={"error": type(error).__name__, "cause": cause})
    page = render_to_string("errors/503.html", {"product_name": settings.PRODUCT_NAME})
    return HttpResponse(page, status=503, headers={"Retry-After": "10", "Cache-Control": "no-store"})


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/403.html", status=403)


@login_not_required
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


@login_not_required
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """List the mail that was kept instead of sent (development and demo only)."""
    return render(request, "core/mails.html", {"mails": list_kept_mails()})


@login_not_required
@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one kept mail."""
    return render(request, "core/mail.html", {"mail": _kept(name)})


@login_not_required
@require_safe
@xframe_options_sameorigin
@mail_frame
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part of one kept mail, for the sandboxed frame around it: links leave the frame, nothing runs."""
    html = _kept(name).html.replace("<head>", '<head><base target="_top">', 1)
    return HttpResponse(html)


def _kept(name: str) -> KeptMail:
    found = find_kept_mail(name)
    if found is None:
        raise NotFound
    return found
