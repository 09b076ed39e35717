"""What the pages name exists: files, anchors, tests, addresses, settings, commands and code names."""

from __future__ import annotations

import ast
import contextlib
import re
import subprocess
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.urls import NoReverseMatch, Resolver404, resolve, reverse

from daedap.payments.providers.ranges import load_table

ROOT = Path(__file__).resolve().parents[1]
CODE = ROOT / "src" / "daedap"


def tracked(*patterns: str) -> list[Path]:
    """Return the files of the checkout that are ours: known to git, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = done.stdout.splitlines() if done.returncode == 0 else []
    if not names:  # an archive without its history
        skipped = {".venv", "node_modules", "build", "var", ".git"}
        found = (path for pattern in patterns for path in ROOT.rglob(pattern))
        return [path for path in found if not skipped & set(path.relative_to(ROOT).parts)]
    return [ROOT / name for name in names if (ROOT / name).exists()]


PAGES = tracked("*.md")
IDS = [str(page.relative_to(ROOT)) for page in PAGES]


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def python() -> str:
    """All our Python, for names that only have to occur."""
    return "\n".join(text_of(path) for path in tracked("src/*.py"))


def prose_of(page: Path) -> str:
    """Return the page without fenced blocks."""
    return re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)


def anchors_of(page: Path) -> set[str]:
    """Return what headings can be linked by: lower case, punctuation gone, spaces as hyphens."""
    headings = re.findall(r"^#+ +(.+)$", prose_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


# --- Links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_given_a_page_when_its_links_are_followed_then_each_leads_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            broken.append(target)
    assert broken == []


def test_given_the_docs_when_counted_then_each_page_is_linked_from_the_readme_or_the_architecture():
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in (ROOT / "README.md", ROOT / "docs" / "architecture.md")
        for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page))
    }
    pages = set((ROOT / "docs").glob("*.md"))
    assert pages - linked == set()


# --- Tests ---------------------------------------------------------------------------------------


def named_in(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(text_of(path))) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_given_a_page_when_it_names_a_test_then_the_test_exists(page):
    missing = []
    for path, name in re.findall(r"`([\w/]+\.py)::(\w+)`", text_of(page)):
        files = [file for file in (ROOT / path, CODE / path) if file.exists()]
        if not any(name in named_in(file) for file in files):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_given_the_security_page_when_read_then_every_row_names_a_test():
    rows = [line for line in text_of(ROOT / "docs" / "security.md").splitlines() if line.startswith("|")]
    rows = [row for row in rows if not re.match(r"\|(---|\s*Guarded)", row)]
    assert len(rows) > 40
    assert [row for row in rows if "::test_" not in row] == []


# --- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_given_a_page_when_it_names_a_setting_then_the_settings_page_has_it(page):
    known = set(re.findall(r"`(DAEDAP_\w+|DATABASE_URL)`", text_of(ROOT / "docs" / "settings.md")))
    assert "DAEDAP_HOME" in known
    named = set(re.findall(r"\b(DAEDAP_[A-Z_]*[A-Z]|DATABASE_URL)\b", text_of(page)))
    assert {name.removesuffix("_FILE") for name in named} - known == set()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_given_a_page_when_it_names_a_file_of_ours_then_it_exists(page):
    """`accounts/limits.py` and `tests/test_x.py`: below the code, the checkout or the page's folder."""
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)(?:::\w+)?`", prose_of(page))
    paths = {name for name in named if re.search(r"/[\w.-]*\w\.(py|js|md|html|json|toml)$", name)}
    places = (CODE, ROOT, page.parent)
    assert {path for path in paths if not any((place / path).exists() for place in places)} == set()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_given_a_page_when_it_names_a_command_then_it_exists(page):
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), flags=re.MULTILINE))
    commands = set(re.findall(r'add\("([\w-]+)"', text_of(CODE / "config" / "cli.py")))
    assert "run" in targets
    assert "serve" in commands
    text = text_of(page)
    assert set(re.findall(r"`make (\w+)", text)) - targets == set()
    assert set(re.findall(r"`daedap ([\w-]+)", text)) - commands == set()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_given_a_page_when_it_names_a_url_then_it_can_be_made(page):
    namespaces = "|".join(folder.name for folder in CODE.iterdir() if (folder / "urls.py").exists())
    named = re.findall(rf"`((?:{namespaces}):[\w-]+)`", text_of(page))
    assert [name for name in named if not _can_be_made(name)] == []


