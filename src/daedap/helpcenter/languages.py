"""The language of a help-centre page (spec 30, 3.3 and 3.4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

from daedap.core.language import VISITOR_COOKIE

COOKIE_SECONDS = 365 * 86400

_TAGS = {"es_LA": "es-419", "sr_LN": "sr-Latn", "sr_ME": "sr-ME"}
_SCRIPTS = {"zh-hant": "zh-tw", "zh-hk": "zh-tw", "zh-mo": "zh-tw", "zh-hans": "zh", "zh-cn": "zh", "zh-sg": "zh"}


def choose_language(request: HttpRequest, codes: Sequence[str], default: str) -> str:
    """Return the visitor's language among the service's `codes`.

    The `language` parameter comes first, then the cookie of an earlier choice, then the best match of what the browser
    asks for, then the default.
    """
    for wanted in (request.GET.get("language", ""), request.COOKIES.get(VISITOR_COOKIE, "")):
        if wanted in codes:
            return wanted
    return _match(request.headers.get("Accept-Language", ""), codes) or default


def _match(header: str, codes: Sequence[str]) -> str:
    known = {code.replace("_", "-").lower(): code for code in codes}
    for asked, _quality in parse_accept_lang_header(header):
        parts = asked.split("-")
        for length in range(len(parts), 0, -1):
            step = "-".join(parts[:length])
            if found := known.get(step) or known.get(_SCRIPTS.get(step, "")):
                return found
    return ""


def html_tag(code: str) -> str:
    """Return the language as HTML writes it: with hyphens."""
    return _TAGS.get(code, code.replace("_", "-"))


def interface_language(code: str, default: str) -> str:
    """Return the language our own sentences are shown in: `code`, else the service's default, else English."""
    ours = dict(settings.LANGUAGES)
    return next((each for each in (code, code.split("_")[0], default) if each in ours), "en")
