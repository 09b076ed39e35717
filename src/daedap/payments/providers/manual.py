"""The provider that needs no contract with anybody: checks offline and never charges (spec 10, 2.5)."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from stdnum import luhn

from daedap.core.crypto import new_token
from daedap.payments.kinds import IdentityCheck, MethodCode, MethodKind
from daedap.payments.providers import CardRefused, Details, FormProvider, ProviderMethod, Reason, Way
from daedap.payments.providers.ranges import CardRange, RangeTable, load_table


class ManualProvider(FormProvider):
    """Luhn, length, expiry and kind of funding by the card ranges. No card company or bank is asked.

    No telephone company is asked either: where the product checks a telephone, a code goes to the member's verified
    e-mail address, and for a certificate the business data must equal what the operator verified. The screens say so.
    """

    code = "manual"
    charges = False
    ways = {
        IdentityCheck.PHONE: Way.MAILED_CODE,
        IdentityCheck.BUSINESS_NUMBER: Way.BUSINESS_NUMBER,
        IdentityCheck.CERTIFICATE: Way.BUSINESS_DATA,
        IdentityCheck.CARD_OWNERSHIP: Way.MAILED_CODE,
    }

    @sensitive_variables()
    def register(self, kind: MethodKind, details: Details) -> ProviderMethod:
        """Return a random token for data that pass every check; raise CardRefused otherwise."""
        if kind.code is MethodCode.BANK_TRANSFER:
            return ProviderMethod(token=new_token(), brand=details.bank, last4=details.account[-4:])
        return self._register_card(details)

    def discard(self, token: str) -> None:
        """Nobody else knows the token."""

    @sensitive_variables()
    def _register_card(self, details: Details) -> ProviderMethod:
        number = details.number
        table = load_table()
        brand = table.brand_of(number)
        lengths = brand.lengths if brand else range(12, 20)
        if len(number) not in lengths or not luhn.is_valid(number):
            raise CardRefused(_("The card number is not correct."), field="number")
        if _is_past(details.expiry_year, details.expiry_month):
            raise CardRefused(_("This card has expired."), field="expiry")
        _check_funding(table, details)
        return ProviderMethod(
            token=new_token(),
            brand=brand.name if brand else "Card",
            last4=number[-4:],
            expiry_month=details.expiry_month,
            expiry_year=details.expiry_year,
        )


def _is_past(year: int, month: int) -> bool:
    today: date = timezone.localdate()
    return (year, month) < (today.year, today.month)


@sensitive_variables()
def _check_funding(table: RangeTable, details: Details) -> None:
    if reason := funding_refusal(table.range_of(details.number), details.country):
        raise CardRefused.because(reason, field="number")


def funding_refusal(found: CardRange | None, country: str) -> Reason | None:
    """Return why a card of this range cannot be registered (spec 10, 2.4 and D2), or None. Unknown ranges may."""
    if found is None:
        return None
    if found.funding in ("debit", "prepaid"):
        return Reason(found.funding)
    if country == "JP" and found.country not in ("", "JP"):
        return Reason.FOREIGN
    return None