def _can_be_made(name: str) -> bool:
    some = ([], ["shop"], ["shop", "T1760000000000abcde"], ["shop", 1], ["abc"], [1], ["abc", 1])
    for urlconf in (settings.ROOT_URLCONF, settings.ORGANIZATION_URLCONF):
        for arguments in some:
            with contextlib.suppress(NoReverseMatch):
                return bool(reverse(name, urlconf=urlconf, args=arguments))
    return False


def test_given_the_onboarding_page_when_its_addresses_are_resolved_then_each_is_a_page():
    text = text_of(ROOT / "docs" / "onboarding.md")
    addresses = re.findall(r"`(/(?:[\w{}-]+/)+)`", text)
    assert "/signup/email/" in addresses
    lost = []
    for address in addresses:
        path = re.sub(r"\{\w+\}", "abc", address)
        for urlconf in (settings.ROOT_URLCONF, settings.ORGANIZATION_URLCONF):
            try:
                resolve(path, urlconf=urlconf)
                break
            except Resolver404:
                continue
        else:
            lost.append(address)
    assert lost == []


# --- The glossary --------------------------------------------------------------------------------


def code_names() -> list[str]:
    rows = [line.split("|") for line in text_of(ROOT / "CONTEXT.md").splitlines() if line.startswith("|")]
    return [name for row in rows[2:] for name in re.findall(r"`([^`]+)`", row[3])]


@pytest.mark.parametrize("name", code_names())
def test_given_the_glossary_when_it_gives_a_code_name_then_the_code_has_it(name):
    if name.startswith('"') or "/" in name:  # a value, an address
        return
    first, *rest = re.split(r"[.:]", name)
    if (CODE / first).is_dir():
        for part in rest:
            is_module = (CODE / first / f"{part}.py").exists() or (CODE / first / part).is_dir()
            source = "\n".join(text_of(path) for path in (CODE / first).rglob("*.py"))
            assert is_module or re.search(rf"\b(class|def) {part}\b|\"{part}\"", source), name
        return
    for part in (first, *rest):
        assert re.search(rf"\b(class|def) {part}\b|^\s*{part}\s*[:=]", python(), flags=re.MULTILINE), name


# --- What the README promises ----------------------------------------------------------------------


def test_given_the_cards_of_the_readme_when_looked_up_then_credit_and_debit():
    text = text_of(ROOT / "README.md")
    credit, debit = "4111 1111 1111 1111", "4000 0566 5566 5556"
    assert credit in text
    assert debit in text
    table = load_table()
    found = table.range_of(debit.replace(" ", ""))
    assert found is not None
    assert found.funding == "debit"
    accepted = table.range_of(credit.replace(" ", ""))
    assert accepted is None or accepted.funding == "credit"


def test_given_the_ports_and_the_shop_member_of_the_readme_when_compared_then_those_of_the_code():
    text = text_of(ROOT / "README.md")
    assert "http://localhost:8000/" in text
    assert re.search(r'DAEDAP_PORT".*?8000', text_of(CODE / "config" / "settings.py"), flags=re.DOTALL)
    assert "http://localhost:8100/" in text
    assert '"SHOP_PORT", "8100"' in text_of(CODE / "portal" / "demo.py").replace("'", '"')
    assert "member `hong`, password `shop1234`" in text
    accounts = text_of(ROOT / "examples" / "integrator" / "shop" / "accounts.py")
    assert '"hong"' in accounts
    assert "shop1234" in accounts


# --- Nothing of one machine ------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_given_a_page_when_read_then_no_path_of_one_machine_is_in_it(page):
    assert re.findall(r"(?:/home/|/Users/|/root/|/work/)\S*", text_of(page)) == []
