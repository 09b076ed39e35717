"""What a contract would cost in a month (예상 비용; spec 10, 5.2). Arithmetic only: whole KRW, rounded half up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext_lazy as _

from daedap.core.errors import DaedapError

MAX_COUNT = 1_000_000
"""The largest number of users or units an estimate takes."""

DAYS_OF_MONTH = 30
"""A day costs a thirtieth of the monthly base, however long the month is."""


class CountRefused(DaedapError):
    """A number of users or units is no integer of 0 to 1,000,000."""

    message = _("Enter a whole number from 0 to 1,000,000.")


@dataclass(frozen=True)
class Tier:
    """The price of each unit up to a volume (None: without end), from the end of the tier before."""

    up_to: int | None
    unit_price: Decimal


@dataclass(frozen=True)
class Price:
    """The price of an item: `monthly_base` None is no price yet; `tiers` in order of volume, above `included`."""

    code: str
    monthly_base: int | None
    per_user: bool = False
    unit: str = ""
    included: int = 0
    tiers: tuple[Tier, ...] = ()

    @property
    def daily(self) -> int | None:
        """The price of one day."""
        return None if self.monthly_base is None else half_up(Decimal(self.monthly_base) / DAYS_OF_MONTH)


@dataclass(frozen=True)
class PriceBook:
    """All prices, by item code, and the rates in percent."""

    prices: Mapping[str, Price]
    discount_percent: Decimal = Decimal(0)
    vat_percent: Decimal = Decimal(10)


@dataclass(frozen=True)
class Wanted:
    """How many users and how much volume (units per service and month) an item is estimated with."""

    users: int = 0
    volume: int = 0


@dataclass(frozen=True)
class Line:
    """One item of an estimate; `base` None means that the item has no price yet and counts nothing."""

    code: str
    base: int | None
    extra: int

    @property
    def amount(self) -> int:
        return (self.base or 0) + self.extra


@dataclass(frozen=True)
class Estimate:
    """Amounts of one month: total = (usage − discount) + VAT."""

    lines: tuple[Line, ...]
    usage: int
    discount: int
    vat: int

    @property
    def total(self) -> int:
        return self.usage - self.discount + self.vat


def half_up(amount: Decimal) -> int:
    """Return the nearest whole number; halves go up."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def estimate(book: PriceBook, wanted: Mapping[str, Wanted]) -> Estimate:
    """Return what the items in `wanted` cost in a month; raise CountRefused for a count out of bounds.

    Per-user items: base × users; others: base. Volume above the included one by tiers. The estimate limits nothing.
    """
    lines = tuple(_line(book.prices.get(code, Price(code, None)), facts) for code, facts in wanted.items())
    usage = sum(line.amount for line in lines)
    discount = half_up(usage * book.discount_percent / 100)
    vat = half_up((usage - discount) * book.vat_percent / 100)
    return Estimate(lines, usage, discount, vat)


def _line(price: Price, wanted: Wanted) -> Line:
    if not (0 <= wanted.users <= MAX_COUNT and 0 <= wanted.volume <= MAX_COUNT):
        raise CountRefused
    base = price.monthly_base
    if base is not None and price.per_user:
        base *= wanted.users
    return Line(price.code, base, extra_cost(price, wanted.volume))


def extra_cost(price: Price, volume: int) -> int:
    """Return what `volume` costs above what is included; beyond the last tier its price goes on."""
    cost, reached = Decimal(0), price.included
    for index, tier in enumerate(price.tiers):
        is_last = index == len(price.tiers) - 1
        end = volume if is_last or tier.up_to is None else min(volume, tier.up_to)
        if end > reached:
            cost += (end - reached) * tier.unit_price
            reached = end
    return half_up(cost)
