"""Basic settings (조직 기본 설정) and governance (거버넌스 설정) of an organization (spec 10, 4.3, 4.4 and 6.5)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from daedap.accounts.passwords import IAM_DEFAULT, list_rules
from daedap.core.errors import DaedapError, PermissionRefused
from daedap.core.hosts import organization_url
from daedap.core.requests import client_ip
from daedap.organizations import activation, domains, founding, removal, security
from daedap.organizations.models import ConsoleRole
from daedap.portal.access import (
    OrganizationRequest,
    governance_page,
    organization_page,
    owner_page,
    setting_page,
)
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.console import ChangeDomainForm, OrganizationForm, TypedForm
from daedap.portal.forms.governance import IpAclForm, LoginSecurityForm, PasswordPolicyForm, SecondFactorForm
from daedap.portal.views.answers import form_page, shell
from daedap.services.selectors import has_service_in_use, list_all_services

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@organization_page
@_get_or_post
def basic_settings(request: OrganizationRequest) -> HttpResponse:
    """Name, ID and address, and the ways to change them. Everybody reads, the OWNER renames."""
    if request.method == "POST" and request.role != ConsoleRole.OWNER:
        raise PermissionRefused
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


@never_cache
@owner_page
@_get_or_post
def change_domain(request: OrganizationRequest) -> HttpResponse:
    """Give an organization in use another address: what breaks is said first, and the old name typed (6.5)."""
    if not request.own.is_active:
        return redirect("portal:wizard-domain", request.own.public_id)
    form = ChangeDomainForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            changed = domains.change_domain(
                organization=request.own,
                domain=form.cleaned_data["domain"],
                typed=form.cleaned_data["typed"],
                actor=request.actor,
            )
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(request, gettext("The new address is %(url)s") % {"url": changed.url})
            return redirect("portal:organization-settings", request.own.public_id)
    suffix = organization_url("-").split("//-", 1)[1].rstrip("/")
    return form_page(request, "portal/console/domain.html", form, suffix=suffix, **shell(request))


@never_cache
@setting_page
@_get_or_post
def disable(request: OrganizationRequest) -> HttpResponse:
    """Disable Online Contact once every service is terminated."""
    if not request.own.is_active:
        return redirect("portal:organization-settings", request.own.public_id)
    form = TypedForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            activation.deactivate(
                organization=request.own,
                typed=form.cleaned_data["typed"],
                still_used=has_service_in_use,
                actor=request.actor,
            )
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(request, gettext("Online Contact has been disabled."))
            return redirect("portal:organization-settings", request.own.public_id)
    services = [service for service in list_all_services() if service.state != "stop"]
    context = shell(request) | {"services": services, "still_used": has_service_in_use()}
    return form_page(request, "portal/console/disable.html", form, **context)


@never_cache
@owner_page
@_get_or_post
def delete(request: OrganizationRequest) -> HttpResponse:
    """Delete the organization: its creator only, once no product is enabled (4.4)."""
    if request.own.creator_id != request.user.pk:
        raise PermissionRefused
    form = TypedForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            removal.delete_organization(
                organization=request.own,
                user=request.user,
                typed=form.cleaned_data["typed"],
                still_used=has_service_in_use,
                actor=request.actor,
            )
        except DaedapError as error:
            add_refusal(form, error)
        else:
            messages.success(
                request, gettext("The organization %(name)s has been deleted.") % {"name": request.own.name}
            )
            return redirect("portal:console")
    return form_page(request, "portal/console/delete.html", form, **shell(request))


@governance_page
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
