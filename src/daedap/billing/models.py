"""The price book of the installation: what a contract item costs. The operator edits it; it belongs to no tenant."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from daedap.services.contract_items import ITEMS

_PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


class Unit(models.TextChoices):
    """What an item's volume is counted in."""

    TICKETS = "ticket", pgettext_lazy("unit", "tickets")
    CHATS = "chat", pgettext_lazy("unit", "chats")
    SECONDS = "second", pgettext_lazy("unit", "seconds")


class PriceSettings(models.Model):
    """Rates that hold for every estimate; one row."""

    discount_percent = models.DecimalField(
        _("Discount rate (%)"), max_digits=5, decimal_places=2, default=0, validators=_PERCENT
    )
    vat_percent = models.DecimalField(
        _("VAT rate (%)"), max_digits=5, decimal_places=2, default=10, validators=_PERCENT
    )

    class Meta:
        verbose_name = verbose_name_plural = _("Discount and VAT")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="price_settings_one_row")]

    def __str__(self) -> str:
        return "–"


class ItemPrice(models.Model):
    """The monthly price of one contract item in KRW; an empty base means that no price is set yet."""

    code = models.CharField(_("Item"), max_length=30, unique=True)
    monthly_base = models.PositiveIntegerField(_("Monthly base (KRW)"), null=True, blank=True)
    per_user = models.BooleanField(_("Billed per user"), default=False)
    unit = models.CharField(_("Unit of volume"), max_length=10, choices=Unit, blank=True)
    included = models.PositiveIntegerField(_("Included volume per month"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("Price of an item")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(ITEMS[self.code].label) if self.code in ITEMS else self.code


class PriceTier(models.Model):
    """What each unit above the included volume costs, up to a volume; the last tier has no end."""

    item = models.ForeignKey(ItemPrice, on_delete=models.CASCADE, related_name="tiers")
    up_to = models.PositiveIntegerField(_("Up to volume"), null=True, blank=True)
    unit_price = models.DecimalField(
        _("Price per unit (KRW)"), max_digits=10, decimal_places=2, validators=[MinValueValidator(0)]
    )

    class Meta:
        verbose_name = verbose_name_plural = _("Price of extra volume")
        ordering = [models.F("up_to").asc(nulls_last=True)]
        constraints = [
            models.UniqueConstraint(fields=["item", "up_to"], nulls_distinct=False, name="price_tier_once_per_volume")
        ]

    def __str__(self) -> str:
        return "–" if self.up_to is None else str(self.up_to)
