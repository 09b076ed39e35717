"""What the e-mail channel listens to."""

from __future__ import annotations

from daedap.core.events import subscribe


def wire() -> None:
    """Called once when the app is ready."""
    subscribe("tickets.answered", "connectors.mail_answer")
    subscribe("mail.sent", "connectors.note_mail")
    subscribe("mail.failed", "connectors.note_mail")
