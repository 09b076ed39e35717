"""HTML that people write and others read: only what `clean` or `clean_document` lets through is stored or shown."""

from __future__ import annotations

import re
from html import escape, unescape

import nh3

_TAGS = {"a", "b", "blockquote", "br", "code", "em", "i", "li", "ol", "p", "pre", "s", "strong", "u", "ul"}
_DOCUMENT_TAGS = _TAGS | {"h2", "h3", "h4", "h5", "h6", "hr", "table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES = {"a": {"href"}}
_CELL = {"colspan", "rowspan"}
_DOCUMENT_ATTRIBUTES = _ATTRIBUTES | {"td": _CELL, "th": _CELL}
_SCHEMES = {"http", "https", "mailto", "tel"}
_DROPPED_WITH_CONTENT = {"script", "style"}
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_BLOCK_END = re.compile(r"</(?:p|li|blockquote|pre|ul|ol)>|<br\s*/?>")
_ANY_TAG = re.compile(r"<[^>]*>")
_LOOKS_LIKE_TAG = re.compile(r"<[A-Za-z/!]")


def clean(markup: str) -> str:
    """Return `markup` with nothing left that runs, loads or styles; links open elsewhere and tell nothing."""
    return _clean(markup, _TAGS, _ATTRIBUTES)


def clean_document(markup: str) -> str:
    """Return `markup` as `clean` does, with headings and tables kept: for texts that fill a page of their own."""
    return _clean(markup, _DOCUMENT_TAGS, _DOCUMENT_ATTRIBUTES)


def _clean(markup: str, tags: set[str], attributes: dict[str, set[str]]) -> str:
    return nh3.clean(
        markup,
        tags=tags,
        attributes=attributes,
        url_schemes=_SCHEMES,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        link_rel="noopener noreferrer nofollow",
    )


def has_tags(text: str) -> bool:
    """Whether a text that may be plain or HTML is meant as HTML."""
    return _LOOKS_LIKE_TAG.search(text) is not None


def tidy_document(text: str) -> str:
    """Return what is kept of a text that may be plain or HTML: plain text as it was typed, HTML cleaned."""
    text = text.strip()
    if not has_tags(text):
        return text
    cleaned = clean_document(text)
    return cleaned if has_tags(cleaned) or not cleaned else f"<p>{cleaned}</p>"


def show_document(text: str) -> str:
    """Return clean HTML of a text that may be plain or HTML; the lines of plain text stay lines."""
    return clean_document(text) if has_tags(text) else from_text(text)


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
