"""The front page and the terms."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from daedap.core.errors import NotFound
from daedap.portal.terms import BY_CODE, READABLE


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, and the way in."""
    return render(request, "portal/home.html")


@login_not_required
@require_safe
def terms(request: HttpRequest, code: str) -> HttpResponse:
    """One of the documents that are agreed to at sign-up."""
    if code not in READABLE:
        raise NotFound
    return render(request, "portal/terms.html", {"terms": BY_CODE[code], "body": f"portal/terms/{code}.html"})
