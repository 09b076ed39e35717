"""The table of card ranges: which brand a number has, and whether it is a credit, debit or prepaid card."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SHIPPED = Path(__file__).with_name("card_ranges.toml")
FUNDING = frozenset({"credit", "debit", "prepaid"})


@dataclass(frozen=True)
class CardRange:
    """Numbers whose first digits lie between `first` and `last`."""

    first: str
    last: str
    funding: str
    country: str = ""

    def holds(self, number: str) -> bool:
        return self.first <= number[: len(self.first)] <= self.last


@dataclass(frozen=True)
class Brand:
    """A card network: its first digits as pairs of equally long ends, and the lengths of its numbers."""

    name: str
    prefixes: tuple[tuple[str, str], ...]
    lengths: frozenset[int]

    def match(self, number: str) -> int:
        """Return how many first digits of `number` speak for this brand; 0 if none."""
        return max((len(low) for low, high in self.prefixes if low <= number[: len(low)] <= high), default=0)


@dataclass(frozen=True)
class RangeTable:
    """All ranges and brands."""

    ranges: tuple[CardRange, ...]
    brands: tuple[Brand, ...]

    def range_of(self, number: str) -> CardRange | None:
        """Return the narrowest range that holds `number`, or None."""
        return max((r for r in self.ranges if r.holds(number)), key=lambda r: len(r.first), default=None)

    def brand_of(self, number: str) -> Brand | None:
        """Return the brand of `number`, or None."""
        best = max(self.brands, key=lambda brand: brand.match(number), default=None)
        return best if best is not None and best.match(number) else None


def load_table() -> RangeTable:
    """Return the table the installation uses: DAEDAP_CARD_RANGES, or the shipped one."""
    return _read(Path(settings.CARD_RANGES) if settings.CARD_RANGES else SHIPPED)


@lru_cache(maxsize=4)
def _read(path: Path) -> RangeTable:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return RangeTable(
            ranges=tuple(_range(entry) for entry in data.get("range", [])),
            brands=tuple(_brand(entry) for entry in data.get("brand", [])),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise ImproperlyConfigured(f"The card ranges in {path} cannot be read: {error}") from error


def _range(entry: dict[str, Any]) -> CardRange:
    made = CardRange(entry["from"], entry["to"], entry["funding"], entry.get("country", ""))
    if made.funding not in FUNDING or len(made.first) != len(made.last) or not (made.first + made.last).isdigit():
        raise ValueError(f"range {made.first}–{made.last}")
    return made


def _brand(entry: dict[str, Any]) -> Brand:
    pairs = [prefix.partition("-") for prefix in entry["prefixes"]]
    return Brand(entry["name"], tuple((low, high or low) for low, _, high in pairs), frozenset(entry["lengths"]))
