"""Reads of the price book."""

from __future__ import annotations

from daedap.billing.estimates import Price, PriceBook, Tier
from daedap.billing.models import ItemPrice, PriceSettings


def read_price_book() -> PriceBook:
    """Return the prices and rates as the operator has set them now."""
    rates = PriceSettings.objects.first() or PriceSettings()
    prices = {
        row.code: Price(
            code=row.code,
            monthly_base=row.monthly_base,
            per_user=row.per_user,
            unit=row.unit,
            included=row.included,
            tiers=tuple(Tier(tier.up_to, tier.unit_price) for tier in row.tiers.all()),
        )
        for row in ItemPrice.objects.prefetch_related("tiers")
    }
    return PriceBook(prices, rates.discount_percent, rates.vat_percent)
