"""The console: organizations, their services, members and settings (spec 10, steps 3–5 and 7.3)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from daedap.accounts.passwords import IAM_DEFAULT, list_rules
from daedap.core.errors import DaedapError
from daedap.core.requests import client_ip
from daedap.organizations import errors, founding, security
from daedap.organizations.selectors import list_members, list_own_organizations
from daedap.payments.selectors import may_use_services
from daedap.portal.access import MemberRequest, OrganizationRequest, member_page, organization_page
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.console import OrganizationForm
from daedap.portal.forms.governance import IpAclForm, LoginSecurityForm, PasswordPolicyForm, SecondFactorForm
from daedap.portal.views.answers import dialog_form, form_page, go, shell

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@member_page
@require_safe
def organizations(request: MemberRequest) -> HttpResponse:
    """Every organization of the member, or the prompt for what is missing before there can be one (D1)."""
    own = list_own_organizations(user=request.user)
    context = {
        "organizations": own,
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
    members = list_members()
    return render(request, "portal/console/dashboard.html", shell(request) | {"member_count": len(members)})


@organization_page
@require_safe
def catalogue(request: OrganizationRequest) -> HttpResponse:
    """Select service: the products by category (서비스 선택)."""
    return render(request, "portal/console/catalogue.html", shell(request))


@organization_page
@_get_or_post
def basic_settings(request: OrganizationRequest) -> HttpResponse:
    """Basic settings: the organization's name, ID and address."""
    form = OrganizationForm(request.POST if request.method == "POST" else None, initial={"name": request.own.name})
    if form.is_valid():
        try:
            founding.rename_organization(organization=request.own, name=form.cleaned_data["name"], actor=request.actor)
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(request, gettext("Saved."))
            return redirect("portal:organization-settings", request.own.public_id)
    return form_page(request, "portal/console/settings.html", form, **shell(request))


@organization_page
@_get_or_post
def governance(request: OrganizationRequest) -> HttpResponse:
    """Login security settings: four forms, of which one is sent at a time (거버넌스 설정; spec 10, 4.3 and 4.4)."""
    part = request.POST.get("part", "")
    login, policy = security.get_login_security(), security.get_own_policy()
    forms: dict[str, Any] = {
        "login": LoginSecurityForm(request.POST if part == "login" else None, instance=login),
        "factor": SecondFactorForm(
            request.POST if part == "factor" else None,
            prefix="factor",
            initial={
                "factor": login.second_factor,
                "has_exceptions": login.excepts_addresses,
                "addresses": "\n".join(login.excepted_addresses),
            },
        ),
        "password": PasswordPolicyForm(request.POST if part == "password" else None, instance=policy),
        "ip": IpAclForm(
            request.POST if part == "ip" else None,
            initial={"is_on": login.limits_addresses, "addresses": "\n".join(login.addresses)},
        ),
    }
    sent = forms.get(part)
    if sent is not None and sent.is_valid():
        try:
            _save_governance(request, part, sent.cleaned_data)
        except DaedapError as error:
            add_refusal(sent, error)
        else:
            messages.success(request, gettext("Saved."))
            return redirect("portal:governance", request.own.public_id)
    context = {
        "forms": forms,
        "asks_to_confirm": "confirmed" in forms["ip"].errors,
        "own_ip": client_ip(request),
        "default_rules": list_rules(IAM_DEFAULT),
    }
    status = 422 if sent is not None and sent.errors else 200
    return render(request, "portal/console/governance.html", shell(request) | context, status=status)


def _save_governance(request: OrganizationRequest, part: str, given: dict[str, Any]) -> None:
    if part == "login":
        security.save_login_security(organization=request.own, facts=given, actor=request.actor)
    elif part == "factor":
        security.save_second_factor(
            organization=request.own,
            factor=given["factor"],
            has_exceptions=given["has_exceptions"],
            text=given["addresses"],
            actor=request.actor,
        )
    elif part == "password":
        security.save_password_policy(organization=request.own, facts=given, actor=request.actor)
    else:
        security.save_ip_acl(
            organization=request.own,
            is_on=given["is_on"],
            text=given["addresses"],
            confirmed=given["confirmed"],
            actor=request.actor,
        )
