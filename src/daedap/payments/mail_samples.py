"""Samples of the mails of payments."""

from __future__ import annotations

from daedap.core.mail.samples import add_sample
from daedap.payments import letters


def register() -> None:
    add_sample(
        "payment-identity-code",
        lambda language: letters.identity_code(name="김대답", code="027183", language=language),
    )
