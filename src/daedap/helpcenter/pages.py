"""What every help-centre page shares: its language, the frame around it, and errors inside that frame."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.encoding import escape_uri_path
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from markupsafe import Markup

from daedap.core.errors import DaedapError
from daedap.core.language import VISITOR_COOKIE
from daedap.helpcenter import languages
from daedap.helpcenter.errors import FormTooOld
from daedap.helpcenter.login_status import StatusQuestion, question_of
from daedap.helpcenter.selectors import read_footer
from daedap.members import frames, notices
from daedap.members.access import HelpCentreRequest, help_centre_page
from daedap.members.models import LoginType
from daedap.members.sessions import current_session, set_help_centre_cookie
from daedap.services.models import ServiceLanguage
from daedap.services.selectors import list_languages

IN_APP = "hcapp"
"""The cookie by which a browser session is known to be the app's: `from=app` is kept (spec 30, 8.5)."""

CHECKED = "checked"
"""The parameter by which a page says that the company's login status was asked for before own enquiries are shown."""

View = Callable[..., HttpResponse]


class PageRequest(HelpCentreRequest):
    """A request on a help-centre page; `language` is one of the service's codes.

    `is_framed`: inside a page of the company, where its query always has the mark (members/frames.py). `is_in_app`:
    opened by the company's app in this browser session (spec 30, 8.5).
    """

    language: str
    languages: list[ServiceLanguage]
    is_framed: bool
    is_in_app: bool


def page(view: View) -> View:
    """Open a help-centre page to everybody: the visitor is known, the language is chosen and errors keep the frame."""
    opened = _open(view)
    opened.csrf_failed = _open(_refuse_old_form)  # type: ignore[attr-defined]  # core.views.csrf_failure asks for it
    return opened


def _refuse_old_form(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    raise FormTooOld


def _open(view: View) -> View:
    @help_centre_page
    @wraps(view)
    def wrapper(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.languages = list_languages()
        default = request.service.default_language
        codes = [language.code for language in request.languages] or [default]
        request.language = languages.choose_language(request, codes, default)
        tag = languages.html_tag(request.language)
        request.LANGUAGE_CODE = tag
        _look_around(request)
        with translation.override(languages.interface_language(request.language, default)):
            request.notice = notices.read(request)
            try:
                response = view(request, *args, **kwargs)
            except DaedapError as error:
                response = error_page(request, error)
        response["Content-Language"] = tag
        if request.GET.get("language") == request.language:
            _remember_language(request, response)
        if request.is_in_app and IN_APP not in request.COOKIES:
            set_help_centre_cookie(response, request.service, IN_APP, "1")
        if request.is_framed and response.headers.get("Location", "").startswith(address(request, "main", bare=True)):
            response["Location"] = frames.marked(response["Location"])
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response

    return wrapper


def _look_around(request: PageRequest) -> None:
    """Find out where the page is shown. In a frame, what is built from the query keeps the mark (spec 20, 11)."""
    request.is_in_app = request.GET.get("from") == "app" or IN_APP in request.COOKIES
    request.is_framed = frames.is_framed(request)
    if request.is_framed and request.GET.get(frames.MARK) != "true":
        query = request.GET.copy()
        query[frames.MARK] = "true"
        request.GET = query  # type: ignore[assignment]  # a copy can be changed; nobody does


def _remember_language(request: PageRequest, response: HttpResponse) -> None:
    if request.COOKIES.get(VISITOR_COOKIE) != request.language:
        set_help_centre_cookie(
            response, request.service, VISITOR_COOKIE, request.language, max_age=languages.COOKIE_SECONDS
        )


def show(
    request: PageRequest, template: str, context: dict[str, Any], *, current: str = "", status: int = 200
) -> HttpResponse:
    """Return a page of the help centre; `current` is the name of the menu entry it belongs to.

    Where the company's login status matters, the page asks for it, and may connect to that very origin.
    """
    hc = frame(request, current)
    question: StatusQuestion | None = hc["login_status"]
    shared = {"hc": hc, "request": request} | ({"url": _marked_url} if request.is_framed else {})
    response = render(request, template, context | shared, status=status)
    if question is not None:
        # what django-csp's own decorators set
        response._csp_update = {"connect-src": [question.origin]}  # type: ignore[attr-defined]  # noqa: SLF001
    return response


def error_page(request: PageRequest, error: DaedapError) -> HttpResponse:
    """Return the page for a refusal that no view handled, inside the help centre's frame.

    What somebody wrote and could not send stands below, so that it is not lost. Scripts get the sentence alone.
    """
    status = error.code if error.code in (403, 404, 409, 429) else 400
    hint = str(error.hint) if isinstance(error, FormTooOld) else ""
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"message": f"{error.message} {hint}".strip()}, status=status)
    written = request.POST.get("content", "").strip()
    again = clean_path(request) if hint and written else ""
    context = {"status": status, "message": error.message, "hint": hint, "again": again, "written": written}
    response = show(request, "helpcenter/error.html", context, status=status)
    patch_cache_control(response, no_store=True)
    return response


