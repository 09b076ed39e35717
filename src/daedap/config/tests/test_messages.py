"""tools/messages.py: what is extracted, kept and refused."""

from __future__ import annotations

import gettext
import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[4] / "tools" / "messages.py"


@pytest.fixture
def tool(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("messages_tool", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    for app in ("shop", "desk"):
        (tmp_path / app / "templates" / app).mkdir(parents=True)
        (tmp_path / app / "apps.py").touch()
    (tmp_path / "shop" / "views.py").write_text(
        'gettext("Hello %(name)s")\nngettext_lazy("%(n)d file", "%(n)d files", 2)\n'
        'pgettext("door", "Open")\n_("Save")\n'
    )
    (tmp_path / "shop" / "tests").mkdir()
    (tmp_path / "shop" / "tests" / "test_views.py").write_text('_("Not for people")')
    (tmp_path / "desk" / "templates" / "desk" / "page.html").write_text(
        '{{ _("Save") }}{% trans count=rows | length %}\n  {{ count }} rows\n{% endtrans %}'
    )
    return module


def translate(tool, app, texts):
    catalog = tool.load(app)
    for key, text in texts.items():
        context, msgid = key if isinstance(key, tuple) else (None, key)
        catalog.get(msgid, context).string = text
    tool.write(app, catalog)


SHOP = {"Hello %(name)s": "%(name)s님, 안녕하세요", ("door", "Open"): "열기", "Save": "저장"}


def test_given_sources_when_updated_then_texts_of_code_and_templates_are_there_and_tests_are_not(tool):
    tool.update(["shop", "desk"])
    shop = {m.id for m in tool.load("shop") if m.id}
    assert shop == {"Hello %(name)s", ("%(n)d file", "%(n)d files"), "Open", "Save"}
    assert {m.id for m in tool.load("desk") if m.id} == {"Save", "%(count)s rows"}


def test_given_translations_when_updated_again_then_kept_shared_and_the_file_does_not_change(tool):
    tool.update(["shop"])
    translate(tool, "shop", {**SHOP, "%(n)d file": ("파일 %(n)d개",)})
    before = tool.path_of("shop").read_text()
    tool.update(["shop", "desk"])
    assert tool.path_of("shop").read_text() == before
    assert tool.load("desk").get("Save").string == "저장"


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ({"Save": ""}, "shop: untranslated: 'Save'"),
        ({"Hello %(name)s": "안녕하세요 %(nmae)s"}, "placeholders or tags differ (%(name)s, %(nmae)s)"),
    ],
)
def test_given_a_bad_translation_when_checked_then_refused(tool, capsys, texts, problem):
    tool.update(["shop"])
    translate(tool, "shop", {**SHOP, "%(n)d file": ("파일 %(n)d개",)})
    assert tool.check(["shop"]) == 0
    translate(tool, "shop", texts)
    assert tool.check(["shop"]) == 1
    assert problem in capsys.readouterr().err


def test_given_a_new_and_a_removed_text_when_checked_then_both_are_drift(tool, capsys):
    tool.update(["shop"])
    (tool.PACKAGE / "shop" / "views.py").write_text('_("Save")\n_("Brand new")\npgettext("door", "Open")')
    assert tool.check(["shop"]) == 1
    told = capsys.readouterr().err
    assert "shop: not in the catalogue: 'Brand new'" in told
    assert "shop: no longer used: 'Hello %(name)s'" in told


def test_given_two_translations_of_one_text_when_checked_then_refused(tool, capsys):
    tool.update(["shop", "desk"])
    translate(tool, "shop", {**SHOP, "%(n)d file": ("파일 %(n)d개",)})
    translate(tool, "desk", {"Save": "보관", "%(count)s rows": "%(count)s줄"})
    assert tool.check(["shop"]) == 1
    assert "'Save' is '저장' here and '보관' in desk" in capsys.readouterr().err


def test_given_a_catalogue_when_compiled_then_gettext_reads_it(tool):
    tool.update(["shop"])
    translate(tool, "shop", {**SHOP, "%(n)d file": ("파일 %(n)d개",)})
    tool.compile_all(["shop"])
    with tool.path_of("shop").with_suffix(".mo").open("rb") as file:
        texts = gettext.GNUTranslations(file)
    assert texts.gettext("Hello %(name)s") == "%(name)s님, 안녕하세요"
    assert texts.pgettext("door", "Open") == "열기"
    assert texts.ngettext("%(n)d file", "%(n)d files", 1) == "파일 %(n)d개"
