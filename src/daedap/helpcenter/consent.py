"""The privacy consent of the enquiry form (spec 30, 8.7)."""

from __future__ import annotations

from django.utils.translation import gettext as _


def consent_points() -> list[tuple[str, str]]:
    """Return what the visitor reads before the tick, as (heading, text), in the active language."""
    return [
        (_("Collected items"), _("Name, e-mail address, phone number, content of the enquiry and attached files")),
        (_("Purpose"), _("To receive and answer the enquiry")),
        (_("Period of retention"), _("3 years from the day of the enquiry, then deleted")),
        (_("Right to refuse"), _("You may refuse. An enquiry cannot be received without your consent.")),
    ]


def consent_text() -> str:
    """Return all that was shown, guidance and sentence, as one text to be kept as a hash."""
    lines = [f"{heading}: {text}" for heading, text in consent_points()]
    return "\n".join([*lines, _("I agree to the collection and use of personal information as stated above.")])
