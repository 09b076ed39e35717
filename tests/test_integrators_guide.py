"""The guide for integrators: its code is that of the samples, and its reasons are those of the product."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.utils import translation

from daedap.members.reasons import FIXES, MEANINGS

ROOT = Path(__file__).resolve().parents[1]
GUIDES = {"ko": ROOT / "docs" / "integrators.ko.md", "en": ROOT / "docs" / "integrators.md"}
SAMPLES = {
    name: ROOT / "examples" / "integrators" / file
    for name, file in {
        "python": "python/member.py",
        "js": "node/member.mjs",
        "java": "java/Member.java",
        "php": "php/member.php",
    }.items()
}


def blocks(guide: Path) -> list[tuple[str, str]]:
    """Return the fenced blocks of the languages the samples are written in."""
    found = re.findall(r"^```(\w+)\n(.*?)^```", guide.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [(language, code) for language, code in found if language in SAMPLES]


def bare(code: str) -> str:
    """Return the code without imports, indentation and empty lines."""
    lines = (line.strip() for line in code.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("import "))


@pytest.mark.parametrize("language", GUIDES)
def test_given_the_guide_when_its_code_is_looked_up_then_each_block_is_in_the_sample(language):
    found = blocks(GUIDES[language])
    assert {name for name, _code in found} == set(SAMPLES)
    assert len(found) == 10
    for name, code in found:
        sample = bare(SAMPLES[name].read_text(encoding="utf-8"))
        missing = [part for part in code.split("\n\n\n") if bare(part) not in sample]
        assert missing == []


@pytest.mark.parametrize("language", GUIDES)
def test_given_the_signing_function_of_the_guide_when_copied_then_it_signs_every_vector(language):
    code = next(code for name, code in blocks(GUIDES[language]) if name == "python")
    copied: dict = {}
    exec(compile(code, str(GUIDES[language]), "exec"), copied)
    vectors = json.loads((ROOT / "conformance" / "member-token-vectors.json").read_text(encoding="utf-8"))
    assert len(vectors) == 22
    for vector in vectors:
        assert copied["make_token"](vector["key"], vector["inputs"]) == vector["token"]


@pytest.mark.parametrize("language", GUIDES)
def test_given_the_reasons_of_the_guide_when_compared_then_those_of_the_product_in_its_words(language):
    with translation.override(language):
        expected = [f"| `{reason}` | {MEANINGS[reason]} | {FIXES[reason]} |" for reason in MEANINGS]
    text = GUIDES[language].read_text(encoding="utf-8")
    table = text.partition("|---|---|---|\n| `bad_encoding`")[2].partition("\n\n")[0]
    assert f"| `bad_encoding`{table}".splitlines() == expected


def test_given_both_guides_when_compared_then_they_have_the_same_parts():
    shapes = {
        language: [len(marks) for marks in re.findall(r"^(#+) ", guide.read_text(encoding="utf-8"), flags=re.MULTILINE)]
        for language, guide in GUIDES.items()
    }
    assert shapes["ko"] == shapes["en"]
    code = {language: blocks(guide) for language, guide in GUIDES.items()}
    assert code["ko"] == code["en"]
