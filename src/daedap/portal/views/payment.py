"""My Page → Payment methods (spec 10, step 2). Shown only after the password was given again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from daedap.accounts.hashing import TooBusy
from daedap.core import limits
from daedap.core.views import safe_next
from daedap.organizations.founding import delete_payment_method
from daedap.organizations.selectors import list_own_organizations
from daedap.payments import actions
from daedap.payments.selectors import get_payment_method, list_payment_methods
from daedap.portal.access import MemberRequest, confirmed_page, mark_confirmed, member_page
from daedap.portal.forms.login import ConfirmForm
from daedap.portal.views.answers import form_page

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])
WRONG_PASSWORDS = 5


@never_cache
@member_page
@sensitive_post_parameters("password")
@sensitive_variables("form")
@_get_or_post
def confirm(request: MemberRequest) -> HttpResponse:
    """Ask for the password again."""
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        subject, window = str(request.user.pk), timedelta(minutes=10)
        try:
            if limits.count_up("portal.confirm", subject, window=window) > WRONG_PASSWORDS:
                form.add_error("password", gettext("Too many attempts. Please try again in 10 minutes."))
            elif request.user.check_password(form.cleaned_data["password"]):
                limits.reset("portal.confirm", subject)
                mark_confirmed(request)
                return redirect(safe_next(request, request.POST.get("next", ""), reverse("portal:payment")))
            else:
                form.add_error("password", gettext("The password does not match."))
        except TooBusy as error:  # nobody looked at the password
            limits.count_down("portal.confirm", subject)
            form.add_error("password", str(error.message))
    target = (request.POST if request.method == "POST" else request.GET).get("next", "")
    return form_page(request, "portal/payment/confirm.html", form, next=safe_next(request, target, ""))


@never_cache
@confirmed_page
@require_safe
def methods(request: MemberRequest) -> HttpResponse:
    """The member's payment methods."""
    return _list(request)


def _list(request: MemberRequest, *, status: int = 200, error: Any = "") -> HttpResponse:
    context = {
        "methods": list_payment_methods(user=request.user),
        "member": request.platform_member,
        "error": error,
        "is_required": settings.PAYMENT_REQUIRED,
        "has_organization": bool(list_own_organizations(user=request.user)),
    }
    return render(request, "portal/payment/list.html", context, status=status)


@confirmed_page
@require_POST
def make_default(request: MemberRequest, method_id: int) -> HttpResponse:
    """Pay with this method from now on."""
    actions.make_default(user=request.user, method_id=method_id, actor=request.actor)
    messages.success(request, gettext("The default payment method has been changed."))
    return redirect("portal:payment")


@confirmed_page
@_get_or_post
def delete(request: MemberRequest, method_id: int) -> HttpResponse:
    """Remove a method, after asking."""
    if request.method != "POST":
        method = get_payment_method(user=request.user, method_id=method_id)
        return render(request, "portal/payment/delete.html", {"method": method})
    try:
        delete_payment_method(user=request.user, method_id=method_id, actor=request.actor)
    except actions.LastMethodKept as error:
        return _list(request, status=409, error=error.message)
    messages.success(request, gettext("The payment method has been deleted."))
    return redirect("portal:payment")
