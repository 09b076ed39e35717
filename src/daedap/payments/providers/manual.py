"""The provider that needs no contract with anybody: checks cards offline and never charges (spec 10, 2.5)."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from stdnum import luhn

from daedap.core.crypto import new_token
from daedap.payments.providers import CardDetails, CardField, CardRefused, Method, MethodCode, ProviderCard
from daedap.payments.providers.ranges import RangeTable, load_table

_CREDIT = _("Credit card")


class ManualProvider:
    """Luhn, length, expiry and kind of funding by the card ranges. Identity is not checked, nothing is charged."""

    code = "manual"
    charges = False

    def methods_for(self, country: str, membership_type: str) -> list[Method]:
        """Offer cards only: PAYCO and bank transfer need a provider that reaches them (spec 10, 2.3)."""
        if country == "JP":
            fields = (CardField.HOLDER, CardField.SECURITY_CODE)
            return [Method(MethodCode.CREDIT_CARD, _CREDIT, _("A credit card issued in Japan."), fields)]
        if membership_type == "business":
            return [
                Method(
                    MethodCode.CREDIT_CARD,
                    _("Corporate card with a name"),
                    _("A credit card of the company that names its holder."),
                    (CardField.BIRTH_DATE,),
                ),
                Method(
                    MethodCode.CORPORATE_CARD,
                    _("Corporate card without a name"),
                    _("A credit card of the company that anybody there uses."),
                    (CardField.PASSWORD_DIGITS,),
                ),
            ]
        text = _("A personal credit card, or a corporate card in your name.")
        return [Method(MethodCode.CREDIT_CARD, _CREDIT, text, (CardField.BIRTH_DATE,))]

    @sensitive_variables()
    def register(self, details: CardDetails) -> ProviderCard:
        """Return a random token for a card that passes every check; raise CardRefused otherwise."""
        number = details.number
        table = load_table()
        brand = table.brand_of(number)
        lengths = brand.lengths if brand else range(12, 20)
        if len(number) not in lengths or not luhn.is_valid(number):
            raise CardRefused(_("The card number is not correct."), field="number")
        if _is_past(details.expiry_year, details.expiry_month):
            raise CardRefused(_("This card has expired."), field="expiry")
        _check_funding(table, details)
        return ProviderCard(
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
def _check_funding(table: RangeTable, details: CardDetails) -> None:
    found = table.range_of(details.number)
    if found is None:
        return
    if found.funding == "debit":
        raise CardRefused(_("Debit cards cannot be registered."), field="number")
    if found.funding == "prepaid":
        raise CardRefused(_("Prepaid cards cannot be registered."), field="number")
    if details.country == "JP" and found.country not in ("", "JP"):
        raise CardRefused(_("Only cards issued in Japan can be registered."), field="number")
