"""Global Management → Company information, and Service Management → Help centre → Composition."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from daedap.core.errors import NotFound
from daedap.helpcenter.actions import (
    CompanyRefused,
    InUse,
    delete_company_information,
    save_company_information,
    set_composition,
)
from daedap.helpcenter.forms_company import CompanyForm, CompositionForm
from daedap.helpcenter.selectors import (
    find_composition,
    get_company_information,
    list_company_information,
    list_organization_languages,
    list_services_using,
    offers_help_centres,
)
from daedap.organizations.access import StaffRequest, administrator_page
from daedap.services.access import ServiceRequest, service_administrator_page
from daedap.services.models import ServiceType

View = Callable[..., HttpResponse]


def company_page(view: View) -> View:
    """Open the page to organization administrators of organizations that have a help centre at all (A80)."""

    @administrator_page
    @wraps(view)
    def wrapper(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not offers_help_centres():
            raise NotFound
        return view(request, *args, **kwargs)

    return wrapper


@company_page
@require_GET
def company_list(request: StaffRequest) -> HttpResponse:
    """List the sets of the organization and who shows them."""
    return render(request, "helpcenter/admin/company_list.html", {"sets": list_company_information()})


@company_page
@require_http_methods(["GET", "POST"])
def company_add(request: StaffRequest) -> HttpResponse:
    """Add a set."""
    return _edit(request, None)


@company_page
@require_http_methods(["GET", "POST"])
def company_edit(request: StaffRequest, information_id: int) -> HttpResponse:
    """Change a set; help centres that use it show the change at once."""
    return _edit(request, information_id)


def _edit(request: StaffRequest, information_id: int | None) -> HttpResponse:
    information = None if information_id is None else get_company_information(information_id)
    data = request.POST if request.method == "POST" else None
    form = CompanyForm(data, languages=list_organization_languages(), information=information)
    if form.is_bound and form.is_valid():
        try:
            save_company_information(
                organization_id=request.organization.pk,
                information_id=information_id,
                name=form.cleaned_data["name"],
                texts={each.code: each.texts for each in form.languages},
                actor=request.actor,
            )
        except CompanyRefused as refused:
            form.show(refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("helpcenter_admin:company_list")
    used_by = [] if information is None else list_services_using(information)
    context = {"form": form, "information": information, "used_by": used_by}
    return render(request, "helpcenter/admin/company_edit.html", context, status=422 if form.has_errors else 200)


@company_page
@require_http_methods(["GET", "POST"])
def company_delete(request: StaffRequest, information_id: int) -> HttpResponse:
    """Ask, and delete a set that no help centre shows."""
    information = get_company_information(information_id)
    used_by = [service.name for service in list_services_using(information)]
    if request.method == "POST":
        try:
            delete_company_information(information_id=information_id, actor=request.actor)
        except InUse as error:
            used_by = error.services
        else:
            messages.success(request, _("%(name)s was deleted.") % {"name": information.name})
            return redirect("helpcenter_admin:company_list")
    status = 409 if request.method == "POST" else 200
    context = {"information": information, "used_by": used_by}
    return render(request, "helpcenter/admin/company_delete.html", context, status=status)


@service_administrator_page
@require_http_methods(["GET", "POST"])
def composition(request: ServiceRequest) -> HttpResponse:
    """Choose what the help centre of this service shows."""
    service = request.service
    if service.type != ServiceType.CONSULTATION:
        raise NotFound
    data = request.POST if request.method == "POST" else None
    sets = list_company_information()
    form = CompositionForm(data, sets=sets, composition=find_composition())
    if form.is_valid():
        try:
            set_composition(
                service=service,
                company_information_id=form.cleaned_data["company_information"],
                attachments_need_sign_in=form.cleaned_data["attachments_need_sign_in"],
                actor=request.actor,
            )
        except CompanyRefused as refused:
            form.add_error(refused.field, str(refused.message))
        else:
            messages.success(request, _("Saved. The help centre shows it from now on."))
            return redirect("helpcenter_admin:composition", service.service_id)
    context = {"service": service, "form": form, "sets": sets}
    return render(request, "helpcenter/admin/composition.html", context, status=422 if form.errors else 200)
