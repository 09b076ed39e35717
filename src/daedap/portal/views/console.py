"""The console: organizations and their services (spec 10, steps 3–5)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from daedap.core.errors import DaedapError
from daedap.organizations import errors, founding
from daedap.organizations.console_members import list_organizations
from daedap.organizations.selectors import count_members
from daedap.payments.selectors import may_use_services
from daedap.portal.access import MemberRequest, OrganizationRequest, member_page, organization_page, setting_page
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.console import OrganizationForm
from daedap.portal.views.answers import dialog_form, go, shell
from daedap.services.selectors import list_all_services

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@member_page
@require_safe
def organizations(request: MemberRequest) -> HttpResponse:
    """Every organization of the member, or the prompt for what is missing before there can be one (D1)."""
    found = list_organizations(user=request.user)
    context = {
        "organizations": found,
        "member": request.platform_member,
        "own_count": sum(organization.creator_id == request.user.pk for organization in found),
        "quota": founding.read_quota(request.user),
        "may_create": may_use_services(request.user),
        "form": OrganizationForm(),
        "then": "",
    }
    return render(request, "portal/console/organizations.html", context)


@member_page
@_get_or_post
def create(request: MemberRequest) -> HttpResponse:
    """Create an organization: a page of its own, and behind the dialog of the list."""
    form = OrganizationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            organization = founding.create_organization(
                user=request.user, name=form.cleaned_data["name"], actor=request.actor
            )
        except errors.PaymentMethodMissing as error:
            messages.warning(request, str(error.message))
            return go(request, reverse("portal:payment"))
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(request, gettext("The organization has been created."))
            page = "portal:wizard" if request.POST.get("then") == "wizard" else "portal:organization"
            return go(request, reverse(page, args=[organization.public_id]))
    if not may_use_services(request.user):
        return redirect("portal:console")
    then = "wizard" if "wizard" in (request.POST.get("then"), request.GET.get("then")) else ""
    return dialog_form(request, "portal/console/create.html", "portal/console/_create.html", form, then=then)


@organization_page
@require_safe
def dashboard(request: OrganizationRequest) -> HttpResponse:
    """What the organization uses (조직 서비스 이용 현황)."""
    services = list_all_services() if request.own.is_active else []
    context = {"member_count": count_members(), "services": services}
    return render(request, "portal/console/dashboard.html", shell(request) | context)


@setting_page
@require_safe
def catalogue(request: OrganizationRequest) -> HttpResponse:
    """Select service: the products by category (서비스 선택)."""
    return render(request, "portal/console/catalogue.html", shell(request))
