"""The front page, the terms, and the member's own profile."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from daedap.core.errors import NotFound
from daedap.portal.access import MemberRequest, member_page
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


@member_page
@require_safe
def profile(request: MemberRequest) -> HttpResponse:
    """My Page: what is known about the member."""
    return render(request, "portal/profile.html", {"member": request.platform_member})
