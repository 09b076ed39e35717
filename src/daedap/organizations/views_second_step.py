"""Signing in with a second factor: the button in a mail, or an authenticator app (spec 10, 4.4)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from daedap.accounts import approvals, otp, second_step
from daedap.accounts.forms import CodeForm, DeviceForm
from daedap.accounts.links import LinkRefused
from daedap.accounts.models import User
from daedap.accounts.owed_change import ChangeOwed
from daedap.accounts.second_step import MailsUsedUp, NotApproved, Step, StepOver, Waiting
from daedap.core.errors import DaedapError, TooManyAttempts
from daedap.core.language import remember_language
from daedap.core.requests import client_ip
from daedap.core.views import safe_next
from daedap.organizations.access import StaffRequest, is_active_member
from daedap.organizations.forms import show_error
from daedap.organizations.letters import queue_approval_mail
from daedap.organizations.security import read_sign_in_policy
from daedap.organizations.views import go_on


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def page(request: StaffRequest) -> HttpResponse:
    """Where the right password leads if a second factor is asked for. Whoever owes none begins at the log-in page."""
    target = safe_next(request, request.POST.get("next", request.GET.get("next", "")))
    try:
        waiting = _find_waiting(request)
        form = _form(request, waiting)
        if form.is_valid():
            return _enter(_finish(request, waiting, form.cleaned_data), request, target)
    except ChangeOwed:
        return go_on("organizations:change_password", target)
    except (StepOver, TooManyAttempts, otp.RegistrationOver) as error:
        second_step.forget(request)
        messages.warning(request, str(error.message))
        return redirect("organizations:login")
    except NotApproved as error:
        form.add_error(None, str(error.message))
    except DaedapError as error:
        show_error(form, error)
    return _show(request, waiting, form, target)


def _form(request: StaffRequest, waiting: Waiting) -> forms.Form:
    data = request.POST if request.method == "POST" else None
    if waiting.step is Step.APPROVAL:
        return forms.Form(data)
    return CodeForm(data) if otp.has_device(waiting.user) else DeviceForm(data)


def _finish(request: StaffRequest, waiting: Waiting, given: dict[str, Any]) -> User:
    policy = read_sign_in_policy()
    if waiting.step is Step.APPROVAL:
        return second_step.finish_by_approval(request, policy=policy)
    if "name" in given:
        return second_step.finish_by_registration(request, name=given["name"], code=given["code"], policy=policy)
    return second_step.finish_by_code(request, code=given["code"], policy=policy)


def _show(request: StaffRequest, waiting: Waiting, form: forms.Form, target: str) -> HttpResponse:
    context = {"form": form, "account": waiting.user, "next": target if target != "/" else ""}
    template = "organizations/second_step_code.html"
    if waiting.step is Step.APPROVAL:
        template = "organizations/second_step_mail.html"
        context |= {"approved": second_step.is_approved(waiting), "early": bool(form.errors)}
    elif isinstance(form, DeviceForm):
        template = "organizations/second_step_device.html"
        context |= offer_device(request, waiting.user)
    return render(request, template, context, status=422 if form.errors else 200)


def offer_device(request: StaffRequest, user: User) -> dict[str, str]:
    """Return what a page that registers a device shows: the secret, and as a QR code."""
    secret = second_step.offer_secret(request)
    issuer = request.organization.name
    return {"secret": secret, "qr_code": otp.make_qr_code(secret, account=user.login_id, issuer=issuer)}


def _enter(user: User, request: StaffRequest, target: str) -> HttpResponse:
    response = redirect(target)
    remember_language(response, user.language)
    return response


def _find_waiting(request: StaffRequest) -> Waiting:
    waiting = second_step.find_waiting(request)
    if not is_active_member(waiting.user):
        raise StepOver
    return waiting


@login_not_required
@never_cache
@require_GET
def state(request: StaffRequest) -> HttpResponse:
    """Whether the button was pressed by now: a part of the waiting page, which asks by itself."""
    try:
        approved = second_step.is_approved(_find_waiting(request))
    except StepOver:
        return redirect("organizations:login")
    context = {"approved": approved, "early": "early" in request.GET}
    return render(request, "organizations/_second_step_state.html", context)


@login_not_required
@require_POST
def resend(request: StaffRequest) -> HttpResponse:
    """Mail the button again; the older one is void."""
    target = safe_next(request, request.POST.get("next", ""))
    try:
        _find_waiting(request)
        queue_approval_mail(request.organization, second_step.wait_on(request), ip=client_ip(request))
    except MailsUsedUp as error:
        messages.warning(request, str(error.message))
    except StepOver as error:
        messages.warning(request, str(error.message))
        return redirect("organizations:login")
    else:
        messages.success(request, _("The mail was sent again. Only the newest one counts."))
    return go_on("organizations:second_step", target)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def approve(request: StaffRequest, token: str) -> HttpResponse:
    """Where the button of mail E5 leads. Opening approves nothing; the button of the page does, and signs nobody in."""
    realm = request.organization.public_id
    done = request.method == "POST"
    try:
        if done:
            account = approvals.approve(token, realm=realm, may_enter=is_active_member, ip=client_ip(request))
        else:
            account = approvals.read(token, realm=realm, may_enter=is_active_member)
    except LinkRefused as error:
        return render(request, "organizations/approval_refused.html", {"message": error.message}, status=410)
    return render(request, "organizations/approve_sign_in.html", {"account": account, "done": done})
