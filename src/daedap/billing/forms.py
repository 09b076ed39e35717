"""The contract page's form."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms

from daedap.billing.estimates import MAX_COUNT, CountRefused, PriceBook, Wanted
from daedap.services.contract_items import TICKET, Item


class _CountField(forms.IntegerField):
    """A number of users or units. Thousands may be separated by commas, as the page writes them."""

    def __init__(self, label: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            min_value=0,
            max_value=MAX_COUNT,
            widget=forms.TextInput,
            error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), CountRefused.message),
        )

    def to_python(self, value: Any) -> int | None:
        return super().to_python(value.replace(",", "") if isinstance(value, str) else value)


class ContractForm(forms.Form):
    """Ticked items, and the users and volumes the estimate is made with (which are not stored)."""

    items = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, *args: Any, offered: list[Item], ticked: Collection[str], users: int, book: PriceBook, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {"items": list(ticked)}
        super().__init__(*args, **kwargs)
        self.offered = offered
        self.fields["items"] = forms.MultipleChoiceField(
            required=False,
            widget=forms.CheckboxSelectMultiple,
            choices=[(item.code, item.label) for item in offered],
        )
        for item in offered:
            price = book.prices.get(item.code)
            if price is not None and price.per_user:
                self.fields[f"users_{item.code}"] = _CountField(item.label)
                self.initial[f"users_{item.code}"] = users
            if price is not None and price.unit:
                self.fields[f"volume_{item.code}"] = _CountField(item.label)
                self.initial[f"volume_{item.code}"] = price.included

    @property
    def ticked(self) -> set[str]:
        """The codes to be shown ticked now: what was sent, else what is in the contract; tickets always."""
        given = self["items"].value() or []
        return {TICKET, *(str(code) for code in given)}

    def clean_items(self) -> list[str]:
        return list(self.cleaned_data["items"])

    def wanted(self) -> dict[str, Wanted]:
        """Return what the estimate is made of, in the order of the page; a count that cannot be read counts nothing."""
        ticked = self.ticked
        return {
            item.code: Wanted(self._count(f"users_{item.code}"), self._count(f"volume_{item.code}"))
            for item in self.offered
            if item.code in ticked
        }

    def _count(self, name: str) -> int:
        if name not in self.fields:
            return 0
        if not self.is_bound:
            return int(self.initial[name])
        return getattr(self, "cleaned_data", {}).get(name) or 0
