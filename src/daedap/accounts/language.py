"""Whose choice of language holds: the one just made before sign-in, else the account's own."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from daedap.accounts.models import User
from daedap.core.views import CHOSEN_LANGUAGE


def adopt_language(request: HttpRequest, user: User) -> None:
    """Give the account the language that was chosen in this browser before sign-in, if any, and speak it from here."""
    chosen = request.session.pop(CHOSEN_LANGUAGE, "")
    if chosen in dict(settings.LANGUAGES) and chosen != user.language:
        user.language = chosen
        user.save(update_fields=["language"])
    translation.activate(user.language)
