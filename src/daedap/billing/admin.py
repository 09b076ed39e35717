"""The operator's price book at `/operator/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from daedap.billing.models import ItemPrice, PriceSettings, PriceTier

if TYPE_CHECKING:
    _ItemPriceAdmin = admin.ModelAdmin[ItemPrice]
    _PriceSettingsAdmin = admin.ModelAdmin[PriceSettings]
    _TierInline = admin.TabularInline[PriceTier, ItemPrice]
    _Tiers = forms.BaseInlineFormSet[PriceTier, ItemPrice, Any]
else:
    _ItemPriceAdmin = _PriceSettingsAdmin = admin.ModelAdmin
    _TierInline, _Tiers = admin.TabularInline, forms.BaseInlineFormSet


class TierFormSet(_Tiers):
    """Tiers without a gap: exactly the last one has no end, and all end above the included volume."""

    def clean(self) -> None:
        super().clean()
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        ends = [row.get("up_to") for row in rows]
        if rows and ends.count(None) != 1:
            raise forms.ValidationError(_("Exactly one tier, the last one, has no upper volume."))
        if any(end is not None and end <= self.instance.included for end in ends):
            raise forms.ValidationError(_("A tier has to end above the included volume."))


class TierInline(_TierInline):
    model = PriceTier
    formset = TierFormSet
    extra = 0


@admin.register(ItemPrice)
class ItemPriceAdmin(_ItemPriceAdmin):
    """One row for each contract item; rows are changed, not added or removed."""

    list_display = ("label", "code", "monthly_base", "per_user", "unit", "included")
    fields = ("code", "monthly_base", "per_user", "unit", "included")
    readonly_fields = ("code",)
    inlines = (TierInline,)

    @admin.display(description=_("Item"))
    def label(self, price: ItemPrice) -> str:
        return str(price)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PriceSettings)
class PriceSettingsAdmin(_PriceSettingsAdmin):
    """The one row of rates."""

    list_display = ("__str__", "discount_percent", "vat_percent")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