def frame(request: PageRequest, current: str = "") -> dict[str, Any]:
    """Return what the layout draws around a page; only doors that are open are in the menu."""
    service = request.service
    member = request.member
    session = current_session(request) if member is not None else None
    entries = [("enquiry", _("Enquiry form"))]
    if request.access.shows_list_menu:
        entries.append(("enquiries", _("Enquiry list")))
    logout = session is not None and session.login_type == LoginType.GET and not request.is_in_app
    login = request.access.shows_login_button and request.access.login_url
    wanted = clean_path(request)
    return {
        "title": service.name,
        "home_url": address(request, "main"),
        "menu": [
            {"name": name, "label": label, "url": address(request, name), "current": name == current}
            for name, label in entries
        ],
        "member_name": (member.username or member.usercode) if member else None,
        "iframe": request.is_framed,
        "parents": frames.parents_of(request.integration),
        "own_window_url": wanted if request.is_framed and member is None else "",  # who is known here has cookies
        "in_app": request.is_in_app,
        "footer": _footer(request),
        "languages": [
            {
                "code": languages.html_tag(language.code),
                "name": language.name,
                "url": _in_language(request, language.code),
                "current": language.code == request.language,
            }
            for language in request.languages
        ],
        "logout_url": address(request, "logout") if logout else "",
        "login_url": login_address(request, wanted, anew=True) if login else "",
        "login_status": _question(request, current, wanted),
    }


def _question(request: PageRequest, current: str, wanted: str) -> StatusQuestion | None:
    """Return what the page asks the company. A guest in a frame cannot be taken to the login page, so none is asked."""
    if request.is_framed and request.member is None:
        return None
    return question_of(
        request,
        is_form=current == "enquiry",
        is_enquiry_page=bool(current),
        login_url=login_address(request, wanted),
        end_url=address(request, "login_status"),
    )


def _footer(request: PageRequest) -> dict[str, Any]:
    """Return what the layout shows at the foot: the company information applied, else the organization's name."""
    footer = read_footer(request.service, request.language)
    if footer is None:
        return {"company": request.organization.name}
    terms_url = footer.terms_url or address(request, "terms")
    return {
        "company": Markup(footer.company),  # noqa: S704  cleaned when read
        "copyright": Markup(footer.copyright),  # noqa: S704  cleaned when read
        "terms": {"title": footer.terms_title, "url": terms_url, "elsewhere": bool(footer.terms_url)}
        if footer.terms_title
        else None,
    }


def address(request: PageRequest, name: str, *args: str, bare: bool = False) -> str:
    """Return the path of a page of this help centre; in a frame with the mark, unless it is wanted `bare`."""
    path = reverse(f"helpcenter:{name}", args=(request.service.service_id, *args))
    return frames.marked(path) if request.is_framed and not bare else path


def with_query(address: str, query: str) -> str:
    """Return an address with more in its query, which is written as it is."""
    return f"{address}{'&' if '?' in address else '?'}{query}" if query else address


def _marked_url(name: str, *args: object, **kwargs: object) -> str:
    """Stands in for the templates' `url` inside a frame: links of this help centre keep the mark."""
    path = reverse(name, args=args, kwargs=kwargs)
    return frames.marked(path) if name.startswith("helpcenter:") else path


def clean_path(request: PageRequest) -> str:
    """Return the path and query of this page without anything that signs in (spec 20, 6.8 and 7.2).

    The mark of frames goes too: the company's login page takes the whole window, and so does the page it leads back to.
    """
    query = request.GET.copy()
    query.pop(CHECKED, None)
    query.pop(frames.MARK, None)
    path = escape_uri_path(request.path)
    return f"{path}?{query.urlencode()}" if query else path


def login_address(request: PageRequest, wanted: str, *, anew: bool = False) -> str:
    """Return our own address that begins a trip to the company's login page; `anew` where a person asks for it.

    Whoever asks leaves the frame; a page that goes by itself finds the button there (`helpcenter.views`).
    """
    query = {"next": wanted} | ({"anew": "1"} if anew else {})
    return with_query(address(request, "login", bare=anew), urlencode(query))


def _in_language(request: PageRequest, code: str) -> str:
    query = request.GET.copy()
    query["language"] = code
    return f"{request.path}?{query.urlencode()}"
