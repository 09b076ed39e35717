"""What the forms of the platform site share."""

from __future__ import annotations

from typing import Any

from django import forms

from daedap.core.errors import DaedapError


class SecretInput(forms.TextInput):
    """A field whose value is never sent back to the browser."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


def add_refusal(form: forms.Form, error: DaedapError) -> None:
    """Show an action's refusal next to the field it names, or above the form."""
    field = error.field if error.field in form.fields else None
    form.add_error(field, list(getattr(error, "sentences", [])) or str(error.message))
