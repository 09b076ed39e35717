"""My Page → 2-step login: none, a code by mail, or Google OTP (spec 10, 4.4). The password is asked for first."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from daedap.accounts import otp, second_step
from daedap.accounts.forms import DeviceForm
from daedap.accounts.models import SecondFactor
from daedap.core.errors import DaedapError, NotFound
from daedap.portal import actions
from daedap.portal.access import MemberRequest, confirmed_page
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.login import SecondFactorForm
from daedap.portal.views.answers import form_page

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])
_page = partial(confirmed_page, back="portal:second-factor")


@never_cache
@_page
@_get_or_post
def choose(request: MemberRequest) -> HttpResponse:
    """Which second step, and the devices. Google OTP is chosen once a device is there."""
    chosen = {"factor": request.platform_member.second_factor}
    form = SecondFactorForm(request.POST if request.method == "POST" else None, initial=chosen)
    if form.is_valid():
        try:
            actions.choose_second_factor(user=request.user, factor=form.cleaned_data["factor"], actor=request.actor)
        except actions.DeviceMissing:
            return redirect(f"{reverse('portal:otp-add')}?{urlencode({'choose': 1})}")
        messages.success(request, gettext("Saved. It applies from your next log-in."))
        return redirect("portal:second-factor")
    devices = otp.list_devices(request.user)
    return form_page(request, "portal/second_factor/choose.html", form, devices=devices, most=otp.MOST_DEVICES)


@never_cache
@_page
@_get_or_post
def add(request: MemberRequest) -> HttpResponse:
    """Register a device; with `choose` Google OTP is used from then on."""
    choosing = bool((request.POST if request.method == "POST" else request.GET).get("choose"))
    form = DeviceForm(request.POST if request.method == "POST" else None)
    secret = second_step.offer_secret(request)
    try:
        if form.is_valid():
            given = form.cleaned_data
            otp.add_device(
                user=request.user, secret=secret, code=given["code"], name=given["name"], actor=request.actor
            )
            second_step.forget_secret(request)
            if choosing:
                actions.choose_second_factor(user=request.user, factor=SecondFactor.TOTP, actor=request.actor)
            messages.success(request, gettext("The device has been registered."))
            return redirect("portal:second-factor")
    except otp.RegistrationOver:
        second_step.forget_secret(request)
        return redirect("portal:second-factor")
    except DaedapError as error:
        add_refusal(form, error)
    qr_code = otp.make_qr_code(secret, account=request.user.login_id, issuer=settings.PRODUCT_NAME)
    template = "portal/second_factor/add.html"
    return form_page(request, template, form, secret=secret, qr_code=qr_code, choosing=choosing)


@never_cache
@_page
@_get_or_post
def delete(request: MemberRequest, device_id: int) -> HttpResponse:
    """Delete a device, after asking; the only one stays."""
    if request.method != "POST":
        device = next((each for each in otp.list_devices(request.user) if each.pk == device_id), None)
        if device is None:
            raise NotFound
        return render(request, "portal/second_factor/delete.html", {"device": device})
    try:
        otp.delete_device(user=request.user, device_id=device_id, actor=request.actor)
    except otp.LastDeviceKept as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, gettext("The device has been deleted."))
    return redirect("portal:second-factor")
