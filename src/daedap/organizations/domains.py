"""Domains of organizations: what may become one (spec 10, 6.2)."""

from __future__ import annotations

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

RESERVED = frozenset(
    {"www", "api", "admin", "console", "oc", "mail", "static", "cdn", "support", "help", "status", "login"}
)
SHORTEST, LONGEST = 3, 40
_CHARACTERS = re.compile(r"[a-z0-9-]+")

TAKEN = _("This domain is already in use.")


def clean_domain(text: str) -> str:
    """Return what is stored and compared: trimmed and lower-cased ASCII."""
    text = text.strip()
    return text.lower() if text.isascii() else text


def broken_rule(domain: str) -> str | Promise | None:
    """Return the sentence for the first rule that the cleaned `domain` breaks, or None, duplicates aside."""
    if not domain:
        return _("Enter a domain.")
    if not _CHARACTERS.fullmatch(domain):
        return _("Use only English letters, digits and hyphens.")
    if not SHORTEST <= len(domain) <= LONGEST:
        return _("Use 3 to 40 characters.")
    if domain.startswith("-"):
        return _("Begin with a letter or a digit.")
    if domain.endswith("-"):
        return _("A hyphen cannot be the last character.")
    if domain.startswith("xn--") or domain in RESERVED:
        return _("This domain cannot be used.")
    return None
