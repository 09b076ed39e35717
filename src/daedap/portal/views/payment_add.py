"""Adding a payment method: choose and consent → identity check → data → verification (spec 10, 2.3)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from babel.numbers import format_currency
from csp.constants import SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from daedap.core.errors import DaedapError
from daedap.core.hosts import platform_url
from daedap.payments import identity, notices, registration
from daedap.payments.kinds import MethodKind
from daedap.payments.models import Registration, RegistrationState
from daedap.payments.providers import NoticeRefused, Provider, Reason, Way, WindowProvider, get_provider
from daedap.payments.selectors import find_registration, list_offered_methods
from daedap.portal.access import MemberRequest, confirmed_page
from daedap.portal.forms.base import add_refusal
from daedap.portal.forms.payment import DataForm, IdentityForm, MethodForm
from daedap.portal.views.answers import form_page, go

_get_or_post = require_http_methods(["GET", "HEAD", "POST"])
_REGISTRATION = "payment_registration"
_LONGEST_TOKEN = 500

_PAGES = {
    RegistrationState.IDENTITY: "portal:payment-identity",
    RegistrationState.DATA: "portal:payment-data",
    RegistrationState.VERIFYING: "portal:payment-status",
    RegistrationState.DONE: "portal:payment-status",
    RegistrationState.REFUSED: "portal:payment-status",
}


class RegistrationRequest(MemberRequest):
    """A request about the registration that this browser began."""

    registration: Registration
    kind: MethodKind
    provider: Provider


View = Callable[..., HttpResponse]


def _step(*states: RegistrationState) -> Callable[[View], View]:
    """Open the page while the registration is at one of `states`; else lead to where it is, or to the start."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: RegistrationRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            found = find_registration(user=request.user, public_id=str(request.session.get(_REGISTRATION, "")))
            if found is None or not request.platform_member.may_pay or not registration.is_open(found):
                return redirect("portal:payment-add")
            if found.state not in states:
                return redirect(_PAGES[RegistrationState(found.state)])
            try:
                request.kind = registration.kind_of(found)
            except registration.MethodRefused:
                return redirect("portal:payment-add")
            request.registration, request.provider = found, get_provider(found.provider)
            return view(request, *args, **kwargs)

        return confirmed_page(wrapper)

    return decorate


@never_cache
@confirmed_page
@_get_or_post
def choose(request: MemberRequest) -> HttpResponse:
    """First the way to pay and the consent. A business that is not verified yet is told why it must wait (A7)."""
    if not request.platform_member.may_pay:
        return render(request, "portal/payment/pending.html", {"member": request.platform_member}, status=403)
    offered = list_offered_methods(member=request.platform_member)
    posted = request.POST if request.method == "POST" else None
    form = MethodForm(posted, methods=offered, initial={"method": offered[0].code.value if offered else ""})
    if form.is_valid():
        try:
            begun = registration.begin_registration(
                user=request.user, method=form.cleaned_data["method"], actor=request.actor
            )
        except DaedapError as error:
            add_refusal(form, error)
        else:
            request.session[_REGISTRATION] = begun.public_id
            return redirect(_PAGES[RegistrationState(begun.state)])
    charges = get_provider().charges
    descriptions = {method.code.value: _describe(method, charges=charges) for method in offered}
    return form_page(request, "portal/payment/choose.html", form, descriptions=descriptions)


def _describe(kind: MethodKind, *, charges: bool) -> str:
    if kind.charge is None or not charges:
        return str(kind.text)
    amount = format_currency(kind.charge.amount, kind.charge.currency, locale=get_language())
    charged = gettext("%(amount)s are charged to verify it and cancelled at once.") % {"amount": amount}
    return f"{kind.text} {charged}"


@never_cache
@_step(RegistrationState.IDENTITY)
@_get_or_post
def identify(request: RegistrationRequest) -> HttpResponse:
    """Then the identity check. What a window or a code showed is looked at here, on the server."""
    way = identity.way_of(request.kind, provider=request.registration.provider)
    posted = request.POST if request.method == "POST" else None
    form = IdentityForm(posted, way=way)
    if form.is_valid():
        try:
            registration.finish_identity_check(
                registration=request.registration, answer=form.answer, actor=request.actor
            )
        except DaedapError as error:
            add_refusal(form, error)
            if way is Way.WINDOW:  # a failed check cannot be repeated under its reference
                registration.renew_identity_check(registration=request.registration)
                request.registration.refresh_from_db()
        else:
            return redirect("portal:payment-data")
    window = None
    if isinstance(request.provider, WindowProvider) and way is Way.WINDOW:
        window = request.provider.identity_window(
            request.registration.challenge, return_url=platform_url(reverse("portal:payment-identity"))
        )
    context: dict[str, Any] = {"way": way.value, "kind": request.kind, "email": request.user.email}
    return _with_window(
        request,
        form_page(request, "portal/payment/identity.html", form, **context, **_window_context(request, window)),
        window,
    )


