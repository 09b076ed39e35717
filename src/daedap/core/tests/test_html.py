from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedap.core import html

_PIECES = st.sampled_from(
    [
        "<script>", "</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<a href='javascript:x'>",
        '<a href="JaVaScRiPt&#58;alert(1)">', "<iframe srcdoc='<script>'>", "<style>", "</style>", "<math><mtext>",
        "<p style='x:y' onclick=z>", "<b>", "</b>", "&lt;script&gt;", "<!--", "-->", "<![CDATA[", "<scr<script>ipt>",
        "<template>", "<noscript>", '"', "'", ">", "<", "&", "\n", "안녕하세요", "<form action=x>", "<base href=//x>",
        "<a href='https://example.com'>", "<a href='data:text/html,x'>", "<object data=x>", "<body onload=x>",
    ]
)  # fmt: skip
_MARKUP = st.lists(st.one_of(_PIECES, st.text(max_size=8)), max_size=24).map("".join)


class _Seen(HTMLParser):
    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes = [], []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs


@given(_MARKUP)
def test_given_any_markup_when_cleaned_then_nothing_that_runs_survives(markup):
    seen = _Seen(html.clean(markup))
    assert set(seen.tags) <= html._TAGS
    assert {name for name, _ in seen.attributes} <= {"href", "rel"}
    for name, value in seen.attributes:
        if name == "href":
            scheme = re.match(r"[\s\x00-\x20]*([a-z][a-z0-9+.-]*):", value or "", re.IGNORECASE)
            assert scheme is None or scheme[1].lower() in {"http", "https", "mailto", "tel"}


@given(_MARKUP)
def test_given_clean_markup_when_cleaned_again_then_unchanged(markup):
    once = html.clean(markup)
    assert html.clean(once) == once


@given(st.text().filter(lambda text: "\0" not in text))
def test_given_any_text_when_made_html_then_only_paragraphs_and_breaks(text):
    assert set(_Seen(html.from_text(text)).tags) <= {"p", "br"}


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("안녕하세요", "<p>안녕하세요</p>"),
        ("첫 줄\r\n둘째 줄\r\n\r\n\r\n새 문단", "<p>첫 줄<br>둘째 줄</p><p>새 문단</p>"),
        ("1 < 2 & <b>", "<p>1 &lt; 2 &amp; &lt;b&gt;</p>"),
        (" \n ", ""),
    ],
)
def test_given_text_when_made_html_then_paragraphs(text, markup):
    assert html.from_text(text) == markup


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>첫 줄<br>둘째 줄</p><p>1 &lt; 2</p>", "첫 줄\n둘째 줄\n\n1 < 2"),
        ("<ul><li>하나</li><li>둘</li></ul>", "하나\n둘"),
        ("<p>&amp;lt;</p>", "&lt;"),
    ],
)
def test_given_html_when_made_text_then_same_words(markup, text):
    assert html.to_text(markup) == text
