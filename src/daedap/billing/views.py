"""Global Management → Contract service status → Contract details: step 2 of adding a service, and editing later."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from daedap.billing.estimates import estimate
from daedap.billing.forms import ContractForm
from daedap.billing.selectors import read_price_book
from daedap.core.errors import DaedapError
from daedap.organizations.access import StaffRequest, administrator_page
from daedap.organizations.forms import show_error
from daedap.services.contract_items import list_offered
from daedap.services.contracts import (
    billing_day,
    change_contract_items,
    list_item_codes,
    register_contract,
)
from daedap.services.models import Service, ServiceState
from daedap.services.selectors import count_agents, get_service


@administrator_page
@require_http_methods(["GET", "POST"])
def contract(request: StaffRequest, service_id: str) -> HttpResponse:
    """Show items, prices and the estimate; register the contract, or edit it once a day.

    `op=estimate` only reckons: the button without JavaScript, every change of a field with it.
    """
    service = get_service(service_id)
    book = read_price_book()
    form = ContractForm(
        request.POST if request.method == "POST" else None,
        offered=list_offered(service.type),
        ticked=list_item_codes(service),
        users=max(1, count_agents(service)),
        book=book,
    )
    is_estimate = request.POST.get("op") == "estimate"
    if form.is_valid() and not is_estimate:
        answer = _save(request, service, form)
        if answer is not None:
            return answer
    context = {
        "service": service,
        "form": form,
        "book": book,
        "estimate": estimate(book, form.wanted()),
        "is_new": service.state == ServiceState.CREATE,
        "is_locked": service.state == ServiceState.PAUSED,
        "edited_today": service.contract_edited_on == billing_day(),
    }
    template = "billing/_estimate.html" if is_estimate and request.htmx else "billing/contract.html"  # type: ignore[attr-defined]  # django-htmx
    return render(request, template, context, status=422 if form.errors and not is_estimate else 200)


def _save(request: StaffRequest, service: Service, form: ContractForm) -> HttpResponse | None:
    """Do it and return where to go; None if refused, said in the form."""
    facts: dict[str, Any] = {
        "service_pk": service.pk,
        "items": form.cleaned_data["items"],
        "actor": request.actor,
    }
    try:
        if service.state == ServiceState.CREATE:
            register_contract(**facts)
            messages.success(request, _("%(name)s is now in use. Next, choose its agents.") % {"name": service.name})
            return redirect("services:agents", service.service_id)
        changed = change_contract_items(**facts)
    except DaedapError as error:
        show_error(form, error)
        return None
    messages.success(request, _("The contract was changed.") if changed else _("Nothing was changed."))
    return redirect("services:list")
