"""Global Management → Contract service status: the list of services, adding one, its basic information and banner."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from daedap.core.errors import DaedapError, NotFound
from daedap.core.scoping import service_scope
from daedap.files.selectors import open_file
from daedap.organizations.access import StaffRequest, administrator_page
from daedap.organizations.forms import show_error
from daedap.services.actions import add_service
from daedap.services.basics import change_basics, remove_banner, set_banner
from daedap.services.forms_basics import AddServiceForm, BannerForm, BasicsForm, Languages, proposed_zone
from daedap.services.languages import list_choices, name_in
from daedap.services.models import Service, ServiceState, ServiceType
from daedap.services.selectors import get_service, list_languages, list_services_with_agents


@administrator_page
@require_GET
def service_list(request: StaffRequest) -> HttpResponse:
    """Show the services of the organization (계약 현황)."""
    return render(request, "services/list.html", {"services": list_services_with_agents()})


@administrator_page
@require_http_methods(["GET", "POST"])
def service_add(request: StaffRequest) -> HttpResponse:
    """Add a service: step 1. The type comes first, because an issue service asks for less (A56).

    From here on the service is there, not in use; step 2 is the contract.
    """
    given = request.POST.get("type", request.GET.get("type", ""))
    kind = ServiceType.ISSUE if given == str(ServiceType.ISSUE.value) else ServiceType.CONSULTATION
    context = {"kind": kind, "types": ServiceType, "service": None}
    if (operation := request.POST.get("op", "")) and kind == ServiceType.CONSULTATION:
        return _after_operation(request, AddServiceForm(type=kind, initial=_typed(request)), operation, context)
    form = AddServiceForm(request.POST or None, request.FILES or None, type=kind)
    languages = Languages.read(request.POST) if request.method == "POST" else Languages.of_new_service()
    if form.is_valid():
        try:
            service = _add(request, kind, form, languages)
        except DaedapError as error:
            languages = _show(form, languages, error)
        else:
            messages.success(request, _("%(name)s was added. Next, its contract.") % {"name": service.name})
            return redirect("billing:contract", service.service_id)
    return _page(request, form, languages, context)


@transaction.atomic
def _add(request: StaffRequest, kind: ServiceType, form: AddServiceForm, languages: Languages) -> Service:
    given = form.cleaned_data | _language_facts(kind, languages)
    banner = given.pop("banner")
    service = add_service(organization_id=request.organization.pk, actor=request.actor, type=kind, **given)
    if banner:
        set_banner(service_pk=service.pk, upload=banner, actor=request.actor)
    return service


@administrator_page
@require_http_methods(["GET", "POST"])
def service_basics(request: StaffRequest, service_id: str) -> HttpResponse:
    """Change a service's name, languages, time zone and editor type."""
    service = get_service(service_id)
    with service_scope(request.organization.pk, service.pk):
        languages = Languages.of(list_languages(), service.default_language)
    kind = ServiceType(service.type)
    context = {"kind": kind, "service": service, "banner_form": BannerForm()}
    if (operation := request.POST.get("op", "")) and kind == ServiceType.CONSULTATION:
        form = BasicsForm(type=kind, service=service, initial=_typed(request))
        return _after_operation(request, form, operation, context)
    form = BasicsForm(request.POST or None, type=kind, service=service)
    if request.method == "POST":
        languages = Languages.read(request.POST)
    if form.is_valid():
        try:
            facts = form.cleaned_data | _language_facts(kind, languages)
            change_basics(service_pk=service.pk, actor=request.actor, **facts)
        except DaedapError as error:
            languages = _show(form, languages, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("services:list")
    return _page(request, form, languages, context)


@administrator_page
@require_http_methods(["POST"])
def service_banner_edit(request: StaffRequest, service_id: str) -> HttpResponse:
    """Take a new banner, or remove the present one (X)."""
    service = get_service(service_id)
    if request.POST.get("op") == "remove":
        remove_banner(service_pk=service.pk, actor=request.actor)
        messages.success(request, _("The banner was removed."))
        return redirect("services:basics", service.service_id)
    form = BannerForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            set_banner(service_pk=service.pk, upload=form.cleaned_data["banner"], actor=request.actor)
        except DaedapError as error:
            show_error(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("services:basics", service.service_id)
    with service_scope(request.organization.pk, service.pk):
        languages = Languages.of(list_languages(), service.default_language)
    kind = ServiceType(service.type)
    context = {"kind": kind, "service": service, "banner_form": form}
    return _page(request, BasicsForm(type=kind, service=service), languages, context, status=422)


@login_not_required
@require_safe
def banner(request: HttpRequest, service_id: str, public_id: str) -> HttpResponseBase:
    """Hand out a service's picture to anybody: it is shown to agents, and to customers in chat.

    The address changes with the picture, so it is kept for long. Nothing but an image is ever answered, and nothing in
    it runs.
    """
    file = get_service(service_id).banner
    if file is None or file.public_id != public_id or not file.content_type.startswith("image/"):
        raise NotFound
    response = FileResponse(open_file(file), content_type=file.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _typed(request: StaffRequest) -> dict[str, Any]:
    """Return what was typed, for a page that is drawn again without being judged."""
    return {name: value for name, value in request.POST.items() if name not in ("op", "languages", "language_names")}


def _language_facts(kind: ServiceType, languages: Languages) -> dict[str, Any]:
    if kind != ServiceType.CONSULTATION:
        return {}
    return {
        "languages": list(languages.rows),
        "language_names": languages.rows,
        "default_language": languages.default,
    }


def _show(form: forms.Form, languages: Languages, error: DaedapError) -> Languages:
    """Say a refusal where it belongs: beside the languages, beside a field, or above the form."""
    if error.field in ("languages", "default_language"):
        form.add_error(None, forms.ValidationError(str(error.message)))
        return Languages(languages.rows, languages.default, str(error.message))
    show_error(form, error)
    return languages


def _after_operation(request: StaffRequest, form: BasicsForm, operation: str, context: dict[str, Any]) -> HttpResponse:
    """Draw the form after a button of the languages; a new default proposes its time zone."""
    languages = Languages.read(request.POST).after(operation, typed=request.POST.get("new_language", ""))
    if operation.startswith("default:") and form.initial.get("time_zone"):
        form.initial["time_zone"] = proposed_zone(languages.default)
    return _page(request, form, languages, context | {"operation": operation})


def _page(
    request: StaffRequest, form: BasicsForm, languages: Languages, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    interface = get_language() or "ko"
    context = {"operation": "", **context} | {
        "form": form,
        "chosen": languages,
        "labels": {code: name_in(code, interface) for code in languages.rows},
        "choices": list_choices(interface),
        "is_locked": context["service"] is not None and context["service"].state == ServiceState.PAUSED,
    }
    part = request.htmx and context["operation"]  # type: ignore[attr-defined]  # django-htmx
    template = "services/_languages_answer.html" if part else "services/basics.html"
    return render(request, template, context, status=422 if form.errors else status)
