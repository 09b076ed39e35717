"""Account menu → Access log (spec 10, 2.2 R5; spec 85, 14.1)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from daedap.accounts.models import SignInRecord
from daedap.audit.actions import record
from daedap.core.errors import PermissionRefused
from daedap.core.logbook import LogPage, excel_answer, page_urls, read_page
from daedap.organizations.access import StaffRequest, staff_page
from daedap.services.access_log import search_access_log, sees_everybody, write_access_log
from daedap.services.forms_logs import AccessLogForm


def _who(request: StaffRequest) -> dict[str, Any]:
    """Return whose records the viewer may search; raise PermissionRefused for who is no agent (spec 10, 2.3)."""
    everybody = sees_everybody(request.member)
    if everybody is None:
        raise PermissionRefused
    return {"realm": request.organization.public_id, "own": "" if everybody else request.user.login_id}


@staff_page
@never_cache
@require_GET
def log(request: StaffRequest) -> HttpResponse:
    """Search the log; newest first, fifty at a time."""
    who = _who(request)
    form = AccessLogForm(request.GET, today=timezone.localdate())
    page: LogPage[SignInRecord] = LogPage([], "")
    if form.is_valid():
        page = read_page(search_access_log(**who, **form.cleaned_data), request.GET.get("after", ""))
    context = {
        "form": form,
        "page": page,
        "everybody": not who["own"],
        **page_urls(request, page, address=reverse("services:access_log"), excel=reverse("services:access_log_excel")),
    }
    return render(request, "services/access_log.html", context, status=422 if form.errors else 200)


@staff_page
@never_cache
@require_GET
def excel(request: StaffRequest) -> HttpResponse:
    """Hand out all that the search finds as an Excel file; who took it is recorded."""
    who = _who(request)
    form = AccessLogForm(request.GET, today=timezone.localdate())
    if not form.is_valid():
        return redirect(f"{reverse('services:access_log')}?{request.GET.urlencode()}")
    given = form.cleaned_data
    record(
        "accounts.access_log_downloaded",
        actor=request.actor,
        organization_id=request.organization.pk,
        everybody=not who["own"],
        since=str(given["since"]),
        until=str(given["until"]),
    )
    name = f"access-log-{given['since']}-{given['until']}.xlsx"
    return excel_answer(write_access_log(search_access_log(**who, **given)), name)
