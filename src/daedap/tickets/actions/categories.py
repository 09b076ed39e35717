"""Receipt categories (접수유형; spec 55, section 3)."""

from __future__ import annotations

from django.db import transaction

from daedap.services.models import Service
from daedap.services.selectors import list_languages
from daedap.tickets.models import Category, CategoryName

DEFAULT_NAMES = {"ko": "일반 문의", "en": "General enquiry", "ja": "一般的なお問い合わせ", "zh": "一般咨询"}


@transaction.atomic
def create_default_category(*, service_pk: int) -> Category:
    """Give a new service the category "일반 문의", named in its languages; one that has any keeps what it has."""
    service = Service.objects.select_for_update(of=("self",), no_key=True).get(pk=service_pk)
    first = Category.objects.first()
    if first is not None:
        return first
    owned = {"organization_id": service.organization_id, "service_id": service.pk}
    category = Category.objects.create(**owned)
    codes = [language.code for language in list_languages()] or [service.default_language]
    CategoryName.objects.bulk_create(
        CategoryName(**owned, category=category, language=code, name=_default_name(code)) for code in codes
    )
    return category


def _default_name(language: str) -> str:
    return DEFAULT_NAMES.get(language) or DEFAULT_NAMES.get(language.split("-")[0]) or DEFAULT_NAMES["en"]
