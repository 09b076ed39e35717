"""Answers that several screens give."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from daedap.organizations.console_members import MANAGERS, list_organizations
from daedap.organizations.models import ConsoleRole
from daedap.portal.access import SETTERS, OrganizationRequest


def form_page(request: HttpRequest, template: str, form: Form, refused: int = 422, **context: Any) -> HttpResponse:
    """Show a page with its form: `refused` if what was sent is not taken, else 200."""
    status = refused if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


def go(request: HttpRequest, target: str) -> HttpResponse:
    """Send the browser to `target`, also when the form was sent by htmx."""
    if request.htmx:  # type: ignore[attr-defined]  # set by HtmxMiddleware
        return HttpResponse(status=200, headers={"HX-Redirect": target})
    return redirect(target)


def dialog_form(request: HttpRequest, page: str, part: str, form: Form, **context: Any) -> HttpResponse:
    """Show a form again: in its dialog when it was sent by htmx, else as a page of its own."""
    return form_page(request, part if request.htmx else page, form, **context)  # type: ignore[attr-defined]  # as above


def shell(request: OrganizationRequest) -> dict[str, Any]:
    """What the frame of an organization's pages in the console needs."""
    return {
        "own": request.own,
        "organizations": list_organizations(user=request.user),
        "is_creator": request.own.creator_id == request.user.pk,
        "is_owner": request.role == ConsoleRole.OWNER,
        "may_set": request.role in SETTERS,
        "may_manage_members": request.role in MANAGERS,
    }
