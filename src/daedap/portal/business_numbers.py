"""Korean business registration numbers (사업자등록번호): ten digits, the last one a check digit."""

from __future__ import annotations

from stdnum.exceptions import ValidationError
from stdnum.kr import brn

_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)


def clean_business_number(text: str) -> str | None:
    """Return the ten digits of a valid number typed with or without hyphens, or None.

    The library checks length and the groups' ranges; the check digit is ours to verify.
    """
    if not text.isascii():
        return None
    try:
        number = str(brn.validate(text))
    except ValidationError:
        return None
    digits = [int(character) for character in number]
    total = sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=False)) + digits[8] * 5 // 10
    return number if (10 - total % 10) % 10 == digits[9] else None


def shown_business_number(number: str) -> str:
    """Return a stored number as certificates print it, 116-82-00276; one that is not Korean as it is."""
    return str(brn.format(number)) if clean_business_number(number) else number
