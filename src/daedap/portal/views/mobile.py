"""The check of a mobile number: at sign-up and on My Page (spec 10, step 1). Not there without an SMS provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from daedap.accounts import mobile_check, sms
from daedap.core.errors import DaedapError
from daedap.portal.access import MemberRequest, member_page
from daedap.portal.drafts import SignUpDraft
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.mobile import CodeForm, MobileForm
from daedap.portal.forms.person import shown_number
from daedap.portal.membership import change_mobile
from daedap.portal.views.answers import form_page
from daedap.portal.views.signup import missing_step

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@login_not_required
@never_cache
@sensitive_post_parameters("code", "mobile")
@sensitive_variables("proof")
@_get_or_post
def at_sign_up(request: HttpRequest) -> HttpResponse:
    """1d, between the e-mail and the information: the number, then its code."""
    draft = SignUpDraft(request)
    if missing := missing_step(draft, before="signup-mobile"):
        return redirect(missing)
    if not sms.is_on():
        return redirect("portal:signup-information")

    def keep(proof: str) -> HttpResponse:
        draft.keep_mobile_proof(proof)
        return redirect("portal:signup-information")

    return _check(request, "portal/signup/mobile.html", keep, country=draft.country, step=4)


@never_cache
@member_page
@sensitive_post_parameters("code", "mobile")
@sensitive_variables("proof")
@_get_or_post
def change(request: MemberRequest) -> HttpResponse:
    """My Page: another number counts once its code was entered."""
    if not sms.is_on():
        raise Http404
    member = request.platform_member

    def keep(proof: str) -> HttpResponse:
        change_mobile(user=request.user, proof=proof, actor=request.actor)
        messages.success(request, gettext("Saved."))
        return redirect("portal:profile")

    present = shown_number(member.mobile, member.country)
    return _check(request, "portal/account/mobile.html", keep, country=member.country, member=member, present=present)


def _check(
    request: HttpRequest, template: str, keep: Callable[[str], HttpResponse], *, country: str, **context: Any
) -> HttpResponse:
    """Ask for the number, then for the code; hand the proof to `keep`."""
    waiting = mobile_check.find_waiting(request)
    if request.method == "POST" and "other" in request.POST:
        mobile_check.forget(request)
        return redirect(request.path)
    if waiting is None or "again" in request.POST:
        return _send(request, template, waiting, country=country, context=context)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return keep(mobile_check.confirm(request, code=form.cleaned_data["code"]))
        except DaedapError as error:
            add_refusal(form, error)
    number = shown_number(waiting.number, country)
    return form_page(request, template, form, waiting=waiting, number=number, **context)


def _send(
    request: HttpRequest,
    template: str,
    waiting: mobile_check.Waiting | None,
    *,
    country: str,
    context: dict[str, Any],
) -> HttpResponse:
    posted = {"mobile": waiting.number} if waiting is not None else request.POST
    form = MobileForm(posted if request.method == "POST" else None, country=country)
    if form.is_valid():
        try:
            mobile_check.send_code(request, number=form.cleaned_data["mobile"])
        except DaedapError as error:
            if waiting is not None:  # the code that was sent before still counts
                messages.error(request, str(error.message))
                return redirect(request.path)
            add_refusal(form, error)
        else:
            return redirect(request.path)
    return form_page(request, template, form, waiting=None, **context)
