"""A password that is too old is changed, or kept once more, before log-in goes on (spec 10, 4.3)."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from daedap.accounts import passwords
from daedap.accounts.actions import change_owed_password, postpone_password_change
from daedap.accounts.forms import NewPasswordForm
from daedap.accounts.owed_change import ChangeOver, find_waiting
from daedap.accounts.policies import PLATFORM_MEMBERS
from daedap.core.errors import DaedapError
from daedap.core.views import safe_next
from daedap.portal.forms.base import add_refusal
from daedap.portal.views.answers import form_page
from daedap.portal.views.login import enter


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Where a right but old password leads; "다음에 변경" keeps it for one more period."""
    wanted = safe_next(request, (request.POST if request.method == "POST" else request.GET).get("next", ""), "")
    postponing = request.method == "POST" and "later" in request.POST
    form = NewPasswordForm(request.POST if request.method == "POST" and not postponing else None)
    try:
        account, _reason = find_waiting(request)
        if postponing:
            return enter(postpone_password_change(request, policy=PLATFORM_MEMBERS), wanted)
        if form.is_valid():
            user = change_owed_password(request, password=form.cleaned_data["password"], policy=PLATFORM_MEMBERS)
            messages.success(request, gettext("Your new password has been saved."))
            return enter(user, wanted)
    except ChangeOver as error:
        messages.warning(request, str(error.message))
        return redirect("portal:login")
    except DaedapError as error:
        add_refusal(form, error)
    rules = passwords.list_rules(passwords.PLATFORM)
    return form_page(
        request, "portal/login/expired_password.html", form, login_id=account.login_id, rules=rules, next=wanted
    )
