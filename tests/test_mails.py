"""Every mail that the code can queue has a sample on `/-/mail/templates/`, which holds in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.conf import settings

import daedap
from daedap.core.mail.letters import render_letter
from daedap.core.mail.samples import list_samples

ROOT = Path(daedap.__file__).parent
KINDS = [sample.kind for sample in list_samples()]


def queued_kinds():
    """Return the words that `queue_letter(kind=…)` is called with anywhere in the code."""
    for path in ROOT.rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "queue_letter":
                continue
            kind = next(keyword.value for keyword in node.keywords if keyword.arg == "kind")
            chosen = [kind.body, kind.orelse] if isinstance(kind, ast.IfExp) else [kind]
            for choice in chosen:
                assert isinstance(choice, ast.Constant), f"{path}: the kind of a mail is written as a word"
                yield choice.value


def test_given_every_mail_in_the_code_when_compared_then_each_has_a_sample():
    """A new one is added in its app's `mail_samples.py`."""
    assert set(queued_kinds()) == set(KINDS)


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
@pytest.mark.parametrize("kind", KINDS)
def test_given_a_sample_when_written_then_whole_in_its_language_and_of_our_address_only(kind, language):
    sample = next(sample for sample in list_samples() if sample.kind == kind)
    letter = sample.compose(language)
    html, text = render_letter(letter, language=language, sender=sample.sender)
    for part in (html, text):
        assert letter.button_url in part
        assert "%(" not in part
    assert letter.subject
    assert letter.reason
    assert bool(letter.button_url) == bool(letter.button_label)
    assert letter.button_url.startswith((settings.PUBLIC_URL, "http")) or not letter.button_url
    assert settings.PRODUCT_NAME in text
    assert any("가" <= character <= "힣" for character in letter.reason) or language != "ko"
    others = [code for code, _name in settings.LANGUAGES if code != language]
    assert all(sample.compose(other).reason != letter.reason for other in others)


def test_given_the_page_of_samples_when_opened_then_each_is_there_and_its_frame_runs_nothing(platform_client):
    page = platform_client.get("/-/mail/templates/")
    assert page.status_code == 200
    for kind in KINDS:
        assert f'id="{kind}"' in page.text
        frame = platform_client.get(f"/-/mail/templates/{kind}/ko/")
        assert frame.status_code == 200
        assert "default-src 'none'" in frame.headers["Content-Security-Policy"]
    assert platform_client.get("/-/mail/templates/nothing/ko/").status_code == 404
    assert platform_client.get(f"/-/mail/templates/{KINDS[0]}/xx/").status_code == 404
