"""docs/settings.md names every variable the settings read, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from daedap.config import settings as module

PAGE = Path(__file__).resolve().parents[4] / "docs" / "settings.md"


def test_given_the_settings_when_compared_with_their_page_then_both_name_the_same_variables():
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', Path(module.__file__).read_text(encoding="utf-8")))
    rows = re.findall(r"^\| `([A-Z_]+)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(rows) == sorted(read)
    assert {"DAEDAP_HOME", "DATABASE_URL"} < read
