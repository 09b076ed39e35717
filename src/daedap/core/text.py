"""Characters that people do not see: they break headers and lines, and make texts look like others."""

from __future__ import annotations

import unicodedata

_ZERO_WIDTH_JOINER = "\u200d"  # holds emoji together
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})


def is_hidden(character: str) -> bool:
    """Whether a character steers the text instead of being shown: a control, a mark of direction, a line separator.

    "\\u202egnp.exe" would read as "exe.png".
    """
    return character != _ZERO_WIDTH_JOINER and unicodedata.category(character) in _HIDDEN


def one_line(text: str) -> str:
    """Return the text on one line, without hidden characters and without space around it."""
    return "".join(character for character in " ".join(text.split()) if not is_hidden(character)).strip()
