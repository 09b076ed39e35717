"""The terms a member agrees to at sign-up, with the version that is in force (spec 10, 1c).

Change the text in `templates/portal/terms/<code>.html` together with the version here: consents name the version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Terms:
    """One document. `code` is what a consent stores; `label` is translated lazily."""

    code: str
    version: str
    label: Any
    required: bool = True


TERMS = (
    Terms("service", "2026-01-01", _("Terms of use")),
    Terms("privacy", "2026-01-01", _("Privacy policy")),
    Terms("age", "2026-01-01", _("I am 14 years of age or older")),
    Terms("marketing", "2026-01-01", _("Receive news and offers"), required=False),
)
BY_CODE = {terms.code: terms for terms in TERMS}
READABLE = ("service", "privacy", "marketing")
