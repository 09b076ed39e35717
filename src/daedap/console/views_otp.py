"""Personal settings → Google OTP devices (spec 10, 4.4)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from daedap.accounts import otp, second_step
from daedap.accounts.actions import check_own_password
from daedap.accounts.forms import OwnDeviceForm
from daedap.core.errors import DaedapError, NotFound
from daedap.organizations.access import StaffRequest, staff_page
from daedap.organizations.forms import show_error
from daedap.organizations.security import read_sign_in_policy


@staff_page
@never_cache
@require_GET
def devices(request: StaffRequest) -> HttpResponse:
    """One's own devices."""
    context = {"devices": otp.list_devices(request.user), "most": otp.MOST_DEVICES}
    return render(request, "console/otp.html", context)


@staff_page
@never_cache
@sensitive_post_parameters("current", "code")
@require_http_methods(["GET", "POST"])
def add(request: StaffRequest) -> HttpResponse:
    """Register one more device; asks for the password, which a session left open does not know."""
    form = OwnDeviceForm(request.POST if request.method == "POST" else None)
    secret = second_step.offer_secret(request)
    try:
        if form.is_valid():
            given = form.cleaned_data
            check_own_password(request.user, given["current"], policy=read_sign_in_policy())
            otp.add_device(
                user=request.user, secret=secret, code=given["code"], name=given["name"], actor=request.actor
            )
            second_step.forget_secret(request)
            messages.success(request, _("The device has been registered."))
            return redirect("console:otp")
    except otp.RegistrationOver:
        second_step.forget_secret(request)
        return redirect("console:otp")
    except DaedapError as error:
        show_error(form, error)
    context = {
        "form": form,
        "secret": secret,
        "qr_code": otp.make_qr_code(secret, account=request.user.login_id, issuer=request.organization.name),
    }
    return render(request, "console/otp_add.html", context, status=422 if form.errors else 200)


@staff_page
@never_cache
@require_http_methods(["GET", "POST"])
def delete(request: StaffRequest, device_id: int) -> HttpResponse:
    """Delete one of one's own devices, after asking; the only one stays."""
    if request.method == "GET":
        device = next((each for each in otp.list_devices(request.user) if each.pk == device_id), None)
        if device is None:
            raise NotFound
        return render(request, "console/otp_delete.html", {"device": device})
    try:
        otp.delete_device(user=request.user, device_id=device_id, actor=request.actor)
    except otp.LastDeviceKept as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The device has been deleted."))
    return redirect("console:otp")
