from decimal import Decimal
from typing import Any

from django.db import migrations

_UNSET = (
    *("smssend", "smssendingstatus", "electronicboard", "security"),
    *("issuetransferstatistics", "reinquiryrate", "happycall"),
)

# code: (monthly base, per user, unit, included, tiers of (up to, price of each unit))
_PRICES: dict[str, tuple[int | None, bool, str, int, tuple[tuple[int | None, str], ...]]] = {
    "ticket": (10_000, True, "ticket", 3_000, ((None, "50"),)),
    "telticket": (70_000, True, "second", 6_000, ((40_000, "3.0"), (None, "1.5"))),
    "chat": (10_000, True, "chat", 3_000, ((None, "50"),)),
    "helpdoc": (50_000, False, "", 0, ()),
    "knowledge": (50_000, False, "", 0, ()),
    "callback": (50_000, False, "", 0, ()),
    "endusermanagement": (250_000, False, "", 0, ()),
    "ticketevaluation": (100_000, False, "", 0, ()),
    **dict.fromkeys(_UNSET, (None, False, "", 0, ())),
}


def write_price_book(apps: Any, schema_editor: Any) -> None:
    """The example values of spec 10, 5.2; the operator changes them."""
    settings, items, tiers = (
        apps.get_model("billing", name) for name in ("PriceSettings", "ItemPrice", "PriceTier")
    )
    settings.objects.create(pk=1, discount_percent=Decimal(0), vat_percent=Decimal(10))
    for code, (base, per_user, unit, included, levels) in _PRICES.items():
        item = items.objects.create(code=code, monthly_base=base, per_user=per_user, unit=unit, included=included)
        tiers.objects.bulk_create(tiers(item=item, up_to=up_to, unit_price=Decimal(price)) for up_to, price in levels)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_first")]

    operations = [migrations.RunPython(write_price_book, migrations.RunPython.noop)]
