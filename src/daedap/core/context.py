"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from daedap.core import navigation


def shared(request: HttpRequest) -> dict[str, Any]:
    """Return what the layouts need. Touches the database only for signed-in visitors."""
    user = getattr(request, "user", None)
    viewer = user if user is not None and user.is_authenticated else None
    return {
        "product_name": settings.PRODUCT_NAME,
        "site": getattr(request, "site", "platform"),
        "organization": getattr(request, "organization", None),
        "viewer": viewer,
        "languages": settings.LANGUAGES,
        "language": getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE),
        "nav": navigation.build(request) if viewer else None,
        "development": settings.DEVELOPMENT_PAGES,
    }
