"""Global Management → Permission-change log (spec 10, 5.8)."""

from __future__ import annotations

from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from daedap.audit.actions import record
from daedap.organizations.access import StaffRequest, administrator_page
from daedap.services.forms import PermissionLogForm
from daedap.services.permission_log import (
    LogPage,
    name_operation,
    name_rights,
    read_page,
    search_log,
    write_excel,
)
from daedap.services.selectors import list_all_services

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _form(request: StaffRequest) -> PermissionLogForm:
    return PermissionLogForm(request.GET, services=list_all_services(), today=timezone.localdate())


@administrator_page
@never_cache
@require_GET
def log(request: StaffRequest) -> HttpResponse:
    """Search the log; newest first, fifty at a time."""
    form = _form(request)
    page = LogPage([], "")
    if form.is_valid():
        page = read_page(search_log(**form.cleaned_data), request.GET.get("after", ""))
    asked = request.GET.copy()
    asked.pop("after", None)
    query = asked.urlencode()
    asked["after"] = page.following
    context = {
        "form": form,
        "page": page,
        "name_operation": name_operation,
        "name_rights": name_rights,
        "excel_url": f"{reverse('services:permission_log_excel')}?{query}",
        "first_url": f"{reverse('services:permission_log')}?{query}" if "after" in request.GET else "",
        "next_url": f"{reverse('services:permission_log')}?{asked.urlencode()}" if page.following else "",
    }
    return render(request, "services/permission_log.html", context, status=422 if form.errors else 200)


@administrator_page
@never_cache
@require_GET
def excel(request: StaffRequest) -> HttpResponse:
    """Hand out all that the search finds as an Excel file; who took it is recorded."""
    form = _form(request)
    if not form.is_valid():
        return redirect(f"{reverse('services:permission_log')}?{request.GET.urlencode()}")
    given = form.cleaned_data
    record("audit.permission_log_downloaded", actor=request.actor, organization_id=request.organization.pk)
    name = f"permission-log-{given['since']}-{given['until']}.xlsx"
    file = write_excel(search_log(**given))
    return FileResponse(file, as_attachment=True, filename=name, content_type=_EXCEL)  # type: ignore[return-value]  # streamed
