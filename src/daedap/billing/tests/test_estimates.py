from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedap.billing.estimates import CountRefused, Price, PriceBook, Tier, Wanted, estimate, extra_cost, half_up
from daedap.billing.selectors import read_price_book

TICKET = Price("ticket", 10_000, per_user=True, unit="ticket", included=3_000, tiers=(Tier(None, Decimal(50)),))
PHONE = Price(
    "telticket",
    70_000,
    per_user=True,
    unit="second",
    included=6_000,
    tiers=(Tier(40_000, Decimal("3.0")), Tier(None, Decimal("1.5"))),
)
FAQ = Price("helpdoc", 50_000)
BOOK = PriceBook({price.code: price for price in (TICKET, PHONE, FAQ)})
counts = st.integers(0, 1_000_000)


@pytest.mark.parametrize(("base", "daily"), [(10_000, 333), (70_000, 2_333), (50_000, 1_667), (250_000, 8_333)])
def test_given_monthly_base_when_divided_then_daily_price_of_the_source(base, daily):
    assert Price("x", base).daily == daily


@pytest.mark.parametrize(
    ("price", "volume", "cost"),
    [
        (TICKET, 0, 0),
        (TICKET, 3_000, 0),
        (TICKET, 3_001, 50),
        (PHONE, 6_000, 0),
        (PHONE, 40_000, 102_000),
        (PHONE, 40_001, 102_002),  # 102,001.5 rounded half up
        (PHONE, 50_000, 117_000),
        (FAQ, 1_000_000, 0),
    ],
)
def test_given_volume_when_reckoned_then_tiers_above_the_included_volume(price, volume, cost):
    assert extra_cost(price, volume) == cost


def test_given_items_when_estimated_then_base_times_users_and_vat_apart():
    made = estimate(BOOK, {"ticket": Wanted(3, 3_100), "helpdoc": Wanted(7)})
    assert [(line.code, line.base, line.extra) for line in made.lines] == [
        ("ticket", 30_000, 5_000),
        ("helpdoc", 50_000, 0),
    ]
    assert (made.usage, made.discount, made.vat, made.total) == (85_000, 0, 8_500, 93_500)


def test_given_discount_when_estimated_then_before_vat():
    book = PriceBook(BOOK.prices, discount_percent=Decimal("12.5"), vat_percent=Decimal(10))
    made = estimate(book, {"helpdoc": Wanted()})
    assert (made.usage, made.discount, made.vat, made.total) == (50_000, 6_250, 4_375, 48_125)


def test_given_item_without_price_when_estimated_then_it_counts_nothing():
    made = estimate(BOOK, {"smssend": Wanted(5)})
    assert (made.lines[0].base, made.total) == (None, 0)


@pytest.mark.parametrize("facts", [Wanted(-1), Wanted(1_000_001), Wanted(0, -1), Wanted(0, 1_000_001)])
def test_given_count_out_of_bounds_when_estimated_then_refused(facts):
    with pytest.raises(CountRefused):
        estimate(BOOK, {"ticket": facts})


@given(counts, counts, counts, counts)
def test_given_more_when_estimated_then_never_cheaper(users, more_users, volume, more_volume):
    few, many = sorted((users, more_users))
    low, high = sorted((volume, more_volume))
    for code in ("ticket", "telticket"):
        small, large = estimate(BOOK, {code: Wanted(few, low)}), estimate(BOOK, {code: Wanted(many, high)})
        assert 0 <= small.total <= large.total
        assert small.total == small.usage - small.discount + small.vat


@given(counts, counts)
def test_given_volume_when_split_at_the_tier_then_parts_add_up(volume, users):
    above = max(0, volume - 40_000)
    within = max(0, min(volume, 40_000) - 6_000)
    assert extra_cost(PHONE, volume) == half_up(Decimal(within) * 3 + Decimal(above) * Decimal("1.5"))
    assert estimate(BOOK, {"ticket": Wanted(users)}).usage == 10_000 * users


@given(st.decimals(0, 10**9, places=3))
def test_given_amount_when_rounded_then_halves_go_up(amount):
    assert abs(half_up(amount) - amount) <= Decimal("0.5")
    if amount % 1 == Decimal("0.5"):
        assert half_up(amount) > amount


@pytest.mark.django_db
def test_given_fresh_installation_when_price_book_read_then_the_example_values():
    book = read_price_book()
    assert book.prices["ticket"] == TICKET
    assert book.prices["telticket"] == PHONE
    assert book.prices["helpdoc"] == FAQ
    assert book.prices["smssend"].monthly_base is None
    assert (book.discount_percent, book.vat_percent) == (0, 10)
