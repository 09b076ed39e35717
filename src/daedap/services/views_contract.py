"""Global Management → Contract service status: suspending, terminating and deleting a service (spec 10, 5.2)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from daedap.core.errors import DaedapError
from daedap.organizations.access import StaffRequest, administrator_page
from daedap.services.contracts import delete_draft, pause_service, resume_service, terminate_service
from daedap.services.models import ServiceState
from daedap.services.selectors import get_service


@administrator_page
@require_http_methods(["GET", "POST"])
def service_state(request: StaffRequest, service_id: str) -> HttpResponse:
    """Ask, and switch a service off or on again."""
    service = get_service(service_id)
    pausing = service.state != ServiceState.PAUSED
    refusal = ""
    if request.method == "POST":
        pausing = request.POST.get("to") != ServiceState.IN_USE
        try:
            switch = pause_service if pausing else resume_service
            switch(service_pk=service.pk, actor=request.actor)
        except DaedapError as error:
            refusal = str(error.message)
        else:
            words = _("%(name)s was suspended.") if pausing else _("%(name)s is in use again.")
            messages.success(request, words % {"name": service.name})
            return redirect("services:list")
    context = {"service": service, "pausing": pausing, "refusal": refusal, "to": _target(pausing=pausing)}
    return render(request, "services/state.html", context, status=422 if refusal else 200)


def _target(*, pausing: bool) -> str:
    return ServiceState.PAUSED.value if pausing else ServiceState.IN_USE.value


@administrator_page
@require_http_methods(["GET", "POST"])
def service_terminate(request: StaffRequest, service_id: str) -> HttpResponse:
    """Say what terminating means, have the service ID typed, and do it. What was never contracted is deleted."""
    service = get_service(service_id)
    is_draft = service.state == ServiceState.CREATE
    refusal = typed = ""
    mistyped = False
    if request.method == "POST":
        typed = request.POST.get("service_id", "").strip()
        mistyped = not is_draft and typed.lower() != service.service_id.lower()
        if mistyped:
            refusal = _("Type the service ID exactly as shown to confirm.")
        else:
            end = delete_draft if is_draft else terminate_service
            try:
                end(service_pk=service.pk, actor=request.actor)
            except DaedapError as error:
                refusal = str(error.message)
            else:
                words = _("The service %(name)s was deleted.") if is_draft else _("%(name)s was terminated.")
                messages.success(request, words % {"name": service.name})
                return redirect("services:list")
    context = {"service": service, "is_draft": is_draft, "refusal": refusal, "mistyped": mistyped, "typed": typed}
    return render(request, "services/terminate.html", context, status=422 if refusal else 200)
