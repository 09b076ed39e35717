"""The ways to pay, as one table: who is offered what, what is asked, how identity is checked (spec 10, 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from daedap.accounts.models import Country, MembershipType


class MethodCode(StrEnum):
    """The ways to pay that the product knows."""

    PAYCO = "payco"
    CREDIT_CARD = "credit_card"
    CORPORATE_CARD = "corporate_card"
    BANK_TRANSFER = "bank_transfer"


class IdentityCheck(StrEnum):
    """What must be shown before any data is entered. Resident numbers are never collected."""

    PHONE = "phone"
    BUSINESS_NUMBER = "business_number"
    CERTIFICATE = "certificate"
    CARD_OWNERSHIP = "card_ownership"


class DataField(StrEnum):
    """What is asked of a payment method. Checked, handed to the provider, never stored (spec 10, 2.5)."""

    NUMBER = "number"
    EXPIRY = "expiry"
    BIRTH_DATE = "birth_date"
    PASSWORD_DIGITS = "password_digits"  # noqa: S105  a field name
    HOLDER = "holder"
    SECURITY_CODE = "security_code"
    BANK = "bank"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Money:
    """An amount in whole units of its currency."""

    amount: int
    currency: str


@dataclass(frozen=True)
class MethodKind:
    """One row of the table. `charge` is collected to verify the method and cancelled at once; None means no charge."""

    country: str
    memberships: frozenset[str]
    code: MethodCode
    label: str | Promise
    text: str | Promise
    identity: IdentityCheck
    fields: tuple[DataField, ...]
    charge: Money | None = None

    def is_for(self, country: str, membership_type: str) -> bool:
        return self.country == country and membership_type in self.memberships


_INDIVIDUAL = frozenset({MembershipType.INDIVIDUAL.value})
_BUSINESS = frozenset({MembershipType.BUSINESS.value})
_CARD = (DataField.NUMBER, DataField.EXPIRY)
_KR, _JP = Country.KR.value, Country.JP.value

KINDS: tuple[MethodKind, ...] = (
    MethodKind(
        _KR,
        _INDIVIDUAL,
        MethodCode.PAYCO,
        _("PAYCO credit card"),
        _("Pay with a credit card by PAYCO."),
        IdentityCheck.PHONE,
        (*_CARD, DataField.PASSWORD_DIGITS),
        Money(1000, "KRW"),
    ),
    MethodKind(
        _KR,
        _INDIVIDUAL,
        MethodCode.CREDIT_CARD,
        _("Credit card"),
        _("A personal credit card, or a corporate card in your name."),
        IdentityCheck.PHONE,
        (*_CARD, DataField.BIRTH_DATE),
    ),
    MethodKind(
        _KR,
        _BUSINESS,
        MethodCode.PAYCO,
        _("PAYCO credit card"),
        _("Pay with a credit card by PAYCO."),
        IdentityCheck.BUSINESS_NUMBER,
        _CARD,
        Money(1000, "KRW"),
    ),
    MethodKind(
        _KR,
        _BUSINESS,
        MethodCode.CREDIT_CARD,
        _("Corporate card with a name"),
        _("A credit card of the company that names its holder."),
        IdentityCheck.PHONE,
        (*_CARD, DataField.BIRTH_DATE),
    ),
    MethodKind(
        _KR,
        _BUSINESS,
        MethodCode.CORPORATE_CARD,
        _("Corporate card without a name"),
        _("A credit card of the company that anybody there uses."),
        IdentityCheck.BUSINESS_NUMBER,
        (*_CARD, DataField.PASSWORD_DIGITS),
    ),
    MethodKind(
        _KR,
        _BUSINESS,
        MethodCode.BANK_TRANSFER,
        _("Bank transfer"),
        _("From an account of the company. Business data must match."),
        IdentityCheck.CERTIFICATE,
        (DataField.BANK, DataField.ACCOUNT),
    ),
    MethodKind(
        _JP,
        _INDIVIDUAL | _BUSINESS,
        MethodCode.CREDIT_CARD,
        _("Credit card"),
        _("A credit card issued in Japan."),
        IdentityCheck.CARD_OWNERSHIP,
        (*_CARD, DataField.HOLDER, DataField.SECURITY_CODE),
        Money(2, "JPY"),
    ),
)


def kinds_for(country: str, membership_type: str) -> list[MethodKind]:
    """Return what the table has for a member of this country and type, in its order."""
    return [kind for kind in KINDS if kind.is_for(country, membership_type)]


LABELS: dict[str, str | Promise] = {
    MethodCode.PAYCO: _("PAYCO credit card"),
    MethodCode.CREDIT_CARD: _("Credit card"),
    MethodCode.CORPORATE_CARD: _("Corporate card"),
    MethodCode.BANK_TRANSFER: _("Bank transfer"),
}
"""What a registered method is called in the list."""
