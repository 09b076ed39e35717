"""Cookies of language: the one that `LanguageMiddleware` reads, and the one of help-centre visitors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

VISITOR_COOKIE = "hc_lang"
"""What a visitor of a help centre chose: one of the service's codes."""


def visitor_language(*, asked: str, cookies: Mapping[str, str], accepted: str) -> str:
    """Return in which of our languages to speak to a customer where no help-centre page does: a refusal, a closed door.

    `asked` is the `language` parameter, `accepted` the Accept-Language header; an earlier choice comes between the two.
    """
    chosen = [cookies.get(name, "") for name in (VISITOR_COOKIE, settings.LANGUAGE_COOKIE_NAME)]
    wanted = [asked, *chosen, *(code for code, _quality in parse_accept_lang_header(accepted))]
    known = (code.replace("_", "-").partition("-")[0] for code in wanted)
    return next((code for code in known if code in dict(settings.LANGUAGES)), settings.LANGUAGE_CODE)


def speak_to_visitor(request: HttpRequest) -> AbstractContextManager[None]:
    """Render the page inside the block in the `visitor_language` of the request, which the layout names too."""
    asked, accepted = request.GET.get("language", ""), request.headers.get("Accept-Language", "")
    request.LANGUAGE_CODE = visitor_language(asked=asked, cookies=request.COOKIES, accepted=accepted)
    return translation.override(request.LANGUAGE_CODE)


def remember_language(response: HttpResponseBase, language: str) -> None:
    """Show later pages of this browser in `language`; one that is not offered changes nothing."""
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 86400,
            secure=settings.SECURE,
            samesite="Lax",
            httponly=True,
        )
