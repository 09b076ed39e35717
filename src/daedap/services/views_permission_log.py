"""Global Management → Permission-change log (spec 10, 5.8)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from daedap.audit.actions import record
from daedap.audit.models import PermissionChange
from daedap.core.logbook import LogPage, excel_answer, page_urls, read_page
from daedap.organizations.access import StaffRequest, administrator_page
from daedap.services.forms_logs import PermissionLogForm
from daedap.services.permission_log import name_operation, name_rights, search_log, write_log
from daedap.services.selectors import list_all_services


def _form(request: StaffRequest) -> PermissionLogForm:
    return PermissionLogForm(request.GET, services=list_all_services(), today=timezone.localdate())


@administrator_page
@never_cache
@require_GET
def log(request: StaffRequest) -> HttpResponse:
    """Search the log; newest first, fifty at a time."""
    form = _form(request)
    page: LogPage[PermissionChange] = LogPage([], "")
    if form.is_valid():
        page = read_page(search_log(**form.cleaned_data), request.GET.get("after", ""))
    context = {
        "form": form,
        "page": page,
        "name_operation": name_operation,
        "name_rights": name_rights,
        **page_urls(
            request, page, address=reverse("services:permission_log"), excel=reverse("services:permission_log_excel")
        ),
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
    return excel_answer(write_log(search_log(**given)), name)
