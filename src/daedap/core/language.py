"""The language cookie that `LanguageMiddleware` reads."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponseBase


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
