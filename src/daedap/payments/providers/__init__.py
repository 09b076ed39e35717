"""What a payment provider is: it says what it offers, takes card data once, and gives back a token."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError


class MethodCode(StrEnum):
    """The ways to pay that the product knows (spec 10, 2.3)."""

    CREDIT_CARD = "credit_card"
    CORPORATE_CARD = "corporate_card"
    PAYCO = "payco"
    BANK_TRANSFER = "bank_transfer"


class CardField(StrEnum):
    """Data asked for besides number and expiry. Checked, handed to the provider, never stored (spec 10, 2.5)."""

    BIRTH_DATE = "birth_date"
    PASSWORD_DIGITS = "password_digits"  # noqa: S105  a field name
    HOLDER = "holder"
    SECURITY_CODE = "security_code"


@dataclass(frozen=True)
class Method:
    """One way to pay as it is offered to a member, and the extra data it asks for."""

    code: MethodCode
    label: str | Promise
    text: str | Promise
    fields: tuple[CardField, ...] = ()


@dataclass(frozen=True)
class CardDetails:
    """What a member typed about a card. Nothing of it appears in `repr`, so no log or error report can show it."""

    number: str = field(repr=False)
    expiry_month: int = field(repr=False)
    expiry_year: int = field(repr=False)
    country: str = field(default="KR", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    password_digits: str = field(default="", repr=False)
    holder: str = field(default="", repr=False)
    security_code: str = field(default="", repr=False)


@dataclass(frozen=True)
class ProviderCard:
    """What is kept of a card: the provider's token and what people recognise it by."""

    token: str = field(repr=False)
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int


class CardRefused(DaedapError):
    """The card cannot be registered; nothing was stored."""

    message = _("This card cannot be registered.")


class Provider(Protocol):
    """A payment provider. `register` may talk to the outside, so it is called outside of transactions."""

    code: str
    charges: bool

    def methods_for(self, country: str, membership_type: str) -> list[Method]:
        """Return what a member of this country and type may choose from."""

    def register(self, details: CardDetails) -> ProviderCard:
        """Check the card and return what is kept of it; raise CardRefused with a sentence for the member."""


def get_provider() -> Provider:
    """Return the provider that the installation uses."""
    provider: Provider = import_string(settings.PAYMENT_PROVIDER)()
    return provider
