"""Signing in and out, and finding a password, for platform members (spec 10, L4)."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from daedap.accounts import passwords, second_step
from daedap.accounts.actions import request_password_reset, set_password_by_link, sign_in, sign_out
from daedap.accounts.forms import CodeForm, NewPasswordForm
from daedap.accounts.hashing import TooBusy
from daedap.accounts.links import PASSWORD_KINDS, LinkRefused, read_link
from daedap.accounts.models import PLATFORM, PlatformMember, SecondFactor, User
from daedap.accounts.otp import has_device
from daedap.accounts.owed_change import ChangeOwed
from daedap.accounts.policies import PLATFORM_MEMBERS
from daedap.accounts.second_step import Step
from daedap.core.errors import DaedapError, PermissionRefused, TooManyAttempts
from daedap.core.language import remember_language
from daedap.core.requests import client_ip
from daedap.core.views import safe_next
from daedap.organizations.console_members import list_organizations
from daedap.payments.selectors import may_use_services
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.login import FindPasswordForm, LoginForm
from daedap.portal.views.answers import form_page

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def landing(user: User) -> str:
    """Where a member goes after sign-in: to the payment methods while there is neither card nor organization (A8)."""
    if may_use_services(user) or list_organizations(user=user):
        return reverse("portal:console")
    return reverse("portal:payment")


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@sensitive_variables("form")
@_get_or_post
def log_in(request: HttpRequest) -> HttpResponse:
    """The log-in page."""
    if request.user.is_authenticated:
        return redirect(safe_next(request, request.GET.get("next", ""), landing(request.user)))
    form, refused = LoginForm(), 422
    if request.method == "POST":
        form = LoginForm(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            try:
                user = sign_in(
                    request,
                    realm=PLATFORM,
                    login_id=data["email"],
                    password=data["password"],
                    find_step=_find_step,
                    policy=PLATFORM_MEMBERS,
                )
            except second_step.StepNeeded:
                return _go_on("portal:login-code", safe_next(request, request.POST.get("next", ""), ""))
            except ChangeOwed:
                return _go_on("portal:expired-password", safe_next(request, request.POST.get("next", ""), ""))
            except DaedapError as error:
                refused = 503 if isinstance(error, TooBusy) else 422
                form.add_error(None, str(error.message))
            else:
                return enter(user, safe_next(request, request.POST.get("next", ""), ""))
    target = (request.POST if request.method == "POST" else request.GET).get("next", "")
    return form_page(request, "portal/login/login.html", form, refused, next=safe_next(request, target, ""))


def _find_step(user: User) -> Step | None:
    """Return the second step that the member chose; a code by mail if Google OTP has lost its last device."""
    member = PlatformMember.objects.filter(user=user).first()
    if member is None or member.second_factor == SecondFactor.NONE:
        return None
    return Step.OTP if member.second_factor == SecondFactor.TOTP and has_device(user) else Step.CODE


def _go_on(step: str, wanted: str) -> HttpResponse:
    page = reverse(step)
    return redirect(f"{page}?{urlencode({'next': wanted})}" if wanted else page)


def enter(user: User, wanted: str) -> HttpResponse:
    """Send who has just signed in to where they wanted to go."""
    response = redirect(wanted or landing(user))
    remember_language(response, user.language)
    return response


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@_get_or_post
def code(request: HttpRequest) -> HttpResponse:
    """The second step: the code that was mailed (E6), or that of an app. Who owes none begins at the log-in page."""
    wanted = safe_next(request, (request.POST if request.method == "POST" else request.GET).get("next", ""), "")
    form = CodeForm(request.POST if request.method == "POST" else None)
    try:
        waiting = second_step.find_waiting(request)
        if form.is_valid():
            user = second_step.finish_by_code(request, code=form.cleaned_data["code"], policy=PLATFORM_MEMBERS)
            return enter(user, wanted)
    except ChangeOwed:
        return _go_on("portal:expired-password", wanted)
    except (second_step.StepOver, TooManyAttempts) as error:
        second_step.forget(request)
        if request.method == "POST":
            messages.error(request, str(error.message))
        return redirect("portal:login")
    except DaedapError as error:
        add_refusal(form, error)
    by_mail = waiting.step is Step.CODE
    return form_page(request, "portal/login/code.html", form, next=wanted, by_mail=by_mail)


@login_not_required
@never_cache
@require_safe
def operator_log_in(request: HttpRequest) -> HttpResponse:
    """Operators log in where everybody does, so that locks, records and the second step hold for them too."""
    if request.user.is_authenticated and not request.user.is_staff:
        raise PermissionRefused
    wanted = safe_next(request, request.GET.get("next", ""), "/operator/")
    return redirect(f"{reverse('portal:login')}?{urlencode({'next': wanted})}")


@login_not_required
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    sign_out(request)
    return redirect("portal:home")


@login_not_required
@never_cache
@_get_or_post
def find_password(request: HttpRequest) -> HttpResponse:
    """Find password: always the same answer, whoever asks (spec 10, 4.2)."""
    form = FindPasswordForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        email = form.cleaned_data["email"]
        request_password_reset(
            realm=PLATFORM,
            login_id=email,
            email=email,
            ip=client_ip(request),
            job="portal.mail_password_reset",
        )
        return render(request, "portal/login/find_password_sent.html")
    return form_page(request, "portal/login/find_password.html", form)


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@sensitive_variables("form")
@_get_or_post
def new_password(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a mailed password link."""
    try:
        link = read_link(token, PASSWORD_KINDS)
        form = NewPasswordForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            set_password_by_link(
                token=token,
                kinds=PASSWORD_KINDS,
                password=form.cleaned_data["password"],
                policy=passwords.PLATFORM,
                ip=client_ip(request),
            )
            messages.success(request, gettext("Your new password has been saved."))
            return redirect("portal:login")
    except LinkRefused as error:
        return render(request, "portal/login/link_refused.html", {"message": error.message}, status=410)
    except DaedapError as error:
        add_refusal(form, error)
    return form_page(request, "portal/login/new_password.html", form, login_id=link.user.login_id if link.user else "")
