"""The organization's site: signing in and passwords."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from daedap.accounts import second_step
from daedap.accounts.actions import (
    PasswordRefused,
    SignInRefused,
    change_owed_password,
    postpone_password_change,
    request_password_reset,
    set_password_by_link,
    sign_in,
    sign_out,
)
from daedap.accounts.forms import NewPasswordForm
from daedap.accounts.hashing import TooBusy
from daedap.accounts.links import PASSWORD_KINDS, LinkRefused, read_link
from daedap.accounts.models import LinkKind
from daedap.accounts.owed_change import ChangeOver, ChangeOwed, Reason, find_waiting
from daedap.accounts.passwords import list_rules
from daedap.accounts.second_step import Step, StepNeeded
from daedap.core.errors import TooManyAttempts
from daedap.core.language import remember_language
from daedap.core.requests import client_ip
from daedap.core.views import safe_next
from daedap.organizations.access import StaffRequest, is_active_member
from daedap.organizations.forms import FindPasswordForm, SignInForm, show_error
from daedap.organizations.letters import queue_approval_mail
from daedap.organizations.security import find_step, read_password_rules, read_sign_in_policy


def go_on(name: str, target: str) -> HttpResponse:
    """Lead to the next page of log-in, which leads on to `target`."""
    query = f"?{urlencode({'next': target})}" if target != "/" else ""
    return redirect(reverse(name) + query)


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def login(request: StaffRequest) -> HttpResponse:
    """Sign an IAM member in and go on to where they wanted to be."""
    target = safe_next(request, request.POST.get("next", request.GET.get("next", "")))
    if request.user.is_authenticated and request.method == "GET":
        return redirect(target)
    form, refused = SignInForm(request.POST if request.method == "POST" else None), 422
    if form.is_valid():
        try:
            user = sign_in(
                request,
                realm=request.organization.public_id,
                may_enter=is_active_member,
                find_step=lambda _user: find_step(client_ip(request)),
                policy=read_sign_in_policy(),
                **form.cleaned_data,
            )
        except (SignInRefused, TooManyAttempts) as error:
            refused = 503 if isinstance(error, TooBusy) else 422
            show_error(form, error)
        except StepNeeded as needed:
            if needed.step is Step.APPROVAL:
                queue_approval_mail(request.organization, second_step.find_waiting(request), ip=client_ip(request))
            return go_on("organizations:second_step", target)
        except ChangeOwed:
            return go_on("organizations:change_password", target)
        else:
            response = redirect(target)
            remember_language(response, user.language)
            return response
    context = {"form": form, "next": target if target != "/" else ""}
    return render(request, "organizations/login.html", context, status=refused if form.errors else 200)


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def change_password(request: StaffRequest) -> HttpResponse:
    """Where a right password leads that has to be changed first; "next time" where the policy allows it (A47, A48)."""
    target = safe_next(request, request.POST.get("next", request.GET.get("next", "")))
    policy = read_sign_in_policy()
    rules = policy.password or read_password_rules()
    postponing = request.method == "POST" and "later" in request.POST
    form = NewPasswordForm(request.POST if request.method == "POST" and not postponing else None)
    try:
        account, reason = find_waiting(request)
        if not is_active_member(account):
            raise ChangeOver
        if postponing or form.is_valid():
            if postponing:
                user = postpone_password_change(request, policy=policy)
            else:
                user = change_owed_password(request, password=form.cleaned_data["password"], policy=policy)
                messages.success(request, _("Your new password has been saved."))
            response = redirect(target)
            remember_language(response, user.language)
            return response
    except ChangeOver as error:
        messages.warning(request, str(error.message))
        return redirect("organizations:login")
    except PasswordRefused as error:
        show_error(form, error)
    context = {
        "form": form,
        "account": account,
        "rules": list_rules(rules),
        "expired": reason == Reason.EXPIRED,
        "may_postpone": reason == Reason.EXPIRED and rules.may_extend,
        "next": target if target != "/" else "",
    }
    return render(request, "organizations/change_password.html", context, status=422 if form.errors else 200)


@login_not_required
@require_POST
def logout(request: StaffRequest) -> HttpResponse:
    """End the session and show the login page."""
    sign_out(request)
    return redirect("organizations:login")


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def find_password(request: StaffRequest) -> HttpResponse:
    """Ask for a reset mail. The answer is the same whether or not the account exists (spec 10, 4.2)."""
    form = FindPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        organization = request.organization
        request_password_reset(
            realm=organization.public_id,
            ip=client_ip(request),
            job="organizations.mail_password_reset",
            organization_id=organization.pk,
            **form.cleaned_data,
        )
        return redirect("organizations:find_password_sent")
    return render(request, "organizations/find_password.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@require_GET
def find_password_sent(request: StaffRequest) -> HttpResponse:
    """Say that a mail may be on its way."""
    return render(request, "organizations/find_password_sent.html")


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def set_password(request: StaffRequest, token: str) -> HttpResponse:
    """Where the links of mails E2, E3 and E4 lead. Opening uses nothing up; saving does."""
    realm = request.organization.public_id
    rules = read_password_rules()
    try:
        link = read_link(token, PASSWORD_KINDS, realm=realm)
        form = NewPasswordForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            set_password_by_link(
                token=token,
                kinds=PASSWORD_KINDS,
                password=form.cleaned_data["password"],
                policy=rules,
                ip=client_ip(request),
                realm=realm,
            )
            if not request.organization.is_active:
                return render(request, "organizations/password_saved.html")
            messages.success(request, _("Your new password has been saved."))
            return redirect("organizations:login")
    except LinkRefused as error:
        return render(request, "organizations/link_refused.html", {"message": error.message}, status=410)
    except PasswordRefused as error:
        show_error(form, error)
    first = link.kind == LinkKind.SET_PASSWORD
    context = {"form": form, "account": link.user, "rules": list_rules(rules), "first": first}
    return render(request, "organizations/set_password.html", context, status=422 if form.errors else 200)
