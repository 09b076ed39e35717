"""Contact data of a customer, made comparable."""

from __future__ import annotations

import unicodedata

from daedap.core.crypto import keyed_hash


def normalise_email(email: str) -> str:
    """Return what two addresses are compared by: trimmed, NFC, lower case."""
    return unicodedata.normalize("NFC", email.strip()).casefold()


def email_hash(email: str) -> str:
    """Return the value by which tickets of an address are found without storing it; "" for no address."""
    return keyed_hash(normalise_email(email), purpose="ticket-customer-email") if email.strip() else ""
