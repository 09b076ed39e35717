"""`/v2/enduser/remote.json` and `/api/v2/enduser/remote.json`: remote login (spec 20, section 8; spec 40, 7.9)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from daedap.core.errors import DaedapError, NotFound, PermissionRefused
from daedap.core.language import speak_to_visitor
from daedap.core.requests import client_ip
from daedap.core.scoping import service_scope
from daedap.members import frames, logins, notices, sessions
from daedap.members.remote import binding, trips
from daedap.members.remote.login import (
    RemoteCall,
    RemoteLoginRefused,
    find_service,
    issue_access_token,
    log_in_browser,
)
from daedap.members.selectors import get_integration
from daedap.members.tokens import IDENTITY_PARAMETERS, Reason, values_named
from daedap.organizations.models import Organization
from daedap.services.models import Service

FORM_LIMIT = 64 * 1024
FORM_TYPE = "application/x-www-form-urlencoded"

RESULT_MESSAGES = {403: "Access Denied", 404: "Not Data Found", 405: "Method Not Allowed", 429: "Too Many Requests"}


class RemoteRequest(HttpRequest):
    """A request on an organization's site."""

    organization: Organization


LogIn = Callable[[RemoteRequest, RemoteCall], HttpResponse]
Refuse = Callable[[HttpRequest, DaedapError], HttpResponse]


def _endpoint(refuse: Refuse) -> Callable[[LogIn], Callable[[RemoteRequest], HttpResponse]]:
    """Admit POSTs of URL-encoded forms and answer every refusal by `refuse`.

    There is no anti-forgery value, which no other site could know; signature and time take its place (spec 20, 8.5).
    """

    def decorate(log_in: LogIn) -> Callable[[RemoteRequest], HttpResponse]:
        @wraps(log_in)
        def view(request: RemoteRequest) -> HttpResponse:
            try:
                response = log_in(request, _read(request))
            except DaedapError as error:
                response = refuse(request, error)
                if error.code == 429:
                    response["Retry-After"] = str(int(logins.BLOCKED_FOR.total_seconds()))
                if error.code == 405:
                    response["Allow"] = "POST"
            response["Cache-Control"] = "no-store"
            response["Referrer-Policy"] = "no-referrer"
            return response

        return login_not_required(csrf_exempt(view))

    return decorate


def _read(request: RemoteRequest) -> RemoteCall:
    """Return the call; raise DaedapError if it is not one (spec 20, 8.5 and 12)."""
    if request.method != "POST":
        raise DaedapError(_("Only POST is possible here."), code=405)
    if settings.SECURE and not request.is_secure():
        raise PermissionRefused(_("This link works over https only."))
    if request.content_type != FORM_TYPE:
        raise DaedapError(_("Only URL-encoded forms are taken here."))
    raw_query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    if any(values_named(name, raw_query) for name in IDENTITY_PARAMETERS):
        raise DaedapError(_("Send the values in the form, not in the address."))
    if int(request.META.get("CONTENT_LENGTH") or 0) > FORM_LIMIT:
        raise DaedapError(_("The form is too large."))
    bindings = request.COOKIES.get(binding.cookie_name(), "")
    return RemoteCall(raw_form=request.body, ip=client_ip(request), bindings=bindings)


# --- client side -------------------------------------------------------------------------------------------------


def _refuse_browser(request: HttpRequest, error: DaedapError) -> HttpResponse:
    """Answer a page with the reason. If only the binding is missing, begin again with one: the company signs anew."""
    again = error.again if isinstance(error, RemoteLoginRefused) else ""
    if isinstance(error, RemoteLoginRefused) and error.reason == Reason.BINDING_MISSING:
        return HttpResponseRedirect(_login_address(again))
    message = _("This help centre does not exist.") if isinstance(error, NotFound) else error.message
    context: dict[str, object] = {"message": message, "again": _login_address(again, anew=True) if again else ""}
    service = _service_of(request)
    with speak_to_visitor(request):
        if service is None:
            return render(request, "members/remote_login_refused.html", context, status=error.code)
        return _refused_by(service, request, context, status=error.code)


def _service_of(request: HttpRequest) -> Service | None:
    """Return the open help centre that a form names, if it is one that can be read."""
    is_readable = request.content_type == FORM_TYPE and int(request.META.get("CONTENT_LENGTH") or 0) <= FORM_LIMIT
    try:
        return find_service(request.body) if is_readable else None
    except DaedapError:
        return None


def _refused_by(service: Service, request: HttpRequest, context: dict[str, object], *, status: int) -> HttpResponse:
    """Return the refusal in the look of the help centre, readable in the frames that may show it.

    Whether the browser has a session is not known here: its cookie is for the paths of its service.
    """
    organization: Organization = request.organization  # type: ignore[attr-defined]  # a RemoteRequest
    with service_scope(organization.pk, service.pk):
        integration = get_integration(service)
    hc = {
        "title": service.name,
        "home_url": f"/{service.service_id}/hc/",
        "menu": [],
        "iframe": frames.is_framed(request),
        "parents": frames.parents_of(integration),
        "footer": {"company": organization.name},
    }
    response = render(request, "members/remote_login_refused_here.html", context | {"hc": hc}, status=status)
    frames.allow_parents(response, integration)
    return response


def _login_address(page: str, *, anew: bool = False) -> str:
    """Return our own address that begins a trip to the company's login page (helpcenter.views.login)."""
    service_id = page.split("/")[1]
    return f"/{service_id}/hc/login/?" + urlencode({"next": page} | ({"anew": "1"} if anew else {}))


@_endpoint(_refuse_browser)
def remote_login(request: RemoteRequest, call: RemoteCall) -> HttpResponse:
    """The member's browser brings the form: a session, and the way to `returnUrl`, or the text SUCCESS."""
    signed_in = log_in_browser(organization=request.organization, call=call)
    response: HttpResponse
    if signed_in.target:
        response = HttpResponseRedirect(signed_in.target)
    else:
        response = HttpResponse("SUCCESS", content_type="text/plain; charset=utf-8")
    sessions.set_session_cookie(response, signed_in.service, signed_in.secret)
    notices.forget(response, signed_in.service)
    trips.forget(response, signed_in.service)
    if signed_in.bindings != call.bindings:
        binding.set_cookie(response, signed_in.bindings)
    return response


# --- server side -------------------------------------------------------------------------------------------------


def _envelope(code: int, message: str, result: object) -> JsonResponse:
    header = {"resultCode": code, "resultMessage": message, "isSuccessful": code == 200}
    return JsonResponse({"header": header, "result": result}, status=code)


def _refuse_server(request: HttpRequest, error: DaedapError) -> HttpResponse:
    timed_out = isinstance(error, RemoteLoginRefused) and error.reason in (Reason.EXPIRED, Reason.FUTURE)
    message = str(error.message) if timed_out else RESULT_MESSAGES.get(error.code, "Bad Request")
    response = _envelope(error.code, message, None)
    if isinstance(error, RemoteLoginRefused):
        response["X-OC-Error-Detail"] = f"Invalid parameter: {error.parameter}" if error.parameter else error.reason
    return response


@_endpoint(_refuse_server)
def remote_login_api(request: RemoteRequest, call: RemoteCall) -> HttpResponse:
    """The company's server brings the form: an access token for its member's browser. No cookie is set."""
    content = issue_access_token(organization=request.organization, call=call)
    return _envelope(200, "", {"content": content})
