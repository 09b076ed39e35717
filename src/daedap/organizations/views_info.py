"""Global Management → Organization info (전체 관리 → 조직 정보) and the organization Key (spec 10, 5.4)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from daedap.organizations.access import StaffRequest, administrator_page
from daedap.organizations.forms import ChangeKeyForm
from daedap.organizations.keys import NoOldKey, change_key, cut_old_key, reveal_key


@administrator_page
@never_cache
@require_GET
def info(request: StaffRequest) -> HttpResponse:
    """Show name, ID, domain and OC URL; the Key stays covered until asked for."""
    return render(request, "organizations/info.html", {"key": None})


@administrator_page
@never_cache
@require_POST
def show_key(request: StaffRequest) -> HttpResponse:
    """Show the organization Key this once; who looked is recorded."""
    key = reveal_key(organization_id=request.organization.pk, actor=request.actor)
    template = "organizations/_key.html" if request.htmx else "organizations/info.html"  # type: ignore[attr-defined]
    return render(request, template, {"key": key})


@administrator_page
@require_http_methods(["GET", "POST"])
def new_key(request: StaffRequest) -> HttpResponse:
    """Name what changing the Key breaks, and change it once the domain was typed."""
    form = ChangeKeyForm(request.POST if request.method == "POST" else None, domain=request.organization.domain or "")
    if form.is_valid():
        hours = form.cleaned_data["overlap_hours"]
        change_key(organization_id=request.organization.pk, actor=request.actor, overlap_hours=hours)
        messages.success(request, _describe_change(hours))
        return redirect("organizations:info")
    return render(request, "organizations/change_key.html", {"form": form}, status=422 if form.errors else 200)


def _describe_change(hours: int) -> str:
    if not hours:
        return _("The organization Key was changed. The old key no longer works.")
    said = ngettext(
        "The organization Key was changed. The old key works for %(hours)d more hour.",
        "The organization Key was changed. The old key works for %(hours)d more hours.",
        hours,
    )
    return said % {"hours": hours}


@administrator_page
@require_http_methods(["GET", "POST"])
def cut_key(request: StaffRequest) -> HttpResponse:
    """Name what cutting the old key breaks, and cut it."""
    if request.method == "POST":
        try:
            cut_old_key(organization_id=request.organization.pk, actor=request.actor)
        except NoOldKey as error:
            messages.info(request, str(error.message))
        else:
            messages.success(request, _("The old key no longer works."))
        return redirect("organizations:info")
    if not request.organization.has_old_key:
        messages.info(request, str(NoOldKey.message))
        return redirect("organizations:info")
    return render(request, "organizations/cut_key.html")
