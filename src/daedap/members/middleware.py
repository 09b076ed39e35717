"""What help-centre pages need around Django's own machinery when they are inside a frame."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from daedap.core.errors import NotFound
from daedap.core.scoping import service_scope
from daedap.members import frame_cookies, frames
from daedap.members.selectors import get_integration
from daedap.members.sessions import cookie_name
from daedap.services.selectors import get_service

_HELP_CENTRE = re.compile(r"/([A-Za-z]+)/(?:hc(?:/.*)?|api/v2/ticket/attachments/.*)")  # own attachments too
_FORM = re.compile(r"/[A-Za-z]+/hc/ticket/?")


class FrameMiddleware:
    """Reads and sets the cookies of frames; stands before CsrfViewMiddleware, which has one too.

    An error that Django answers by itself, as a missing anti-forgery value, is readable inside the frame as well.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match = _HELP_CENTRE.fullmatch(request.path)
        if match is None or getattr(request, "organization", None) is None:
            return self.get_response(request)
        service_id, brought = match[1], request.COOKIES
        request.COOKIES = frame_cookies.with_twins(brought)
        if _is_vouched_for(request):
            request.csrf_processing_done = True  # type: ignore[attr-defined]  # what Django's middleware itself sets
        response = self.get_response(request)
        in_frame = frames.is_frame_request(
            request.headers,
            marked=request.GET.get(frames.MARK) == "true",
            has_frame_cookies=frame_cookies.has_twins(brought),
        )
        cookies = list(response.cookies.values())
        for twin in frame_cookies.twins(cookies, service_id=service_id, brought=brought, in_frame=in_frame):
            response.cookies[twin.key] = twin
        if response.status_code >= 400 and frames.is_framed(request) and not _is_allowed(response):
            _show_in_frame(service_id, request, response)
        return response


def _is_allowed(response: HttpResponse) -> bool:
    return getattr(response, "xframe_options_exempt", False)


def _show_in_frame(service_id: str, request: HttpRequest, response: HttpResponse) -> None:
    try:
        service = get_service(service_id)
    except NotFound:
        return
    with service_scope(request.organization.pk, service.pk):  # type: ignore[attr-defined]
        frames.allow_parents(response, get_integration(service))


def _is_vouched_for(request: HttpRequest) -> bool:
    """Tell whether a guest's form comes out of a frame in which the browser keeps no cookies at all, and from our page.

    Such a guest has nothing that another site could make use of. The browser names the page the form was sent from,
    which no page can forge, so no enquiry is lost for want of a cookie.
    """
    if request.method != "POST" or _FORM.fullmatch(request.path) is None or not frames.is_framed(request):
        return False
    if settings.CSRF_COOKIE_NAME in request.COOKIES or cookie_name() in request.COOKIES:
        return False
    is_from_here = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    return is_from_here and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
