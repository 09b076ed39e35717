"""The HTML of entries. Written by people, read by others: only what `clean` lets through is stored or shown."""

from __future__ import annotations

import re
from html import escape, unescape

import nh3

_TAGS = {"a", "b", "blockquote", "br", "code", "em", "i", "li", "ol", "p", "pre", "s", "strong", "u", "ul"}
_ATTRIBUTES = {"a": {"href"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
_DROPPED_WITH_CONTENT = {"script", "style"}
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_BLOCK_END = re.compile(r"</(?:p|li|blockquote|pre|ul|ol)>|<br\s*/?>")
_ANY_TAG = re.compile(r"<[^>]*>")


def clean(markup: str) -> str:
    """Return `markup` with nothing left that runs, loads or styles; links open elsewhere and tell nothing."""
    return nh3.clean(
        markup,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        link_rel="noopener noreferrer nofollow",
    )


def from_text(text: str) -> str:
    """Return plain text as HTML: blank lines part paragraphs, other line ends are kept, everything is escaped."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    paragraphs = (escape(paragraph.strip("\n"), quote=False) for paragraph in _BLANK_LINES.split(text))
    return "".join("<p>{}</p>".format(paragraph.replace("\n", "<br>")) for paragraph in paragraphs if paragraph)


def to_text(markup: str) -> str:
    """Return cleaned HTML as plain text, for the text part of a mail."""
    text = re.sub(r"</p>", "\n\n", clean(markup))
    text = _ANY_TAG.sub("", _BLOCK_END.sub("\n", text))
    return unescape(re.sub(r"\n{3,}", "\n\n", text)).strip()
