"""Where visitors go who may not stay: the company's login page, a notice, the form (spec 20, section 9)."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_cache_control

from daedap.helpcenter.pages import CHECKED, PageRequest, address, clean_path, login_address, show
from daedap.members import notices
from daedap.members.access import ListAccess
from daedap.members.models import LoginType
from daedap.members.remote import trips
from daedap.members.sessions import current_session


def login_required(
    request: PageRequest, *, status: int = 200, written: str = "", has_ended: bool = False
) -> HttpResponse:
    """The notice for guests where only members may ask; the way in of the GET method is the company's app.

    `written` is what a visitor wrote whose session has ended meanwhile: it is shown to be kept. `has_ended` where only
    members come with something to send, so that it must be the session that has ended.
    """
    by_app = request.integration.login_type == LoginType.GET
    wanted = address(request, "enquiry", bare=True)
    login_url = login_address(request, wanted, anew=True) if request.access.login_url else ""
    context = {"by_app": by_app, "login_url": login_url, "written": written.strip(), "has_ended": has_ended}
    current = "enquiries" if has_ended else "enquiry"
    response = show(request, "helpcenter/login_required.html", context, current=current, status=status)
    if written:
        patch_cache_control(response, no_store=True)
    return response


def to_login(request: PageRequest, wanted: str, *, anew: bool = False, current: str = "enquiry") -> HttpResponse:
    """Begin a trip to the company's login page, or say that it leads nowhere (spec 20, 7.3).

    A frame does not go there by itself: it shows a button that takes the whole window (section 11).
    """
    if request.is_framed:
        context = {"login_url": login_address(request, wanted, anew=True)}
        return show(request, "helpcenter/login_outside.html", context, current=current)
    trip = trips.start(request, wanted, anew=anew)
    if trip is not None:
        return trip
    response = show(request, "helpcenter/login_failed.html", {"again": login_address(request, wanted, anew=True)})
    patch_cache_control(response, no_store=True)
    return response


def from_own_enquiries(request: PageRequest) -> HttpResponse | None:
    """Where a visitor without a list goes: the company's login page, else the form; None for members.

    With the POST method, a page that asks for the login status comes first, and the enquiries only after the answer.
    What somebody sends who is no member any more is refused, and shown so that it is not lost.
    """
    if request.access.list == ListAccess.OWN:
        session = current_session(request)
        asks = session is not None and session.login_type == LoginType.POST and request.method != "POST"
        return _checking(request) if asks and CHECKED not in request.GET else None
    if request.method == "POST":
        return login_required(request, status=403, written=request.POST.get("content", ""), has_ended=True)
    if request.access.list == ListAccess.LOGIN_URL and request.access.login_url:
        return to_login(request, clean_path(request), current="enquiries")
    response = HttpResponseRedirect(address(request, "enquiry"))
    if request.access.shows_list_menu and not request.notice:
        notices.leave(response, request.service, notices.LIST_IS_FOR_MEMBERS)
    patch_cache_control(response, no_store=True)
    return response


def _checking(request: PageRequest) -> HttpResponse:
    query = request.GET.copy()
    query[CHECKED] = "1"
    context = {"content_url": f"{request.path}?{query.urlencode()}"}
    return show(request, "helpcenter/checking.html", context, current="enquiries")