@_step(RegistrationState.IDENTITY)
@require_POST
def send_code_again(request: RegistrationRequest) -> HttpResponse:
    """Mail a new code; the older one is void."""
    try:
        registration.renew_identity_check(registration=request.registration)
    except DaedapError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, gettext("A new code has been sent."))
    return redirect("portal:payment-identity")


@never_cache
@_step(RegistrationState.DATA)
@sensitive_post_parameters()
@sensitive_variables()
@_get_or_post
def data(request: RegistrationRequest) -> HttpResponse:
    """Then the data: on our page for a form provider, in the provider's own window otherwise."""
    if isinstance(request.provider, WindowProvider):
        return _data_window(request, request.provider)
    form = DataForm(request.POST if request.method == "POST" else None, kind=request.kind)
    if form.is_valid():
        try:
            registration.register_details(registration=request.registration, details=form.details, actor=request.actor)
        except DaedapError as error:
            add_refusal(form, error)
        else:
            return _listed(request)
    return form_page(request, "portal/payment/data.html", form, kind=request.kind, charges=request.provider.charges)


def _data_window(request: RegistrationRequest, provider: WindowProvider) -> HttpResponse:
    """Show the provider's window; take the token that it gave to the browser, which may come by redirect.

    A token is worth nothing here until the provider says that it was issued for this very registration.
    """
    told = request.POST if request.method == "POST" else request.GET
    token, failed = told.get("billingKey", "")[:_LONGEST_TOKEN], bool(told.get("code"))
    if token and not failed:
        registration.accept_token(registration=request.registration, token=token)
        return redirect("portal:payment-status")
    window = provider.method_window(
        request.kind,
        request.registration.public_id,
        return_url=platform_url(reverse("portal:payment-data")),
        customer=f"member-{request.user.pk}",
    )
    context = {"kind": request.kind, "failed": failed, **_window_context(request, window)}
    page = render(request, "portal/payment/window.html", context, status=422 if failed else 200)
    return _with_window(request, page, window)


def _window_context(request: RegistrationRequest, window: dict[str, Any] | None) -> dict[str, Any]:
    provider = request.provider
    script = provider.script_url if isinstance(provider, WindowProvider) else ""
    return {"window": window, "script_url": script}


def _with_window(request: RegistrationRequest, response: HttpResponse, window: dict[str, Any] | None) -> HttpResponse:
    """Let this one page load the provider's script and frames. Card data are typed there, not here."""
    if window is None or not isinstance(request.provider, WindowProvider):
        return response
    sources = [SELF, request.provider.script_url, *request.provider.page_sources]
    names = ("script-src", "connect-src", "frame-src", "img-src", "style-src", "form-action")
    allowing = csp_replace(dict.fromkeys(names, sources))
    return cast(HttpResponse, allowing(lambda _request: response)(request))


@never_cache
@_step(RegistrationState.VERIFYING, RegistrationState.DONE, RegistrationState.REFUSED, RegistrationState.DATA)
@require_safe
def status(request: RegistrationRequest) -> HttpResponse:
    """The provider is being asked. The page looks again by itself; nothing is lost by leaving it."""
    state = request.registration.state
    if state == RegistrationState.DONE:
        return _listed(request)
    if state == RegistrationState.DATA:
        messages.error(request, gettext("The registration in the window did not succeed. Please try again."))
        return go(request, reverse("portal:payment-data"))
    if state == RegistrationState.REFUSED:
        request.session.pop(_REGISTRATION, None)
        messages.error(request, str(Reason(request.registration.reason or Reason.DECLINED).label))
        return go(request, reverse("portal:payment-add"))
    template = "portal/payment/_status.html" if request.htmx else "portal/payment/status.html"  # type: ignore[attr-defined]
    return render(request, template)


def _listed(request: RegistrationRequest) -> HttpResponse:
    request.session.pop(_REGISTRATION, None)
    messages.success(request, gettext("The payment method has been registered."))
    return go(request, reverse("portal:payment"))


@csrf_exempt
@login_not_required
@require_POST
def notice(request: HttpRequest) -> HttpResponseBase:
    """A signed notice of the provider. Answers 200 once it is taken, or was before."""
    try:
        notices.receive(body=request.body, headers=request.headers)
    except NoticeRefused:
        return HttpResponse(status=400)
    return HttpResponse(status=200)
