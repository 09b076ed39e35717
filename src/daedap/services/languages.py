"""Help-centre languages: the 203 codes that can be chosen, and their names from CLDR (spec 10, 5.1)."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale, UnknownLocaleError

FIRST = (
    *("ko", "ja", "en", "zh", "zh_TW", "yue", "th", "vi", "id", "ms", "ru"),
    *("fr", "de", "es", "es_LA", "pt", "pt_BR", "it", "ar", "tr", "nl", "pl"),
)
"""The 22 that come first, in this order."""

_REGIONAL = ("sr_LN", "sr_ME")
_THREE_LETTERS = (
    *("ast", "bho", "ceb", "ckb", "dsb", "fil", "haw"),
    *("hsb", "kok", "mai", "mni", "sah", "sat"),
)
"""What ISO 639-1 has no two letters for; the source counts 203 codes and prints only the first 22 and the regional."""

_CLDR = {"zh_TW": "zh_Hant", "es_LA": "es_419", "sr_LN": "sr_Latn"}
"""Our codes that CLDR writes differently."""

LONGEST_NAME = 50


@cache
def list_codes() -> tuple[str, ...]:
    """Return every code that can be chosen: the first 22, then all others in alphabetical order."""
    two_letters = (code for code in map(str, Locale("en").languages) if len(code) == 2)
    rest = {*two_letters, *_THREE_LETTERS, *_REGIONAL} - set(FIRST)
    return (*FIRST, *sorted(rest))


def is_known(code: str) -> bool:
    """Whether a service can have this language."""
    return code in list_codes()


@cache
def name_in(code: str, interface: str) -> str:
    """Return what the language is called in the language of our pages, "ko" or "en" for example."""
    shown = Locale.parse(interface.replace("-", "_"))
    if code in shown.languages:
        return str(shown.languages[code])
    try:
        return Locale.parse(_CLDR.get(code, code)).get_display_name(shown) or code
    except (UnknownLocaleError, ValueError):
        return code


@cache
def own_name(code: str) -> str:
    """Return what the language calls itself, or its English name where CLDR does not know."""
    try:
        return Locale.parse(_CLDR.get(code, code)).get_display_name() or name_in(code, "en")
    except (UnknownLocaleError, ValueError):
        return name_in(code, "en")


def list_choices(interface: str) -> list[tuple[str, str]]:
    """Return (code, "name (code)") of all languages, in the order of `list_codes`."""
    return [(code, f"{name_in(code, interface)} ({code})") for code in list_codes()]


_CODE_IN_LABEL = re.compile(r"\(([A-Za-z_]{2,6})\)$")


def find_code(typed: str, interface: str) -> str:
    """Return the code of what somebody typed or chose: a code, a name or a label of `list_choices`; "" if none."""
    typed = typed.strip()
    if in_brackets := _CODE_IN_LABEL.search(typed):
        typed = in_brackets[1]
    wanted = typed.casefold()
    for code in list_codes():
        if wanted in (code.casefold(), name_in(code, interface).casefold()):
            return code
    return ""
